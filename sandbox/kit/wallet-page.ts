/**
 * A wallet's pages for a buyer's browser: its cashier, the return to the merchant, an error. They
 * differ in the wallet's texts and color only. The caller escapes foreign text in `main`; no script
 * runs but the one that posts a form.
 */
import type { WalletName } from '../../src/kernel/wallet-names.ts';
import { escapeHtml } from './html.ts';
import type { CityKit, WireResponse } from './kit.ts';

export interface WalletPage {
  readonly status?: number;
  readonly title: string;
  readonly colour: string;
  readonly main: string;
  /** The address that an open cashier reloads until it is paid: its own. */
  readonly reload?: string;
  /** The nonce of the only script that may run. */
  readonly nonce?: string;
}

const STYLE = `body{font:16px/1.6 system-ui,"PingFang SC","Noto Sans CJK SC",sans-serif;
margin:0;background:#f5f7fa;color:#222}
header{background:var(--own);color:#fff;padding:12px 24px}h1{margin:0;font:inherit}
main{max-width:560px;margin:24px auto;background:#fff;padding:24px;border-radius:8px;
overflow-wrap:anywhere}strong{font-size:28px}table{width:100%;border-collapse:collapse}
td{border-top:1px solid #eee;padding:8px 4px}td:last-child{text-align:right;white-space:nowrap}
a#pay,button{display:block;width:100%;box-sizing:border-box;padding:12px;border:0;border-radius:6px;
background:var(--own);color:#fff;font:inherit;text-align:center;text-decoration:none}`;

export function walletPage(page: WalletPage): WireResponse {
  const { status = 200, title, colour, main, reload, nonce } = page;
  const script = nonce === undefined ? '' : `; script-src 'nonce-${nonce}'`;
  const again =
    reload === undefined
      ? ''
      : `<meta http-equiv="refresh" content="3;url=${escapeHtml(reload)}">\n`;
  return {
    status,
    headers: {
      'content-type': 'text/html;charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': `default-src 'none'; img-src data:; style-src 'unsafe-inline'${script}`,
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    },
    body: `<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
${again}<title>${title}</title>
<link rel="icon" href="data:,">
<style>:root{--own:${colour}}${STYLE}</style>
</head><body><header><h1>${title}</h1></header>
<main>
${main}
</main></body></html>
`,
  };
}

/** The payee and the amount. */
export function billHtml(payee: string, amount: string): string {
  return `<p>收款方 Payee：<b id="payee">${escapeHtml(payee)}</b></p>
<p>应付金额 Amount：<strong id="amount">${amount}</strong></p>`;
}

/** Opens the city's phone, which takes `code` as if it had scanned it. */
export function phoneButton(kit: CityKit, wallet: WalletName, code: string): string {
  const phone = `${kit.publicUrl}/phone?wallet=${wallet}&code=${encodeURIComponent(code)}`;
  return `<p><a id="pay" href="${escapeHtml(phone)}"><span>用沙箱手机支付</span> <span>Pay with the sandbox phone</span></a></p>`;
}

/** The return to the merchant: a form that the browser posts by itself. */
export function returnForm(
  kit: CityKit,
  action: string,
  fields: Iterable<readonly [string, string]>,
): Pick<WalletPage, 'main' | 'nonce'> {
  const inputs = [...fields].map(([name, value]) => {
    // A browser sends CRLF inside values unchanged; an attribute preserves them.
    const kept = escapeHtml(value).replaceAll('\r', '&#13;').replaceAll('\n', '&#10;');
    return `<input type="hidden" name="${escapeHtml(name)}" value="${kept}">`;
  });
  const nonce = kit.random.bytes(16).toString('base64');
  const main = `<p><b id="state">支付成功 Paid</b></p>
<form id="back" method="post" action="${escapeHtml(action)}" accept-charset="utf-8">
${inputs.join('\n')}
<button>返回商户 Back to the merchant</button></form>
<script nonce="${nonce}">document.getElementById('back').submit();</script>`;
  return { main, nonce };
}
