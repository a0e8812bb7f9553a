/**
 * The page behind a printed code: the payee, and a field for the amount. The field works without
 * script; the keypad appears only with it. Input with an error is shown again with the message.
 */
import type { AmountProblem } from '../../core/merchant/counter.ts';
import { type Html, html } from '../html.ts';
import type { Texts } from '../texts.ts';
import { SIGNS } from './marks.ts';
import { type PageContext, renderPage } from './page.ts';

export interface CounterPage extends PageContext {
  readonly path: string;
  readonly marketplaceName: string;
  readonly merchantName: string;
  readonly counterName: string;
  /** The previous input, unchanged. */
  readonly typed: string;
  readonly problem: AmountProblem | 'order_changed' | null;
  /** Submitted with the amount: the same page submitted twice is one order. */
  readonly visit: string;
}

const KEYS = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '.', '0', '⌫'] as const;

export function counterPage(page: CounterPage): string {
  const { texts, path, merchantName } = page;
  const field = html`<div class="typed"><span aria-hidden="true">¥</span><input id="amount" name="amount" type="text" inputmode="decimal" enterkeyhint="go" autocomplete="off" maxlength="16" placeholder="0.00" value="${page.typed}" aria-describedby="problem cap" ${page.problem === null ? null : html`aria-invalid="true"`} autofocus required></div>`;
  return renderPage(page, {
    title: `${texts.counterTitle(merchantName)} · ${page.marketplaceName}`,
    heading: `${page.marketplaceName} ${texts.cashier}`,
    body: html`<div class="single"><form class="card pay counter" method="post" action="${path}">
<h1>${texts.counterTitle(merchantName)}</h1>
<p class="quiet">${page.counterName}</p>
<label for="amount">${texts.counterAmount}</label>
${field}
<p id="problem" class="problem" ${page.problem === null ? null : html`role="alert"`}>${page.problem === null ? null : texts.counterProblems[page.problem]}</p>
${keypad(texts)}
<input type="hidden" name="visit" value="${page.visit}">
<p><button class="primary">${texts.counterGo}</button></p>
<p id="cap" class="quiet">${texts.counterCap}</p>
</form></div>`,
  });
}

function keypad(texts: Texts): Html {
  return html`<div class="keys" role="group" aria-label="${texts.counterKeys}" data-keys hidden>${KEYS.map(
    (key) =>
      html`<button type="button" data-key="${key}" ${key === '⌫' ? html`aria-label="${texts.counterErase}"` : null}>${key}</button>`,
  )}</div>`;
}

/** A disabled or unknown code. */
export function counterClosedPage(
  context: PageContext,
  names: { readonly marketplaceName: string; readonly merchantName: string },
): string {
  const { texts } = context;
  return renderPage(context, {
    title: texts.counterClosedTitle,
    heading: `${names.marketplaceName} ${texts.cashier}`,
    body: html`<div class="single"><div class="card pay">${SIGNS.over}<h1>${texts.counterClosedTitle}</h1>
<p>${texts.counterClosedHelp(names.merchantName)}</p></div></div>`,
    data: { 'data-screen': 'counter-closed' },
  });
}
