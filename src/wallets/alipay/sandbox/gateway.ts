/**
 * Alipay in the sandbox city: both protocols, the cashier, the authorize page, and the buyer's side
 * (scan, pay). One object over the kit; everything it knows lies in the journal.
 */

import { fenToYuan } from '../../../core/money.ts';
import type {
  CityKit,
  ControlOrder,
  Gateway,
  PayRequest,
  WireRequest,
  WireResponse,
} from '../../../sandbox/kit/kit.ts';
import { formatBeijing } from '../wire/beijing-time.ts';
import { GATEWAY_ERRORS } from '../wire/gateway-errors.ts';
import { encodeParameters } from '../wire/parameters.ts';
import { notifySignText } from '../wire/sign-text.ts';
import { CASHIER_PATH, cashierPage, errorPage } from './cashier-page.ts';
import { type AlipayCity, openCity } from './city.ts';
import { signAsHouse } from './house.ts';
import { authorize } from './identity-methods.ts';
import {
  buyerPayFen,
  type CheckoutRecord,
  type OrderRecord,
  refundDoneFen,
  type TradeRecord,
} from './records.ts';
import { scan } from './scan.ts';
import { handleV2, type Outcome } from './v2-door.ts';
import { handleV3 } from './v3-door.ts';

const GATEWAY_PATH = '/gateway.do';
const AUTHORIZE_PATH = '/oauth2/publicAppAuthorize.htm';
const V3_PREFIX = '/v3/alipay/';

export function openAlipayGateway(kit: CityKit): Gateway {
  const city = openCity(kit);
  return {
    wallet: 'alipay',
    owns: ({ path }) =>
      path === GATEWAY_PATH ||
      path === AUTHORIZE_PATH ||
      path === CASHIER_PATH ||
      path.startsWith(V3_PREFIX),
    handle: (request) => handle(city, request),
    scan: (code) => scan(city, code),
    pay: async (request) => ({ status: pay(city, request) }),
    orders: () => controlOrders(city),
    nextDueMs: () => city.book.nextDueMs(),
    runDue: async (nowMs) => {
      for (const event of city.book.runDue(nowMs)) {
        if (event.kind === 'refunded') city.callbacks.tell('refund', event.trade, event.refund);
        else city.callbacks.tell('payment', event.trade);
      }
    },
  };
}

async function handle(city: AlipayCity, request: WireRequest): Promise<Outcome> {
  if (request.path === GATEWAY_PATH) return handleV2(city, request);
  if (request.path === AUTHORIZE_PATH) return authorize(city, request);
  if (request.path === CASHIER_PATH) return cashier(city, request);
  return handleV3(city, request);
}

/** The open cashier, reloaded: still to pay, or back to the merchant. */
async function cashier(city: AlipayCity, request: WireRequest): Promise<WireResponse> {
  const id = new URLSearchParams(request.queryText).get('id') ?? '';
  const checkout = city.checkouts.find(id);
  if (checkout === undefined) return errorPage(GATEWAY_ERRORS.invalidParameter);
  const location = await returnLocation(city, checkout);
  if (location !== undefined) {
    return { status: 302, headers: { location, 'cache-control': 'no-store' }, body: '' };
  }
  const headers = { 'content-type': 'text/html;charset=utf-8', 'cache-control': 'no-store' };
  return { status: 200, headers, body: cashierPage(city, checkout) };
}

/** The signed parameters of a return URL: what was paid, but no trade_status. */
async function returnLocation(
  city: AlipayCity,
  checkout: CheckoutRecord,
): Promise<string | undefined> {
  const [order] = checkout.orders;
  if (checkout.returnUrl === null || order === undefined) return undefined;
  const trade = city.book.find(order.pid, order.outTradeNo);
  const app = city.apps.get(order.appId);
  if (trade === undefined || trade.payment === null || app === undefined) return undefined;
  const parameters = new Map([
    ['charset', 'utf-8'],
    ['out_trade_no', order.outTradeNo],
    ['method', `${checkout.method}.return`],
    ['total_amount', fenToYuan(order.totalFen)],
    ['trade_no', trade.tradeNo],
    ['auth_app_id', order.appId],
    ['version', '1.0'],
    ['app_id', order.appId],
    ['sign_type', 'RSA2'],
    ['seller_id', order.pid],
    ['timestamp', formatBeijing(city.kit.wall.nowMs())],
  ]);
  const { sign } = await signAsHouse(city.house(), app, undefined, (certSn) => {
    if (certSn !== null) parameters.set('alipay_cert_sn', certSn);
    return notifySignText(parameters);
  });
  parameters.set('sign', sign);
  const joint = checkout.returnUrl.includes('?') ? '&' : '?';
  return `${checkout.returnUrl}${joint}${encodeParameters(parameters)}`;
}

/** One synchronous step, so that a close that comes meanwhile wins or loses, never half. */
function pay(city: AlipayCity, request: PayRequest): string {
  const target = tradesOf(city, request.ref);
  if (target === undefined) return 'not_found';
  if (typeof target === 'string') return target;
  if (request.outcome !== 'success') {
    return request.outcome === 'cancel' ? 'cancelled' : 'insufficient_funds';
  }
  const { payerWallet, coupon } = request;
  const how = {
    payerWallet,
    platformCouponFen: coupon.platformFen,
    merchantCouponFen: coupon.merchantFen,
  };
  // Without the contract each order of a merged payment stands for itself.
  const groups = target.allOrNothing ? [target.trades] : target.trades.map((trade) => [trade]);
  let paidCount = 0;
  for (const group of groups) {
    if (!city.book.pay(group, how)) continue;
    paidCount += group.length;
    for (const { order } of group) {
      const paid = city.book.find(order.pid, order.outTradeNo);
      if (paid !== undefined) city.callbacks.tell('payment', paid);
    }
  }
  return paidCount === 0 ? 'closed' : 'paid';
}

type Target = { readonly trades: readonly TradeRecord[]; readonly allOrNothing: boolean };

/** A text says why nothing can be paid. */
function tradesOf(city: AlipayCity, ref: string): Target | string | undefined {
  if (ref.startsWith('trade:')) {
    const trade = city.book.findByTradeNo(ref.slice('trade:'.length));
    if (trade === undefined) return undefined;
    if (trade.payment !== null) return 'already_paid';
    return trade.status === 'WAIT_BUYER_PAY' ? { trades: [trade], allOrNothing: true } : 'closed';
  }
  const checkout = city.checkouts.find(ref);
  if (checkout === undefined) return undefined;
  if (checkout.isWithdrawn) return 'closed';
  const trades = checkout.orders.flatMap((order) => findOrder(city, order));
  if (trades.some(({ payment }) => payment !== null)) return 'already_paid';
  if (trades.length < checkout.orders.length) return 'closed';
  return { trades, allOrNothing: checkout.allOrNothing };
}

function findOrder(city: AlipayCity, order: OrderRecord): TradeRecord[] {
  const trade = city.book.find(order.pid, order.outTradeNo);
  return trade === undefined ? [] : [trade];
}

function controlOrders(city: AlipayCity): ControlOrder[] {
  return [...city.book.all()].map((trade) => {
    const { order, payment } = trade;
    return {
      wallet: 'alipay',
      orderNo: order.outTradeNo,
      combineOrderNo: order.outMergeNo,
      transactionId: trade.tradeNo,
      merchant: order.smid ?? order.pid,
      amountFen: order.totalFen,
      payerAmountFen: payment === null ? null : buyerPayFen(trade),
      refundedFen: refundDoneFen(trade),
      state: controlState(city, trade),
      payerWallet: payment?.payerWallet ?? null,
      paidAtMs: payment?.paidAtMs ?? null,
    };
  });
}

function controlState(city: AlipayCity, trade: TradeRecord): ControlOrder['state'] {
  if (trade.payment !== null) return refundDoneFen(trade) > 0n ? 'refunded' : 'paid';
  const isOver = city.kit.clock.nowMs() >= trade.order.expiresAtMs;
  return trade.status === 'TRADE_CLOSED' || isOver ? 'closed' : 'created';
}
