/**
 * Callbacks: verified over the raw bytes, opened with the APIv3 key, then believed. Whatever is
 * wrong with one is a value; no callback ends in an exception. Dispatch goes by the resource's
 * original_type, with event_type as the second word, because WeChat Pay's own samples disagree on
 * event types.
 */
import { err, ok, type Result } from '../../core/result.ts';
import type {
  Notification,
  NotificationRefusal,
  RawRequest,
  RawResponse,
  WalletSeams,
} from '../wallet.ts';
import type { WechatpayConfig } from './config.ts';
import type { Keyring } from './keyring.ts';
import { isOurs, readOrders, readRefundPlaintext } from './transform.ts';
import { type JsonRecord, parseRecord, recordOf, textOf } from './wire/json.ts';
import { openResource } from './wire/resource.ts';
import { readSignatureHeaders, type SignatureFlaw, verifyMessage } from './wire/signed-message.ts';

type Refused = Result<never, NotificationRefusal>;

export async function parseNotification(
  request: RawRequest,
  account: {
    readonly config: WechatpayConfig;
    readonly keyring: Keyring;
    readonly wall: WalletSeams['wall'];
  },
): Promise<Result<Notification, NotificationRefusal>> {
  const { config, keyring, wall } = account;
  const headers = readSignatureHeaders(request.headers, wall.nowMs());
  if (!headers.ok) return refused(headers.error);
  const key = await keyring.find(headers.value.serial);
  const verified = await verifyMessage(headers.value, request.body, key);
  if (!verified.ok) return refused(verified.error);
  const envelope = parseRecord(request.body.toString('utf8'));
  const notificationId = textOf(envelope, 'id');
  const resource = recordOf(envelope, 'resource');
  if (envelope === undefined || notificationId === undefined || resource === undefined) {
    return malformed('not the JSON envelope of a v3 callback');
  }
  const plaintext = openResource(config.apiV3Key, resource);
  if (plaintext === undefined) return malformed('the resource does not open with our APIv3 key');
  const body = parseRecord(plaintext);
  if (body === undefined) return malformed('the opened resource is not a JSON object');
  return dispatch(notificationId, { envelope, resource, body }, config);
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
  return ok({ type: 'refund', notificationId, orderNo, refundNo, report, legs: [] });
}

function originalTypeOf(eventType: string): string {
  if (eventType.startsWith('REFUND.')) return 'refund';
  return eventType.startsWith('TRANSACTION.') ? 'transaction' : 'unknown';
}

function refused(flaw: SignatureFlaw): Refused {
  const { explain } = flaw;
  switch (flaw.code) {
    case 'incomplete':
    case 'probe':
    case 'mismatch':
      return err({ code: 'bad_signature', explain });
    case 'stale':
      return err({ code: 'stale', explain });
    case 'unknown_serial':
      return err({ code: 'unknown_key', explain });
  }
}

function malformed(explain: string): Refused {
  return err({ code: 'malformed', explain });
}

function notOurs(): Refused {
  return err({ code: 'not_ours', explain: 'the callback is of another mchid or appid' });
}

const JSON_HEADERS = { 'content-type': 'application/json; charset=utf-8' };

export function acknowledge(): RawResponse {
  return { status: 200, headers: JSON_HEADERS, body: '{"code":"SUCCESS","message":"成功"}' };
}

/** Anything but 2xx makes WeChat Pay deliver again, on its own schedule. */
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
  try_again: [503, '稍后重试'],
};
