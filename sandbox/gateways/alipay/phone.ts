/**
 * The buyer's side. Scanning takes the text of a QR code, a redirect or cashier URL, an app order
 * string, a page form, tradePay parameters, or the app's own payment code once a merchant has
 * charged it. Submitted requests are verified exactly as at the gateway's endpoint, since the app
 * is a client of the same gateway. Scanning is the login: it creates the trades. Paying is one
 * synchronous step; the signed return to the merchant says what was paid, but has no trade_status.
 */
import { fenToYuan, sumFen } from '../../../src/kernel/money.ts';
import { notifySignText } from '../../../src/wires/alipay/canonical.ts';
import {
  isJsonObject,
  type JsonObject,
  parseJsonObject,
  textField,
} from '../../../src/wires/alipay/json-text.ts';
import {
  encodeParameters,
  mergeParameters,
  parseParameters,
} from '../../../src/wires/alipay/parameters.ts';
import { formatTime } from '../../../src/wires/alipay/time.ts';
import type { PayAnswer, PayRequest, Scanned } from '../../kit/kit.ts';
import { CASHIER_PATH, payeeName } from './cashier-page.ts';
import type { Context } from './context.ts';
import { checkRequest, readCall } from './endpoint-v2.ts';
import { signAsGateway } from './identity.ts';
import { offerCarried } from './orders.ts';
import type { CheckoutRecord, TradeRecord } from './records.ts';
import { isCarried } from './routes.ts';

export async function scan(
  context: Context,
  code: string | Readonly<Record<string, unknown>>,
): Promise<Scanned | undefined> {
  if (typeof code !== 'string') return scanObject(context, code);
  const text = code.trim();
  const object = text.startsWith('{') ? parseJsonObject(text) : undefined;
  if (object !== undefined) return scanObject(context, object);
  const charged = context.paymentCodes.orderOf(text);
  if (charged !== undefined) return scanCharged(context, charged);
  const token = /^https:\/\/qr\.alipay\.com\/([a-z0-9]{10,40})$/.exec(text)?.[1];
  if (token !== undefined) return scanCheckout(context, context.checkouts.find(token));
  if (!URL.canParse(text)) return scanCarried(context, text);
  const url = new URL(text);
  if (url.pathname === CASHIER_PATH) {
    return scanCheckout(context, context.checkouts.find(url.searchParams.get('id') ?? ''));
  }
  return url.pathname === '/gateway.do' ? scanCarried(context, queryOf(text)) : undefined;
}

/** The raw query: URL would rewrite what was signed. */
function queryOf(url: string): string {
  const at = url.indexOf('?');
  return at === -1 ? '' : (url.slice(at + 1).split('#')[0] ?? '');
}

function scanObject(
  context: Context,
  object: JsonObject,
): Promise<Scanned | undefined> | undefined {
  const nested = object.params;
  if (isJsonObject(nested)) return scanObject(context, nested);
  const orderString = textField(object, 'order_string');
  if (orderString !== undefined) return scanCarried(context, orderString);
  const tradeNo = textField(object, 'trade_no') ?? textField(object, 'tradeNO');
  if (tradeNo !== undefined) return scanTrade(context, tradeNo);
  const direct = textField(object, 'code') ?? textField(object, 'url');
  if (direct !== undefined) return scan(context, direct);
  const action = textField(object, 'action');
  if (action === undefined || !isJsonObject(object.fields)) return undefined;
  const fields = Object.entries(object.fields).filter(
    (field): field is [string, string] => typeof field[1] === 'string',
  );
  return scanCarried(context, queryOf(action), fields);
}

async function scanCarried(
  context: Context,
  text: string,
  fields: readonly (readonly [string, string])[] = [],
): Promise<Scanned | undefined> {
  const query = parseParameters(text);
  const merged = query.ok ? mergeParameters(query.value, fields) : query;
  if (!merged.ok) return undefined;
  const parameters = merged.value;
  const name = parameters.get('method') ?? '';
  const app = context.apps.get(parameters.get('app_id') ?? '');
  if (!isCarried(name) || app === undefined) return undefined;
  if ((await checkRequest(context, app, parameters, text)) !== undefined) return undefined;
  const call = readCall(app, parameters);
  const offered = call === undefined ? undefined : offerCarried(context, name, call);
  if (offered?.ok) return scanCheckout(context, offered.value);
  // An order that can no longer be offered is still shown: paid, closed or expired.
  const outTradeNo = textField(call?.content ?? {}, 'out_trade_no') ?? '';
  return scanCheckout(context, context.checkouts.ofOrder(app.pid, outTradeNo));
}

async function scanCheckout(
  context: Context,
  checkout: CheckoutRecord | undefined,
): Promise<Scanned | undefined> {
  if (checkout === undefined) return undefined;
  return shown(context, checkout, checkout.id, stateOf(context, checkout));
}

function stateOf(context: Context, checkout: CheckoutRecord): Scanned['state'] {
  if (checkout.isWithdrawn) return 'closed';
  const known = checkout.orders.map((order) => context.store.find(order.pid, order.outTradeNo));
  if (known.some((trade) => trade !== undefined && trade.payment !== null)) return 'paid';
  const nowMs = context.kit.clock.nowMs();
  if (nowMs >= checkout.expiresAtMs) return 'expired';
  if (checkout.orders.some((order) => nowMs >= order.expiresAtMs)) return 'expired';
  return context.checkouts.open(checkout, context.identity().buyer.userId).ok
    ? 'payable'
    : 'closed';
}

/** The app's own payment code, scanned again to confirm a merchant's charge. */
function scanCharged(context: Context, orderKey: string): Promise<Scanned | undefined> | undefined {
  const [pid = '', outTradeNo = ''] = orderKey.split('/');
  const trade = context.store.find(pid, outTradeNo);
  return trade === undefined ? undefined : scanTrade(context, trade.tradeNo);
}

async function scanTrade(context: Context, tradeNo: string): Promise<Scanned | undefined> {
  const trade = context.store.trades.find('tradeNo', tradeNo);
  if (trade === undefined) return undefined;
  return shown(context, { orders: [trade.order] }, `trade:${tradeNo}`, tradeState(trade));
}

function tradeState(trade: TradeRecord): Scanned['state'] {
  if (trade.payment !== null) return 'paid';
  if (trade.status === 'WAIT_BUYER_PAY') return 'payable';
  return trade.closedAtMs === trade.order.expiresAtMs ? 'expired' : 'closed';
}

function shown(
  context: Context,
  checkout: Pick<CheckoutRecord, 'orders'>,
  ref: string,
  state: Scanned['state'],
): Scanned {
  const amountFen = sumFen(checkout.orders.map(({ totalFen }) => totalFen));
  const payee = payeeName(context, checkout);
  return { wallet: 'alipay', ref, payee, amountFen, currency: 'cny', state };
}

/** The buyer's action on what was scanned, and the browser's next URL. */
export async function pay(context: Context, request: PayRequest): Promise<PayAnswer> {
  const status = decide(context, request);
  const checkout = context.checkouts.find(request.ref);
  const isPaid = status === 'paid' || status === 'already_paid';
  if (!isPaid || checkout === undefined) return { status };
  return { status, returnUrl: await returnLocation(context, checkout) };
}

/** One synchronous step, so that a concurrent close wins or loses, never half. */
function decide(context: Context, request: PayRequest): string {
  const target = tradesOf(context, request.ref);
  if (target === undefined) return 'not_found';
  if (typeof target === 'string') return target;
  if (request.outcome !== 'success') {
    if (request.outcome === 'insufficient_funds') return 'insufficient_funds';
    // Refusing to confirm a payment code ends its order; elsewhere the buyer may come back.
    for (const trade of target.trades)
      if (trade.order.isByCode === true) context.store.close(trade);
    return 'canceled';
  }
  const { payerWallet, coupon } = request;
  const how = {
    payerWallet,
    platformCouponFen: coupon.platformFen,
    merchantCouponFen: coupon.merchantFen,
  };
  // Without the contract each order of a merged payment is paid independently.
  const groups = target.allOrNothing ? [target.trades] : target.trades.map((trade) => [trade]);
  let paidCount = 0;
  for (const group of groups) {
    if (!context.store.pay(group, how)) continue;
    paidCount += group.length;
    for (const { order } of group) {
      const paid = context.store.find(order.pid, order.outTradeNo);
      if (paid !== undefined) context.callbacks.notify('payment', paid);
    }
  }
  return paidCount === 0 ? 'closed' : 'paid';
}

type Target = { readonly trades: readonly TradeRecord[]; readonly allOrNothing: boolean };

/** A text says why nothing can be paid. */
function tradesOf(context: Context, ref: string): Target | string | undefined {
  if (ref.startsWith('trade:')) {
    const trade = context.store.trades.find('tradeNo', ref.slice('trade:'.length));
    if (trade === undefined) return undefined;
    if (trade.payment !== null) return 'already_paid';
    return trade.status === 'WAIT_BUYER_PAY' ? { trades: [trade], allOrNothing: true } : 'closed';
  }
  const checkout = context.checkouts.find(ref);
  if (checkout === undefined) return undefined;
  if (checkout.isWithdrawn) return 'closed';
  const trades = checkout.orders.flatMap(
    ({ pid, outTradeNo }) => context.store.find(pid, outTradeNo) ?? [],
  );
  if (trades.some(({ payment }) => payment !== null)) return 'already_paid';
  if (trades.length < checkout.orders.length) return 'closed';
  return { trades, allOrNothing: checkout.allOrNothing };
}

/** The signed parameters of a return URL: what was paid, but no trade_status. */
export async function returnLocation(
  context: Context,
  checkout: CheckoutRecord,
): Promise<string | undefined> {
  const [order] = checkout.orders;
  if (checkout.returnUrl === null || order === undefined) return undefined;
  const trade = context.store.find(order.pid, order.outTradeNo);
  const app = context.apps.get(order.appId);
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
    ['timestamp', formatTime(context.kit.wall.nowMs())],
  ]);
  // No certificate is named, in certificate mode either: Alipay's own return URLs name none.
  const text = notifySignText(parameters);
  const { sign } = await signAsGateway(context, app, undefined, text);
  parameters.set('sign', sign);
  const joint = checkout.returnUrl.includes('?') ? '&' : '?';
  return `${checkout.returnUrl}${joint}${encodeParameters(parameters)}`;
}
