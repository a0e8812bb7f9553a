/** What is being paid: payees, goods, amount and expiry. The same on every screen. */
import { yuanText } from '../../kernel/money.ts';
import { dateTimeText, deadlineText } from '../format.ts';
import { type Html, html } from '../html.ts';
import type { CashierModel, ReturnedPayment } from '../model.ts';
import type { Texts } from '../texts.ts';

export function orderSection(model: CashierModel, texts: Texts): Html {
  return html`<section class="card order" aria-labelledby="order">
<h2 id="order" class="unseen">${texts.orderTitle}</h2>
<p class="amount"><span>${texts.amountDue}</span><strong>${yuanText(model.amountFen)}</strong></p>
${deadline(model, texts)}<dl>${payees(model, texts)}<div><dt>${texts.goods}</dt><dd>${model.description}</dd></div></dl>
</section>`;
}

function deadline(model: CashierModel, texts: Texts): Html | null {
  if (model.remainingMs === 0) return null;
  const iso = new Date(model.expiresAtMs).toISOString();
  const before = texts.payBefore(deadlineText(model.expiresAtMs, model.remainingMs));
  return html`<p class="deadline"><time datetime="${iso}">${before}</time> <span class="left" data-script hidden>${texts.timeLeft} <b role="timer" data-countdown></b></span></p>
`;
}

function payees(model: CashierModel, texts: Texts): Html {
  const [only, ...more] = model.payees;
  if (more.length === 0) {
    return html`<div><dt>${texts.payee}</dt><dd>${only?.name ?? model.marketplaceName}</dd></div>`;
  }
  return html`<div><dt>${texts.payee}</dt><dd><ul>${model.payees.map(
    ({ name, amountFen }) =>
      html`<li><span>${name}</span> <span>${yuanText(amountFen)}</span></li>`,
  )}</ul></dd></div>`;
}

/** The payments being refunded: which ones, and that the buyer need not do anything. */
export function returnedSection(model: CashierModel, texts: Texts): Html | null {
  if (model.returned.length === 0) return null;
  return html`<div class="note info">${model.returned.map((one) => returnedLine(one, texts))}</div>`;
}

function returnedLine(one: ReturnedPayment, texts: Texts): Html {
  const what = texts.returned[one.reason](texts.wallets[one.wallet], yuanText(one.amountFen));
  return html`<p><strong>${what}</strong> ${texts.returnedState[one.state]}</p>`;
}

export function detail(term: string, value: string | null): Html | null {
  return value === null ? null : html`<div><dt>${term}</dt><dd>${value}</dd></div>`;
}

export function timeDetail(term: string, unixMs: number | null, texts: Texts): Html | null {
  return detail(term, unixMs === null ? null : texts.zoned(dateTimeText(unixMs)));
}
