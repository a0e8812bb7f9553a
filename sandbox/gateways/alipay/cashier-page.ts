/**
 * The pages for a buyer's browser: the cashier of a page, wap or merged payment, and the error
 * page. All foreign text is escaped. The cashier shows payee and amount and leads to the city's
 * phone; reloaded after the payment, it leads back to the merchant.
 */
import { sumFen, yuanText } from '../../../src/kernel/money.ts';
import type { GatewayError } from '../../../src/wires/alipay/gateway-errors.ts';
import { escapeHtml } from '../../kit/html.ts';
import type { WireResponse } from '../../kit/kit.ts';
import { billHtml, phoneButton, walletPage } from '../../kit/wallet-page.ts';
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

export function cashierPage(context: Context, checkout: CheckoutRecord): WireResponse {
  const rows = checkout.orders.map(({ subject, outTradeNo, totalFen }) => {
    const cells = [subject, outTradeNo, yuanText(totalFen)];
    return `<tr>${cells.map((cell) => `<td>${escapeHtml(cell)}</td>`).join('')}</tr>`;
  });
  const totalFen = sumFen(checkout.orders.map((order) => order.totalFen));
  const code = `https://qr.alipay.com/${checkout.id}`;
  return walletPage({
    title: '支付宝收银台 · 沙箱 Sandbox cashier',
    colour: '#0f6ae8',
    main: `${billHtml(payeeName(context, checkout), yuanText(totalFen))}
<table>${rows.join('')}</table>
${phoneButton(context.kit, 'alipay', code)}
<p id="code" hidden>${escapeHtml(code)}</p>`,
    reload: `${CASHIER_PATH}?id=${encodeURIComponent(checkout.id)}`,
  });
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
