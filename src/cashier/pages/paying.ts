/**
 * The screens of an open payment: choose a wallet, pay in it, wait for its report. A page with an
 * open attempt always includes its next_action as a data block.
 */

import { yuanText } from '../../kernel/money.ts';
import { type Html, html, jsonScript } from '../html.ts';
import type { CashierModel, OpenAttempt, Screen } from '../model.ts';
import { qrSvg } from '../qr.ts';
import type { Texts } from '../texts.ts';
import { choiceList, friendSection, switchSection } from './choices.ts';
import { CHEVRON, SIGNS, walletMark } from './marks.ts';
import { walletForm } from './wallet-form.ts';

type ScreenOf<K extends Screen['kind']> = Extract<Screen, { kind: K }>;

export interface Painter {
  readonly model: CashierModel;
  readonly texts: Texts;
  readonly path: string;
}

export function chooseScreen(painter: Painter, screen: ScreenOf<'choose'>): Html {
  const { model, texts, path } = painter;
  const hasRows = model.rows.length > 0;
  return html`${failedNote(screen.failed, texts)}<h1>${hasRows ? texts.chooseTitle : texts.chooseNone}</h1>
${hasRows ? null : html`<p>${texts.chooseNoneHelp}</p>`}
${choiceList(model, texts, path)}
${friendSection(model, texts)}`;
}

function failedNote(failed: ScreenOf<'choose'>['failed'], texts: Texts): Html | null {
  if (failed === null) return null;
  const { message, isUnusable } = failed;
  const says = message === null ? null : html`<br>${texts.failedSays(message)}`;
  const wallet = texts.wallets[failed.wallet];
  const title = isUnusable ? texts.unusableTitle(wallet) : texts.failedTitle(wallet);
  const help = isUnusable ? texts.unusableHelp : texts.failedHelp;
  return html`<div class="note warn" role="alert"><p><strong>${title}</strong>${says}<br>${help}</p></div>
`;
}

export function waitingTitle(attempt: OpenAttempt, texts: Texts): string {
  const wallet = texts.wallets[attempt.payerWallet];
  switch (attempt.action.type) {
    case 'qr_code':
      return texts.scanTitle(texts.apps[attempt.payerWallet]);
    case 'redirect':
    case 'form':
      return texts.goTitle(wallet);
    case 'invoke':
      return texts.bridgeTitle(wallet);
  }
}

export function waitingScreen(painter: Painter, attempt: OpenAttempt): Html {
  const { model, texts, path } = painter;
  const wallet = texts.wallets[attempt.payerWallet];
  const progress = html`<p class="state"><span class="dot" aria-hidden="true"></span><span data-state data-confirming="${texts.confirming(wallet)}">${texts.waiting}</span></p>
${refreshLink(texts, path)}`;
  return html`<h1>${walletMark(attempt.payerWallet, 'mark lead')}<span>${waitingTitle(attempt, texts)}</span></h1>
${nextStep(painter, attempt, progress)}
${nextActionBlock(attempt)}
${switchSection(model, texts, { path, current: wallet })}
${friendSection(model, texts)}`;
}

function nextStep(painter: Painter, attempt: OpenAttempt, progress: Html): Html {
  const { model, texts } = painter;
  const { action } = attempt;
  const wallet = texts.wallets[attempt.payerWallet];
  const app = texts.apps[attempt.payerWallet];
  const label = texts.goButton(wallet, yuanText(model.amountFen));
  switch (action.type) {
    case 'qr_code': {
      const code = qrSvg(action.code, texts.qrLabel(wallet, yuanText(model.amountFen)));
      if (code === null) return html`<p class="note warn">${texts.qrFailed}</p>`;
      const steps = texts.scanSteps(app).split('\n');
      return html`<div class="scan"><div class="code">${code}<p class="codeamount">${yuanText(model.amountFen)}</p></div><div class="steps"><ol>${steps.map((step) => html`<li><span>${step}</span></li>`)}</ol>${sharedCode(attempt, texts)}${progress}</div></div>`;
    }
    case 'redirect':
      return html`<p>${texts.goHelp(app)}</p><p><a class="primary" href="${action.url}" data-go>${label}</a></p>${progress}`;
    case 'form':
      return html`<p>${texts.goHelp(app)}</p>${walletForm(action, { label, mark: 'data-go' })}${progress}`;
    case 'invoke':
      return html`<p data-script hidden>${texts.bridgeHelp}</p><noscript><p class="note warn">${texts.bridgeNoScript}</p></noscript><p><button type="button" class="primary" data-script data-go="${attempt.wallet}" data-failed="${texts.bridgeFailed}" hidden>${label}</button></p>${progress}`;
  }
}

/** Shown if the code is another wallet's, so that the buyer does not take it for a mistake. */
function sharedCode({ wallet, payerWallet }: OpenAttempt, texts: Texts): Html | null {
  if (wallet === payerWallet) return null;
  return html`<p class="quiet">${texts.sharedCode(texts.apps[payerWallet], texts.wallets[wallet])}</p>`;
}

/** Read by this page's script and by the wallet's app: the buyer's next action. */
function nextActionBlock(attempt: OpenAttempt | null): Html | null {
  return attempt === null ? null : jsonScript('next-action', attempt.action);
}

export function elsewhereScreen(painter: Painter, attempt: OpenAttempt): Html {
  const { model, texts, path } = painter;
  const wallet = texts.wallets[attempt.payerWallet];
  return html`<h1>${walletMark(attempt.payerWallet, 'mark lead')}<span>${texts.elsewhereTitle(wallet)}</span></h1>
<p>${texts.elsewhereHelp}</p>
<p class="state"><span class="dot" aria-hidden="true"></span><span data-state data-confirming="${texts.confirming(wallet)}">${texts.waiting}</span></p>
${nextActionBlock(attempt)}
${switchSection(model, texts, { path, current: wallet })}
${friendSection(model, texts)}`;
}

export function processingScreen(
  painter: Painter,
  screen: ScreenOf<'processing'>,
  attempt: OpenAttempt | null,
): Html {
  const { model, texts, path } = painter;
  const wallet = screen.wallet === null ? model.marketplaceName : texts.wallets[screen.wallet];
  return html`${SIGNS.wait}<h1>${texts.processingTitle}</h1>
<p class="state"><span class="dot" aria-hidden="true"></span><span>${texts.processingHelp(wallet)}</span></p>
<p class="quiet">${texts.processingTwice}</p>
${refreshLink(texts, path)}
${nextActionBlock(attempt)}
${
  model.rows.length === 0
    ? null
    : html`<details class="friend" id="more"><summary>${texts.switchTitle}${CHEVRON}</summary>
<p>${texts.switchHelp(wallet)}</p>${choiceList(model, texts, path)}</details>`
}`;
}

export function closingScreen(painter: Painter, screen: ScreenOf<'closing'>): Html {
  const { texts, path } = painter;
  const why = screen.reason === 'expired' ? texts.closingExpired : texts.closingCanceled;
  return html`${SIGNS.wait}<h1>${texts.closingTitle}</h1>
<p class="state"><span class="dot" aria-hidden="true"></span><span>${why}</span></p>
<p>${texts.closingPaid}</p>
${refreshLink(texts, path)}`;
}

function refreshLink(texts: Texts, path: string): Html {
  return html`<p><a class="plain" href="${path}" data-refresh>${texts.refresh}</a></p>`;
}
