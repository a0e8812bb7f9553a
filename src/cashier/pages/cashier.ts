/** The cashier page of one payment: selects the screen, and adds order, notices and frame. */

import { unreachable } from '../../kernel/assert.ts';
import { type Html, html } from '../html.ts';
import type { CashierModel, OpenAttempt } from '../model.ts';
import type { Texts } from '../texts.ts';
import { endedScreen, endedTitle, succeededScreen, succeededTitle } from './ended.ts';
import { orderSection, returnedSection } from './order.ts';
import { type PageContext, renderPage } from './page.ts';
import {
  chooseScreen,
  closingScreen,
  elsewhereScreen,
  type Painter,
  processingScreen,
  waitingScreen,
  waitingTitle,
} from './paying.ts';

const REFRESH_SECONDS = 5;

export interface CashierPage extends PageContext {
  readonly path: string;
  readonly model: CashierModel;
  /** Included as a data block whenever an attempt is open. */
  readonly attempt: OpenAttempt | null;
}

export function cashierPage(page: CashierPage): string {
  const { model, texts } = page;
  const title = screenTitle(model, texts);
  return renderPage(page, {
    title: `${title} · ${model.marketplaceName}`,
    heading: `${model.marketplaceName} ${texts.cashier}`,
    body: body(page),
    data: {
      'data-screen': model.screen.kind,
      'data-title': title,
      'data-version': model.version.toString(),
      ...(model.live ? { 'data-live': '1' } : {}),
      ...(isCounting(model) ? { 'data-left': model.remainingMs.toString() } : {}),
      ...waitingData(model),
    },
    refreshSeconds: model.live && model.screen.kind !== 'choose' ? REFRESH_SECONDS : null,
  });
}

/** `data-leaves`: this choice leaves the page, so it must be in a document of its own. */
function waitingData({ screen }: CashierModel): Readonly<Record<`data-${string}`, string>> {
  if (screen.kind !== 'waiting') return {};
  const { id, action, startedHere } = screen.attempt;
  const leaves = action.type === 'form' || action.type === 'redirect';
  return {
    ...(startedHere ? { 'data-auto': id } : {}),
    ...(leaves ? { 'data-leaves': id } : {}),
  };
}

/** Only where the expiry changes what the page shows. */
function isCounting(model: CashierModel): boolean {
  return model.remainingMs > 0 && isOpen(model);
}

function isOpen(model: CashierModel): boolean {
  return ['choose', 'waiting', 'elsewhere', 'processing'].includes(model.screen.kind);
}

function body(page: CashierPage): Html {
  const { model, texts } = page;
  const notice =
    model.notice === null
      ? null
      : html`<div class="note warn" role="alert"><p>${texts.notices[model.notice]}</p></div>`;
  const friend =
    model.kind === 'friend' && isOpen(model)
      ? html`<div class="note info"><p><strong>${texts.friendBanner}</strong> ${texts.friendBannerHelp}</p></div>`
      : null;
  // The screens of a finished payment list them themselves, below the result.
  const returned =
    isOpen(model) || model.screen.kind === 'closing' ? returnedSection(model, texts) : null;
  const paying = html`<div class="card pay">${notice}${friend}${returned}${screenBody(page)}</div>`;
  return isOpen(model)
    ? html`<div class="split">${orderSection(model, texts)}${paying}</div>`
    : html`<div class="single">${paying}</div>`;
}

function screenBody(page: CashierPage): Html {
  const { model, texts } = page;
  const painter: Painter = { model, texts, path: page.path };
  const { screen } = model;
  switch (screen.kind) {
    case 'choose':
      return chooseScreen(painter, screen);
    case 'waiting':
      return waitingScreen(painter, screen.attempt);
    case 'elsewhere':
      return elsewhereScreen(painter, screen.attempt);
    case 'processing':
      return processingScreen(painter, screen, page.attempt);
    case 'closing':
      return closingScreen(painter, screen);
    case 'succeeded':
      return succeededScreen(model, texts, screen);
    case 'expired':
    case 'canceled':
    case 'conflicted':
      return endedScreen(model, texts, screen.kind);
    default:
      return unreachable(screen);
  }
}

function screenTitle(model: CashierModel, texts: Texts): string {
  const { screen } = model;
  switch (screen.kind) {
    case 'choose':
      return model.rows.length > 0 ? texts.chooseTitle : texts.chooseNone;
    case 'waiting':
      return waitingTitle(screen.attempt, texts);
    case 'elsewhere':
      return texts.elsewhereTitle(texts.wallets[screen.attempt.wallet]);
    case 'processing':
      return texts.processingTitle;
    case 'closing':
      return texts.closingTitle;
    case 'succeeded':
      return succeededTitle(screen.refund, texts);
    case 'expired':
    case 'canceled':
    case 'conflicted':
      return endedTitle(screen.kind, texts);
    default:
      return unreachable(screen);
  }
}
