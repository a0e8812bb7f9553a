/**
 * The pages for a buyer's browser: the cashier of an order, the return to the merchant once it is
 * paid, and the error page. All foreign text is escaped. The return is a form that the browser
 * posts, encrypted and signed, but no proof of payment.
 */
import { must } from '../../../src/kernel/assert.ts';
import { yuanText } from '../../../src/kernel/money.ts';
import { type FormFields, sealForm } from '../../../src/wires/jdpay/form.ts';
import { CURRENCY, PAYMENT_STATUS, RETURN_SUCCEEDED } from '../../../src/wires/jdpay/trade.ts';
import { escapeHtml } from '../../kit/html.ts';
import type { WireRequest, WireResponse } from '../../kit/kit.ts';
import { billHtml, phoneButton, returnForm, walletPage } from '../../kit/wallet-page.ts';
import type { Context } from './context.ts';
import { messageKeys } from './identity.ts';
import { qrCodeOf } from './orders.ts';
import type { OrderRecord } from './records.ts';
import { RESULT_CODES, type Refusal } from './refusal.ts';

export const CASHIER_PATH = '/jdpay/payCashier';

/** `GET /jdpay/payCashier`: still to pay, or back to the merchant. */
export function cashier(context: Context, request: WireRequest): WireResponse {
  if (request.method !== 'GET') return { status: 405, headers: { allow: 'GET' }, body: '' };
  const order = cashierOrder(context, request.queryText);
  if (order === undefined) {
    const desc = '订单不存在 no order with this key';
    return errorPage({ code: RESULT_CODES.orderNotFound, desc });
  }
  return order.status === PAYMENT_STATUS.succeeded && order.callbackUrl !== null
    ? returnPage(context, order, order.callbackUrl)
    : cashierPage(context, order, request.target);
}

export function cashierOrder(context: Context, queryText: string): OrderRecord | undefined {
  const query = new URLSearchParams(queryText);
  const order = context.store.orders.find('cashierKey', query.get('key') ?? '');
  return order?.tradeNum === query.get('tradeNum') ? order : undefined;
}

const STATES: Readonly<Record<string, string>> = {
  [PAYMENT_STATUS.succeeded]: '已支付 Paid',
  [PAYMENT_STATUS.failed]: '支付失败 Failed',
  [PAYMENT_STATUS.closed]: '订单已关闭 Closed',
};

const LOOK = { title: '京东支付收银台 · 沙箱 Sandbox cashier', colour: '#c9151e' };

function cashierPage(context: Context, order: OrderRecord, target: string): WireResponse {
  const merchant = must(context.store.merchants.get(order.merchant), 'the merchant');
  const state = STATES[order.status];
  const main = `${billHtml(merchant.name, yuanText(order.amountFen))}
<p>${escapeHtml(order.tradeName)} · ${escapeHtml(order.tradeNum)}</p>
${state === undefined ? phoneButton(context.kit, 'jdpay', qrCodeOf(order)) : `<b id="state">${state}</b>`}`;
  return walletPage({ ...LOOK, main, ...(state === undefined && { reload: target }) });
}

function returnPage(context: Context, order: OrderRecord, callbackUrl: string): WireResponse {
  const fields = Object.entries(returnFields(context, order));
  return walletPage({ ...LOOK, ...returnForm(context.kit, callbackUrl, fields) });
}

/** Neither version nor merchant is posted or signed here. */
function returnFields(context: Context, order: OrderRecord): FormFields {
  const merchant = must(context.store.merchants.get(order.merchant), 'the merchant');
  const fields = {
    tradeNum: order.tradeNum,
    amount: order.amountFen.toString(),
    currency: CURRENCY,
    tradeTime: order.tradeTime,
    note: order.note,
    status: RETURN_SUCCEEDED,
  };
  return must(sealForm(messageKeys(context.kit, merchant), fields), 'fields within the limit');
}

export function errorPage({ code, desc }: Refusal): WireResponse {
  const main = `<p>错误代码 Code：<code id="code">${escapeHtml(code)}</code></p>
<p id="desc">${escapeHtml(desc)}</p>`;
  return walletPage({ ...LOOK, title: '京东支付（沙箱）：出错了', main });
}
