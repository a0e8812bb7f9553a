/**
 * The gateway's notifications: one resource under the APIv3 key, encrypted and signed anew at every
 * delivery, with the same `id`. The callback queue follows WeChat Pay's retry schedule; 200 and 204
 * acknowledge whatever the body says, everything else (redirects, too) does not.
 */
import { must } from '../../../src/kernel/assert.ts';
import { SIGNTEST_PREFIX, signMessage } from '../../../src/wires/wechatpay/message.ts';
import { sealResource } from '../../../src/wires/wechatpay/resource.ts';
import { formatTime } from '../../../src/wires/wechatpay/time.ts';
import { DISTORTIONS } from '../../kit/distortion.ts';
import type { CallbackOrder, CallbackPolicy, FaultName } from '../../kit/kit.ts';
import { composeV2, isTakenV2, type V2Message } from './callbacks-v2.ts';
import type { Context } from './context.ts';
import { rotatePlatformKey } from './identity.ts';
import { randomToken, uuid } from './numbers.ts';
import { combineBody, type Draft, distort, refundPlaintext, singleBody } from './present.ts';
import { paymentFields, refundCallbackFields } from './present-v2.ts';
import type { OrderRecord, RefundRecord } from './records.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** 15s,15s,30s,3m,10m,20m,30m,30m,30m,60m,3h,3h,3h,6h,6h: 24 h 4 min in all. */
const RETRY_DELAYS_MS: readonly number[] = [
  15 * SECOND_MS,
  15 * SECOND_MS,
  30 * SECOND_MS,
  3 * MINUTE_MS,
  10 * MINUTE_MS,
  20 * MINUTE_MS,
  30 * MINUTE_MS,
  30 * MINUTE_MS,
  30 * MINUTE_MS,
  HOUR_MS,
  3 * HOUR_MS,
  3 * HOUR_MS,
  3 * HOUR_MS,
  6 * HOUR_MS,
  6 * HOUR_MS,
];

/** What the queue stores: everything but the encryption and the signature. */
interface CallbackMessage {
  readonly mchid: string;
  readonly signWith: string | null;
  readonly id: string;
  readonly createTime: string;
  readonly eventType: string;
  readonly originalType: string;
  readonly summary: string;
  readonly plaintext: Draft;
}

type Flaw = Parameters<CallbackPolicy['compose']>[1];

export function registerCallbacks(context: Context): void {
  context.kit.callbackQueue.register('wechatpay', {
    retryDelaysMs: RETRY_DELAYS_MS,
    timeoutMs: 5 * SECOND_MS,
    compose: async (order, flaw) =>
      isV2(order.message)
        ? sealV2(context, order.message, flaw)
        : compose(context, order.message as CallbackMessage, flaw),
    isAcknowledged: (response, { message }) =>
      isV2(message) ? isTakenV2(response) : response.status === 200 || response.status === 204,
  });
}

function isV2(message: unknown): message is V2Message {
  return typeof message === 'object' && message !== null && 'v2SignType' in message;
}

function sealV2({ kit, store }: Context, message: V2Message, flaw: Flaw) {
  const account = must(store.accounts.get(message.mchid), 'the account');
  const key = must(account.apiV2Key, 'the APIv2 key of who called by it');
  return composeV2(message, { key, nonce: randomToken(kit.random, 32), flaw });
}

async function compose(
  context: Context,
  message: CallbackMessage,
  flaw: Flaw,
): Promise<{ headers: Record<string, string>; body: Buffer }> {
  const { kit, keys, store } = context;
  const isRotated = flaw === 'key_rotated';
  const account = isRotated
    ? await rotatePlatformKey(kit, message.mchid)
    : must(store.accounts.get(message.mchid), 'the account');
  const resource = sealResource(keys.apiV3Key(account), {
    plaintext: JSON.stringify(message.plaintext),
    nonce: randomToken(kit.random, 12),
    associatedData: message.originalType,
  });
  const body = Buffer.from(
    JSON.stringify({
      id: message.id,
      create_time: message.createTime,
      resource_type: 'encrypt-resource',
      event_type: message.eventType,
      summary: message.summary,
      resource: { original_type: message.originalType, ...resource },
    }),
  );
  const stamp = {
    timestamp: String(Math.floor(kit.wall.nowMs() / SECOND_MS)),
    nonce: randomToken(kit.random, 32),
  };
  const signer = keys.signer(account, isRotated ? null : message.signWith);
  const signed = await signMessage(signer, stamp, body);
  return {
    headers: {
      'content-type': 'application/json',
      'user-agent': 'Mozilla/4.0',
      'request-id': `08${kit.random.bytes(18).toString('hex').toUpperCase()}-0`,
      ...spoil(signed, flaw),
    },
    body,
  };
}

/** SIGNTEST is not even decodable; a bad signature belongs to another message. */
function spoil(signed: Record<string, string>, flaw: Flaw): Record<string, string> {
  const signature = signed['Wechatpay-Signature'] ?? '';
  if (flaw === 'signtest') {
    return { ...signed, 'Wechatpay-Signature': `${SIGNTEST_PREFIX}${signature.slice(0, 40)}` };
  }
  if (flaw !== 'callback_bad_signature') return signed;
  const bytes = Buffer.from(signature, 'base64');
  bytes[0] = (bytes[0] ?? 0) ^ 0xff;
  return { ...signed, 'Wechatpay-Signature': bytes.toString('base64') };
}

type Route = Pick<CallbackOrder, 'kind' | 'orderNo' | 'merchant' | 'url'>;

export function notifyPaid(context: Context, order: OrderRecord): void {
  const { orderNo, mchid, signWith, v2SignType, notifyUrl: url } = order;
  if (url === null) return;
  const line = must(order.lines[0], 'a line');
  const fault = takeDistortion(context, order, 'callback');
  const route = { kind: 'payment', orderNo, merchant: line.subMchid ?? mchid, url };
  if (v2SignType !== undefined) {
    const fields = paymentFields(order, fault);
    send(context, route, { ...headOf(order, line.subMchid), v2SignType, fields });
    return;
  }
  const plaintext = order.family === 'combine' ? combineBody(order) : singleBody(order, line);
  sendEvent(context, route, {
    ...{ mchid, signWith },
    eventType: 'TRANSACTION.SUCCESS',
    originalType: 'transaction',
    summary: '支付成功',
    plaintext: distort(plaintext, fault),
  });
}

/** A fault may name the whole order or any of its sub orders. */
export function takeDistortion(
  context: Context,
  order: OrderRecord,
  operation: 'callback' | 'query' | 'create',
): FaultName | undefined {
  const orderNo = [order.orderNo, ...order.lines.map(({ outTradeNo }) => outTradeNo)];
  const merchant = order.lines.map(({ subMchid }) => subMchid ?? order.mchid);
  const point = { wallet: 'wechatpay', operation, orderNo, merchant } as const;
  return context.kit.faults.take(point, DISTORTIONS);
}

const REFUND_SUMMARIES: Readonly<Record<string, string>> = {
  SUCCESS: '退款成功',
  ABNORMAL: '退款异常',
  CLOSED: '退款关闭',
};

export function notifyRefunded(context: Context, refund: RefundRecord): void {
  const { mchid, subMchid, outTradeNo: orderNo, signWith, status, notifyUrl: url } = refund;
  if (url === null) return;
  const route = { kind: 'refund', orderNo, merchant: subMchid ?? mchid, url };
  if (refund.isV2) {
    const { appid } = must(context.store.accounts.get(mchid), 'the account');
    const fields = refundCallbackFields(refund);
    send(context, route, { ...headOf({ mchid, appid }, subMchid), v2SignType: null, fields });
    return;
  }
  sendEvent(context, route, {
    ...{ mchid, signWith },
    eventType: `REFUND.${status}`,
    originalType: 'refund',
    summary: REFUND_SUMMARIES[status] ?? status,
    plaintext: refundPlaintext(refund),
  });
}

function headOf(
  { mchid, appid }: Pick<OrderRecord, 'mchid' | 'appid'>,
  subMchid: string | null,
): Pick<V2Message, 'mchid' | 'head'> {
  return { mchid, head: { appid, mch_id: mchid, sub_mch_id: subMchid ?? '' } };
}

export function notifyEcho(
  context: Context,
  {
    url,
    ...echo
  }: Pick<CallbackMessage, 'mchid' | 'signWith' | 'plaintext'> & {
    readonly url: string;
  },
): void {
  const route = { kind: 'echo', orderNo: 'security-echo', merchant: echo.mchid, url };
  sendEvent(context, route, {
    ...echo,
    eventType: 'SECURITY_ECHO.SUCCESS',
    originalType: 'security_echo',
    summary: '安全回显',
  });
}

function sendEvent(
  context: Context,
  route: Route,
  event: Omit<CallbackMessage, 'id' | 'createTime'>,
): void {
  const { random, clock } = context.kit;
  send(context, route, { ...event, id: uuid(random), createTime: formatTime(clock.nowMs()) });
}

function send({ kit }: Context, route: Route, message: CallbackMessage | V2Message): void {
  kit.callbackQueue.send({ wallet: 'wechatpay', ...route, message });
}
