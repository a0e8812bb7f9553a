/**
 * The buyer's side of a payment: paying what was scanned, and going back to the merchant with
 * signed parameters that say what was paid but carry no trade_status.
 */
import { fenToYuan } from '../../../src/kernel/money.ts';
import { notifySignText } from '../../../src/wires/alipay/canonical.ts';
import { encodeParameters } from '../../../src/wires/alipay/parameters.ts';
import { formatTime } from '../../../src/wires/alipay/time.ts';
import type { PayRequest } from '../../kit/kit.ts';
import type { AlipayCity } from './context.ts';
import { signAsHouse } from './identity.ts';
import type { CheckoutRecord, OrderRecord, TradeRecord } from './records.ts';

/** What the buyer does with what was scanned, and where their browser goes then. */
export async function pay(
  city: AlipayCity,
  request: PayRequest,
): Promise<{ readonly status: string; readonly returnUrl?: string | undefined }> {
  const status = decide(city, request);
  const checkout = city.checkouts.find(request.ref);
  const isPaid = status === 'paid' || status === 'already_paid';
  if (!isPaid || checkout === undefined) return { status };
  return { status, returnUrl: await returnLocation(city, checkout) };
}

/** One synchronous step, so that a close that comes meanwhile wins or loses, never half. */
function decide(city: AlipayCity, request: PayRequest): string {
  const target = tradesOf(city, request.ref);
  if (target === undefined) return 'not_found';
  if (typeof target === 'string') return target;
  if (request.outcome !== 'success') {
    if (request.outcome === 'insufficient_funds') return 'insufficient_funds';
    // Who refuses to confirm a payment code ends its order; elsewhere the buyer may come back.
    for (const trade of target.trades) if (trade.order.isByCode === true) city.book.close(trade);
    return 'canceled';
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

/** The signed parameters of a return URL: what was paid, but no trade_status. */
export async function returnLocation(
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
    ['timestamp', formatTime(city.kit.wall.nowMs())],
  ]);
  // No certificate is named, in certificate mode either: Alipay's own return URLs name none.
  const text = notifySignText(parameters);
  const { sign } = await signAsHouse(city.house(), app, undefined, text);
  parameters.set('sign', sign);
  const joint = checkout.returnUrl.includes('?') ? '&' : '?';
  return `${checkout.returnUrl}${joint}${encodeParameters(parameters)}`;
}
