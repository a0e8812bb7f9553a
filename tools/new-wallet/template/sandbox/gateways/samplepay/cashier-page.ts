/**
 * The page that a buyer's browser gets from the wallet: the order, and the way to the phone that
 * pays it. All foreign text is escaped.
 */
import { must } from '../../../src/kernel/assert.ts';
import { yuanText } from '../../../src/kernel/money.ts';
import { ORDER_STATUS, WALLET } from '../../../src/wires/samplepay/trade.ts';
import { escapeHtml } from '../../kit/html.ts';
import type { WireRequest, WireResponse } from '../../kit/kit.ts';
import { billHtml, phoneButton, walletPage } from '../../kit/wallet-page.ts';
import type { Context } from './context.ts';
import { isOpen } from './order-store.ts';
import { cashierUrl } from './orders.ts';
import type { OrderRecord } from './records.ts';

export function cashier(context: Context, request: WireRequest): WireResponse {
  if (request.method !== 'GET') return { status: 405, headers: { allow: 'GET' }, body: '' };
  const token = new URLSearchParams(request.queryText).get('token') ?? '';
  const order = context.store.orders.find('token', token);
  if (order === undefined) return page(404, '<p id="state">订单不存在 No such order</p>');
  return page(200, orderHtml(context, order));
}

function orderHtml(context: Context, order: OrderRecord): string {
  const { name } = must(context.store.merchants.get(order.merchant), 'the merchant');
  const next = isOpen(order)
    ? phoneButton(context.kit, WALLET, cashierUrl(context, order))
    : `<b id="state">${stateText(order)}</b>`;
  return `${billHtml(name, yuanText(order.amountFen))}
<p>${escapeHtml(order.description)} · ${escapeHtml(order.orderNo)}</p>
${next}`;
}

function stateText({ status }: OrderRecord): string {
  return status === ORDER_STATUS.paid ? '已支付 Paid' : '订单已结束 The order is over';
}

function page(status: number, main: string): WireResponse {
  const title = '样例支付收银台 · 沙箱 Sandbox cashier of Sample Pay';
  return walletPage({ status, title, colour: '#4a5568', main });
}
