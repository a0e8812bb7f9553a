/**
 * The page that a buyer's browser gets from the wallet: the order, and the way to the phone that
 * pays it. All foreign text is escaped.
 */
import { present } from '../../../src/kernel/assert.ts';
import { yuanText } from '../../../src/kernel/money.ts';
import { ORDER_STATUS, WALLET } from '../../../src/wires/samplepay/trade.ts';
import { escapeHtml } from '../../kit/html.ts';
import type { WireRequest, WireResponse } from '../../kit/kit.ts';
import type { Context } from './context.ts';
import { isOpen } from './order-store.ts';
import { cashierUrl, freshOrder } from './orders.ts';
import type { OrderRecord } from './records.ts';

export function cashier(context: Context, request: WireRequest): WireResponse {
  if (request.method !== 'GET') return { status: 405, headers: { allow: 'GET' }, body: '' };
  const token = new URLSearchParams(request.queryText).get('token') ?? '';
  const known = context.store.orderByToken(token);
  const order = known === undefined ? undefined : freshOrder(context, known.key);
  if (order === undefined) return page(404, '<p id="state">订单不存在 No such order</p>');
  return page(200, orderHtml(context, order));
}

function orderHtml(context: Context, order: OrderRecord): string {
  const { name } = present(context.store.merchants.get(order.merchant), 'the merchant');
  return `<p>收款方 Payee：<b id="payee">${escapeHtml(name)}</b></p>
<p>${escapeHtml(order.description)} · ${escapeHtml(order.orderNo)}</p>
<p>应付金额 Amount：<strong id="amount">${yuanText(order.amountFen)}</strong></p>
<p>${isOpen(order) ? phoneLink(context, order) : `<b id="state">${stateText(order)}</b>`}</p>`;
}

function phoneLink(context: Context, order: OrderRecord): string {
  const code = encodeURIComponent(cashierUrl(context, order));
  const phone = escapeHtml(`${context.kit.publicUrl}/phone?wallet=${WALLET}&code=${code}`);
  return `<a id="pay" href="${phone}">用沙箱手机支付 Pay with the sandbox phone</a>`;
}

function stateText({ status }: OrderRecord): string {
  return status === ORDER_STATUS.paid ? '已支付 Paid' : '订单已结束 The order is over';
}

function page(status: number, main: string): WireResponse {
  return {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; img-src data:; style-src 'unsafe-inline'",
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    },
    body: `<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>样例支付收银台 · 沙箱 Sandbox cashier of Sample Pay</title>
<link rel="icon" href="data:,">
<style>body{font:16px/1.6 system-ui,sans-serif;margin:24px auto;max-width:560px;padding:0 16px;
overflow-wrap:anywhere}strong{font-size:28px}</style>
</head><body><main>
${main}
</main></body></html>
`,
  };
}
