/** The frame of every page: bars, search, cart, language switch, the phone's tab bar. */
import { MARKETPLACES } from '../catalogue/catalogue.ts';
import { type Html, html, type Value } from '../html.ts';
import { yuan } from '../money.ts';
import { home, say, type View } from './view.ts';

export interface PageParts {
  readonly title: string;
  readonly body: Value;
  /** Which tab is lit. */
  readonly tab: 'home' | 'cart' | 'orders' | 'none';
  /** Without script, look again after that many seconds. */
  readonly refreshSeconds?: number;
  /** A bar of the page's own at the bottom of a phone, in place of the tabs. */
  readonly hasActionBar?: boolean;
}

export function page(view: View, parts: PageParts): string {
  const { marketplace } = view.catalogue;
  const lang = view.locale === 'zh' ? 'zh-CN' : 'en';
  const title = `${parts.title} · ${say(view, marketplace)}`;
  const body = parts.hasActionBar === true ? `${marketplace} with-action-bar` : marketplace;
  return html`<!doctype html>
<html lang="${lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<meta name="theme-color" content="${marketplace === 'taobao' ? '#ff5000' : '#dd2727'}">
<title>${title}</title>
<link rel="icon" href="/assets/${marketplace}.svg" type="image/svg+xml">
<link rel="stylesheet" href="/assets/bazaar.css">
<script src="/assets/bazaar.js" defer></script>
${
  parts.refreshSeconds !== undefined &&
  html`<noscript><meta http-equiv="refresh" content="${parts.refreshSeconds}"></noscript>`
}
</head>
<body class="${body}">
<a class="skip" href="#main">${say(view, 'skip')}</a>
${topBar(view)}
${header(view)}
<main class="wrap" id="main" tabindex="-1">${parts.body}</main>
<footer class="wrap"><p>${say(view, 'demo')}</p></footer>
${parts.hasActionBar !== true && tabs(view, parts.tab)}
</body>
</html>`.text;
}

function topBar(view: View): Html {
  const to = view.locale === 'zh' ? 'en' : 'zh';
  const back = encodeURIComponent(view.path);
  const switches = MARKETPLACES.map(
    (name) =>
      html`<a href="/${name}"${name === view.catalogue.marketplace && html` aria-current="page"`}>${say(view, name)}</a>`,
  );
  return html`<div class="top"><div class="wrap row">
<nav class="places">${switches}</nav>
<nav class="mine"><a href="${home(view)}/counter">${say(view, 'counter')}</a>
<a class="wide" href="${home(view)}/orders">${say(view, 'orders')}</a>
<a class="wide" href="${home(view)}/cart">${say(view, 'cart')} ${view.cartCount > 0 && html`<b>${view.cartCount}</b>`}</a>
<a class="lang" href="/language?to=${to}&amp;back=${back}" hreflang="${to}" lang="${to}">${say(view, 'switchTo')}</a></nav>
</div></div>`;
}

function header(view: View): Html {
  const { marketplace } = view.catalogue;
  return html`<header class="head"><div class="wrap row">
<a class="logo" href="${home(view)}"><img src="/assets/${marketplace}.svg" alt="" width="44" height="44">
<span><b>${say(view, marketplace)}</b><small>${say(view, marketplace === 'taobao' ? 'taobaoTag' : 'tmallTag')}</small></span></a>
<form class="find" action="${home(view)}" method="get" role="search">
<input type="search" name="q" value="${view.search}" maxlength="40" placeholder="${say(view, 'searchHint')}" aria-label="${say(view, 'search')}">
<button>${say(view, 'search')}</button></form>
<a class="bag wide" href="${home(view)}/cart">${bagIcon()}<span>${say(view, 'cart')}</span>${view.cartCount > 0 && html`<b>${view.cartCount}</b>`}</a>
</div></header>`;
}

function tabs(view: View, lit: PageParts['tab']): Html {
  const tab = (name: PageParts['tab'], href: string, label: string, icon: Html) =>
    html`<a href="${href}"${name === lit && html` aria-current="page"`}>${icon}<span>${label}</span>${name === 'cart' && view.cartCount > 0 && html`<b>${view.cartCount}</b>`}</a>`;
  return html`<nav class="tabs">
${tab('home', home(view), say(view, 'home'), icon('M4 11l8-7 8 7v9h-6v-6h-4v6H4z'))}
${tab('cart', `${home(view)}/cart`, say(view, 'cart'), bagIcon())}
${tab('orders', `${home(view)}/orders`, say(view, 'ordersShort'), icon('M6 3h12v18l-3-2-3 2-3-2-3 2zM9 8h6M9 12h6'))}
</nav>`;
}

const bagIcon = (): Html => icon('M3 4h3l2 11h10l2-8H7M9 20a1 1 0 1 0 .1 0M17 20a1 1 0 1 0 .1 0');

function icon(path: string): Html {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="${path}"/></svg>`;
}

/** ¥ small, yuan large, fen small: the way Chinese shops write a price. */
export function price(amountFen: bigint): Html {
  const [whole, fraction] = yuan(amountFen).split('.');
  return html`<span class="price"><i>¥</i>${whole}<i>.${fraction}</i></span>`;
}

export function money(amount: number): string {
  return `¥${yuan(BigInt(amount))}`;
}

/** A page with nothing on it but a reason and a way on. */
export function emptyState(
  title: string,
  more: string,
  link: { readonly href: string; readonly label: string },
): Html {
  return html`<section class="card empty">
<svg viewBox="0 0 160 120" aria-hidden="true"><path class="fill" d="M28 50l20-26h64l20 26v46q0 8-8 8H36q-8 0-8-8z"/><path d="M28 50l20-26h64l20 26v46q0 8-8 8H36q-8 0-8-8zM28 50h34q2 16 18 16t18-16h34M70 8l6 8M90 8l-6 8M80 4v10"/></svg>
<h1>${title}</h1><p>${more}</p><a class="button" href="${link.href}">${link.label}</a></section>`;
}
