/**
 * Methods that offer an order to a buyer: page, wap, app, precreate, create and the merged ones.
 * All but create only make a checkout; the trade is created when the buyer opens it.
 */
import { err, ok, type Result } from '../../../src/kernel/result.ts';
import type { GatewayError } from '../../../src/wires/alipay/gateway-errors.ts';
import { isJsonObject, type JsonObject, textField } from '../../../src/wires/alipay/json-text.ts';
import { businessError, refusal, refuse, success } from './answers.ts';
import { cashierPage } from './cashier-page.ts';
import { checkoutId } from './checkouts.ts';
import type { Context, Method, MethodCall } from './context.ts';
import { invalid, type OrderContext, readExpiry, readOrder } from './field-rules.ts';
import type { CheckoutRecord, OrderRecord } from './records.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const DEFAULT_EXPIRY_MS = 15 * DAY_MS;
const PRECREATE_EXPIRY_MS = 120 * MINUTE_MS;
const ALL_OR_NOTHING_MS_MAX = 15 * MINUTE_MS;
const MERGE_COUNT_MAX = 20;

type Offer = Omit<CheckoutRecord, 'isWithdrawn'>;

/** The `product_code` of each method whose order the buyer's own browser or app submits. */
const CARRIED_PRODUCTS: Readonly<Record<string, readonly string[]>> = {
  'alipay.trade.page.pay': ['FAST_INSTANT_TRADE_PAY'],
  'alipay.trade.wap.pay': ['QUICK_WAP_WAY', 'QUICK_WAP_PAY'],
  'alipay.trade.app.pay': ['QUICK_MSECURITY_PAY'],
};

const MERGE_PRODUCTS = [
  'FAST_INSTANT_TRADE_PAY',
  'QUICK_WAP_WAY',
  'QUICK_WAP_PAY',
  'QUICK_MSECURITY_PAY',
];

/** An order's rules unless its method has others. */
export function rulesOf(context: Context, call: MethodCall, productCodes: readonly string[]) {
  return {
    app: call.app,
    explanations: context.kit.explanations,
    nowMs: context.kit.clock.nowMs(),
    notifyUrl: call.notifyUrl,
    productCodes,
    defaultExpiryMs: DEFAULT_EXPIRY_MS,
    outMergeNo: null,
  } satisfies OrderContext;
}

/** Methods submitted by a browser and answered with a page. */
export const PAGES: readonly string[] = [
  'alipay.trade.page.pay',
  'alipay.trade.wap.pay',
  'alipay.trade.page.merge.pay',
  'alipay.trade.wap.merge.pay',
];

/** Only a browser returns to the merchant: the return_url of a QR code or an app has no effect. */
function returnUrlOf(method: string, call: MethodCall): string | null {
  return PAGES.includes(method) ? call.returnUrl : null;
}

function singleOffer(id: string, method: string, call: MethodCall, order: OrderRecord): Offer {
  const returnUrl = returnUrlOf(method, call);
  const { expiresAtMs } = order;
  return {
    ...{ id, method, orders: [order], returnUrl, expiresAtMs },
    ...{ outMergeNo: null, allOrNothing: true },
  };
}

/** The order in a submitted request; used by the gateway's pages and by the phone's scan. */
export function offerCarried(
  context: Context,
  method: string,
  call: MethodCall,
): Result<CheckoutRecord, GatewayError> {
  if (method === 'alipay.trade.page.merge.pay') {
    return offerMerge(context, method, call, checkoutId('pm', call.app.appId, call.signed));
  }
  if (method === 'alipay.trade.wap.merge.pay' || method === 'alipay.trade.app.merge.pay') {
    return findMerge(context, method, call);
  }
  const products = CARRIED_PRODUCTS[method] ?? [];
  const order = readOrder(call.content, rulesOf(context, call, products));
  if (!order.ok) return order;
  const id = checkoutId('pg', call.app.appId, call.signed);
  return context.checkouts.keep(singleOffer(id, method, call, order.value));
}

function findMerge(
  context: Context,
  method: string,
  call: MethodCall,
): Result<CheckoutRecord, GatewayError> {
  const checkout = context.checkouts.find(textField(call.content, 'pre_order_no') ?? '');
  if (checkout === undefined || checkout.orders[0]?.pid !== call.app.pid) {
    return invalid('pre_order_no');
  }
  const returnUrl = returnUrlOf(method, call);
  return ok(returnUrl ? context.checkouts.returnTo(checkout, returnUrl) : checkout);
}

function offerMerge(
  context: Context,
  method: string,
  call: MethodCall,
  id: string,
): Result<CheckoutRecord, GatewayError> {
  const orders = readMergeOrders(context, call);
  if (!orders.ok) return orders;
  const [first] = orders.value;
  return context.checkouts.keep({
    id,
    method,
    orders: orders.value,
    returnUrl: returnUrlOf(method, call),
    outMergeNo: textField(call.content, 'out_merge_no') ?? null,
    allOrNothing: call.app.allOrNothingMerge,
    expiresAtMs: first?.expiresAtMs ?? 0,
  });
}

function readMergeOrders(context: Context, call: MethodCall): Result<OrderRecord[], GatewayError> {
  const { app, content } = call;
  const nowMs = context.kit.clock.nowMs();
  const outMergeNo = textField(content, 'out_merge_no') ?? null;
  const named = outMergeNo === null || /^[A-Za-z0-9_-]{1,64}$/.test(outMergeNo);
  if (!named || (outMergeNo === null && app.allOrNothingMerge)) return invalid('out_merge_no');
  const expiresAtMs = readExpiry(content, nowMs, DEFAULT_EXPIRY_MS);
  if (expiresAtMs === undefined) return invalid('time_expire');
  if (expiresAtMs <= nowMs) return err(businessError('ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR'));
  const details: unknown = content.order_details;
  if (!Array.isArray(details) || details.length < 1 || details.length > MERGE_COUNT_MAX) {
    return invalid('order_details');
  }
  const latestMs = app.allOrNothingMerge ? nowMs + ALL_OR_NOTHING_MS_MAX : expiresAtMs;
  const orders: OrderRecord[] = [];
  for (const detail of details as readonly unknown[]) {
    if (!isJsonObject(detail)) return invalid('order_details');
    const owner = context.apps.get(textField(detail, 'app_id') ?? '');
    if (owner?.pid !== app.pid) return invalid('order_details.app_id');
    const rules = { ...rulesOf(context, call, MERGE_PRODUCTS), outMergeNo };
    const order = readOrder(withoutExpiry(detail), { ...rules, app: owner });
    if (!order.ok) return order;
    orders.push({ ...order.value, expiresAtMs: Math.min(expiresAtMs, latestMs) });
  }
  const numbers = new Set(orders.map(({ outTradeNo }) => outTradeNo));
  return numbers.size === orders.length ? ok(orders) : invalid('order_details.out_trade_no');
}

/** Expiry is the merged order's, not its parts'. */
function withoutExpiry(detail: JsonObject): JsonObject {
  const { time_expire: _absolute, timeout_express: _express, ...rest } = detail;
  return rest;
}

function pageMethod(method: string): Method {
  return {
    operation: 'create',
    isPage: true,
    run: (context, call) => {
      const offered = offerCarried(context, method, call);
      if (!offered.ok) return refusal(offered.error);
      return { kind: 'page', page: cashierPage(context, offered.value) };
    },
  };
}

const precreate: Method = {
  operation: 'create',
  run: (context, call) => {
    const products = ['FACE_TO_FACE_PAYMENT', 'QR_CODE_OFFLINE'];
    const rules = rulesOf(context, call, products);
    const read = readOrder(call.content, { ...rules, defaultExpiryMs: PRECREATE_EXPIRY_MS });
    if (!read.ok) return refusal(read.error);
    const { pid, outTradeNo, totalFen, smid } = read.value;
    const id = checkoutId('bax', pid, outTradeNo, String(totalFen), smid ?? '');
    const offered = context.checkouts.keep(
      singleOffer(id, 'alipay.trade.precreate', call, read.value),
    );
    if (!offered.ok) return refusal(offered.error);
    return success({ out_trade_no: outTradeNo, qr_code: `https://qr.alipay.com/${id}` });
  },
};

const create: Method = {
  operation: 'create',
  run: (context, call) => {
    const { content } = call;
    const buyer = textField(content, 'buyer_id') ?? textField(content, 'buyer_open_id') ?? '';
    const isUserId = /^2088\d{12}$/.test(buyer);
    const isOpenId = content.buyer_open_id === buyer && /^[\w-]{16,128}$/.test(buyer);
    if (!isUserId && !isOpenId) return refuse('ACQ.INVALID_PARAMETER', 'buyer_id');
    if (buyer === call.app.pid) return refuse('ACQ.BUYER_SELLER_EQUAL');
    const products = ['JSAPI_PAY', 'FACE_TO_FACE_PAYMENT'];
    const order = readOrder(content, rulesOf(context, call, products));
    if (!order.ok) return refusal(order.error);
    const opened = context.store.open(order.value, buyer);
    if (!opened.ok) return refusal(opened.error);
    const { tradeNo } = opened.value;
    return success({ out_trade_no: order.value.outTradeNo, trade_no: tradeNo });
  },
};

const mergePrecreate: Method = {
  operation: 'create',
  run: (context, call) => {
    const merge = textField(call.content, 'out_merge_no') ?? call.signed;
    const details = JSON.stringify(call.content.order_details ?? null);
    const id = checkoutId('mp', call.app.pid, merge, details);
    const offered = offerMerge(context, 'alipay.trade.merge.precreate', call, id);
    if (!offered.ok) return refusal(offered.error);
    return success({
      out_merge_no: offered.value.outMergeNo,
      pre_order_no: offered.value.id,
      order_detail_results: offered.value.orders.map(({ appId, outTradeNo }) => ({
        app_id: appId,
        out_trade_no: outTradeNo,
        success: true,
        result_code: 'SUCCESS',
      })),
    });
  },
};

export const PAY_METHODS: Readonly<Record<string, Method>> = {
  ...Object.fromEntries(PAGES.map((method) => [method, pageMethod(method)])),
  'alipay.trade.precreate': precreate,
  'alipay.trade.create': create,
  'alipay.trade.merge.precreate': mergePrecreate,
};
