/**
 * Refunds (in parts, up to what was paid), their query, and the revoke, which closes an unpaid
 * order and refunds a paid one in full. Each has a number of its own, and the same number with the
 * same content is the same refund, for ever.
 */
import { must } from '../../../src/kernel/assert.ts';
import type { Fen } from '../../../src/kernel/money.ts';
import { ok, type Result } from '../../../src/kernel/result.ts';
import { compactTime } from '../../../src/wires/beijing-time.ts';
import { fenOfText, PAYMENT_STATUS, REFUND_STATUS } from '../../../src/wires/jdpay/trade.ts';
import type { XmlField } from '../../../src/wires/jdpay/xml.ts';
import { notifyRefunded } from './callbacks.ts';
import { type Answer, type Call, type Context, takeFault } from './context.ts';
import { fieldOf } from './field-rules.ts';
import { keyOf } from './order-store.ts';
import { findOrder, move, NUMBER_USED } from './orders.ts';
import { refundFields } from './present.ts';
import type { OrderRecord, RefundRecord } from './records.ts';
import { type Refusal, refuse } from './refusal.ts';

const SETTLE_DELAY_MS = 3_000;
/** A stuck refund stays in progress this long, then fails. */
const STUCK_MS = 30 * 60_000;

/** `POST /service/refund`. */
export function applyRefund(call: Call): Answer {
  return apply(call, 'refund', (order, amountFen) => {
    if (order.status !== PAYMENT_STATUS.succeeded) {
      return refuse('notRefundable', '订单未支付或已撤销，不可退款 not paid, or revoked');
    }
    if (order.refundedFen + amountFen > order.amountFen) {
      return refuse('refundTooMuch', '退款金额超过可退金额 more than is left of the payment');
    }
    return ok(amountFen);
  });
}

/** `POST /service/revoke`: of the whole order only. */
export function applyRevoke(call: Call): Answer {
  return apply(call, 'revoke', (order, amountFen) => {
    if (amountFen !== order.amountFen) {
      return refuse('fieldInvalid', 'amount须为原订单金额 a revoke is of the whole order');
    }
    if (order.payment === null) return ok(0n);
    if (order.status === PAYMENT_STATUS.closed) {
      return refuse('orderClosed', '订单已撤销 the order is revoked already');
    }
    if (order.refundedFen > 0n) {
      return refuse('notRefundable', '订单已退款，不可撤销 refunded in part or whole already');
    }
    return ok(order.amountFen);
  });
}

function apply(
  call: Call,
  kind: RefundRecord['kind'],
  movedBy: (order: OrderRecord, amountFen: Fen) => Result<Fen, Refusal>,
): Answer {
  const { context, merchant, fields } = call;
  const tradeNum = fieldOf(fields, 'tradeNum');
  const key = keyOf(merchant.merchant, tradeNum);
  const existing = context.store.refunds.get(key);
  if (existing !== undefined) {
    return isSame(call, kind, existing) ? ok(refundFields(existing)) : NUMBER_USED;
  }
  if (context.store.orders.get(key) !== undefined) return NUMBER_USED;
  const found = findOrder(call, 'oTradeNum');
  if (!found.ok) return found;
  const movedFen = movedBy(found.value, must(fenOfText(fieldOf(fields, 'amount')), 'an amount'));
  if (!movedFen.ok) return movedFen;
  return ok(refundFields(store(call, kind, found.value, movedFen.value)));
}

function isSame({ fields }: Call, kind: RefundRecord['kind'], known: RefundRecord): boolean {
  return (
    known.kind === kind &&
    known.oTradeNum === fieldOf(fields, 'oTradeNum') &&
    known.amountFen === fenOfText(fieldOf(fields, 'amount'))
  );
}

function store(
  call: Call,
  kind: RefundRecord['kind'],
  order: OrderRecord,
  movedFen: Fen,
): RefundRecord {
  const { context, merchant } = call;
  const of = (name: string): string => fieldOf(call.fields, name);
  const nowMs = context.kit.clock.nowMs();
  // A revoke is done at once; a refund takes a moment, and sometimes sticks.
  const isStuck = kind === 'refund' && takeFault(call, 'refund', ['refund_stuck']) !== undefined;
  const settlesMs = nowMs + (isStuck ? STUCK_MS : SETTLE_DELAY_MS);
  const refund: RefundRecord = {
    key: keyOf(merchant.merchant, of('tradeNum')),
    kind,
    merchant: merchant.merchant,
    tradeNum: of('tradeNum'),
    oTradeNum: order.tradeNum,
    orderKey: order.key,
    amountFen: must(fenOfText(of('amount')), 'an amount'),
    movedFen,
    tradeTime: of('tradeTime') || compactTime(nowMs),
    note: of('note'),
    notifyUrl: of('notifyUrl') || null,
    status: kind === 'revoke' ? REFUND_STATUS.succeeded : REFUND_STATUS.processing,
    createdMs: nowMs,
    dueMs: kind === 'revoke' ? null : settlesMs,
    becomes: isStuck ? REFUND_STATUS.failed : REFUND_STATUS.succeeded,
  };
  context.store.refunds.put(refund);
  // How JD's query reports a paid purchase after its revoke is not public; here it is closed.
  const status = kind === 'revoke' ? PAYMENT_STATUS.closed : order.status;
  move(context, { ...order, refundedFen: order.refundedFen + movedFen }, status);
  return refund;
}

/** Settles a due refund; a failed one leaves its money with the order. */
export function settleRefund(context: Context, refund: RefundRecord): void {
  const settled: RefundRecord = { ...refund, status: refund.becomes, dueMs: null };
  context.store.refunds.put(settled);
  if (settled.status === REFUND_STATUS.failed) {
    const order = must(context.store.orders.get(refund.orderKey), 'the refunded order');
    context.store.orders.put({ ...order, refundedFen: order.refundedFen - refund.movedFen });
  }
  notifyRefunded(context, settled);
}

/** `POST /service/query` with tradeType 1, as older clients do: tradeNum is the refund's own. */
export function queryByRefundNumber({ context, merchant, fields }: Call): Answer {
  const refund = context.store.refunds.get(keyOf(merchant.merchant, fieldOf(fields, 'tradeNum')));
  const original = fieldOf(fields, 'oTradeNum');
  const isIt = refund !== undefined && (original === '' || original === refund.oTradeNum);
  return isIt ? ok(refundFields(refund)) : refuse('orderNotFound', '退款不存在 no such refund');
}

/** `POST /service/queryRefund`: every refund of one purchase, or the one that is named. */
export function queryRefund(call: Call): Answer {
  const found = findOrder(call, 'oTradeNum');
  if (!found.ok) return found;
  const only = fieldOf(call.fields, 'tradeNum');
  const list = call.context.store.refunds
    .list('order', found.value.key)
    .filter((refund) => refund.movedFen > 0n && (only === '' || refund.tradeNum === only));
  return ok([
    ['tradeNum', only],
    ['oTradeNum', found.value.tradeNum],
    ['refList', list.map((refund): XmlField => ['refund', refundFields(refund)])],
  ]);
}
