/**
 * What the buyer's app takes: the text of a QR code, a redirect or cashier URL, an app order
 * string, a page form, tradePay parameters, or its own payment code once a merchant charged it.
 * Carried requests are verified exactly as at the gateway's door, for the app is a client of the
 * same gateway. Scanning is the login: it makes the trades exist.
 */

import {
  isJsonObject,
  type JsonObject,
  parseJsonObject,
  textField,
} from '../../../src/wires/alipay/json-text.ts';
import { mergeParameters, parseParameters } from '../../../src/wires/alipay/parameters.ts';
import type { Scanned } from '../../kit/kit.ts';
import { CASHIER_PATH, payeeName } from './cashier-page.ts';
import type { AlipayCity } from './context.ts';
import { checkRequest, readCall } from './endpoint-v2.ts';
import { offerCarried } from './orders.ts';
import type { CheckoutRecord, TradeRecord } from './records.ts';
import { isCarried } from './routes.ts';

export async function scan(
  city: AlipayCity,
  code: string | Readonly<Record<string, unknown>>,
): Promise<Scanned | undefined> {
  if (typeof code !== 'string') return scanObject(city, code);
  const text = code.trim();
  const object = text.startsWith('{') ? parseJsonObject(text) : undefined;
  if (object !== undefined) return scanObject(city, object);
  const charged = city.paymentCodes.orderOf(text);
  if (charged !== undefined) return scanCharged(city, charged);
  const token = /^https:\/\/qr\.alipay\.com\/([a-z0-9]{10,40})$/.exec(text)?.[1];
  if (token !== undefined) return scanCheckout(city, city.checkouts.find(token));
  if (!URL.canParse(text)) return scanCarried(city, text);
  const url = new URL(text);
  if (url.pathname === CASHIER_PATH) {
    return scanCheckout(city, city.checkouts.find(url.searchParams.get('id') ?? ''));
  }
  return url.pathname === '/gateway.do' ? scanCarried(city, queryOf(text)) : undefined;
}

/** The raw query: URL would rewrite what was signed. */
function queryOf(url: string): string {
  const at = url.indexOf('?');
  return at === -1 ? '' : (url.slice(at + 1).split('#')[0] ?? '');
}

function scanObject(
  city: AlipayCity,
  object: JsonObject,
): Promise<Scanned | undefined> | undefined {
  const nested = object.params;
  if (isJsonObject(nested)) return scanObject(city, nested);
  const orderString = textField(object, 'order_string');
  if (orderString !== undefined) return scanCarried(city, orderString);
  const tradeNo = textField(object, 'trade_no') ?? textField(object, 'tradeNO');
  if (tradeNo !== undefined) return scanTrade(city, tradeNo);
  const direct = textField(object, 'code') ?? textField(object, 'url');
  if (direct !== undefined) return scan(city, direct);
  const action = textField(object, 'action');
  if (action === undefined || !isJsonObject(object.fields)) return undefined;
  const fields = Object.entries(object.fields).filter(
    (field): field is [string, string] => typeof field[1] === 'string',
  );
  return scanCarried(city, queryOf(action), fields);
}

async function scanCarried(
  city: AlipayCity,
  text: string,
  fields: readonly (readonly [string, string])[] = [],
): Promise<Scanned | undefined> {
  const query = parseParameters(text);
  const merged = query.ok ? mergeParameters(query.value, fields) : query;
  if (!merged.ok) return undefined;
  const parameters = merged.value;
  const name = parameters.get('method') ?? '';
  const app = city.apps.get(parameters.get('app_id') ?? '');
  if (!isCarried(name) || app === undefined) return undefined;
  if ((await checkRequest(city, app, parameters, text)) !== undefined) return undefined;
  const call = readCall(app, parameters);
  const offered = call === undefined ? undefined : offerCarried(city, name, call);
  if (offered?.ok) return scanCheckout(city, offered.value);
  const known = knownOffer(city, app.pid, call?.content ?? {});
  return known === undefined ? undefined : scanCheckout(city, known);
}

/** An order that can not be offered any more is still shown: paid, closed or expired. */
function knownOffer(
  city: AlipayCity,
  pid: string,
  content: JsonObject,
): CheckoutRecord | undefined {
  return city.checkouts.ofOrder(pid, textField(content, 'out_trade_no') ?? '');
}

async function scanCheckout(
  city: AlipayCity,
  checkout: CheckoutRecord | undefined,
): Promise<Scanned | undefined> {
  if (checkout === undefined) return undefined;
  return shown(city, checkout, checkout.id, stateOf(city, checkout));
}

function stateOf(city: AlipayCity, checkout: CheckoutRecord): Scanned['state'] {
  if (checkout.isWithdrawn) return 'closed';
  const known = checkout.orders.map((order) => city.book.find(order.pid, order.outTradeNo));
  if (known.some((trade) => trade !== undefined && trade.payment !== null)) return 'paid';
  const nowMs = city.kit.clock.nowMs();
  if (nowMs >= checkout.expiresAtMs) return 'expired';
  if (checkout.orders.some((order) => nowMs >= order.expiresAtMs)) return 'expired';
  return city.checkouts.open(checkout, city.house().buyer.userId).ok ? 'payable' : 'closed';
}

/** The app's own payment code, taken back to confirm what a merchant charged it with. */
function scanCharged(city: AlipayCity, orderKey: string): Promise<Scanned | undefined> | undefined {
  const [pid = '', outTradeNo = ''] = orderKey.split('/');
  const trade = city.book.find(pid, outTradeNo);
  return trade === undefined ? undefined : scanTrade(city, trade.tradeNo);
}

async function scanTrade(city: AlipayCity, tradeNo: string): Promise<Scanned | undefined> {
  const trade = city.book.findByTradeNo(tradeNo);
  if (trade === undefined) return undefined;
  return shown(city, { orders: [trade.order] }, `trade:${tradeNo}`, tradeState(trade));
}

function tradeState(trade: TradeRecord): Scanned['state'] {
  if (trade.payment !== null) return 'paid';
  if (trade.status === 'WAIT_BUYER_PAY') return 'payable';
  return trade.closedAtMs === trade.order.expiresAtMs ? 'expired' : 'closed';
}

function shown(
  city: AlipayCity,
  checkout: Pick<CheckoutRecord, 'orders'>,
  ref: string,
  state: Scanned['state'],
): Scanned {
  let amountFen = 0n;
  for (const order of checkout.orders) amountFen += order.totalFen;
  const payee = payeeName(city, checkout);
  return { wallet: 'alipay', ref, payee, amountFen, currency: 'cny', state };
}
