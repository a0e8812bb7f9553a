/**
 * The seller's pages: scan the buyer's code, what became of the sale, and the stand to show. The
 * code is typed by a scanner gun, which ends with Enter: the field stands last and sends the form.
 */
import type { Counter } from '@hutong/sdk';
import type { Seller } from '../catalogue/catalogue.ts';
import { type Html, html } from '../html.ts';
import { isMoving, type Order, type OrderState, stateOf } from '../order.ts';
import { type TextKey, WALLETS } from '../texts.ts';
import { money, page } from './layout.ts';
import { dateTime, home, pick, say, type View } from './view.ts';

export interface CounterForm {
  readonly seller: string;
  readonly amount: string;
  readonly problem: TextKey | null;
  readonly nonce: string;
}

export function counterPage(view: View, form: CounterForm): string {
  const { sellers } = view.catalogue;
  const chosen = sellers.find((seller) => seller.id === form.seller) ?? sellers[0];
  const title = say(view, 'counter');
  const body = html`<h1 class="title">${title}</h1>
<div class="split"><form class="card till" method="post" action="${home(view)}/counter" autocomplete="off">
<h2>${say(view, 'counterScan')}</h2>
${form.problem !== null && html`<p class="notice bad" role="alert">${say(view, form.problem)}</p>`}
<label><span>${say(view, 'counterSeller')}</span><select name="seller">${sellers.map(
    (seller) =>
      html`<option value="${seller.id}"${seller === chosen && html` selected`}>${pick(view, seller.name)}</option>`,
  )}</select></label>
<label><span>${say(view, 'counterAmount')}</span><input name="amount" inputmode="decimal" value="${form.amount}" placeholder="0.00" required${form.amount === '' && html` autofocus`}></label>
<label><span>${say(view, 'counterCode')}</span><input class="mono" name="code" inputmode="numeric" maxlength="800" autocomplete="off" spellcheck="false" required${form.amount !== '' && html` autofocus`}></label>
<input type="hidden" name="nonce" value="${form.nonce}">
<button class="button">${say(view, 'counterCharge')}</button>
<p class="hint">${say(view, 'counterCodeMore')}</p></form>
<aside class="side"><section class="card stands"><h2>${say(view, 'stand')}</h2><p class="hint">${say(view, 'standMore')}</p>
<ul>${sellers.map(
    (seller) =>
      html`<li><b class="sign">${seller.sign}</b><a href="${home(view)}/stands/${seller.id}">${pick(view, seller.name)}</a></li>`,
  )}</ul></section></aside></div>`;
  return page(view, { title, body, tab: 'none' });
}

type SaleState = 'asking' | 'paid' | 'declined' | 'reversed' | 'checking' | 'unopened';

const SAYS: Readonly<Record<SaleState, readonly [TextKey, TextKey]>> = {
  asking: ['saleAsking', 'saleAskingMore'],
  paid: ['salePaid', 'salePaidMore'],
  declined: ['saleDeclined', 'saleDeclinedMore'],
  reversed: ['saleReversed', 'saleReversedMore'],
  checking: ['checking', 'checkingMore'],
  unopened: ['saleUnopened', 'saleUnopenedMore'],
};

/** The order's own state as far as it is decided; before that, the charge's. */
function saleState(order: Order): SaleState {
  const state: OrderState = stateOf(order);
  if (state === 'paid' || state === 'checking') return state;
  if (order.charge === null) return 'unopened';
  // Its outcome was never reported, and by now it can no longer be paid.
  if (state === 'expired' || state === 'canceled') return 'reversed';
  return order.charge.state;
}

const LOOKS: Readonly<Record<SaleState, string>> = {
  asking: 'processing',
  paid: 'paid',
  declined: 'refused',
  reversed: 'refused',
  checking: 'checking',
  unopened: 'opening',
};

/** While the outcome is unknown, nothing invites the seller to charge a second time. */
export function salePage(view: View, order: Order): string {
  const state = saleState(order);
  const [title, more] = SAYS[state];
  const [part] = order.parts;
  const body = html`<div data-order="${order.no}" data-revision="${order.revision}">
<section class="status ${LOOKS[state]}" data-live="status" role="status"><div><h1>${say(view, title)}</h1><p>${say(view, more)}</p>
${order.charge?.words !== null && order.charge?.words !== undefined && html`<p>${say(view, 'saleWords')}${order.charge.words}</p>`}</div>
<div class="act"><strong>${money(order.amount)}</strong>${state !== 'asking' && html`<a class="button light" href="${home(view)}/counter?seller=${part?.sellerId}">${say(view, state === 'paid' ? 'saleNext' : 'saleAgain')}</a>`}</div></section>
<section class="card facts"><dl data-live="facts">${facts(view, order)}</dl></section></div>`;
  return page(view, {
    title: say(view, title),
    body,
    tab: 'none',
    ...(isMoving(order) ? { refreshSeconds: 3 } : {}),
  });
}

function facts(view: View, order: Order): Html {
  const wallet = order.wallet ?? order.charge?.wallet ?? null;
  const name = wallet === null ? undefined : WALLETS[wallet];
  const [part] = order.parts;
  return html`<dt>${say(view, 'counterSeller')}</dt><dd>${part !== undefined && pick(view, part.sellerName)}</dd>
<dt>${say(view, 'orderNo')}</dt><dd class="mono">${order.no}</dd>
<dt>${say(view, 'placedAt')}</dt><dd>${dateTime(view, order.placedAtMs)}</dd>
${wallet !== null && html`<dt>${say(view, 'saleWallet')}</dt><dd><b class="wallet ${name === undefined ? '' : wallet}">${name === undefined ? wallet : pick(view, name)}</b></dd>`}`;
}

export function standPage(
  view: View,
  { seller, counter }: { readonly seller: Seller; readonly counter: Counter },
): string {
  const title = say(view, 'stand');
  const own = `${home(view)}/stands/${seller.id}`;
  const body = html`<h1 class="title">${title} · ${pick(view, seller.name)}</h1>
<div class="split"><section class="card stand"><img src="${own}/stand.svg" alt="${say(view, 'standPicture')}" width="444" height="630"></section>
<aside class="side"><section class="card facts"><p><a class="button" href="${own}/stand.pdf">${say(view, 'standPrint')}</a></p>
<p class="hint">${say(view, 'standOpen')}</p><p class="mono"><a href="${counter.url}">${counter.url}</a></p>
<p><a class="button ghost" href="${home(view)}/counter?seller=${seller.id}">${say(view, 'counterScan')}</a></p></section></aside></div>`;
  return page(view, { title, body, tab: 'none' });
}
