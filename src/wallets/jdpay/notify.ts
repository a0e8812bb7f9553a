/**
 * JD's callbacks: the envelope of the XML interface, posted. The outer merchant number selects the
 * keys, the signature over the raw inner text is verified, and only then is anything read.
 *
 * A message is about a refund if it names the original order (oTradeNum), whatever its tradeType
 * says: documents say 1, JD has been seen to send 2. It has no id of its own; the signed hash is
 * the same at every delivery and serves as one.
 */
import { ok, type Result } from '../../kernel/result.ts';
import {
  decryptInner,
  type MessageFlaw,
  type OpenedMessage,
  openInner,
  readOuter,
  readResult,
  SUCCESS_CODE,
} from '../../wires/jdpay/message.ts';
import { TRADE_TYPE } from '../../wires/jdpay/trade.ts';
import { textOf } from '../../wires/jdpay/xml.ts';
import { hasMore } from '../../wires/keys/form-limits.ts';
import { refusedCallback, tooManyCallbacks } from '../answers.ts';
import {
  NO_GATE,
  type Notification,
  type NotificationGate,
  type NotificationRefusal,
  type RawRequest,
} from '../wallet.ts';
import { paymentReport, statedRefund } from './answer.ts';
import type { JdpayConfig, JdpayMerchant } from './config.ts';
import { revokeNumber } from './request.ts';

const FLAWS: Readonly<Record<MessageFlaw, NotificationRefusal['code']>> = {
  too_long: 'malformed',
  not_base64: 'malformed',
  not_decryptable: 'bad_signature',
  unsigned: 'bad_signature',
  bad_signature: 'bad_signature',
  not_xml: 'malformed',
};

export const NOTIFICATION_BYTES_MAX = 32_768;
const TAG = 0x3c;
/** The envelope has five elements; what it holds is encrypted. */
const OUTER_TAGS_MAX = 64;

export async function parseNotification(
  config: JdpayConfig,
  request: RawRequest,
  gate: NotificationGate = NO_GATE,
): Promise<Result<Notification, NotificationRefusal>> {
  if (request.method !== 'POST') return refusedCallback('malformed', 'not a POST');
  if (request.body.length > NOTIFICATION_BYTES_MAX) {
    return refusedCallback('malformed', 'larger than any callback');
  }
  if (hasMore(request.body, TAG, OUTER_TAGS_MAX)) {
    return refusedCallback('malformed', 'more elements than any callback');
  }
  const outer = readOuter(request.body);
  if (outer === undefined) return refusedCallback('malformed', 'not a message of JD Pay V2.0');
  const merchant = [config.online, config.paymentCode].find(
    (one) => one?.merchant === outer.merchant,
  );
  if (merchant === undefined || merchant === null) {
    return refusedCallback('not_ours', 'merchant is another account');
  }
  if (outer.encrypt === null) return refusedCallback('malformed', 'encrypt is missing');
  const inner = decryptInner(merchant.keys.desKey, outer.encrypt);
  if (!inner.ok)
    return refusedCallback(FLAWS[inner.error], `the message is refused: ${inner.error}`);
  // A sender without the account's 3DES key gets no further than this.
  if (!(await gate({ kind: 'opened' }))) {
    return tooManyCallbacks();
  }
  const opened = openInner(merchant.keys, inner.value);
  if (!opened.ok)
    return refusedCallback(FLAWS[opened.error], `the message is refused: ${opened.error}`);
  return read(merchant, opened.value);
}

function read(
  merchant: JdpayMerchant,
  { fields, hash }: OpenedMessage,
): Result<Notification, NotificationRefusal> {
  const tradeNum = textOf(fields, 'tradeNum');
  if (tradeNum === undefined) return refusedCallback('malformed', 'tradeNum is missing');
  const notificationId = hash;
  const result = readResult(fields);
  if (result !== null && result.code !== SUCCESS_CODE) {
    return ok({ type: 'ignored', notificationId, what: `result ${result.code.slice(0, 32)}` });
  }
  const orderNo = textOf(fields, 'oTradeNum');
  if (orderNo === undefined) {
    const tradeType = textOf(fields, 'tradeType') ?? TRADE_TYPE.purchase;
    if (tradeType !== TRADE_TYPE.purchase) {
      return ok({ type: 'ignored', notificationId, what: 'a refund without its oTradeNum' });
    }
    const legs = [paymentReport(fields, merchant)];
    return ok({ type: 'attempt', notificationId, orderNo: tradeNum, legs });
  }
  if (tradeNum === revokeNumber(orderNo)) {
    return ok({ type: 'ignored', notificationId, what: 'a revoke of ours' });
  }
  const isOwnMerchant = textOf(fields, 'merchant') === merchant.merchant;
  const stated = statedRefund(fields);
  const report = isOwnMerchant ? stated : { ...stated, status: 'unknown' as const };
  return ok({ type: 'refund', notificationId, orderNo, refundNo: tradeNum, report });
}
