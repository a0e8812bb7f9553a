/**
 * The app's payment codes (付款码), 16 to 24 digits beginning with 25 to 30, of which the city
 * generates 18 as the app does; and alipay.trade.pay, by which a merchant charges one. Small
 * amounts are paid in the call; above the limit, or with the fault `userpaying`, the order waits
 * (10003) until the buyer confirms in the app. A code pays one order; a known order is never paid
 * twice.
 */
import type { Fen } from '../../../src/kernel/money.ts';
import { textField } from '../../../src/wires/alipay/json-text.ts';
import { isPaymentCode } from '../../../src/wires/alipay/trade.ts';
import { randomDigits } from '../../kit/digits.ts';
import type { CityKit } from '../../kit/kit.ts';
import { openPaymentCodes, type PaymentCodes } from '../../kit/payment-codes.ts';
import { type Answer, refusal, refuse, success, waiting } from './answers.ts';
import type { Context, Method, MethodCall } from './context.ts';
import { readOrder } from './field-rules.ts';
import { rulesOf } from './orders.ts';
import { distort, payFields } from './present.ts';
import type { OrderRecord, TradeRecord } from './records.ts';

const DIGIT_COUNT = 18;

export function openAlipayCodes(kit: CityKit): PaymentCodes {
  const draw = (): string => `${randomPrefix(kit)}${randomDigits(kit.random, DIGIT_COUNT - 2)}`;
  return openPaymentCodes(kit, { collection: 'alipay.payment_codes', draw });
}

function randomPrefix(kit: CityKit): number {
  return 25 + ((kit.random.bytes(1)[0] ?? 0) % 6);
}

/** Without a password the app pays up to this at once (小额免密); the city's stated figure. */
const NO_PASSWORD_FEN_MAX: Fen = 1_000_00n;
const DEFAULT_EXPIRY_MS = 90 * 60_000;
const PRODUCT_CODES = ['FACE_TO_FACE_PAYMENT'];

const pay: Method = {
  operation: 'create',
  faults: ['wrong_amount', 'wrong_currency'],
  run: (context, call) => {
    const { content } = call;
    if (textField(content, 'scene') !== 'bar_code') return refuse('ACQ.INVALID_PARAMETER', 'scene');
    const code = textField(content, 'auth_code') ?? '';
    if (!isPaymentCode(code)) return refuse('ACQ.PAYMENT_AUTH_CODE_INVALID');
    const rules = rulesOf(context, call, PRODUCT_CODES);
    const order = readOrder(content, { ...rules, defaultExpiryMs: DEFAULT_EXPIRY_MS });
    if (!order.ok) return refusal(order.error);
    return charge(context, call, order.value, code);
  },
};

function charge(context: Context, call: MethodCall, order: OrderRecord, code: string): Answer {
  const obstacle = context.store.obstacle(order);
  if (obstacle !== undefined) return refusal(obstacle);
  const isOffered = context.checkouts.ofOrder(order.pid, order.outTradeNo) !== undefined;
  if (isOffered) return refuse('ACQ.CONTEXT_INCONSISTENT');
  const isKnown = context.store.find(order.pid, order.outTradeNo) !== undefined;
  const charged = context.paymentCodes.charge(code, `${order.pid}/${order.outTradeNo}`);
  if (charged !== 'charged') return refuse('ACQ.PAYMENT_AUTH_CODE_INVALID');
  const opened = context.store.open({ ...order, isByCode: true }, context.identity().buyer.userId);
  if (!opened.ok) return refusal(opened.error);
  // A repeated call for an order that waits for its buyer keeps it waiting.
  if (isKnown || mustConfirm(context, order)) return answer(context, call, opened.value, false);
  const how = { payerWallet: 'alipay', platformCouponFen: 0n, merchantCouponFen: 0n } as const;
  const isPaid = context.store.pay([opened.value], how);
  const trade = context.store.find(order.pid, order.outTradeNo) ?? opened.value;
  if (isPaid) context.callbacks.notify('payment', trade);
  return answer(context, call, trade, isPaid);
}

function mustConfirm(context: Context, order: OrderRecord): boolean {
  const { outTradeNo: orderNo, smid, pid, totalFen } = order;
  const point = { wallet: 'alipay', operation: 'create', orderNo, merchant: smid ?? pid } as const;
  const fault = context.kit.faults.take(point, ['userpaying']);
  return fault !== undefined || totalFen > NO_PASSWORD_FEN_MAX;
}

function answer(context: Context, call: MethodCall, trade: TradeRecord, isPaid: boolean): Answer {
  const fields = payFields(trade, context.identity().buyer.logonId);
  return isPaid ? success(distort(context.kit, trade, fields, call.fault)) : waiting(fields);
}

export const CODE_METHODS: Readonly<Record<string, Method>> = { 'alipay.trade.pay': pay };
