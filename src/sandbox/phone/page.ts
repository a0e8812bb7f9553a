/**
 * The phone as a page: choose the wallet, give it a code, look at payee and amount, enter a PIN,
 * see the result. Rendered here, brought to life by one small script; `/phone?code=…&wallet=…`
 * arrives with the code filled in, as if the camera had just read it.
 */
import type { WalletName } from '../../core/wallet.ts';
import { escapeHtml, htmlAnswer, scriptJson } from '../http/html.ts';
import type { WireRequest, WireResponse } from '../kit/kit.ts';
import { chooseLanguage, type Language, PHONE_TEXTS } from './texts.ts';

const HTML_LANGUAGE: Readonly<Record<Language, string>> = { zh: 'zh-CN', en: 'en' };

interface View {
  readonly language: Language;
  readonly wallets: readonly WalletName[];
  readonly wallet: WalletName | undefined;
  readonly code: string;
}

export function phonePage(request: WireRequest, wallets: readonly WalletName[]): WireResponse {
  const query = new URLSearchParams(request.queryText);
  const language = chooseLanguage(query.get('lang'), request.headers['accept-language'] ?? '');
  const wallet = wallets.find((name) => name === query.get('wallet')) ?? wallets[0];
  const view: View = { language, wallets, wallet, code: query.get('code') ?? '' };
  const answer = htmlAnswer(200, document(view));
  return { ...answer, headers: { ...answer.headers, vary: 'accept-language' } };
}

function document(view: View): string {
  const t = PHONE_TEXTS[view.language];
  return `<!doctype html>
<html lang="${HTML_LANGUAGE[view.language]}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<title>${escapeHtml(t.title)} · Hutong</title>
<link rel="stylesheet" href="/phone/phone.css">
</head>
<body data-wallet="${view.wallet ?? ''}">
<div class="phone">
<header>
<div><h1>${escapeHtml(t.title)}</h1><p>${escapeHtml(t.subtitle)}</p></div>
<a id="language" href="${escapeHtml(languageLink(view))}" lang="${view.language === 'zh' ? 'en' : 'zh-CN'}">${escapeHtml(t.otherLanguage)}</a>
</header>
<main>
${scanSection(view)}
${billSection(view.language)}
${resultSection(view.language)}
<p id="message" role="alert" hidden></p>
</main>
</div>
${pinDialog(view.language)}
<script type="application/json" id="texts">${scriptJson(t)}</script>
<script src="/phone/phone.js" type="module"></script>
</body>
</html>
`;
}

function languageLink(view: View): string {
  const query = new URLSearchParams({ lang: view.language === 'zh' ? 'en' : 'zh' });
  if (view.wallet !== undefined) query.set('wallet', view.wallet);
  if (view.code !== '') query.set('code', view.code);
  return `/phone?${query}`;
}

function scanSection(view: View): string {
  const t = PHONE_TEXTS[view.language];
  const choices = view.wallets.map(
    (wallet) =>
      `<label class="wallet ${wallet}"><input type="radio" name="wallet" value="${wallet}"${
        wallet === view.wallet ? ' checked' : ''
      }><span>${escapeHtml(t[wallet])}</span></label>`,
  );
  return `<form id="scan" class="card">
<fieldset><legend>${escapeHtml(t.chooseWallet)}</legend><div class="wallets">${choices.join('')}</div></fieldset>
<label for="code">${escapeHtml(t.codeLabel)}</label>
<textarea id="code" name="code" rows="4" required autocomplete="off" spellcheck="false" aria-describedby="code-hint">${escapeHtml(view.code)}</textarea>
<p class="hint" id="code-hint">${escapeHtml(t.codeHint)}</p>
<button type="submit" class="primary" id="scan-button">${escapeHtml(t.scan)}</button>
</form>`;
}

function billSection(language: Language): string {
  const t = PHONE_TEXTS[language];
  return `<section id="bill" class="card" hidden tabindex="-1" aria-labelledby="payee-label">
<p class="label" id="payee-label">${escapeHtml(t.payTo)}</p>
<p id="payee"></p>
<p class="label">${escapeHtml(t.amount)}</p>
<p class="money" id="amount"></p>
<p id="state" class="notice" hidden></p>
<div id="payable">
<details><summary>${escapeHtml(t.coupons)}</summary>
<label for="coupon-platform">${escapeHtml(t.couponPlatform)}</label>
<input id="coupon-platform" type="number" min="0" step="1" inputmode="numeric" value="0">
<label for="coupon-merchant">${escapeHtml(t.couponMerchant)}</label>
<input id="coupon-merchant" type="number" min="0" step="1" inputmode="numeric" value="0">
<p>${escapeHtml(t.toPay)} <strong id="to-pay" aria-live="polite"></strong></p>
</details>
<button type="button" class="primary" id="confirm">${escapeHtml(t.confirm)}</button>
<div class="row">
<button type="button" id="insufficient">${escapeHtml(t.insufficient)}</button>
<button type="button" id="cancel">${escapeHtml(t.cancel)}</button>
</div>
</div>
<button type="button" class="plain" data-rescan>${escapeHtml(t.rescan)}</button>
</section>`;
}

function resultSection(language: Language): string {
  const t = PHONE_TEXTS[language];
  return `<section id="result" class="card" hidden tabindex="-1" aria-live="polite">
<div class="mark" aria-hidden="true"></div>
<h2 id="result-text"></h2>
<p class="money" id="result-amount"></p>
<p id="result-payee"></p>
<p class="hint" id="result-status"></p>
<a class="primary" id="back" hidden rel="noreferrer">${escapeHtml(t.back)}</a>
<button type="button" id="again" hidden>${escapeHtml(t.again)}</button>
<button type="button" class="plain" data-rescan>${escapeHtml(t.rescan)}</button>
</section>`;
}

function pinDialog(language: Language): string {
  const t = PHONE_TEXTS[language];
  const keys = ['1', '2', '3', '4', '5', '6', '7', '8', '9'].map(digitKey).join('');
  return `<dialog id="pin" aria-labelledby="pin-title" aria-describedby="pin-hint">
<form method="dialog">
<button class="close" value="close" aria-label="${escapeHtml(t.close)}">×</button>
<h2 id="pin-title">${escapeHtml(t.pinTitle)}</h2>
<p id="pin-payee"></p>
<p class="money" id="pin-amount"></p>
<label class="dots"><span class="visually-hidden">${escapeHtml(t.pinLabel)}</span>
<input id="pin-input" type="password" inputmode="none" pattern="[0-9]*" maxlength="6" autocomplete="off">
<span id="dots" aria-hidden="true"><i></i><i></i><i></i><i></i><i></i><i></i></span></label>
<p class="visually-hidden" id="pin-left" aria-live="polite"></p>
<p class="hint" id="pin-hint">${escapeHtml(t.pinHint)}</p>
<div class="keys">${keys}<span></span>${digitKey('0')}<button type="button" data-delete aria-label="${escapeHtml(t.deleteDigit)}">⌫</button></div>
</form>
</dialog>`;
}

function digitKey(digit: string): string {
  return `<button type="button" data-digit="${digit}">${digit}</button>`;
}
