/**
 * An order as its buyer sees it. The parts marked data-live are replaced when a webhook has changed
 * the order; forms are not among them, so that a half-typed amount is not lost.
 */
import { type Html, html } from '../html.ts';
import {
  isMoving,
  type Order,
  type OrderPart,
  type OrderState,
  partNoOf,
  type RefundState,
  refundableOf,
  refundedOf,
  stateOf,
} from '../order.ts';
import { REFUND_REASONS, TEXTS, type TextKey, WALLETS } from '../texts.ts';
import { emptyState, money, page } from './layout.ts';
import { dateTime, home, pick, say, type View } from './view.ts';

export interface Notice {
  readonly tone: 'good' | 'bad';
  readonly text: string;
}

const MORE: Readonly<Record<OrderState, TextKey>> = {
  refused: 'refusedMore',
  opening: 'openingMore',
  waiting: 'waitingMore',
  processing: 'processingMore',
  checking: 'checkingMore',
  paid: 'paidMore',
  canceled: 'canceledMore',
  expired: 'expiredMore',
};

export interface OrderPageData {
  readonly order: Order;
  readonly notice: Notice | null;
  /** For the refund forms of this rendering. */
  readonly nonce: string;
}

export function orderPage(view: View, data: OrderPageData): string {
  const { order, notice } = data;
  const state = stateOf(order);
  const body = html`<div data-order="${order.no}" data-revision="${order.revision}">
<section class="status ${state}" data-live="status" role="status">${statusHead(view, order)}</section>
${notice !== null && html`<p class="notice ${notice.tone}" role="alert">${notice.text}</p>`}
<div class="split"><div>
${order.parts.map((part) => partCard(view, data, part))}
</div>
<aside class="side"><section class="card facts"><dl data-live="facts">${facts(view, order)}</dl></section>
<section class="card log"><h2>${say(view, 'log')}</h2><p class="hint">${say(view, 'logMore')}</p><ol data-live="log">${log(view, order)}</ol></section></aside></div></div>`;
  return page(view, {
    title: TEXTS[state][view.locale],
    body,
    tab: 'orders',
    ...(isMoving(order) ? { refreshSeconds: 5 } : {}),
  });
}

function statusHead(view: View, order: Order): Html {
  const state = stateOf(order);
  const refunded = order.refunds.filter((refund) => refund.status === 'succeeded');
  const pending = order.refunds.some((refund) => refund.status === 'pending');
  const steps: [string, boolean, boolean][] = [
    [say(view, 'stepPlaced'), true, false],
    [say(view, 'stepPaid'), state === 'paid', state === 'processing' || state === 'waiting'],
  ];
  if (order.refunds.length > 0) {
    steps.push([say(view, 'stepRefund'), refunded.length > 0 && !pending, pending]);
  }
  return html`<div><h1>${stateIcon(state)}${TEXTS[state][view.locale]}</h1>
<p>${say(view, MORE[state])}${order.refusal !== null && html` <code>${order.refusal.code}</code>${order.refusal.requestId !== null && html` <code>${order.refusal.requestId}</code>`}`}</p></div>
<ol class="steps">${steps.map(
    ([label, isDone, isNow]) =>
      html`<li class="${isDone ? 'done' : isNow ? 'now' : 'later'}"><span>${label}</span></li>`,
  )}</ol>
<div class="act"><strong>${money(order.amount)}</strong>${action(view, order)}</div>`;
}

function action(view: View, order: Order): Html | null {
  const state = stateOf(order);
  if (state === 'waiting' && order.cashierUrl !== null) {
    return html`<a class="button light" href="${order.cashierUrl}">${say(view, 'payNow')}</a>`;
  }
  if (state === 'opening') {
    return html`<form method="post" action="${home(view)}/orders/${order.no}/pay"><button class="button light">${say(view, 'payAgain')}</button></form>`;
  }
  if (state === 'paid') return null;
  return html`<a class="button light" href="${home(view)}">${say(view, 'back')}</a>`;
}

function stateIcon(state: OrderState): Html {
  const good = 'M5 13l4 4 10-10';
  const wait = 'M12 6v6l4 3';
  const bad = 'M7 7l10 10M17 7L7 17';
  const isBad = state === 'refused' || state === 'canceled' || state === 'expired';
  const path = state === 'paid' ? good : isBad ? bad : wait;
  return html`<svg class="state" viewBox="0 0 24 24" aria-hidden="true"><circle cx="12" cy="12" r="11"/><path d="${path}"/></svg>`;
}

function partCard(view: View, data: OrderPageData, part: OrderPart): Html {
  const { order } = data;
  const seller = view.catalogue.sellers.find((one) => one.id === part.sellerId);
  return html`<section class="card group"><header><b class="sign">${seller?.sign}</b><strong>${pick(view, part.sellerName)}</strong><small class="mono">${part.no}</small></header>
<ul>${part.items.map(
    (item) =>
      html`<li><img src="/assets/p/${item.productId}.svg" alt="" width="72" height="72">
<div class="what"><span>${pick(view, item.name)}</span><small>${item.option !== null && pick(view, item.option)} ×${item.quantity}</small></div><p class="times">${money(item.amount)}</p></li>`,
  )}</ul>
<p class="subtotal"><span>${say(view, 'subtotal')}</span><strong>${money(part.amount)}</strong></p>
<div data-live="refunds-${part.no}">${refundLines(view, order, part)}</div>
<div data-live-when-closed="refund-${part.no}">${refundForm(view, data, part)}</div></section>`;
}

function refundLines(view: View, order: Order, part: OrderPart): Html | null {
  const own = order.refunds.filter((refund) => partNoOf(order, refund) === part.no);
  if (own.length === 0) return null;
  const { done } = refundedOf(order, part.no);
  return html`<ul class="refunds">${own.map((refund) => refundLine(view, refund))}</ul>
${done > 0 && html`<p class="subtotal"><span>${say(view, 'refunded')}</span><strong>${money(done)}</strong></p>`}`;
}

const REFUND_TEXTS: Readonly<Record<string, TextKey>> = {
  pending: 'refunding',
  succeeded: 'refunded',
  failed: 'refundFailed',
  requires_attention: 'refundAttention',
};

function refundLine(view: View, refund: RefundState): Html {
  const key = REFUND_TEXTS[refund.status] ?? 'refunding';
  const reason = REFUND_REASONS[refund.reason];
  const why = reason === undefined ? say(view, 'refundAutomatic') : pick(view, reason);
  return html`<li class="${refund.status === 'succeeded' ? 'good' : refund.status === 'pending' ? 'now' : 'bad'}"><span class="pill">${say(view, key)}</span><span>${why}</span><small class="mono">${refund.id}</small><strong>${money(refund.amount)}</strong></li>`;
}

function refundForm(view: View, { order, nonce }: OrderPageData, part: OrderPart): Html | null {
  const left = refundableOf(order, part);
  if (left < 1) return null;
  const most = money(left).slice(1);
  return html`<details class="ask" data-form="refund-${part.no}"><summary>${say(view, 'refund')}</summary>
<form method="post" action="${home(view)}/orders/${order.no}/refunds">
<input type="hidden" name="part" value="${part.no}"><input type="hidden" name="nonce" value="${nonce}">
<label><span>${say(view, 'refundAmount')}</span><input name="amount" value="${most}" inputmode="decimal" pattern="[0-9,]{1,10}([.][0-9]{1,2})?" required><small>${say(view, 'refundMost')} ¥${most}</small></label>
<label><span>${say(view, 'refundReason')}</span><select name="reason">${Object.entries(
    REFUND_REASONS,
  ).map(([id, text]) => html`<option value="${id}">${pick(view, text)}</option>`)}</select></label>
<button class="button">${say(view, 'refundSend')}</button></form></details>`;
}

function facts(view: View, order: Order): Html {
  const wallet = order.wallet === null ? undefined : WALLETS[order.wallet];
  const unplaced = order.refunds.filter((refund) => partNoOf(order, refund) === null);
  return html`<dt>${say(view, 'orderNo')}</dt><dd class="mono">${order.no}</dd>
<dt>${say(view, 'placedAt')}</dt><dd>${dateTime(view, order.placedAtMs)}</dd>
<dt>${say(view, 'total')}</dt><dd>${money(order.amount)}</dd>
${stateOf(order) === 'paid' && order.wallet !== null && html`<dt>${say(view, 'paidWith')}</dt><dd><b class="wallet ${wallet === undefined ? '' : order.wallet}">${wallet === undefined ? order.wallet : pick(view, wallet)}</b></dd>`}
${unplaced.length > 0 && html`<dt>${say(view, 'refundAutomatic')}</dt><dd><ul class="refunds">${unplaced.map((refund) => refundLine(view, refund))}</ul></dd>`}`;
}

const EVENTS_SHOWN_MAX = 20;

function log(view: View, order: Order): Html {
  if (order.events.length === 0) return html`<li class="none">${say(view, 'logEmpty')}</li>`;
  return html`${order.events
    .slice(-EVENTS_SHOWN_MAX)
    .toReversed()
    .map(
      (event) =>
        html`<li class="${event.effect}"><code>${event.type}</code><small>v${event.version} · ${say(view, event.effect)} · ${dateTime(view, event.receivedAtMs)}</small></li>`,
    )}`;
}

export function ordersPage(view: View, orders: readonly Order[]): string {
  const title = say(view, 'orders');
  const body =
    orders.length === 0
      ? emptyState(say(view, 'ordersEmpty'), say(view, 'ordersEmptyMore'), {
          href: home(view),
          label: say(view, 'browse'),
        })
      : html`<h1 class="title">${title}</h1><div class="orders">${orders.map((order) => orderCard(view, order))}</div>`;
  return page(view, { title, body, tab: 'orders' });
}

function orderCard(view: View, order: Order): Html {
  const state = stateOf(order);
  const refund = order.refunds.at(-1);
  const items = order.parts.flatMap((part) => part.items);
  const refundKey = refund === undefined ? undefined : REFUND_TEXTS[refund.status];
  return html`<a class="card order" href="${home(view)}/orders/${order.no}">
<header><span>${dateTime(view, order.placedAtMs)}</span><small class="mono">${order.no}</small><b class="badge ${state}">${TEXTS[state][view.locale]}</b></header>
<div><div class="thumbs">${items
    .slice(0, 4)
    .map(
      (item) => html`<img src="/assets/p/${item.productId}.svg" alt="" width="64" height="64">`,
    )}</div>
<p><span>${order.parts.map((part) => pick(view, part.sellerName)).join(' · ')}</span>${refundKey !== undefined && html`<small>${say(view, refundKey)}</small>`}</p>
<strong>${money(order.amount)}</strong></div></a>`;
}
