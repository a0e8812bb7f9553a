/**
 * The pages for a buyer's browser: the cashier of a page payment, the return, and the error page.
 * All foreign text is escaped. After the payment the browser posts the signed fields to frontUrl,
 * as UnionPay's does; they are for display, never for booking.
 */
import { yuanText } from '../../../src/kernel/money.ts';
import { escapeHtml } from '../../kit/html.ts';
import type { CityKit, WireResponse } from '../../kit/kit.ts';
import { signAsGateway } from './answers.ts';
import { paidMessage } from './callbacks.ts';
import type { Answer, Context } from './context.ts';
import type { PurchaseRecord } from './records.ts';

export const CASHIER_PATH = '/b2c/showCard.action';
const HTML = { 'content-type': 'text/html;charset=UTF-8' };

export function cashierUrl(kit: CityKit, purchase: PurchaseRecord): string {
  return `${kit.publicUrl}${CASHIER_PATH}?transNumber=${purchase.code}`;
}

function page(title: string, body: string, head = ''): WireResponse {
  return {
    status: 200,
    headers: HTML,
    body: `<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">${head}
<link rel="icon" href="data:,">
<title>${title}</title>
<style>
body{font:16px/1.6 system-ui,"PingFang SC","Noto Sans CJK SC",sans-serif;
margin:0;background:#f5f7fa;color:#222}
header{background:#c8161d;color:#fff;padding:12px 24px}
main{max-width:560px;margin:24px auto;background:#fff;padding:24px;border-radius:8px;overflow-wrap:anywhere}
strong{font-size:28px}
a.pay,button{display:block;width:100%;text-align:center;background:#c8161d;color:#fff;padding:12px;
border:0;border-radius:6px;font:inherit;text-decoration:none;box-sizing:border-box}
</style></head><body>
<header>银联在线支付收银台 · 沙箱 Sandbox cashier</header>
<main>
${body}
</main></body></html>
`,
  };
}

export async function cashierPage(
  context: Context,
  purchase: PurchaseRecord,
  payee: string,
): Promise<WireResponse> {
  if (purchase.state === 'paid') return returnPage(context, purchase);
  if (purchase.state !== 'open') return errorPage({ respCode: purchase.failCode ?? '69' });
  const link = cashierUrl(context.kit, purchase);
  const phone = `${context.kit.publicUrl}/phone?wallet=unionpay&code=${encodeURIComponent(link)}`;
  return page(
    '银联收银台（沙箱）',
    `<p>收款方 Payee：<b id="payee">${escapeHtml(payee)}</b></p>
<p>订单号 Order：<span>${escapeHtml(purchase.orderId)}</span></p>
<p>应付金额 Amount：<strong id="amount">${yuanText(purchase.amountFen)}</strong></p>
<p><a class="pay" id="pay" href="${escapeHtml(phone)}"><span>用沙箱手机支付</span> <span>Pay with the sandbox phone</span></a></p>`,
    '\n<meta http-equiv="refresh" content="3">',
  );
}

async function returnPage(context: Context, purchase: PurchaseRecord): Promise<WireResponse> {
  const { frontUrl, merId } = purchase;
  const done = '<p id="paid">支付成功 Paid</p>';
  if (frontUrl === null) return page('支付成功', done);
  const given = Object.entries(paidMessage(purchase)).map(
    ([name, value]) => [name, value ?? ''] as const,
  );
  const signed = await signAsGateway(context, context.store.merchants.get(merId), purchase, given);
  const inputs = [...signed]
    .map(([name, value]) => {
      // A browser sends CRLF inside values unchanged; an attribute preserves them.
      const kept = escapeHtml(value).replaceAll('\r', '&#13;').replaceAll('\n', '&#10;');
      return `<input type="hidden" name="${escapeHtml(name)}" value="${kept}">`;
    })
    .join('\n');
  return page(
    '支付成功',
    `${done}
<form id="back" method="post" action="${escapeHtml(frontUrl)}" accept-charset="utf-8">
${inputs}
<button>返回商户 Back to the shop</button>
</form>
<script>document.getElementById('back').submit()</script>`,
  );
}

/** Clients of the gateway find errors by the class name. */
export function errorPage({ respCode, why }: Pick<Answer, 'respCode' | 'why'>): WireResponse {
  return page(
    '交易失败',
    `<div class="end_error"><p>交易失败 Failed</p>
<p><code>${respCode}</code> ${escapeHtml(why ?? '')}</p></div>`,
  );
}
