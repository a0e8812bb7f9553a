/**
 * Refunds, in parts, up to what was paid, and their query. The same number with the same content is
 * the same refund, for ever.
 */
import { must } from '../../../src/kernel/assert.ts';
import { ok } from '../../../src/kernel/result.ts';
import { fieldOf } from '../../../src/wires/samplepay/message.ts';
import { fenOfText, ORDER_STATUS, REFUND_STATUS } from '../../../src/wires/samplepay/trade.ts';
import { randomDigits } from '../../kit/digits.ts';
import { notifyRefunded } from './callbacks.ts';
import { type Answer, type Call, type Context, refuse, takeFault } from './context.ts';
import { checkFields } from './field-rules.ts';
import { keyOf } from './order-store.ts';
import { findOrder } from './orders.ts';
import { refundFields } from './present.ts';
import type { RefundRecord } from './records.ts';

const SETTLE_DELAY_MS = 3_000;
/** A stuck refund stays in progress this long, then fails. */
const STUCK_MS = 30 * 60_000;

export function refund(call: Call): Answer {
  const { context, merchant, fields } = call;
  const checked = checkFields(fields, 'refund');
  if (!checked.ok) return checked;
  const of = (name: string): string => fieldOf(fields, name) ?? '';
  const amountFen = must(fenOfText(of('amount')), 'an amount');
  const known = context.store.refunds.get(keyOf(merchant.merchant, of('refund_no')));
  if (known !== undefined) {
    const isSame = known.orderNo === of('order_no') && known.amountFen === amountFen;
    return isSame
      ? ok(refundFields(known))
      : refuse('numberUsed', 'refund_no is used with other content');
  }
  const found = findOrder(call);
  if (!found.ok) return found;
  const order = found.value;
  if (order.status !== ORDER_STATUS.paid) return refuse('notRefundable', 'the order is not paid');
  const refundedFen = order.refundedFen + amountFen;
  if (refundedFen > order.amountFen)
    return refuse('refundTooMuch', 'more than is left of the payment');
  const made = draftRefund(call, { orderKey: order.key, amountFen });
  context.store.refunds.put(made);
  context.store.orders.put({ ...order, refundedFen });
  return ok(refundFields(made));
}

function draftRefund(
  call: Call,
  { orderKey, amountFen }: Pick<RefundRecord, 'orderKey' | 'amountFen'>,
): RefundRecord {
  const { context, merchant, fields } = call;
  const of = (name: string): string => fieldOf(fields, name) ?? '';
  const isStuck = takeFault(call, 'refund', ['refund_stuck']) !== undefined;
  return {
    key: keyOf(merchant.merchant, of('refund_no')),
    merchant: merchant.merchant,
    refundNo: of('refund_no'),
    refundId: randomDigits(context.kit.random, 16, '5026'),
    orderKey,
    orderNo: of('order_no'),
    amountFen,
    notifyUrl: of('notify_url'),
    status: REFUND_STATUS.processing,
    dueMs: context.kit.clock.nowMs() + (isStuck ? STUCK_MS : SETTLE_DELAY_MS),
    becomes: isStuck ? REFUND_STATUS.failed : REFUND_STATUS.succeeded,
  };
}

/** Settles a due refund; a failed one leaves its money with the order. */
export function settleRefund(context: Context, due: RefundRecord): void {
  const settled: RefundRecord = { ...due, status: due.becomes, dueMs: null };
  context.store.refunds.put(settled);
  if (settled.status === REFUND_STATUS.failed) {
    const order = must(context.store.orders.get(due.orderKey), 'the refunded order');
    context.store.orders.put({ ...order, refundedFen: order.refundedFen - due.amountFen });
  }
  notifyRefunded(context, settled);
}

export function queryRefund({ context, merchant, fields }: Call): Answer {
  const checked = checkFields(fields, 'queryRefund');
  if (!checked.ok) return checked;
  const key = keyOf(merchant.merchant, fieldOf(fields, 'refund_no') ?? '');
  const known = context.store.refunds.get(key);
  return known === undefined ? refuse('refundNotFound', 'no such refund') : ok(refundFields(known));
}
