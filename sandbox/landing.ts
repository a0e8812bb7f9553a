/**
 * `/`: what this is, each gateway's address, the way to the phone, and the latest refusals with
 * their reasons. It is the page a developer opens first when a signature fails.
 */
import { readFileSync } from 'node:fs';
import { sandboxUrls } from './accounts.ts';
import { htmlAnswer } from './http/html.ts';
import type { Delivery } from './kit/delivery-log.ts';
import type { KeptExplanation } from './kit/explanation-log.ts';
import { escapeHtml } from './kit/html.ts';
import type { Gateway, WireRequest, WireResponse } from './kit/kit.ts';
import type { OpenedKit } from './kit/open-kit.ts';
import { LANDING_TEXTS, type LandingTexts } from './landing-texts.ts';
import { chooseLanguage, type Language, PHONE_TEXTS } from './phone/texts.ts';
import type { SwitchTable } from './switch/table.ts';

const SHOWN_COUNT_MAX = 12;
const STYLE_PATH = '/city.css';
const STYLE = readFileSync(new URL('./city.css', import.meta.url));

export interface LandingParts {
  readonly opened: OpenedKit;
  readonly gateways: readonly Gateway[];
  readonly table: SwitchTable;
  /** Without a control token, refusals are shown to whoever opens the page. */
  readonly isPublic: boolean;
}

export function landingAsset(path: string): WireResponse | undefined {
  if (path !== STYLE_PATH) return undefined;
  const headers = { 'content-type': 'text/css; charset=utf-8', 'cache-control': 'no-cache' };
  return { status: 200, headers, body: STYLE };
}

export function landingPage(request: WireRequest, parts: LandingParts): WireResponse {
  const asked = new URLSearchParams(request.queryText).get('lang');
  const language = chooseLanguage(asked, request.headers['accept-language'] ?? '');
  const t = LANDING_TEXTS[language];
  const other = language === 'zh' ? 'en' : 'zh';
  return htmlAnswer(
    200,
    `<!doctype html>
<html lang="${language === 'zh' ? 'zh-CN' : 'en'}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(t.title)} · Hutong</title>
<link rel="stylesheet" href="${STYLE_PATH}">
</head>
<body>
<main>
<p class="language"><a href="/?lang=${other}">${escapeHtml(t.otherLanguage)}</a></p>
<h1>${escapeHtml(t.title)}</h1>
<p>${escapeHtml(t.about)}</p>
<p><a class="button" href="/phone?lang=${language}">${escapeHtml(t.openPhone)}</a></p>
${gatewaysSection(parts, t)}
${interconnectSection(parts, t, language)}
${clockSection(parts, t)}
${parts.isPublic ? refusals(parts, t) : `<p>${escapeHtml(t.hidden)}</p>`}
</main>
</body>
</html>
`,
  );
}

function gatewaysSection(parts: LandingParts, t: LandingTexts): string {
  const open = new Set<string>(parts.gateways.map(({ wallet }) => wallet));
  const rows = Object.entries(sandboxUrls(parts.opened.kit.publicUrl))
    .filter(([name]) => open.has(name.replace('_v3', '')))
    .map(
      ([name, url]) =>
        `<tr><th scope="row">${name}</th><td><code>${escapeHtml(url)}</code></td></tr>`,
    );
  return `<h2>${escapeHtml(t.gateways)}</h2>
<table>${rows.join('')}</table>
<p>${escapeHtml(t.credentials)}</p>`;
}

function interconnectSection(parts: LandingParts, t: LandingTexts, language: Language): string {
  const names = PHONE_TEXTS[language];
  const rows = parts.table
    .pairs()
    .map(
      ({ payer, acceptor }) =>
        `<tr><th scope="row">${escapeHtml(names[payer])}</th><td>${escapeHtml(names[acceptor])}</td></tr>`,
    );
  const table = `<table><tr><th scope="col">${escapeHtml(t.payer)}</th><th scope="col">${escapeHtml(t.acceptor)}</th></tr>${rows.join('')}</table>`;
  return `<h2>${escapeHtml(t.interconnect)}</h2>
<p>${escapeHtml(t.interconnectAbout)}</p>
${rows.length === 0 ? `<p>${escapeHtml(t.interconnectNone)}</p>` : table}
<p><a href="/control/interconnect"><code>/control/interconnect</code></a>
<a href="/control/clearing"><code>/control/clearing</code></a></p>`;
}

function clockSection(parts: LandingParts, t: LandingTexts): string {
  const { clock, kit } = parts.opened;
  const callbacks = kit.allowLocalCallbacks ? t.callbacksLocal : t.callbacksPublic;
  return `<h2>${escapeHtml(t.control)}</h2>
<p>${escapeHtml(t.cityTime)}: <time>${timeText(clock.nowMs())}</time></p>
<p>${escapeHtml(callbacks)}</p>
<p><code>/control/faults</code> <code>/control/clock</code> <code>/control/orders</code>
<a href="/control/explanations"><code>/control/explanations</code></a>
<a href="/control/deliveries"><code>/control/deliveries</code></a></p>`;
}

function refusals(parts: LandingParts, t: LandingTexts): string {
  const explanations = parts.opened.explanations.recent().slice(0, SHOWN_COUNT_MAX);
  const deliveries = parts.opened.deliveries.recent().slice(0, SHOWN_COUNT_MAX);
  return `<h2>${escapeHtml(t.explanations)}</h2>
${explanations.length === 0 ? `<p>${escapeHtml(t.none)}</p>` : explanations.map((entry) => explanation(entry, t)).join('')}
<h2>${escapeHtml(t.deliveries)}</h2>
${deliveries.length === 0 ? `<p>${escapeHtml(t.none)}</p>` : `<ul>${deliveries.map(deliveryItem).join('')}</ul>`}`;
}

function explanation(entry: KeptExplanation, t: LandingTexts): string {
  const byte = entry.firstDifferenceByte;
  const where = byte === null ? '' : ` · ${t.firstDifference} ${byte}`;
  return `<details><summary>${timeText(entry.atMs)} ${entry.wallet}: ${escapeHtml(entry.what)}${escapeHtml(where)}</summary>
<p>${escapeHtml(entry.hint)}</p>
<p>${escapeHtml(t.expected)}</p><pre>${escapeHtml(entry.expected)}</pre>
${entry.received === null ? '' : `<p>${escapeHtml(t.received)}</p><pre>${escapeHtml(entry.received)}</pre>`}
</details>`;
}

function deliveryItem(delivery: Delivery): string {
  const { atMs, wallet, kind, orderNo, tryNo, outcome, answer, fault, url } = delivery;
  const shown = [wallet, kind, orderNo, `#${tryNo}`, outcome, answer, fault ?? '', url];
  return `<li>${timeText(atMs)} ${escapeHtml(shown.filter((text) => text !== '').join(' '))}</li>`;
}

function timeText(ms: number): string {
  return new Date(ms).toISOString();
}
