/**
 * alipay.trade.pay: the merchant scanned the buyer's payment code. Small sums are paid in the same
 * call; above the limit, or when the fault `userpaying` says so, the order waits (10003) until the
 * buyer confirms in the app. A code pays one order; an order that is known is never paid twice.
 */
import { type Fen, fenToYuan } from '../../../src/kernel/money.ts';
import { textField } from '../../../src/wires/alipay/json-text.ts';
import { isPaymentCode } from '../../../src/wires/alipay/trade.ts';
import { type Answer, refusal, refuse, success, waiting } from './answers.ts';
import type { AlipayCity, Method, MethodCall } from './context.ts';
import { readOrder } from './field-rules.ts';
import { payFields } from './present.ts';
import type { OrderRecord, TradeRecord } from './records.ts';

/** Without a password the app pays up to this at once (小额免密); the city's stated figure. */
const NO_PASSWORD_FEN_MAX: Fen = 1_000_00n;
const DEFAULT_EXPIRY_MS = 90 * 60_000;
const PRODUCT_CODES = ['FACE_TO_FACE_PAYMENT'];

const pay: Method = {
  operation: 'create',
  isPage: false,
  faults: ['wrong_amount', 'wrong_currency'],
  run: (city, call) => {
    const { content } = call;
    if (textField(content, 'scene') !== 'bar_code') return refuse('ACQ.INVALID_PARAMETER', 'scene');
    const code = textField(content, 'auth_code') ?? '';
    if (!isPaymentCode(code)) return refuse('ACQ.PAYMENT_AUTH_CODE_INVALID');
    const order = readOrder(content, {
      app: call.app,
      explanations: city.kit.explanations,
      nowMs: city.kit.clock.nowMs(),
      notifyUrl: call.notifyUrl,
      productCodes: PRODUCT_CODES,
      defaultExpiryMs: DEFAULT_EXPIRY_MS,
      outMergeNo: null,
    });
    if (!order.ok) return refusal(order.error);
    return charge(city, call, order.value, code);
  },
};

function charge(city: AlipayCity, call: MethodCall, order: OrderRecord, code: string): Answer {
  const obstacle = city.book.obstacle(order);
  if (obstacle !== undefined) return refusal(obstacle);
  const isOffered = city.checkouts.ofOrder(order.pid, order.outTradeNo) !== undefined;
  if (isOffered) return refuse('ACQ.CONTEXT_INCONSISTENT');
  const isKnown = city.book.find(order.pid, order.outTradeNo) !== undefined;
  const charged = city.paymentCodes.charge(code, `${order.pid}/${order.outTradeNo}`);
  if (charged !== 'charged') return refuse('ACQ.PAYMENT_AUTH_CODE_INVALID');
  const opened = city.book.open({ ...order, isByCode: true }, city.house().buyer.userId);
  if (!opened.ok) return refusal(opened.error);
  // A repeat of what waits for its buyer waits on.
  if (isKnown || mustConfirm(city, order)) return answer(city, call, opened.value, false);
  const how = { payerWallet: 'alipay', platformCouponFen: 0n, merchantCouponFen: 0n } as const;
  const isPaid = city.book.pay([opened.value], how);
  const trade = city.book.find(order.pid, order.outTradeNo) ?? opened.value;
  if (isPaid) city.callbacks.tell('payment', trade);
  return answer(city, call, trade, isPaid);
}

function mustConfirm(city: AlipayCity, order: OrderRecord): boolean {
  const { outTradeNo: orderNo, smid, pid, totalFen } = order;
  const point = { wallet: 'alipay', operation: 'create', orderNo, merchant: smid ?? pid } as const;
  const fault = city.kit.faults.take(point, ['userpaying']);
  return fault !== undefined || totalFen > NO_PASSWORD_FEN_MAX;
}

function answer(city: AlipayCity, call: MethodCall, trade: TradeRecord, isPaid: boolean): Answer {
  const fields = payFields(trade, city.house().buyer.logonId);
  if (!isPaid) return waiting(fields);
  if (call.fault === 'wrong_amount') {
    return success({ ...fields, total_amount: fenToYuan(trade.order.totalFen + 1n) });
  }
  if (call.fault === 'wrong_currency') return success({ ...fields, trans_currency: 'USD' });
  return success(fields);
}

export const CODE_METHODS: Readonly<Record<string, Method>> = { 'alipay.trade.pay': pay };
