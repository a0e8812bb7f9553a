/**
 * Orders: created, queried, closed, reversed. All have the same life cycle: waiting (or confirming)
 * until paid, failed, closed or expired. The same number with the same content is the same order;
 * with other content it is refused.
 */
import { createHash } from 'node:crypto';
import { must } from '../../../src/kernel/assert.ts';
import { ok, type Result } from '../../../src/kernel/result.ts';
import { parseCompactTime } from '../../../src/wires/beijing-time.ts';
import { fieldOf } from '../../../src/wires/samplepay/message.ts';
import { fenOfText, ORDER_STATUS, type OrderStatus } from '../../../src/wires/samplepay/trade.ts';
import { randomDigits, randomText } from '../../kit/digits.ts';
import { DISTORTIONS } from '../../kit/distortion.ts';
import { notifyPaid } from './callbacks.ts';
import {
  type Answer,
  type Call,
  type Context,
  type Refusal,
  refuse,
  takeFault,
} from './context.ts';
import { checkFields } from './field-rules.ts';
import { isOpen, keyOf } from './order-store.ts';
import { distort, orderFields } from './present.ts';
import type { OrderRecord, PaymentRecord } from './records.ts';

const BASE36 = '0123456789abcdefghijklmnopqrstuvwxyz';

export const CODE_ORIGIN = 'https://code.samplepay.example/';
export const CASHIER_PATH = '/samplepay/cashier';

export function cashierUrl({ kit }: Context, { token }: OrderRecord): string {
  return `${kit.publicUrl}${CASHIER_PATH}?token=${token}`;
}

/** An order that its buyer opens later; a finished one cannot be opened again. */
export function create(call: Call): Answer {
  const { context, fields } = call;
  const checked = checkFields(fields, 'order');
  if (!checked.ok) return checked;
  const known = knownOrder(call);
  if (!known.ok) return known;
  const order = known.value ?? draftOrder(call, false);
  if (known.value === undefined) context.store.orders.put(order);
  if (!isOpen(order)) return overAlready(order);
  return ok({
    ...orderFields(order),
    code_url: `${CODE_ORIGIN}${order.token}`,
    cashier_url: cashierUrl(context, order),
  });
}

function overAlready({ status }: OrderRecord): Answer {
  return status === ORDER_STATUS.paid
    ? refuse('orderPaid', 'the order is paid')
    : refuse('orderClosed', 'the order is over');
}

/** The order that has this number already; undefined if the number is free. */
export function knownOrder(call: Call): Result<OrderRecord | undefined, Refusal> {
  const { context, merchant, fields } = call;
  const orderNo = fieldOf(fields, 'order_no') ?? '';
  const known = context.store.orders.get(keyOf(merchant.merchant, orderNo));
  if (known === undefined || known.fingerprint === fingerprint(call)) return ok(known);
  return refuse('numberUsed', 'order_no is used with other content');
}

function fingerprint({ fields }: Call): string {
  const sorted = Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex');
}

export function draftOrder(call: Call, isCharge: boolean): OrderRecord {
  const { context, merchant, fields } = call;
  const of = (name: string): string => fieldOf(fields, name) ?? '';
  return {
    key: keyOf(merchant.merchant, of('order_no')),
    merchant: merchant.merchant,
    orderNo: of('order_no'),
    subMerchant: of('sub_merchant'),
    description: of('description'),
    amountFen: must(fenOfText(of('amount')), 'an amount'),
    notifyUrl: of('notify_url'),
    returnUrl: fieldOf(fields, 'return_url') ?? null,
    fingerprint: fingerprint(call),
    expiresMs: must(parseCompactTime(of('expires_at')), 'a time'),
    status: ORDER_STATUS.waiting,
    isCharge,
    token: randomText(context.kit.random, BASE36, 16),
    payment: null,
    refundedFen: 0n,
  };
}

export function move(context: Context, order: OrderRecord, status: OrderStatus): OrderRecord {
  return context.store.orders.put({ ...order, status });
}

export function bookPayment(
  context: Context,
  order: OrderRecord,
  how: Omit<PaymentRecord, 'transactionId' | 'paidMs'>,
): OrderRecord {
  const { kit } = context;
  const transactionId = randomDigits(kit.random, 16, '2026');
  const payment: PaymentRecord = { ...how, transactionId, paidMs: kit.clock.nowMs() };
  const paid = move(context, { ...order, payment }, ORDER_STATUS.paid);
  notifyPaid(context, paid);
  return paid;
}

export function query(call: Call): Answer {
  const found = namedOrder(call);
  if (!found.ok) return found;
  const isPaid = found.value.payment !== null;
  const fault = isPaid ? takeFault(call, 'query', DISTORTIONS) : undefined;
  return ok(distort(orderFields(found.value), fault));
}

/** Never refunds: a paid order is refused. */
export function close(call: Call): Answer {
  const found = namedOrder(call);
  if (!found.ok) return found;
  const order = found.value;
  if (order.status === ORDER_STATUS.paid) return overAlready(order);
  if (!isOpen(order)) return ok(orderFields(order));
  return ok(orderFields(move(call.context, order, ORDER_STATUS.closed)));
}

/** Ends a charge whatever its state: unpaid it closes, paid it is refunded in full. */
export function reverse(call: Call): Answer {
  const found = namedOrder(call);
  if (!found.ok) return found;
  const order = found.value;
  if (!order.isCharge) return refuse('fieldInvalid', 'only a charge is reversed');
  if (order.status === ORDER_STATUS.closed || order.status === ORDER_STATUS.reversed)
    return ok(orderFields(order));
  if (order.payment === null)
    return ok(orderFields(move(call.context, order, ORDER_STATUS.closed)));
  // A partly refunded order must be refunded further, not reversed.
  if (order.refundedFen > 0n) return overAlready(order);
  const returned = { ...order, refundedFen: order.amountFen };
  return ok(orderFields(move(call.context, returned, ORDER_STATUS.reversed)));
}

function namedOrder(call: Call): Result<OrderRecord, Refusal> {
  const checked = checkFields(call.fields, 'named');
  return checked.ok ? findOrder(call) : checked;
}

export function findOrder({ context, merchant, fields }: Call): Result<OrderRecord, Refusal> {
  const key = keyOf(merchant.merchant, fieldOf(fields, 'order_no') ?? '');
  const order = context.store.orders.get(key);
  return order === undefined ? refuse('orderNotFound', 'no such order') : ok(order);
}
