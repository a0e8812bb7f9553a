/**
 * Callbacks: decrypted with the APIv3 key, verified over the raw bytes, then trusted. Decryption
 * comes first because it is cheap and no outsider can forge it; it never replaces the signature.
 * Every defect is a returned value; no callback ends in an exception. Dispatch uses the resource's
 * original_type first and event_type second, because WeChat Pay's own samples disagree on event
 * types.
 */
import { ok, type Result } from '../../kernel/result.ts';
import { type JsonRecord, parseRecord, recordOf, textOf } from '../../wires/wechatpay/json.ts';
import {
  readSignatureHeaders,
  type SignatureFlaw,
  verifyMessage,
} from '../../wires/wechatpay/message.ts';
import { openResource } from '../../wires/wechatpay/resource.ts';
import { refusedCallback, tooManyCallbacks } from '../answers.ts';
import {
  NO_GATE,
  type Notification,
  type NotificationGate,
  type NotificationRefusal,
  type RawRequest,
  type RawResponse,
  type WalletSeams,
} from '../wallet.ts';
import { isOurs, readOrders, readRefundPlaintext } from './answer.ts';
import type { WechatpayConfig } from './config.ts';
import type { Keys } from './keys.ts';

type Refused = Result<never, NotificationRefusal>;

/** A combined payment of 50 orders, with its coupons, needs half of it. */
export const NOTIFICATION_BYTES_MAX = 65_536;

export async function parseNotification(
  request: RawRequest,
  receiver: {
    readonly config: WechatpayConfig;
    readonly keys: Keys;
    readonly wall: WalletSeams['wall'];
  },
  gate: NotificationGate = NO_GATE,
): Promise<Result<Notification, NotificationRefusal>> {
  const { config, keys, wall } = receiver;
  if (request.body.length > NOTIFICATION_BYTES_MAX) return malformed('larger than any callback');
  const headers = readSignatureHeaders(request.headers, wall.nowMs());
  if (!headers.ok) return refused(headers.error);
  const { serial } = headers.value;
  if (!keys.mayBeKnown(serial)) return unknownSerial();
  const read = readEnvelope(request.body, config);
  if (!read.ok) return read;
  // A sender without the account's APIv3 key gets no further than this, and triggers no download.
  if (!(await gate({ kind: 'opened' }))) {
    return tooManyCallbacks();
  }
  const key = await keys.find(serial);
  const verified = await verifyMessage(headers.value, request.body, key);
  if (!verified.ok) return refused(verified.error);
  const { notificationId, envelope, resource, plaintext } = read.value;
  const body = parseRecord(plaintext);
  if (body === undefined) return malformed('the opened resource is not a JSON object');
  return dispatch(notificationId, { envelope, resource, body }, config);
}

interface Envelope {
  readonly notificationId: string;
  readonly envelope: JsonRecord;
  readonly resource: JsonRecord;
  /** Decrypted with the APIv3 key; its signature is yet to be verified. */
  readonly plaintext: string;
}

function readEnvelope(
  bytes: Buffer,
  config: WechatpayConfig,
): Result<Envelope, NotificationRefusal> {
  const envelope = parseRecord(bytes.toString('utf8'));
  const notificationId = textOf(envelope, 'id');
  const resource = recordOf(envelope, 'resource');
  if (envelope === undefined || notificationId === undefined || resource === undefined) {
    return malformed('not the JSON envelope of a v3 callback');
  }
  const plaintext = openResource(config.apiV3Key, resource);
  if (plaintext === undefined) return malformed('the resource does not open with our APIv3 key');
  return ok({ notificationId, envelope, resource, plaintext });
}

function dispatch(
  notificationId: string,
  message: {
    readonly envelope: JsonRecord;
    readonly resource: JsonRecord;
    readonly body: JsonRecord;
  },
  config: WechatpayConfig,
): Result<Notification, NotificationRefusal> {
  const { envelope, resource, body } = message;
  const eventType = textOf(envelope, 'event_type') ?? '';
  const what = textOf(resource, 'original_type') ?? originalTypeOf(eventType);
  if (what === 'refund') return readRefund(notificationId, body, config);
  if (what !== 'transaction') {
    return ok({ type: 'ignored', notificationId, what: `${what}/${eventType}`.slice(0, 64) });
  }
  const orders = readOrders(body, config);
  if (orders === undefined) return notOurs();
  const { orderNo, legs } = orders;
  return ok({ type: 'attempt', notificationId, orderNo, legs });
}

function readRefund(
  notificationId: string,
  body: JsonRecord,
  config: WechatpayConfig,
): Result<Notification, NotificationRefusal> {
  if (!isOurs(body, config)) return notOurs();
  const orderNo = textOf(body, 'out_trade_no');
  const refundNo = textOf(body, 'out_refund_no');
  if (orderNo === undefined || refundNo === undefined) {
    return malformed('a refund callback names its order and refund');
  }
  const report = readRefundPlaintext(body);
  return ok({ type: 'refund', notificationId, orderNo, refundNo, report });
}

function originalTypeOf(eventType: string): string {
  if (eventType.startsWith('REFUND.')) return 'refund';
  return eventType.startsWith('TRANSACTION.') ? 'transaction' : 'unknown';
}

const FLAWS: Readonly<Record<SignatureFlaw['code'], NotificationRefusal['code']>> = {
  incomplete: 'bad_signature',
  probe: 'bad_signature',
  mismatch: 'bad_signature',
  stale: 'stale',
  unknown_serial: 'unknown_key',
};

function refused({ code, explain }: SignatureFlaw): Refused {
  return refusedCallback(FLAWS[code], explain);
}

function unknownSerial(): Refused {
  return refusedCallback('unknown_key', 'no key of that Wechatpay-Serial');
}

function malformed(explain: string): Refused {
  return refusedCallback('malformed', explain);
}

function notOurs(): Refused {
  return refusedCallback('not_ours', 'the callback is of another mchid or appid');
}

const JSON_HEADERS = { 'content-type': 'application/json; charset=utf-8' };

export function acknowledge(): RawResponse {
  return { status: 200, headers: JSON_HEADERS, body: '{"code":"SUCCESS","message":"成功"}' };
}

/** After anything but 2xx WeChat Pay delivers again, on its own schedule. */
export function refuse(refusal: NotificationRefusal | { readonly code: 'try_again' }): RawResponse {
  const [status, message] = REFUSALS[refusal.code];
  return { status, headers: JSON_HEADERS, body: JSON.stringify({ code: 'FAIL', message }) };
}

const REFUSALS: Readonly<
  Record<NotificationRefusal['code'] | 'try_again', readonly [number, string]>
> = {
  bad_signature: [401, '验签失败'],
  stale: [401, '时间戳过期'],
  unknown_key: [401, '未知的Wechatpay-Serial'],
  malformed: [400, '报文格式错误'],
  not_ours: [403, '商户号不符'],
  too_many: [429, '请求过于频繁'],
  try_again: [503, '稍后重试'],
};
