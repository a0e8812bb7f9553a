/**
 * A buyer is never stuck: half of the combinations of `npm run cashier-race` once, and what a press
 * leaves behind in the other tab and in a browser without script.
 */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buttonOf, COMBINATIONS, closeContext, nameOf, race } from '../cashier-race/race.ts';
import { type OpenRaceStage, openRaceStage } from '../cashier-race/stage.ts';
import { missingForBrowser } from './shopper.ts';

const missing = missingForBrowser();
if (missing !== null) process.stderr.write(`test/e2e is SKIPPED: ${missing}\n`);

/** Every way, width and number of tabs, each with two of the four delays. */
const TESTED = COMBINATIONS.filter(
  (_, index) => index % 2 === (index < COMBINATIONS.length / 2 ? 0 : 1),
);

describe.skipIf(missing !== null)('a press and a live update at the same time', () => {
  let stage: OpenRaceStage;
  beforeAll(async () => {
    stage = await openRaceStage();
  });
  afterAll(async () => {
    await stage?.close();
  });

  for (const combination of TESTED) {
    const id = combination.hasSecondTab ? 'B2' : 'B1';
    it(`${id}: ${nameOf(combination)}: the tab that pressed is at the wallet, no other is`, async () => {
      const { isStuck, isOtherMoved, note } = await race(stage, combination);
      expect({ isStuck, isOtherMoved }, note).toEqual({ isStuck: false, isOtherMoved: false });
    });
  }

  const ALIPAY = { wallet: 'alipay', product: 'page' } as const;

  async function cashierAddress(): Promise<string> {
    const intent = await stage.shop.createIntent([8_800]);
    return `${stage.proxy.url}${new URL(String(intent.cashier_url)).pathname}`;
  }

  const atWallet = (page: Page): Promise<void> =>
    page.waitForURL((url) => url.origin === stage.gatewayOrigin, { waitUntil: 'commit' });

  it('B2: the tab that did not press shows the way on, and its button leads there', async () => {
    const address = await cashierAddress();
    const context = await stage.browser.newContext({ locale: 'zh-CN' });
    try {
      const [pressing, other] = [await context.newPage(), await context.newPage()];
      await pressing.goto(address);
      await other.goto(address);
      await pressing.locator(buttonOf(ALIPAY)).click({ noWaitAfter: true });
      await atWallet(pressing);
      const button = other.getByRole('button', { name: '用支付宝付款 ¥88.00' });
      await button.waitFor();
      await button.click({ noWaitAfter: true });
      await atWallet(other);
    } finally {
      await closeContext(context);
    }
  });

  it('B1: a second press before the answer to the first leads to the wallet all the same', async () => {
    const address = await cashierAddress();
    stage.proxy.delayPress(new URL(address).pathname, 400);
    const context = await stage.browser.newContext({ locale: 'zh-CN' });
    try {
      const page = await context.newPage();
      await page.goto(address);
      await page.locator(buttonOf(ALIPAY)).dblclick({ noWaitAfter: true });
      await atWallet(page);
    } finally {
      await closeContext(context);
    }
  });

  it('B1: back from the wallet the buyer stays, and the button leads there again', async () => {
    const address = await cashierAddress();
    const context = await stage.browser.newContext({ locale: 'zh-CN' });
    try {
      const page = await context.newPage();
      await page.goto(address);
      await page.locator(buttonOf(ALIPAY)).click({ noWaitAfter: true });
      // Chromium answers no question of history between a commit and the page that it brings.
      await page.waitForURL((url) => url.origin === stage.gatewayOrigin);
      await page.goBack({ waitUntil: 'commit' });
      const button = page.getByRole('button', { name: '用支付宝付款 ¥88.00' });
      await button.waitFor();
      await page.waitForTimeout(500);
      expect(new URL(page.url()).pathname).toBe(new URL(address).pathname);
      await button.click({ noWaitAfter: true });
      await atWallet(page);
    } finally {
      await closeContext(context);
    }
  });

  it('B1: without script two presses lead to the wallet', async () => {
    const address = await cashierAddress();
    const context = await stage.browser.newContext({ locale: 'zh-CN', javaScriptEnabled: false });
    try {
      const page = await context.newPage();
      await page.goto(address);
      await page.locator(buttonOf(ALIPAY)).click();
      await page.getByRole('button', { name: '用支付宝付款 ¥88.00' }).click();
      await atWallet(page);
    } finally {
      await closeContext(context);
    }
  });
});
