/** One product: picture, price, option, quantity, its shop. */

import { QUANTITY_MAX } from '../cart.ts';
import type { Listing } from '../catalogue/catalogue.ts';
import { html } from '../html.ts';
import { grid, type HomeData } from './home.ts';
import { page, price } from './layout.ts';
import { home, pick, say, type View } from './view.ts';

export function productPage(view: View, listing: Listing, data: HomeData): string {
  const { product, seller } = listing;
  const others = view.catalogue.listings.filter((other) => other.product !== product);
  const isOwn = (other: Listing) => other.seller === seller;
  // The shop's own first, then from the others, to one full row.
  const more = [...others.filter(isOwn), ...others.filter((other) => !isOwn(other))].slice(0, 4);
  const options = product.options.map(
    (option, index) =>
      html`<label><input type="radio" name="option" value="${index}"${index === 0 && html` checked`}><span>${pick(view, option)}</span></label>`,
  );
  const body = html`<article class="card product">
<div class="photo"><img src="/assets/p/${product.id}.svg" alt="${pick(view, product.name)}" width="480" height="480"></div>
<form class="buy" method="post" action="${home(view)}/cart/add">
<h1>${pick(view, product.name)}</h1><p class="detail">${pick(view, product.detail)}</p>
<div class="price-panel"><span>${say(view, 'price')}</span>${price(product.priceFen)}<em>${say(view, 'freeShipping')}</em></div>
<dl><dt>${say(view, 'toShop')}</dt><dd>${pick(view, seller.place)}</dd>
<dt>${say(view, 'promise')}</dt><dd>${say(view, 'promiseMore')} · ${say(view, 'returns7')}</dd></dl>
<input type="hidden" name="product" value="${product.id}">
${
  options.length > 0
    ? html`<fieldset class="options"><legend>${say(view, 'option')}</legend>${options}</fieldset>`
    : html`<input type="hidden" name="option" value="0">`
}
<label class="count"><span>${say(view, 'quantity')}</span><input type="number" name="quantity" value="1" min="1" max="${QUANTITY_MAX}" inputmode="numeric" required></label>
<div class="actions"><a class="mini" href="${home(view)}/cart">${say(view, 'cart')}${view.cartCount > 0 && html`<b>${view.cartCount}</b>`}</a>
<button class="button second" name="goto" value="cart">${say(view, 'addToCart')}</button>
<button class="button" name="goto" value="checkout">${say(view, 'buyNow')}</button></div>
</form></article>
<section class="card keeper"><b class="sign">${seller.sign}</b><span><strong>${pick(view, seller.name)}</strong><small>${pick(view, seller.slogan)}</small></span><a class="button ghost" href="${home(view)}#${seller.id}">${say(view, 'browse')}</a></section>
<h2 class="section">${say(view, 'forYou')}</h2>
${grid(view, more, data)}`;
  return page(view, {
    title: pick(view, product.name),
    body,
    tab: 'none',
    hasActionBar: true,
  });
}
