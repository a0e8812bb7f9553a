/**
 * The frame of every cashier page. It has no inline script, style or handler (the CSP forbids
 * them), and its only addresses with the token are the page's own routes.
 */
import { deferredScript, type Html, html, type Part } from '../html.ts';
import type { Locale, Texts } from '../texts.ts';

export interface AssetPaths {
  readonly script: string;
  readonly style: string;
  readonly icon: string;
  /** In addition to `style`, if a page has more. */
  readonly moreStyle?: string;
}

/** What every page needs, whatever its content. */
export interface PageContext {
  readonly locale: Locale;
  readonly texts: Texts;
  readonly assets: AssetPaths;
  /** `/pay/{token}`, `/pay/go/{token}` or `/c/{token}`; null if there is no such page. */
  readonly path: string | null;
}

export interface Page {
  readonly title: string;
  readonly heading: string;
  readonly body: Html;
  readonly data?: Readonly<Record<`data-${string}`, string>>;
  /** Seconds after which a browser without script reloads; left out, it does not. */
  readonly refreshSeconds?: number | null;
}

export function renderPage(context: PageContext, page: Page): string {
  const { texts, assets } = context;
  const other = context.locale === 'zh' ? 'en' : 'zh';
  const otherLang = other === 'zh' ? 'zh-CN' : 'en';
  const { refreshSeconds = null, data = {} } = page;
  const refresh =
    refreshSeconds === null
      ? null
      : html`<noscript><meta http-equiv="refresh" content="${refreshSeconds}"></noscript>`;
  const document = html`<!doctype html>
<html lang="${texts.htmlLang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1,viewport-fit=cover">
<meta name="referrer" content="strict-origin">
<meta name="robots" content="noindex,nofollow">
<meta name="format-detection" content="telephone=no">
<meta name="theme-color" content="#f3f4f6">
<title>${page.title}</title>
<link rel="icon" type="image/svg+xml" href="${assets.icon}">
<link rel="stylesheet" href="${assets.style}">${
    assets.moreStyle === undefined ? null : html`<link rel="stylesheet" href="${assets.moreStyle}">`
  }
${refresh}${deferredScript(assets.script)}
</head>
<body>
<a class="skip" href="#main">${texts.skip}</a>
<header class="top"><p class="brand">${page.heading}</p>${
    context.path === null
      ? null
      : html`<a class="lang" href="${context.path}?lang=${other}" hreflang="${otherLang}" aria-label="${texts.otherLanguageLabel}"><span lang="${otherLang}">${texts.otherLanguage}</span></a>`
  }</header>
<p id="live" class="unseen" role="status" aria-live="polite"></p>
<main id="main" tabindex="-1"${attributes(data)}>
${page.body}
</main>
<footer class="foot"><p>${texts.safety}</p><p>${texts.poweredBy}</p></footer>
</body>
</html>
`;
  return document.text;
}

function attributes(data: NonNullable<Page['data']>): Part {
  return Object.entries(data).map(([name, value]) => html` ${name}="${value}"`);
}
