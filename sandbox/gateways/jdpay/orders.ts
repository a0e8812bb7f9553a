/**
 * Purchases: made by uniorder, by a posted form or by a payment code, and queried. All live the
 * same life: created (or processing) until paid, failed, closed or out of time.
 *
 * The same number with the same content is the same order; with other content it is refused.
 */
import { createHash } from 'node:crypto';
import { present } from '../../../src/kernel/assert.ts';
import { ok, type Result } from '../../../src/kernel/result.ts';
import { compactTime } from '../../../src/wires/beijing-time.ts';
import { fenOfText, PAYMENT_STATUS, type PaymentStatus } from '../../../src/wires/jdpay/trade.ts';
import type { ChargeRefusal } from '../../kit/payment-codes.ts';
import { tellPaid } from './callbacks.ts';
import { type Answer, type Call, type Desk, takeFault } from './context.ts';
import { checkFields, type Fields, fieldOf } from './field-rules.ts';
import { orderId, qrToken } from './numbers.ts';
import { isOpen, keyOf } from './order-store.ts';
import { DISTORTIONS, distort, orderFields } from './present.ts';
import type { OrderRecord, PaymentRecord, Service } from './records.ts';
import { type Refusal, refuse } from './refusal.ts';

const MINUTE_MS = 60_000;
/** Where the merchant names no expireTime. */
const LIFE_MS = 120 * MINUTE_MS;
/** How long the buyer has to confirm a payment code that was charged. */
const CONFIRM_MS = 5 * MINUTE_MS;

export function qrCodeOf({ code }: OrderRecord): string {
  return `https://h5pay.jd.com/code?c=${code}`;
}

/** `POST /service/uniorder`. */
export function uniorder(call: Call): Answer {
  const made = createOnline(call, 'uniorder');
  if (!made.ok) return made;
  const order = made.value;
  if (!isOpen(order)) return refuse(...obstacleOf(order));
  const leftS = Math.max(1, Math.floor((order.expiresMs - call.desk.kit.clock.nowMs()) / 1_000));
  return ok([
    ['orderId', order.orderId],
    ['merchantName', call.merchant.name],
    ['amount', order.amountFen.toString()],
    ['expireTime', leftS.toString()],
    ['tradeNum', order.tradeNum],
    ['qrCode', qrCodeOf(order)],
  ]);
}

/** An order that a buyer opens later; an old one is given back as it is now. */
export function createOnline(
  call: Call,
  service: 'uniorder' | 'saveOrder',
): Result<OrderRecord, Refusal> {
  const checked = checkFields(call.fields, service);
  if (!checked.ok) return checked;
  if (!call.merchant.services.includes('online')) {
    return refuse('serviceNotOpened', '该商户号未开通在线支付 not opened for online payment');
  }
  const known = knownOrder(call, 'online');
  if (!known.ok) return known;
  if (known.value !== undefined) return ok(known.value);
  const order = draftOrder(call, 'online');
  call.desk.books.putOrder(order);
  return ok(order);
}

/** The order that has this number already; undefined where the number is still free. */
function knownOrder(call: Call, service: Service): Result<OrderRecord | undefined, Refusal> {
  const { desk, merchant, fields } = call;
  const tradeNum = fieldOf(fields, 'tradeNum');
  const existing = freshOrder(desk, keyOf(merchant.merchant, tradeNum));
  if (existing !== undefined) {
    return existing.fingerprint === fingerprint(service, fields) ? ok(existing) : NUMBER_USED;
  }
  return desk.books.refund(merchant.merchant, tradeNum) === undefined ? ok(undefined) : NUMBER_USED;
}

const NUMBER_USED = refuse('numberUsed', '交易流水号重复 tradeNum is used with other content');

function draftOrder(call: Call, service: Service): OrderRecord {
  const { kit } = call.desk;
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
    amountFen: present(fenOfText(of('amount')), 'an amount'),
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

/** What a repeat must say again; the rest (times, addresses of the buyer) may differ. */
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

/** The order as it is now: one whose time is over ends the moment it is looked at. */
export function freshOrder(desk: Desk, key: string): OrderRecord | undefined {
  const order = desk.books.orderByKey(key);
  if (order === undefined || !isOpen(order)) return order;
  if (desk.kit.clock.nowMs() < order.expiresMs) return order;
  return runOut(desk, order);
}

/** A code to scan closes; a charge that nobody confirmed failed. */
export function runOut(desk: Desk, order: OrderRecord): OrderRecord {
  const isCharge = order.service === 'payment_code';
  return move(desk, order, isCharge ? PAYMENT_STATUS.failed : PAYMENT_STATUS.closed);
}

export function move(desk: Desk, order: OrderRecord, status: PaymentStatus): OrderRecord {
  const moved = { ...order, status };
  desk.books.putOrder(moved);
  return moved;
}

/** `POST /service/fkmPay`: the merchant charges a payment code that the buyer shows. */
export function fkmPay(call: Call): Answer {
  const { desk, merchant, fields } = call;
  const checked = checkFields(fields, 'fkmPay');
  if (!checked.ok) return checked;
  if (!merchant.services.includes('payment_code')) {
    return refuse('serviceNotOpened', '该商户号未开通付款码 not opened for payment codes');
  }
  const known = knownOrder(call, 'payment_code');
  if (!known.ok) return known;
  if (known.value !== undefined) return ok(orderFields(known.value));
  const token = fieldOf(fields, 'token');
  const order: OrderRecord = { ...draftOrder(call, 'payment_code'), token };
  // Last of all, for a refused order must leave the buyer's code good.
  const charged = desk.codes.charge(token, order.key);
  if (charged !== 'charged') return refuse('codeInvalid', CODE_REFUSALS[charged]);
  return ok(orderFields(start(call, order)));
}

const CODE_REFUSALS: Readonly<Record<ChargeRefusal, string>> = {
  unknown: '付款码无效 not a payment code of this app',
  used: '付款码已使用 the code was used before',
  expired: '付款码已过期 the code is older than a minute',
};

/** Paid at once, or as soon as the buyer confirms on the phone. */
function start(call: Call, order: OrderRecord): OrderRecord {
  const { desk } = call;
  const mustConfirm = takeFault(call, 'create', ['userpaying']) !== undefined;
  if (mustConfirm) return move(desk, order, PAYMENT_STATUS.processing);
  const paidMs = desk.kit.clock.nowMs();
  return bookPayment(desk, order, { paidMs, payerWallet: 'jdpay', couponFen: 0n });
}

export function bookPayment(desk: Desk, order: OrderRecord, payment: PaymentRecord): OrderRecord {
  const paid = move(desk, { ...order, payment }, PAYMENT_STATUS.succeeded);
  tellPaid(desk, paid);
  return paid;
}

/** `POST /service/query` of a purchase. */
export function query(call: Call): Answer {
  const checked = checkFields(call.fields, 'query');
  if (!checked.ok) return checked;
  const order = findOrder(call, 'tradeNum');
  if (!order.ok) return order;
  const isPaid = order.value.payment !== null;
  const fault = isPaid ? takeFault(call, 'query', DISTORTIONS) : undefined;
  return ok(distort(orderFields(order.value), fault, order.value));
}

export function findOrder(
  { desk, merchant, fields }: Call,
  name: 'tradeNum' | 'oTradeNum',
): Result<OrderRecord, Refusal> {
  const order = freshOrder(desk, keyOf(merchant.merchant, fieldOf(fields, name)));
  return order === undefined ? refuse('orderNotFound', '订单不存在 no such order') : ok(order);
}
