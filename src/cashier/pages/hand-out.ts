/**
 * The page on the way to a wallet whose form is created at the click: the script posts it at once,
 * and creates it anew for a later press; without script the button posts it, and the page reloads
 * itself. Also the page that says why there is no form any more.
 */

import type { HandOutRefusal } from '../../flows/payment/hand-out.ts';
import { type Fen, yuanText } from '../../kernel/money.ts';
import type { FormAction, WalletName } from '../../kernel/wallet-names.ts';
import { html, jsonScript } from '../html.ts';
import { SIGNS, walletMark } from './marks.ts';
import { type PageContext, renderPage } from './page.ts';
import { walletForm } from './wallet-form.ts';

/** A form states the order's remaining time, so it must never be older than this. */
const RENEW_SECONDS = 20;

interface HandOutFacts {
  readonly marketplaceName: string;
  readonly wallet: WalletName;
  readonly amountFen: Fen;
}

export function handOutPage(
  context: PageContext,
  page: HandOutFacts & { readonly form: FormAction },
): string {
  const { texts } = context;
  const wallet = texts.wallets[page.wallet];
  const title = texts.goTitle(wallet);
  const label = texts.goButton(wallet, yuanText(page.amountFen));
  return renderPage(context, {
    title: `${title} · ${page.marketplaceName}`,
    heading: `${page.marketplaceName} ${texts.cashier}`,
    body: html`<div class="single"><div class="card pay"><h1>${walletMark(page.wallet, 'mark lead')}<span>${title}</span></h1>
<p class="total">${yuanText(page.amountFen)}</p>
<p>${texts.goHelp(texts.apps[page.wallet])}</p>${walletForm(page.form, { label, mark: 'data-hand-out' })}
${jsonScript('next-action', page.form)}</div></div>`,
    data: { 'data-screen': 'hand-out', 'data-title': title },
    refreshSeconds: RENEW_SECONDS,
  });
}

export function handOutOverPage(
  context: PageContext,
  page: HandOutFacts & { readonly refusal: HandOutRefusal; readonly backPath: string },
): string {
  const { texts } = context;
  const { title, help } = texts.handOutOver[page.refusal];
  const sign = page.refusal === 'paid' ? SIGNS.done : SIGNS.over;
  return renderPage(context, {
    title: `${title} · ${page.marketplaceName}`,
    heading: `${page.marketplaceName} ${texts.cashier}`,
    body: html`<div class="single"><div class="card pay">${sign}<h1>${title}</h1>
<p class="total">${yuanText(page.amountFen)}</p>
<p>${help}</p>
<p><a class="plain" href="${page.backPath}">${texts.backToPayment}</a></p></div></div>`,
    data: { 'data-screen': page.refusal === 'left' ? 'closed' : page.refusal, 'data-title': title },
  });
}
