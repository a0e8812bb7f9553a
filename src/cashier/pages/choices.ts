/**
 * The wallets to choose from: rows of one form and weight, in the order that was offered, none of
 * them chosen beforehand (neutrality). Each choice posts its own attempt id; where the wallet must
 * first say who pays, it is a link, since a form may not be redirected to another host (CSP).
 */

import { yuanText } from '../format.ts';
import { type Html, html } from '../html.ts';
import type { Texts } from '../texts.ts';
import type { CashierModel, Choice, WalletRow } from '../view.ts';
import { CHEVRON, walletMark } from './marks.ts';

export function choiceList(model: CashierModel, texts: Texts, path: string): Html {
  return html`<ul class="wallets">${model.rows.map((row) => walletRow(row, texts, path))}</ul>
${withheldLines(model, texts)}`;
}

function walletRow(row: WalletRow, texts: Texts, path: string): Html {
  const face = html`${walletMark(row.wallet)}<span class="name"><b>${texts.wallets[row.wallet]}</b> <small>${texts.hint(row.first.product, row.wallet)}</small></span>${CHEVRON}`;
  return html`<li>${control(row.first, 'wallet', face, path)}${row.others.map((other) =>
    control(other, 'other', html`${texts.otherWay(texts.hint(other.product, other.wallet))}`, path),
  )}</li>`;
}

function control(choice: Choice, style: string, face: Html, path: string): Html {
  const { wallet, product, attemptId } = choice;
  if (choice.needsPayer) {
    return html`<a class="${style}" href="${path}/payer?wallet=${wallet}&amp;product=${product}">${face}</a>`;
  }
  return html`<form method="post" action="${path}/attempts"><input type="hidden" name="wallet" value="${wallet}"><input type="hidden" name="product" value="${product}"><button class="${style}" name="attempt" value="${attemptId}">${face}</button></form>`;
}

function withheldLines(model: CashierModel, texts: Texts): Html | null {
  if (model.withheld.length === 0) return null;
  return html`<p class="quiet">${model.withheld.map(
    ({ wallet, reason }) => html`${texts.withheld[reason](texts.wallets[wallet])} `,
  )}</p>`;
}

/** "Pay another way" below an attempt that waits. */
export function switchSection(
  model: CashierModel,
  texts: Texts,
  more: { readonly path: string; readonly current: string | null },
): Html | null {
  if (model.rows.length === 0) return null;
  return html`<section class="switch" aria-labelledby="switch">
<h3 id="switch">${texts.switchTitle}</h3>
${more.current === null ? null : html`<p class="quiet">${texts.switchHelp(more.current)}</p>`}
${choiceList(model, texts, more.path)}
</section>`;
}

/** 找人代付: a link that another person pays by. */
export function friendSection(model: CashierModel, texts: Texts): Html | null {
  if (model.friendUrl === null) return null;
  const payee = model.payees.map(({ name }) => name).join(texts.listJoin);
  const share = texts.friendShare(payee, yuanText(model.amountFen), model.friendUrl);
  return html`<details class="friend" id="friend"><summary>${texts.friendTitle}${CHEVRON}</summary>
<p>${texts.friendHelp}</p>
<label class="unseen" for="share">${texts.friendLabel}</label>
<textarea id="share" rows="4" readonly spellcheck="false">${share}</textarea>
<p data-script hidden><button type="button" class="plain" data-copy="share" data-done="${texts.friendCopied}" data-failed="${texts.friendCopyFailed}">${texts.friendCopy}</button> <span role="status" data-copied></span></p>
</details>`;
}
