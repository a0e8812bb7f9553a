/**
 * Refund (04, partial and repeatable), undo (31, the whole amount within the clearing day; both
 * settle a little later and are then notified) and reversal (99, of an unknown outcome, under the
 * purchase's own orderId and txnTime). Sums never exceed the purchase; the clearing day changes at
 * 23:00 Beijing.
 */
import { must } from '../../../src/kernel/assert.ts';
import { clearingDay } from '../../../src/wires/unionpay/time.ts';
import { NO_NOTIFICATION_URL } from '../../../src/wires/unionpay/trade.ts';
import { type Answer, type Call, keyOf, refusal } from './context.ts';
import { checkFields, checkTxnTimeNotAhead } from './field-rules.ts';
import { reversed } from './order-store.ts';
import { newNumbers } from './orders.ts';
import { type PurchaseRecord, type ReturnRecord, transactionKey } from './records.ts';

const DAY_MS = 86_400_000;
/** Widths per product are not confirmed. */
const QR_REFUND_WINDOW_MS = 30 * DAY_MS;
const REFUND_WINDOW_MS = 90 * DAY_MS;
const REFUND_SETTLES_MS = 5_000;
const REFUND_STUCK_MS = 600_000;
const REVERSAL_SLOW_MS = 12_000;

const NEEDED = [
  ...['txnType', 'txnSubType', 'bizType', 'channelType', 'accessType', 'merId', 'orderId'],
  ...['txnTime', 'txnAmt', 'backUrl'],
];

export function refund(call: Call, isStuck: boolean): Answer {
  const parent = checkReturn(call);
  if ('respCode' in parent) return parent;
  const { context, fields } = call;
  const amountFen = BigInt(must(fields.get('txnAmt'), 'a checked txnAmt'));
  const paid = must(parent.paid, 'a paid purchase');
  const nowMs = context.kit.clock.nowMs();
  const windowMs = parent.bizType === '000000' ? QR_REFUND_WINDOW_MS : REFUND_WINDOW_MS;
  if (nowMs > paid.atMs + windowMs) return refusal('39', '已超过退货期限');
  if (parent.refundedFen + amountFen > parent.amountFen) {
    return refusal('36', '累计退货金额大于原交易金额');
  }
  return putReturn(call, parent, { txnType: '04', amountFen, isStuck });
}

/** Accepted like a refund: 00 means "accepted", its outcome comes by notification and query. */
export function undo(call: Call, isStuck: boolean): Answer {
  const parent = checkReturn(call);
  if ('respCode' in parent) return parent;
  const paid = must(parent.paid, 'a paid purchase');
  if (clearingDay(paid.atMs) !== clearingDay(call.context.kit.clock.nowMs())) {
    return refusal('35', '消费撤销仅限当个清算日');
  }
  if (parent.refundedFen > 0n) return refusal('35', '原交易已退货或已撤销');
  if (call.fields.get('txnAmt') !== parent.amountFen.toString()) {
    return refusal('36', '消费撤销必须为全额');
  }
  return putReturn(call, parent, { txnType: '31', amountFen: parent.amountFen, isStuck });
}

/** The purchase to be refunded, or why none can be. */
function checkReturn(call: Call): PurchaseRecord | Answer {
  const { context, fields, merchant } = call;
  const problem = checkFields(fields, NEEDED) ?? checkTxnTimeNotAhead(call);
  if (problem !== undefined) return problem;
  if (context.store.transaction(keyOf(call)) !== undefined) {
    return refusal('12', 'merId orderId txnTime 已使用');
  }
  const parent = findParent(call);
  if (parent === undefined || parent === 'missing') {
    return parent === 'missing' ? refusal('13', 'origQryId 缺失') : refusal('35', '原交易不存在');
  }
  if (parent.merId !== merchant.merId) return refusal('35', '原交易不存在');
  if (parent.state !== 'paid') return refusal('35', '原交易不是成功的消费');
  if (parent.bizType !== fields.get('bizType')) return refusal('36', 'bizType 与原交易不同');
  return parent;
}

function findParent(call: Call): PurchaseRecord | 'missing' | undefined {
  const { context, fields, merchant } = call;
  const origQryId = fields.get('origQryId');
  if (origQryId !== undefined) return context.store.purchases.find('queryId', origQryId);
  const origOrderId = fields.get('origOrderId');
  const origTxnTime = fields.get('origTxnTime');
  if (origOrderId === undefined || origTxnTime === undefined) return 'missing';
  return context.store.purchases.get(transactionKey(merchant.merId, origOrderId, origTxnTime));
}

function putReturn(
  call: Call,
  parent: PurchaseRecord,
  asked: Pick<ReturnRecord, 'txnType' | 'amountFen'> & { readonly isStuck: boolean },
): Answer {
  const { txnType, amountFen, isStuck } = asked;
  const { context, fields, format, merchant } = call;
  const [orderId, txnTime] = [fields.get('orderId') ?? '', fields.get('txnTime') ?? ''];
  const backUrl = fields.get('backUrl') ?? NO_NOTIFICATION_URL;
  const nowMs = context.kit.clock.nowMs();
  const returned: ReturnRecord = {
    ...{ merId: merchant.merId, orderId, txnTime, ...format },
    key: keyOf(call),
    ...newNumbers(context.kit, nowMs),
    txnType,
    bizType: parent.bizType,
    accessType: parent.accessType,
    purchaseKey: parent.key,
    origQryId: parent.queryId,
    amountFen,
    settleFen: settledPart(parent, amountFen),
    backUrl: backUrl === NO_NOTIFICATION_URL ? null : backUrl,
    reqReserved: fields.get('reqReserved') ?? null,
    createdMs: nowMs,
    dueMs: nowMs + (isStuck ? REFUND_STUCK_MS : REFUND_SETTLES_MS),
  };
  context.store.returns.put(returned);
  context.store.purchases.put({ ...parent, refundedFen: parent.refundedFen + amountFen });
  const { queryId, origQryId } = returned;
  return { respCode: '00', fields: { queryId, origQryId, txnAmt: amountFen.toString() } };
}

function settledPart({ paid, amountFen, refundedFen }: PurchaseRecord, partFen: bigint): bigint {
  const settleFen = must(paid, 'a paid purchase').settleFen;
  const upTo = (fen: bigint): bigint => (settleFen * fen) / amountFen;
  return upTo(refundedFen + partFen) - upTo(refundedFen);
}

/**
 * 冲正. Repeated, it gives the same answer; what was paid is refunded in full. A slow one is accepted
 * (05), and until it shows the order reads "paid".
 */
export function reverse(call: Call, isSlow: boolean): Answer {
  const { context, fields } = call;
  const problem = checkFields(fields, ['txnType', 'txnSubType', 'merId', 'orderId', 'txnTime']);
  if (problem !== undefined) return problem;
  const purchase = context.store.purchases.get(keyOf(call));
  if (purchase === undefined) return refusal('35', '原交易不存在');
  if (purchase.product !== 'bar' && purchase.product !== 'nfc') {
    return refusal('32', '该产品不支持冲正');
  }
  if (purchase.state === 'failed' || purchase.state === 'reversed') return { respCode: '00' };
  const takenMs = purchase.paid?.atMs ?? purchase.createdMs;
  if (clearingDay(takenMs) !== clearingDay(context.kit.clock.nowMs())) {
    return refusal('35', '冲正仅限当个清算日');
  }
  if (purchase.refundedFen > 0n) return refusal('35', '原交易已退货或已撤销');
  if (purchase.reversesAtMs !== undefined) return refusal('35', '原交易正在冲正');
  if (isSlow && purchase.paid !== null) {
    const reversesAtMs = context.kit.clock.nowMs() + REVERSAL_SLOW_MS;
    context.store.purchases.put({ ...purchase, reversesAtMs });
    return { respCode: '05' };
  }
  context.store.purchases.put(reversed(purchase));
  return { respCode: '00' };
}
