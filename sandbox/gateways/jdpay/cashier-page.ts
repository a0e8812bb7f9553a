/**
 * The pages for a buyer's browser: the cashier of an order, the return to the merchant once it is
 * paid, and the error page. All foreign text is escaped. The return is a form that the browser
 * posts, encrypted and signed, but no proof of payment.
 */
import { present } from '../../../src/kernel/assert.ts';
import { yuanText } from '../../../src/kernel/money.ts';
import { type FormFields, sealForm } from '../../../src/wires/jdpay/form.ts';
import { CURRENCY, PAYMENT_STATUS, RETURN_SUCCEEDED } from '../../../src/wires/jdpay/trade.ts';
import { escapeHtml } from '../../kit/html.ts';
import type { WireRequest, WireResponse } from '../../kit/kit.ts';
import type { Context } from './context.ts';
import { messageKeys } from './identity.ts';
import { freshOrder, qrCodeOf } from './orders.ts';
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
  const known = context.store.orderByCashierKey(query.get('key') ?? '');
  if (known === undefined || known.tradeNum !== query.get('tradeNum')) return undefined;
  return freshOrder(context, known.key);
}

const STATES: Readonly<Record<string, string>> = {
  [PAYMENT_STATUS.succeeded]: '已支付 Paid',
  [PAYMENT_STATUS.failed]: '支付失败 Failed',
  [PAYMENT_STATUS.closed]: '订单已关闭 Closed',
};

function cashierPage(context: Context, order: OrderRecord, target: string): WireResponse {
  const merchant = present(context.store.merchants.get(order.merchant), 'the merchant');
  const code = encodeURIComponent(qrCodeOf(order));
  const phone = escapeHtml(`${context.kit.publicUrl}/phone?wallet=jdpay&code=${code}`);
  const state = STATES[order.status];
  const button = `<a id="pay" href="${phone}"><span>用沙箱手机支付</span> <span>Pay with the sandbox phone</span></a>`;
  const main = `<p>收款方 Payee：<b id="payee">${escapeHtml(merchant.name)}</b></p>
<p>${escapeHtml(order.tradeName)} · ${escapeHtml(order.tradeNum)}</p>
<p>应付金额 Amount：<strong id="amount">${yuanText(order.amountFen)}</strong></p>
<p>${state === undefined ? button : `<b id="state">${state}</b>`}</p>`;
  const again = `<meta http-equiv="refresh" content="3;url=${escapeHtml(target)}">`;
  return page(200, {
    title: '京东支付收银台 · 沙箱 Sandbox cashier',
    head: state === undefined ? again : '',
    main,
  });
}

function returnPage(context: Context, order: OrderRecord, callbackUrl: string): WireResponse {
  const inputs = Object.entries(returnFields(context, order))
    .map(([name, value]) => {
      return `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`;
    })
    .join('');
  const nonce = context.kit.random.bytes(16).toString('base64');
  const main = `<p><b id="state">已支付 Paid</b></p>
<form id="back" method="post" action="${escapeHtml(callbackUrl)}">${inputs}
<button>返回商户 Back to the merchant</button></form>
<script nonce="${nonce}">document.getElementById('back').submit();</script>`;
  return page(200, { title: '京东支付（沙箱）', head: '', main, nonce });
}

/** Neither version nor merchant is posted or signed here. */
function returnFields(context: Context, order: OrderRecord): FormFields {
  const merchant = present(context.store.merchants.get(order.merchant), 'the merchant');
  const fields = {
    tradeNum: order.tradeNum,
    amount: order.amountFen.toString(),
    currency: CURRENCY,
    tradeTime: order.tradeTime,
    note: order.note,
    status: RETURN_SUCCEEDED,
  };
  return present(sealForm(messageKeys(context.kit, merchant), fields), 'fields within the limit');
}

export function errorPage({ code, desc }: Refusal): WireResponse {
  const main = `<p>错误代码 Code：<code id="code">${escapeHtml(code)}</code></p>
<p id="desc">${escapeHtml(desc)}</p>`;
  return page(200, { title: '京东支付（沙箱）：出错了', head: '', main });
}

function page(
  status: number,
  content: {
    readonly title: string;
    readonly head: string;
    readonly main: string;
    readonly nonce?: string;
  },
): WireResponse {
  const { title, head, main, nonce } = content;
  const script = nonce === undefined ? '' : `; script-src 'nonce-${nonce}'`;
  return {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': `default-src 'none'; img-src data:; style-src 'unsafe-inline'${script}`,
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    },
    body: `<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
${head}<title>${title}</title>
<link rel="icon" href="data:,">
<style>body{font:16px/1.6 system-ui,"PingFang SC","Noto Sans CJK SC",sans-serif;margin:0;background:#f5f7fa;color:#222}
header{background:#c9151e;color:#fff;padding:12px 24px}h1{margin:0;font:inherit}
main{max-width:560px;margin:24px auto;background:#fff;padding:24px;border-radius:8px;
overflow-wrap:anywhere}strong{font-size:28px}
a#pay,button{display:block;width:100%;box-sizing:border-box;padding:12px;border:0;border-radius:6px;
background:#c9151e;color:#fff;font:inherit;text-align:center;text-decoration:none}</style>
</head><body><header><h1>${title}</h1></header>
<main>
${main}
</main>
</body></html>
`,
  };
}
