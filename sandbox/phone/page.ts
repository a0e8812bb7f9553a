/**
 * The phone as a page: choose one of four wallets, then scan (check payee and amount, enter a PIN,
 * see the result), show a payment code, or tap. Rendered here, with small scripts;
 * `/phone?code=…&wallet=…` opens with the code filled in, as if the camera had just read it, and
 * `?mode=code` or `?mode=tap` with that part open.
 */
import type { WalletName } from '../../src/kernel/wallet-names.ts';
import { htmlAnswer, scriptJson } from '../http/html.ts';
import { escapeHtml } from '../kit/html.ts';
import type { WireRequest, WireResponse } from '../kit/kit.ts';
import { chooseLanguage, type Language, PHONE_TEXTS } from './texts.ts';

const HTML_LANGUAGE: Readonly<Record<Language, string>> = { zh: 'zh-CN', en: 'en' };

const PHONE_MODES = ['scan', 'code', 'tap'] as const;
export type PhoneMode = (typeof PHONE_MODES)[number];

/** One wallet's app, and what its gateway supports. */
export interface PhoneApp {
  readonly wallet: WalletName;
  readonly hasCode: boolean;
  readonly hasTap: boolean;
}

interface View {
  readonly language: Language;
  readonly t: (typeof PHONE_TEXTS)[Language];
  readonly apps: readonly PhoneApp[];
  readonly wallet: WalletName | undefined;
  readonly mode: PhoneMode;
  readonly code: string;
}

export function phonePage(request: WireRequest, apps: readonly PhoneApp[]): WireResponse {
  const query = new URLSearchParams(request.queryText);
  const language = chooseLanguage(query.get('lang'), request.headers['accept-language'] ?? '');
  const named = apps.find(({ wallet }) => wallet === query.get('wallet')) ?? apps[0];
  const mode = PHONE_MODES.find((name) => name === query.get('mode')) ?? 'scan';
  const code = query.get('code') ?? '';
  const t = PHONE_TEXTS[language];
  const view: View = { language, t, apps, wallet: named?.wallet, mode, code };
  const answer = htmlAnswer(200, document(view));
  return { ...answer, headers: { ...answer.headers, vary: 'accept-language' } };
}

function document(view: View): string {
  const { t } = view;
  return `<!doctype html>
<html lang="${HTML_LANGUAGE[view.language]}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<title>${escapeHtml(t.title)} · Hutong</title>
<link rel="stylesheet" href="/phone/phone.css">
</head>
<body data-wallet="${view.wallet ?? ''}" data-mode="${view.mode}">
<div class="phone">
<header>
<div><h1>${escapeHtml(t.title)}</h1><p>${escapeHtml(t.subtitle)}</p></div>
<a id="language" href="${escapeHtml(languageLink(view))}" lang="${view.language === 'zh' ? 'en' : 'zh-CN'}">${escapeHtml(t.otherLanguage)}</a>
</header>
<main>
${walletChooser(view)}
${modeLinks(view)}
${scanSection(view)}
${codeSection(view)}
${tapSection(view)}
${billSection(view)}
${resultSection(view)}
<p id="message" role="alert" hidden></p>
</main>
</div>
${pinDialog(view)}
<script type="application/json" id="texts">${scriptJson(t)}</script>
<script src="/phone/phone.js" type="module"></script>
</body>
</html>
`;
}

function languageLink(view: View): string {
  return linkOf(view, view.language === 'zh' ? 'en' : 'zh', view.mode);
}

function linkOf(view: View, language: Language, mode: PhoneMode): string {
  const query = new URLSearchParams({ lang: language });
  if (mode !== 'scan') query.set('mode', mode);
  if (view.wallet !== undefined) query.set('wallet', view.wallet);
  if (view.code !== '') query.set('code', view.code);
  return `/phone?${query}`;
}

function walletChooser(view: View): string {
  const { t } = view;
  const choices = view.apps.map(
    ({ wallet, hasCode, hasTap }) =>
      `<label class="wallet ${wallet}"><input type="radio" name="wallet" form="scan" value="${wallet}" data-code="${yes(hasCode)}" data-tap="${yes(hasTap)}"${
        wallet === view.wallet ? ' checked' : ''
      }><span>${escapeHtml(t[wallet])}</span></label>`,
  );
  return `<fieldset id="wallets" class="card"><legend class="visually-hidden">${escapeHtml(t.chooseWallet)}</legend><div class="wallets">${choices.join('')}</div></fieldset>`;
}

function yes(has: boolean): 'yes' | 'no' {
  return has ? 'yes' : 'no';
}

function modeLinks(view: View): string {
  const { t } = view;
  const names = { scan: t.modeScan, code: t.modeCode, tap: t.modeTap };
  const links = PHONE_MODES.map((mode) => {
    const current = mode === view.mode ? ' aria-current="page"' : '';
    const href = escapeHtml(linkOf(view, view.language, mode));
    return `<a href="${href}" data-mode-link="${mode}"${current}>${escapeHtml(names[mode])}</a>`;
  });
  return `<nav id="modes" aria-label="${escapeHtml(t.modes)}">${links.join('')}</nav>`;
}

/** Only the script draws a code, because it renews it: a saved page holds none. */
function codeSection(view: View): string {
  const { t } = view;
  return `<section id="code-part" class="card" tabindex="-1"${hiddenUnless(view.mode === 'code')} aria-label="${escapeHtml(t.modeCode)}">
<p id="code-empty" class="empty"${hiddenUnless(!canDo(view, 'hasCode'))}>${escapeHtml(t.codeEmpty)}</p>
<div id="code-card"${hiddenUnless(canDo(view, 'hasCode'))}>
<p class="label">${escapeHtml(t.codeShow)}</p>
<div id="code-picture" role="img" aria-label="${escapeHtml(t.codeAlt)}"></div>
<p id="code-digits"></p>
<p id="code-left" class="hint"></p>
<p class="hint">${escapeHtml(t.codeSecret)}</p>
<p id="code-error" class="notice" role="alert" hidden></p>
</div>
</section>`;
}

function tapSection(view: View): string {
  const { t } = view;
  return `<section id="tap-part" class="card" tabindex="-1"${hiddenUnless(view.mode === 'tap')} aria-label="${escapeHtml(t.modeTap)}">
<p id="tap-empty" class="empty"${hiddenUnless(!canDo(view, 'hasTap'))}>${escapeHtml(t.tapEmpty)}</p>
<form id="tap"${hiddenUnless(canDo(view, 'hasTap'))}>
<p class="label">${escapeHtml(t.tapAbout)}</p>
<label for="tap-amount">${escapeHtml(t.tapAmount)}</label>
<input id="tap-amount" type="text" inputmode="decimal" autocomplete="off" maxlength="10" placeholder="0.00" required>
<button type="submit" class="primary" id="tap-button">${escapeHtml(t.tapDo)}</button>
</form>
<div id="tap-result" tabindex="-1" hidden>
<p class="label">${escapeHtml(t.tapDone)}</p>
<p class="money" id="tap-shown"></p>
<pre id="tap-field55"></pre>
<details open><summary>${escapeHtml(t.tapTranscript)}</summary><pre id="tap-transcript"></pre></details>
</div>
</section>`;
}

function hiddenUnless(isShown: boolean): string {
  return isShown ? '' : ' hidden';
}

function canDo(view: View, what: 'hasCode' | 'hasTap'): boolean {
  return view.apps.some((app) => app.wallet === view.wallet && app[what]);
}

function scanSection(view: View): string {
  const { t } = view;
  return `<form id="scan" class="card"${hiddenUnless(view.mode === 'scan')}>
<label for="code">${escapeHtml(t.codeLabel)}</label>
<textarea id="code" name="code" rows="4" required autocomplete="off" spellcheck="false" aria-describedby="code-hint">${escapeHtml(view.code)}</textarea>
<p class="hint" id="code-hint">${escapeHtml(t.codeHint)}</p>
<div id="counter" hidden><label for="counter-amount">${escapeHtml(t.counterAmount)}</label>
<input id="counter-amount" type="text" inputmode="decimal" autocomplete="off" maxlength="10" placeholder="0.00"></div>
<button type="submit" class="primary" id="scan-button">${escapeHtml(t.scan)}</button>
</form>`;
}

function billSection({ t }: View): string {
  return `<section id="bill" class="card" hidden tabindex="-1" aria-labelledby="payee-label">
<p class="label" id="payee-label">${escapeHtml(t.payTo)}</p>
<p id="payee"></p>
<p id="across" class="hint" hidden></p>
<p class="label">${escapeHtml(t.amount)}</p>
<p class="money" id="amount"></p>
<p id="state" class="notice" hidden></p>
<div id="payable">
<details id="coupons"><summary>${escapeHtml(t.coupons)}</summary>
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

function resultSection({ t }: View): string {
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

function pinDialog({ t }: View): string {
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
