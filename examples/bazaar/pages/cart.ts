/** The cart across shops, and the page on which the buyer says yes. */
import { bySeller, type CartGroup, type CartLine, QUANTITY_MAX, totalFen } from '../cart.ts';
import { type Html, html } from '../html.ts';
import { PICKUPS } from '../texts.ts';
import { emptyState, page, price } from './layout.ts';
import { home, pick, say, type View } from './view.ts';

export function cartPage(view: View, lines: readonly CartLine[], notice: string | null): string {
  const title = say(view, 'cart');
  if (lines.length === 0) {
    const body = emptyState(say(view, 'cartEmpty'), say(view, 'cartEmptyMore'), {
      href: home(view),
      label: say(view, 'browse'),
    });
    return page(view, { title, body, tab: 'cart' });
  }
  const groups = bySeller(view.catalogue, lines);
  const body = html`<h1 class="title">${title} <small>${count(lines)} ${say(view, 'pieces')}</small></h1>
${notice !== null && html`<p class="notice good" role="status">${notice}</p>`}
<div class="split"><div>${groups.map(
    (group) =>
      html`<section class="card group">${groupHead(view, group)}
<ul>${group.lines.map((line) => html`<li>${lineCells(view, line)}${stepper(view, line)}</li>`)}</ul></section>`,
  )}</div>
<aside class="card sum"><h2>${say(view, 'total')}</h2>${sums(view, groups)}
<div class="pay-bar"><p class="grand"><span>${say(view, 'total')}</span>${price(totalFen(lines))}</p>
<a class="button" href="${home(view)}/checkout">${say(view, 'checkout')} (${count(lines)})</a></div>
<p class="hint">${say(view, 'onePayment')}</p></aside></div>`;
  return page(view, { title, body, tab: 'cart', hasActionBar: true });
}

export function checkoutPage(view: View, lines: readonly CartLine[], nonce: string): string {
  const groups = bySeller(view.catalogue, lines);
  const pickups = Object.entries(PICKUPS).map(
    ([id, text], index) =>
      html`<label class="pickup"><input type="radio" name="pickup" value="${id}"${index === 0 && html` checked`}><span>${pick(view, text)}</span></label>`,
  );
  const body = html`<h1 class="title">${say(view, 'checkoutTitle')}</h1>
<form class="split" method="post" action="${home(view)}/checkout"><div>
<section class="card pickups"><h2>${say(view, 'pickup')} <small>${say(view, 'pickupMore')}</small></h2>${pickups}</section>
${groups.map(
  (group) =>
    html`<section class="card group">${groupHead(view, group)}
<ul>${group.lines.map((line) => html`<li>${lineCells(view, line)}<p class="times">×${line.quantity}</p></li>`)}</ul>
<p class="subtotal"><span>${say(view, 'subtotal')}</span>${price(group.amountFen)}</p></section>`,
)}</div>
<aside class="card sum"><h2>${say(view, 'goods')}</h2>${sums(view, groups)}
<p class="row-line"><span>${say(view, 'shippingFee')}</span><span>${say(view, 'free')}</span></p>
<input type="hidden" name="nonce" value="${nonce}">
<div class="pay-bar"><p class="grand"><span>${say(view, 'total')}</span>${price(totalFen(lines))}</p>
<button class="button">${say(view, 'placeOrder')}</button></div>
<p class="hint">${say(view, 'onePayment')} · ${say(view, 'promiseMore')}</p></aside></form>`;
  return page(view, { title: say(view, 'checkoutTitle'), body, tab: 'none', hasActionBar: true });
}

function count(lines: readonly CartLine[]): number {
  return lines.reduce((total, line) => total + line.quantity, 0);
}

function groupHead(view: View, { seller }: CartGroup): Html {
  return html`<header><b class="sign">${seller.sign}</b><strong>${pick(view, seller.name)}</strong><small>${pick(view, seller.place)}</small></header>`;
}

function lineCells(view: View, line: CartLine): Html {
  const { product } = line.listing;
  return html`<a href="${home(view)}/p/${product.id}" aria-hidden="true" tabindex="-1"><img src="/assets/p/${product.id}.svg" alt="" width="88" height="88"></a>
<div class="what"><a href="${home(view)}/p/${product.id}">${pick(view, product.name)}</a>${line.option !== null && html`<small>${pick(view, line.option)}</small>`}${price(product.priceFen)}</div>`;
}

/** Three buttons of one form: no script is needed to count. */
function stepper(view: View, line: CartLine): Html {
  return html`<form class="stepper" method="post" action="${home(view)}/cart/update">
<input type="hidden" name="key" value="${line.key}">
<span><button name="quantity" value="${line.quantity - 1}" aria-label="−1">−</button><output>${line.quantity}</output><button name="quantity" value="${line.quantity + 1}" aria-label="+1"${line.quantity >= QUANTITY_MAX && html` disabled`}>+</button></span>
<button class="link" name="quantity" value="0">${say(view, 'remove')}</button></form>`;
}

function sums(view: View, groups: readonly CartGroup[]): Html {
  return html`${groups.map(
    (group) =>
      html`<p class="row-line"><span>${pick(view, group.seller.name)}</span>${price(group.amountFen)}</p>`,
  )}`;
}
