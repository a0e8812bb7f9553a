/**
 * Purchases: created by uniorder or by a posted form (by a payment code: payment-codes.ts), and
 * queried. All have the same life cycle: created (or processing) until paid, failed, closed or
 * expired.
 *
 * The same number with the same content is the same order; with other content it is refused.
 */

import { createHash } from 'node:crypto';
import { must } from '../../../src/kernel/assert.ts';
import { ok, type Result } from '../../../src/kernel/result.ts';
import { compactTime } from '../../../src/wires/beijing-time.ts';
import { fenOfText, PAYMENT_STATUS, type PaymentStatus } from '../../../src/wires/jdpay/trade.ts';
import { DISTORTIONS } from '../../kit/distortion.ts';
import { notifyPaid } from './callbacks.ts';
import { type Answer, type Call, type Context, takeFault } from './context.ts';
import { type Fields, fieldOf } from './field-rules.ts';
import { orderId, qrToken } from './numbers.ts';
import { isOpen, keyOf } from './order-store.ts';
import { distort, orderFields } from './present.ts';
import type { OrderRecord, PaymentRecord, Service } from './records.ts';
import { type Refusal, refuse } from './refusal.ts';

const MINUTE_MS = 60_000;
/** If the merchant names no expireTime. */
const LIFE_MS = 120 * MINUTE_MS;
/** How long the buyer has to confirm a payment code that was charged. */
const CONFIRM_MS = 5 * MINUTE_MS;

export function qrCodeOf({ code }: OrderRecord): string {
  return `https://h5pay.jd.com/code?c=${code}`;
}

/** `POST /service/uniorder`. */
export function uniorder(call: Call): Answer {
  const made = createOnline(call);
  if (!made.ok) return made;
  const order = made.value;
  if (!isOpen(order)) return refuse(...obstacleOf(order));
  const leftS = Math.max(1, Math.floor((order.expiresMs - call.context.kit.clock.nowMs()) / 1_000));
  return ok([
    ['orderId', order.orderId],
    ['merchantName', call.merchant.name],
    ['amount', order.amountFen.toString()],
    ['expireTime', leftS.toString()],
    ['tradeNum', order.tradeNum],
    ['qrCode', qrCodeOf(order)],
  ]);
}

/** An order that a buyer opens later; an existing one is returned in its current state. */
export function createOnline(call: Call): Result<OrderRecord, Refusal> {
  if (!call.merchant.services.includes('online')) {
    return refuse('serviceNotOpened', '该商户号未开通在线支付 not opened for online payment');
  }
  const known = knownOrder(call, 'online');
  if (!known.ok) return known;
  if (known.value !== undefined) return ok(known.value);
  const order = draftOrder(call, 'online');
  call.context.store.orders.put(order);
  return ok(order);
}

/** The order that has this number already; undefined if the number is free. */
export function knownOrder(call: Call, service: Service): Result<OrderRecord | undefined, Refusal> {
  const { context, merchant, fields } = call;
  const tradeNum = fieldOf(fields, 'tradeNum');
  const existing = context.store.orders.get(keyOf(merchant.merchant, tradeNum));
  if (existing !== undefined) {
    return existing.fingerprint === fingerprint(service, fields) ? ok(existing) : NUMBER_USED;
  }
  return context.store.refunds.get(keyOf(merchant.merchant, tradeNum)) === undefined
    ? ok(undefined)
    : NUMBER_USED;
}

export const NUMBER_USED = refuse(
  'numberUsed',
  '交易流水号重复 tradeNum is used with other content',
);

export function draftOrder(call: Call, service: Service): OrderRecord {
  const { kit } = call.context;
  const { merchant } = call.merchant;
  const of = (name: string): string => fieldOf(call.fields, name);
  const nowMs = kit.clock.nowMs();
  const lifeMs = service === 'payment_code' ? CONFIRM_MS : LIFE_MS;
  const asked = of('expireTime');
  return {
    key: keyOf(merchant, of('tradeNum')),
    merchant,
    tradeNum: of('tradeNum'),
    service,
    orderId: orderId(kit.random),
    tradeName: of('tradeName'),
    amountFen: must(fenOfText(of('amount')), 'an amount'),
    tradeTime: of('tradeTime') || compactTime(nowMs),
    note: of('note'),
    notifyUrl: of('notifyUrl') || null,
    callbackUrl: of('callbackUrl') || null,
    fingerprint: fingerprint(service, call.fields),
    createdMs: nowMs,
    expiresMs: nowMs + (asked === '' ? lifeMs : Number(asked) * 1_000),
    status: PAYMENT_STATUS.created,
    code: qrToken(kit.random),
    cashierKey: kit.random.bytes(16).toString('hex'),
    token: null,
    payment: null,
    refundedFen: 0n,
  };
}

/** What a repeat must have in common; the rest (times, addresses of the buyer) may differ. */
const SAME = ['tradeNum', 'tradeName', 'amount', 'currency', 'notifyUrl', 'callbackUrl', 'token'];

function fingerprint(kind: string, fields: Fields): string {
  const parts = [kind, ...SAME.map((name) => fieldOf(fields, name))];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

function obstacleOf({ status }: OrderRecord): Parameters<typeof refuse> {
  return status === PAYMENT_STATUS.succeeded
    ? ['orderPaid', '订单已支付 the order is paid']
    : ['orderClosed', '订单已关闭 the order is closed'];
}

export function move(context: Context, order: OrderRecord, status: PaymentStatus): OrderRecord {
  return context.store.orders.put({ ...order, status });
}

export function bookPayment(
  context: Context,
  order: OrderRecord,
  payment: PaymentRecord,
): OrderRecord {
  const paid = move(context, { ...order, payment }, PAYMENT_STATUS.succeeded);
  notifyPaid(context, paid);
  return paid;
}

/** `POST /service/query` of a purchase. */
export function query(call: Call): Answer {
  const order = findOrder(call, 'tradeNum');
  if (!order.ok) return order;
  const isPaid = order.value.payment !== null;
  const fault = isPaid ? takeFault(call, 'query', DISTORTIONS) : undefined;
  return ok(distort(orderFields(order.value), fault, order.value));
}

export function findOrder(
  { context, merchant, fields }: Call,
  name: 'tradeNum' | 'oTradeNum',
): Result<OrderRecord, Refusal> {
  const order = context.store.orders.get(keyOf(merchant.merchant, fieldOf(fields, name)));
  return order === undefined ? refuse('orderNotFound', '订单不存在 no such order') : ok(order);
}
