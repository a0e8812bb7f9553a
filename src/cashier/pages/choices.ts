/**
 * The wallet choices: rows of one form and weight, in the offered order, none preselected
 * (neutrality). Each choice posts its own attempt id; if the wallet must first identify the payer,
 * it is a link, since a form may not be redirected to another host (CSP).
 */

import { yuanText } from '../../kernel/money.ts';
import { type Html, html } from '../html.ts';
import type { CashierModel, Choice, WalletRow } from '../model.ts';
import type { Texts } from '../texts.ts';
import { CHEVRON, walletMark } from './marks.ts';

export function choiceList(model: CashierModel, texts: Texts, path: string): Html {
  const painter = { texts, path, start: model.start };
  return html`<ul class="wallets">${model.rows.map((row) => walletRow(row, painter))}</ul>
${withheldLines(model, texts)}`;
}

interface ChoicePainter {
  readonly texts: Texts;
  readonly path: string;
  /** The page's script submits this choice automatically, once. */
  readonly start: Choice | null;
}

function walletRow(row: WalletRow, painter: ChoicePainter): Html {
  const { texts } = painter;
  const face = html`${walletMark(row.wallet)}<span class="name"><b>${texts.wallets[row.wallet]}</b> <small>${hintOf(row.first, texts)}</small></span>${CHEVRON}`;
  return html`<li>${control(row.first, { ...painter, style: 'wallet', face })}${row.others.map(
    (other) => {
      const way = html`${texts.otherWay(hintOf(other, texts))}`;
      return control(other, { ...painter, style: 'other', face: way });
    },
  )}</li>`;
}

/** Under interconnection the buyer's own app scans another wallet's code. */
function hintOf({ wallet, payerWallet, product }: Choice, texts: Texts): string {
  return wallet === payerWallet
    ? texts.hint(product, wallet)
    : texts.scansCodeOf(texts.apps[payerWallet], texts.wallets[wallet]);
}

function control(
  choice: Choice,
  painter: ChoicePainter & { readonly style: string; readonly face: Html },
): Html {
  const { wallet, payerWallet, product, attemptId } = choice;
  const { style, face, path } = painter;
  const start = choice === painter.start ? html` data-start="${attemptId}"` : null;
  const payer =
    payerWallet === wallet
      ? null
      : html`<input type="hidden" name="payer_wallet" value="${payerWallet}">`;
  if (choice.needsPayer) {
    return html`<a class="${style}" href="${path}/payer?wallet=${wallet}&amp;product=${product}"${start}>${face}</a>`;
  }
  return html`<form method="post" action="${path}/attempts"><input type="hidden" name="wallet" value="${wallet}"><input type="hidden" name="product" value="${product}">${payer}<button class="${style}" name="attempt" value="${attemptId}"${start}>${face}</button></form>`;
}

function withheldLines(model: CashierModel, texts: Texts): Html | null {
  if (model.withheld.length === 0) return null;
  return html`<p class="quiet">${model.withheld.map(
    ({ wallet, reason }) => html`${texts.withheld[reason](texts.wallets[wallet])} `,
  )}</p>`;
}

/** "Pay another way" below an open attempt. */
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

/** 找人代付: a link for another person to pay. */
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
