/** The screens of a finished payment: paid, refunded, expired, canceled, being checked. */

import { yuanText } from '../../kernel/money.ts';
import { type Html, html } from '../html.ts';
import type { CashierModel, RefundSummary, Screen } from '../model.ts';
import type { Texts } from '../texts.ts';
import { SIGNS } from './marks.ts';
import { detail, returnedSection, timeDetail } from './order.ts';

export function succeededTitle(refund: RefundSummary, texts: Texts): string {
  if (refund.state === 'full') return texts.refundFullTitle;
  return refund.state === 'partial' && refund.doneFen > 0n
    ? texts.refundPartTitle
    : texts.succeededTitle;
}

export function succeededScreen(
  model: CashierModel,
  texts: Texts,
  screen: Extract<Screen, { kind: 'succeeded' }>,
): Html {
  const payee = model.payees.map(({ name }) => name).join(texts.listJoin);
  const wallet = screen.wallet === null ? null : texts.wallets[screen.wallet];
  // A buyer who paid twice or was refunded gets time to read it.
  const isAllSaid = screen.refund.state === 'none' && model.returned.length === 0;
  return html`${screen.refund.state === 'full' ? SIGNS.over : SIGNS.done}<h1>${succeededTitle(screen.refund, texts)}</h1>
<p class="total">${yuanText(model.amountFen)}</p>
${model.kind === 'friend' ? html`<p>${texts.succeededFriend}</p>` : null}
${refundNote(screen.refund, texts)}${returnedSection(model, texts)}
<dl>${detail(texts.paidWith, wallet)}${detail(texts.payee, payee)}${detail(texts.goods, model.description)}${detail(texts.orderNo, screen.orderNo)}${timeDetail(texts.paidAt, screen.paidAtMs, texts)}</dl>
${returnButton(model, texts, { isSoon: isAllSaid })}`;
}

function refundNote(refund: RefundSummary, texts: Texts): Html | null {
  if (refund.state === 'none') return null;
  const done = refund.doneFen === 0n ? null : texts.refundDone(yuanText(refund.doneFen));
  const left = refund.pendingFen === 0n ? null : texts.refundPending(yuanText(refund.pendingFen));
  return html`<div class="note info"><p>${done} ${left}</p></div>`;
}

type Ended = 'expired' | 'canceled' | 'conflicted';

function endedTexts(kind: Ended, texts: Texts): { readonly title: string; readonly help: string } {
  return {
    expired: { title: texts.expiredTitle, help: texts.expiredHelp },
    canceled: { title: texts.canceledTitle, help: texts.canceledHelp },
    conflicted: { title: texts.conflictedTitle, help: texts.conflictedHelp },
  }[kind];
}

export function endedTitle(kind: Ended, texts: Texts): string {
  return endedTexts(kind, texts).title;
}

export function endedScreen(model: CashierModel, texts: Texts, kind: Ended): Html {
  const { title, help } = endedTexts(kind, texts);
  return html`${kind === 'conflicted' ? SIGNS.care : SIGNS.over}<h1>${title}</h1>
<p>${help}</p>
${returnedSection(model, texts)}
${returnButton(model, texts, { isSoon: false })}`;
}

function returnButton(
  model: CashierModel,
  texts: Texts,
  more: { readonly isSoon: boolean },
): Html | null {
  if (model.returnUrl === null) return null;
  const soon = more.isSoon
    ? html`<p class="quiet" data-script hidden>${texts.returnSoon}</p>`
    : null;
  return html`<p><a class="primary" href="${model.returnUrl}" ${more.isSoon ? html`data-return="${model.intent}"` : null}>${texts.returnButton}</a></p>${soon}`;
}
