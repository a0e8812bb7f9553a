/**
 * The pages for a buyer's browser: the cashier of a page, wap or merged payment, and the error
 * page. All foreign text is escaped. The cashier shows payee and amount and leads to the city's
 * phone; reloaded after the payment, it leads back to the merchant.
 */
import { yuanText } from '../../../src/kernel/money.ts';
import type { GatewayError } from '../../../src/wires/alipay/gateway-errors.ts';
import { escapeHtml } from '../../kit/html.ts';
import type { WireResponse } from '../../kit/kit.ts';
import type { Context } from './context.ts';
import type { CheckoutRecord } from './records.ts';

export const CASHIER_PATH = '/alipay/cashier.htm';

export function payeeName(context: Context, checkout: Pick<CheckoutRecord, 'orders'>): string {
  const names = checkout.orders.map((order) => {
    const app = context.apps.get(order.appId);
    const merchant = app?.subMerchants.find(({ smid }) => smid === order.smid);
    return merchant?.name ?? app?.name ?? order.pid;
  });
  return [...new Set(names)].join('、');
}

function checkoutCode(checkout: Pick<CheckoutRecord, 'id'>): string {
  return `https://qr.alipay.com/${checkout.id}`;
}

export function cashierPage(context: Context, checkout: CheckoutRecord): string {
  let totalFen = 0n;
  for (const order of checkout.orders) totalFen += order.totalFen;
  const rows = checkout.orders
    .map(({ subject, totalFen: one, outTradeNo }) => {
      const cells = [subject, outTradeNo, yuanText(one)];
      return `<tr>${cells.map((cell) => `<td>${escapeHtml(cell)}</td>`).join('')}</tr>`;
    })
    .join('');
  const code = encodeURIComponent(checkoutCode(checkout));
  const phone = escapeHtml(`${context.kit.publicUrl}/phone?wallet=alipay&code=${code}`);
  const again = escapeHtml(`${CASHIER_PATH}?id=${encodeURIComponent(checkout.id)}`);
  return `<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="3;url=${again}">
<link rel="icon" href="data:,">
<title>支付宝收银台（沙箱）</title>
<style>
body{font:16px/1.6 system-ui,"PingFang SC","Noto Sans CJK SC",sans-serif;
margin:0;background:#f5f7fa;color:#222}
header{background:#0f6ae8;color:#fff;padding:12px 24px}
main{max-width:560px;margin:24px auto;background:#fff;padding:24px;border-radius:8px}
strong{font-size:28px;color:#d4380d}table{width:100%;border-collapse:collapse;margin:16px 0}
td{border-top:1px solid #eee;padding:8px 4px;overflow-wrap:anywhere}
td:last-child{text-align:right;white-space:nowrap}
a.pay{display:block;text-align:center;background:#0f6ae8;color:#fff;padding:12px;border-radius:6px;
text-decoration:none}
</style></head><body>
<header>支付宝收银台 · 沙箱 Sandbox cashier</header>
<main>
<p>收款方 Payee：<b id="payee">${escapeHtml(payeeName(context, checkout))}</b></p>
<p>应付金额 Amount：<strong id="amount">${yuanText(totalFen)}</strong></p>
<table>${rows}</table>
<p><a class="pay" id="pay" href="${phone}"><span>用沙箱手机支付</span> <span>Pay with the sandbox phone</span></a></p>
<p id="code" hidden>${escapeHtml(checkoutCode(checkout))}</p>
</main></body></html>
`;
}

/** The live gateway's error page is GBK; ASCII with character references is the same in both. */
export function errorPage(error: GatewayError): WireResponse {
  const ascii = (text: string) =>
    escapeHtml(text).replace(/[^\n -~]/gu, (char) => `&#${char.codePointAt(0)};`);
  const body = `<!doctype html>
<html><head><meta charset="GBK"><title>${ascii('支付宝 - 网上支付 安全快速！')}</title></head>
<body><h1>${ascii('抱歉，您访问的页面出错了')}</h1>
<p>${ascii('错误代码')} <code>${ascii(error.subCode)}</code></p><p>${ascii(error.subMsg)}</p>
</body></html>
`;
  return { status: 200, headers: { 'content-type': 'text/html;charset=GBK' }, body };
}
