/**
 * The wallet's callbacks: size first, then the signature over the raw bytes, then the account, and
 * only then the content. A refund's callback names `refund_no`; every other one is about its order.
 */
import { ok, type Result } from '../../kernel/result.ts';
import { NOTIFICATION } from '../../wires/samplepay/canonical.ts';
import {
  type Fields,
  fieldOf,
  MESSAGE_BYTES_MAX,
  type MessageFlaw,
  openMessage,
  readFields,
} from '../../wires/samplepay/message.ts';
import { refusedCallback, tooManyCallbacks } from '../answers.ts';
import {
  NO_GATE,
  type Notification,
  type NotificationGate,
  type NotificationRefusal,
  type RawRequest,
  type WalletSeams,
} from '../wallet.ts';
import { orderReport, statedRefund } from './answer.ts';
import type { SamplepayConfig } from './config.ts';

export const NOTIFICATION_BYTES_MAX = MESSAGE_BYTES_MAX;

const FLAWS: Readonly<Record<MessageFlaw, NotificationRefusal['code']>> = {
  too_long: 'malformed',
  unsigned: 'bad_signature',
  stale: 'stale',
  bad_signature: 'bad_signature',
  not_fields: 'malformed',
};

export async function parseNotification(
  { config, seams }: { readonly config: SamplepayConfig; readonly seams: WalletSeams },
  request: RawRequest,
  gate: NotificationGate = NO_GATE,
): Promise<Result<Notification, NotificationRefusal>> {
  const { method, headers, body } = request;
  if (method !== 'POST') return refusedCallback('malformed', 'not a POST');
  if (body.length > NOTIFICATION_BYTES_MAX)
    return refusedCallback('malformed', 'larger than any callback');
  // Not trusted yet: it only decides whether to verify the signature.
  const orderNo = fieldOf(readFields(body) ?? {}, 'order_no');
  if (orderNo === undefined) return refusedCallback('malformed', 'order_no is missing');
  if (!(await gate({ kind: 'order', orderNo }))) return tooManyCallbacks();
  const at = { what: NOTIFICATION, headers, body, nowMs: seams.wall.nowMs() };
  const opened = openMessage(config.walletPublicKey, at);
  if (!opened.ok)
    return refusedCallback(FLAWS[opened.error], `the message is refused: ${opened.error}`);
  if (fieldOf(opened.value, 'merchant') !== config.merchant)
    return refusedCallback('not_ours', 'merchant is another account');
  return read(opened.value, orderNo);
}

function read(fields: Fields, orderNo: string): Result<Notification, NotificationRefusal> {
  const notificationId = fieldOf(fields, 'notification_id');
  if (notificationId === undefined)
    return refusedCallback('malformed', 'notification_id is missing');
  const refundNo = fieldOf(fields, 'refund_no');
  if (refundNo === undefined)
    return ok({ type: 'attempt', notificationId, orderNo, legs: [orderReport(fields)] });
  const report = statedRefund(fields);
  return ok({ type: 'refund', notificationId, orderNo, refundNo, report });
}
