/** The two shop fronts: a lane of small shops, and floors of flagship stores. */
import type { Listing, Seller } from '../catalogue/catalogue.ts';
import { type Html, html } from '../html.ts';
import { yuan } from '../money.ts';
import { emptyState, page, price } from './layout.ts';
import { home, pick, say, type View } from './view.ts';

export interface HomeData {
  readonly sold: ReadonlyMap<string, number>;
  readonly counts: { readonly waiting: number; readonly paid: number; readonly refunds: number };
}

export function homePage(view: View, data: HomeData): string {
  const front = view.catalogue.marketplace === 'taobao' ? lane(view, data) : floors(view, data);
  return page(view, { title: say(view, 'home'), body: front, tab: 'home' });
}

export function searchPage(view: View, found: readonly Listing[], data: HomeData): string {
  const body =
    found.length === 0
      ? emptyState(say(view, 'noResults'), say(view, 'noResultsMore'), {
          href: home(view),
          label: say(view, 'back'),
        })
      : html`<h2 class="section">${say(view, 'results')} “${view.search}”</h2>${grid(view, found, data)}`;
  return page(view, { title: view.search, body, tab: 'home' });
}

function lane(view: View, data: HomeData): Html {
  const { sellers, listings } = view.catalogue;
  return html`<div class="front">
<nav class="card aisles">${sellers.map(
    (seller) =>
      html`<a href="#${seller.id}"><b class="sign">${seller.sign}</b><span>${pick(view, seller.name)}<small>${pick(view, seller.place)}</small></span></a>`,
  )}</nav>
${hero(view, ['c1', 'c5', 'c7'])}
${account(view, data)}
</div>
<h2 class="section">${say(view, 'shops')}</h2>
<div class="shops">${sellers.map((seller) => shopCard(view, seller))}</div>
<h2 class="section" id="goods">${say(view, 'forYou')}</h2>
${grid(view, interleaved(sellers, listings), data)}`;
}

/** One of each shop in turn, so that the first screen shows all of them. */
function interleaved(sellers: readonly Seller[], listings: readonly Listing[]): Listing[] {
  const rank = ({ product, seller }: Listing) =>
    seller.products.indexOf(product) * sellers.length + sellers.indexOf(seller);
  return listings.toSorted((a, b) => rank(a) - rank(b));
}

function floors(view: View, data: HomeData): Html {
  return html`${hero(view, ['m1', 'm4', 'm11'])}
<div class="brands">${view.catalogue.sellers.map(
    (seller) =>
      html`<a class="card" href="#${seller.id}"><b class="sign">${seller.sign}</b><span>${pick(view, seller.name)}</span><small>${pick(view, seller.slogan)}</small></a>`,
  )}</div>
${account(view, data)}
${view.catalogue.sellers.map((seller, index) => floor(view, seller, index, data))}`;
}

function floor(view: View, seller: Seller, index: number, data: HomeData): Html {
  const listings = seller.products.map((product) => ({ product, seller }));
  return html`<section class="floor" id="${seller.id}">
<h2 class="section"><i>${index + 1}F</i>${pick(view, seller.name)}</h2>
<div class="floor-row"><div class="brand tone-${index}"><b class="sign">${seller.sign}</b>
<strong>${pick(view, seller.slogan)}</strong><small>${say(view, 'flagship')} · ${pick(view, seller.place)}</small></div>
${grid(view, listings, data)}</div></section>`;
}

function hero(view: View, productIds: readonly string[]): Html {
  const isTaobao = view.catalogue.marketplace === 'taobao';
  return html`<section class="hero"><div><h1>${say(view, isTaobao ? 'heroTaobao' : 'heroTmall')}</h1>
<p>${say(view, isTaobao ? 'heroTaobaoMore' : 'heroTmallMore')}</p>
<a class="button light" href="#${isTaobao ? 'goods' : view.catalogue.sellers[0]?.id}">${say(view, 'browse')}</a></div>
<div class="hero-goods">${productIds.map(
    (id) =>
      html`<a href="${home(view)}/p/${id}" aria-hidden="true" tabindex="-1"><img src="/assets/p/${id}.svg" alt="" width="150" height="150"></a>`,
  )}</div></section>`;
}

function account(view: View, { counts }: HomeData): Html {
  const count = (number: number, label: string) =>
    html`<a href="${home(view)}/orders"><b>${number}</b><span>${label}</span></a>`;
  return html`<aside class="card account"><div class="hello"><b>${say(view, 'hello')}</b><small>${say(view, 'helloMore')}</small></div>
<div class="counts">${count(counts.waiting, say(view, 'waitingCount'))}${count(counts.paid, say(view, 'paidOrders'))}${count(counts.refunds, say(view, 'refundCount'))}</div>
<a class="button ghost" href="${home(view)}/orders">${say(view, 'orders')}</a></aside>`;
}

function shopCard(view: View, seller: Seller): Html {
  return html`<article class="card shop" id="${seller.id}">
<header><b class="sign">${seller.sign}</b><span><strong>${pick(view, seller.name)}</strong><small>${pick(view, seller.slogan)}</small></span></header>
<div>${seller.products.map(
    (product) =>
      html`<a href="${home(view)}/p/${product.id}"><img src="/assets/p/${product.id}.svg" alt="${pick(view, product.name)}" width="120" height="120" loading="lazy"><span>¥${yuan(product.priceFen).replace(/\.00$/, '')}</span></a>`,
  )}</div></article>`;
}

export function grid(view: View, listings: readonly Listing[], data: HomeData): Html {
  return html`<div class="grid">${listings.map(({ product, seller }) => {
    const sold = data.sold.get(product.id) ?? 0;
    return html`<a class="card item" href="${home(view)}/p/${product.id}">
<img src="/assets/p/${product.id}.svg" alt="" width="240" height="240" loading="lazy">
<div><h3>${pick(view, product.name)}</h3>
<p class="marks"><i>${say(view, 'freeShipping')}</i><i>${say(view, 'returns7')}</i></p>
<p class="line">${price(product.priceFen)}<small>${sold > 0 ? `${sold} ${say(view, 'paidCount')}` : say(view, 'freshIn')}</small></p>
<p class="from"><span>${pick(view, seller.name)}</span><span>${pick(view, seller.place)}</span></p></div></a>`;
  })}</div>`;
}
