/**
 * One buyer, one press: a fresh browser context opens the cashier (in two tabs, where the
 * combination says so), presses a wallet whose own page the buyer must go to, and is watched until
 * it is there. The press is answered late, so that the live update comes before the redirect in
 * some combinations and after it in others.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import type { Marketplace } from '../helpers/api.ts';
import type { DelayingProxy } from './delaying-proxy.ts';

export interface Combination {
  readonly wallet: string;
  readonly product: string;
  readonly width: 'desktop' | 'phone';
  readonly hasSecondTab: boolean;
  readonly delayMs: number;
}

export interface Outcome {
  /** The tab that was clicked did not reach the wallet's page. */
  readonly isStuck: boolean;
  /** The tab that did not press went to the wallet, or tried to. */
  readonly isOtherMoved: boolean;
  /** What the browser complained of, and where the buyer was left. */
  readonly note: string;
}

/** Both lead through a form, which only a document made for it may post (CSP). */
const WAYS = [
  { wallet: 'alipay', product: 'page' },
  { wallet: 'unionpay', product: 'web' },
] as const;
const WIDTHS = ['desktop', 'phone'] as const;
const DELAYS_MS = [0, 100, 300, 400] as const;

/** 2 x 2 x 2 x 4 = 32. */
export const COMBINATIONS: readonly Combination[] = WAYS.flatMap((way) =>
  WIDTHS.flatMap((width) =>
    [false, true].flatMap((hasSecondTab) =>
      DELAYS_MS.map((delayMs) => ({ ...way, width, hasSecondTab, delayMs })),
    ),
  ),
);

export const nameOf = ({ wallet, product, width, hasSecondTab, delayMs }: Combination): string =>
  `${wallet}.${product}, ${width}, ${hasSecondTab ? 'two tabs' : 'one tab'}, answer +${delayMs} ms`;

export interface RaceStage {
  readonly browser: Browser;
  readonly proxy: DelayingProxy;
  readonly shop: Marketplace;
  readonly gatewayOrigin: string;
}

const VIEWPORTS = { desktop: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } };
/** After the live stream stands: as on a page that a buyer has read. */
const READ_MS = 100;
/** A fraction of a second on a quiet machine; who is stuck does not come in a minute either. */
const PATIENCE_MS = 15_000;
/** Chromium now and then never answers the end of a context. */
const CLOSING_MS = 5_000;
/**
 * A tab that navigates automatically does so on the next live update, which has arrived by then.
 */
const WATCH_MS = 600;

export async function race(stage: RaceStage, combination: Combination): Promise<Outcome> {
  const intent = await stage.shop.createIntent([8_800]);
  const pagePath = new URL(String(intent.cashier_url)).pathname;
  const address = `${stage.proxy.url}${pagePath}`;
  stage.proxy.delayPress(pagePath, combination.delayMs);
  const context = await openContext(stage.browser, combination);
  const complaints: string[] = [];
  context.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  try {
    const pressing = await openLive(context, address);
    const other = combination.hasSecondTab ? await openLive(context, address) : null;
    await pressing.waitForTimeout(READ_MS);
    const isAtWallet = (page: Page): boolean => originOf(page) === stage.gatewayOrigin;
    const tries = other === null ? [] : triesToLeave(other, stage.gatewayOrigin);
    await pressing.locator(buttonOf(combination)).click({ noWaitAfter: true });
    const arrived = await pressing
      .waitForURL(() => isAtWallet(pressing), { timeout: PATIENCE_MS, waitUntil: 'commit' })
      .then(() => true)
      .catch(() => false);
    if (other !== null) await other.waitForTimeout(WATCH_MS);
    const isOtherMoved = other !== null && (isAtWallet(other) || tries.length > 0);
    const left = arrived ? [] : [await screenOf(pressing)];
    const note = [new URL(pressing.url()).pathname, ...left, ...complaints].join(' | ');
    return { isStuck: !arrived, isOtherMoved, note };
  } finally {
    await closeContext(context);
  }
}

export async function closeContext(context: BrowserContext): Promise<void> {
  await Promise.race([context.close(), sleep(CLOSING_MS, undefined, { ref: false })]);
}

/** Where a buyer who did not get there was left. */
function screenOf(page: Page): Promise<string> {
  const look = page
    .evaluate('[document.readyState, { ...document.querySelector("main")?.dataset }]')
    .then((found) => JSON.stringify(found))
    .catch((error: unknown) => String(error));
  return Promise.race([look, sleep(CLOSING_MS, 'the page does not answer', { ref: false })]);
}

function openContext(browser: Browser, { width }: Combination): Promise<BrowserContext> {
  return browser.newContext({
    locale: 'zh-CN',
    viewport: VIEWPORTS[width],
    // The desktop site on a phone: by a phone's User-Agent Alipay would offer wap instead of page.
    hasTouch: width === 'phone',
  });
}

/** With its live stream open. */
async function openLive(context: BrowserContext, address: string): Promise<Page> {
  const page = await context.newPage();
  const stream = page.waitForResponse((response) => response.url().includes('/events'));
  await page.goto(address);
  await stream;
  return page;
}

/** As a buyer finds it: the button of the form that names this wallet and this way. */
export function buttonOf({ wallet, product }: Pick<Combination, 'wallet' | 'product'>): string {
  const has = (name: string, value: string) => `:has(input[name=${name}][value=${value}])`;
  return `form${has('wallet', wallet)}${has('product', product)} button`;
}

/** Requests to the wallet, and posts to it that the browser had to forbid. */
function triesToLeave(page: Page, origin: string): string[] {
  const tries: string[] = [];
  page.on('request', (request) => {
    if (new URL(request.url()).origin === origin) tries.push(request.url());
  });
  page.on('console', (message) => {
    if (message.text().includes(origin)) tries.push(message.text());
  });
  return tries;
}

function originOf(page: Page): string | null {
  return URL.canParse(page.url()) ? new URL(page.url()).origin : null;
}
