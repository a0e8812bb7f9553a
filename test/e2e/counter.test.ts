/**
 * A counter in a real browser on a really started demo: the printed code opens the page, the buyer
 * types an amount, and pays with Cloud QuickPass by the code that the cashier then shows, read off
 * the screen as a camera reads it.
 */
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { USER_AGENTS } from '../cashier/fixtures.ts';
import { Marketplace, Sandbox } from '../helpers/api.ts';
import { type DemoProcess, startOwnDemo } from './demo-process.ts';
import {
  CHROMIUM,
  CHROMIUM_ARGS,
  DESKTOP,
  missingForBrowser,
  openContext,
  readQr,
  walletButton,
} from './shopper.ts';

const missing = missingForBrowser();
if (missing !== null) process.stderr.write(`test/e2e is SKIPPED: ${missing}\n`);

describe.skipIf(missing !== null)('paying at a counter in a browser', { timeout: 180_000 }, () => {
  let demo: DemoProcess;
  let browser: Browser;
  let shop: Marketplace;

  beforeAll(async () => {
    demo = await startOwnDemo();
    const { taobao } = demo.file.marketplaces;
    shop = new Marketplace(demo.file.platform.url, taobao!.secret_key, taobao!.merchants);
    browser = await chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_ARGS });
  });
  afterAll(async () => {
    await browser?.close();
    expect(await demo?.stop()).toBe(true);
  });

  it.each([['unionpay', '请用云闪付扫码付款']])('%s', async (wallet, title) => {
    const path = `/v1/merchants/${shop.merchants[0]}/counters`;
    const counter = await shop.expect(201, 'POST', path, { name: `柜台 ${wallet}` });
    const context = await openContext(browser, 'zh', DESKTOP, { userAgent: USER_AGENTS.desktop });
    const page = await context.newPage();
    await page.goto(String(counter.url));
    await page.locator('#amount').fill('0.001');
    await page.locator('button.primary').click();
    await page.locator('[role=alert]', { hasText: '两位小数' }).waitFor();
    await page.locator('#amount').fill('12.50');
    await page.locator('button.primary').click();
    await walletButton(page, wallet).click();
    await page.locator('h1', { hasText: title }).waitFor();
    expect(await page.locator('.codeamount').textContent()).toBe('¥12.50');
    const code = await readQr(page, page.locator('.code svg'));
    const sandbox = new Sandbox(demo.file.sandbox.url);
    await sandbox.pay(await sandbox.scan(wallet, { type: 'qr_code', code }));
    await page.locator('h1', { hasText: '付款成功' }).waitFor();
    const paid = await shop.expect(200, 'GET', '/v1/payment_intents?limit=1');
    expect(paid.data).toMatchObject([
      { amount: 1250, status: 'succeeded', wallet, metadata: { counter: counter.id } },
    ]);
    await context.close();
  });
});
