/**
 * Shoes of two sellers, bought in a real browser on a really started demo: on Taobao with WeChat
 * Pay by a QR code, on Tmall with Alipay by its page, in both languages; with Cloud QuickPass and
 * JD Pay by their codes, in one each; to a partial refund. Every step leaves a picture in
 * artefacts/e2e/.
 */
import fs from 'node:fs';
import path from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { USER_AGENTS } from '../cashier/fixtures.ts';
import { Sandbox } from '../helpers/api.ts';
import { type DemoProcess, ROOT, startOwnDemo } from './demo-process.ts';
import {
  addToCart,
  CHROMIUM,
  CHROMIUM_ARGS,
  checkOut,
  DESKTOP,
  type Language,
  missingForBrowser,
  openContext,
  PHONE,
  payOnPhone,
  readQr,
  scanOnPhone,
  walletButton,
} from './shopper.ts';

const OUT = path.join(ROOT, 'artefacts', 'e2e');
const PAY_TIMEOUT_MS = 45_000;
/** The wallet settles refunds in its own time; the city's clock is moved to it. */
const REFUND_SECONDS = 60;

const TEXTS = {
  zh: { paid: '付款成功', refunded: '已退款', home: '首页 · ', shoes: '鞋' },
  en: { paid: 'Paid', refunded: 'Refunded', home: 'Home · ', shoes: 'hoes' },
} as const;

/** Of the first two products below, in the order of the cart. */
const SELLERS = {
  taobao: ['胡同里鞋铺', '南山手作'],
  tmall: ['步云运动旗舰店', '青屿数码旗舰店'],
} as const;

const missing = missingForBrowser();
if (missing !== null) process.stderr.write(`test/e2e is SKIPPED: ${missing}\n`);

describe.skipIf(missing !== null)('buying shoes in a browser', () => {
  let demo: DemoProcess;
  let browser: Browser;
  const contexts: BrowserContext[] = [];
  const problems: string[] = [];

  beforeAll(async () => {
    fs.rmSync(OUT, { recursive: true, force: true });
    fs.mkdirSync(OUT, { recursive: true });
    demo = await startOwnDemo();
    browser = await chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_ARGS });
  });
  afterEach(async () => {
    for (const context of contexts.splice(0)) await context.close();
    expect(problems.splice(0)).toEqual([]);
  });
  afterAll(async () => {
    await browser?.close();
    expect(await demo?.stop()).toBe(true);
  });

  async function open(language: Language, viewport: typeof DESKTOP | typeof PHONE): Promise<Page> {
    const userAgent = USER_AGENTS[viewport === PHONE ? 'mobile' : 'desktop'];
    const context = await openContext(browser, language, viewport, { userAgent });
    contexts.push(context);
    const page = await context.newPage();
    page.setDefaultTimeout(PAY_TIMEOUT_MS);
    page.on('pageerror', (error) => problems.push(`${page.url()}: ${error.message}`));
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(`${page.url()}: ${message.text()}`);
    });
    return page;
  }

  function journey(name: string): (page: Page, step: string) => Promise<void> {
    let count = 0;
    return async (page, step) => {
      count += 1;
      const file = `${name}-${String(count).padStart(2, '0')}-${step}.png`;
      await page.screenshot({ path: path.join(OUT, file) });
    };
  }

  /** From the home page to the cashier's list of wallets. */
  async function shop(
    page: Page,
    marketplace: 'taobao' | 'tmall',
    products: readonly string[],
    language: Language,
    take: (page: Page, step: string) => Promise<void>,
  ): Promise<void> {
    const home = `${demo.file.bazaar.url}/${marketplace}`;
    for (const product of products) {
      await page.goto(home);
      expect(await page.title()).toContain(TEXTS[language].home);
      await take(page, 'home');
      await addToCart(page, product);
      await take(page, 'cart');
    }
    expect(await page.locator('section.group').count()).toBe(2);
    await checkOut(page);
    await page.waitForURL(`${demo.file.platform.url}/pay/**`);
    // Who is paid is who sells: the merchants' names as the wallets know them.
    const text = (await page.locator('body').textContent()) ?? '';
    for (const seller of SELLERS[marketplace]) expect(text).toContain(seller);
    await take(page, 'cashier');
  }

  /** The order's page: moved by webhook alone, then asked for a part of one seller's money back. */
  async function paidAndRefunded(
    page: Page,
    marketplace: string,
    language: Language,
    take: (page: Page, step: string) => Promise<void>,
  ): Promise<void> {
    await page.waitForURL(`${demo.file.bazaar.url}/${marketplace}/orders/*`);
    await page.locator('section.status.paid').waitFor();
    expect(await page.locator('section.status h1').textContent()).toBe(TEXTS[language].paid);
    expect(await page.locator('ol[data-live=log]').textContent()).toContain(
      'payment_intent.succeeded',
    );
    await take(page, 'order-paid');
    await page.locator('details.ask summary').last().click();
    const form = page.locator('form[action$="/refunds"]').last();
    await form.locator('input[name=amount]').fill('12.34');
    await form.locator('button').click();
    await page.locator('p.notice.good').waitFor();
    await take(page, 'refund-asked');
    await new Sandbox(demo.file.sandbox.url).advance(REFUND_SECONDS);
    const line = page.locator('ul.refunds li.good');
    await line.waitFor();
    expect(await line.textContent()).toContain('12.34');
    expect(await line.textContent()).toContain(TEXTS[language].refunded);
    await take(page, 'refunded');
  }

  /** From the list of wallets to the cashier's result: the code on the screen, scanned and paid. */
  async function payByCode(
    page: Page,
    wallet: string,
    language: Language,
    take: (page: Page, step: string) => Promise<void>,
  ): Promise<void> {
    await walletButton(page, wallet).click();
    const picture = page.locator('.code svg');
    await picture.waitFor();
    await take(page, 'qr');
    const shown = await readQr(page, picture);
    const action = JSON.parse((await page.locator('#next-action').textContent()) ?? '{}');
    expect(shown).toBe(action.code);

    const phone = await open(language, PHONE);
    await phone.goto(`${demo.file.sandbox.url}/phone`);
    // A phone that cannot see the screen is given the cashier's address, as the README says.
    await scanOnPhone(phone, wallet, language === 'zh' ? (shown ?? '') : page.url());
    await take(phone, 'phone-bill');
    await payOnPhone(phone);
    await take(phone, 'phone-paid');

    await page.locator('main[data-screen=succeeded]').waitFor();
    await take(page, 'cashier-paid');
  }

  for (const wallet of ['wechatpay', 'alipay'] as const) {
    it(`on a phone with ${wallet}, which opens its app and comes back`, async () => {
      const take = journey(`phone-${wallet}-zh`);
      const page = await open('zh', PHONE);
      await shop(page, 'taobao', ['c2', 'c9'], 'zh', take);
      await walletButton(page, wallet).click();
      await page.waitForURL(`${demo.file.sandbox.url}/**`);
      await take(page, 'wallet-page');
      await page.locator('#pay').click();
      await page.locator('#bill').waitFor();
      await payOnPhone(page);
      await page.locator('#back').click();
      await page.waitForURL(`${demo.file.platform.url}/pay/**`);
      await page.locator('main[data-screen=succeeded]').waitFor();
      await take(page, 'cashier-paid');
      await paidAndRefunded(page, 'taobao', 'zh', take);
    }, 240_000);
  }

  for (const language of ['zh', 'en'] as const) {
    it(`on Taobao with WeChat Pay, by the code on the screen (${language})`, async () => {
      const take = journey(`taobao-wechatpay-${language}`);
      const page = await open(language, DESKTOP);
      await shop(page, 'taobao', ['c2', 'c9'], language, take);
      await payByCode(page, 'wechatpay', language, take);
      await paidAndRefunded(page, 'taobao', language, take);
    }, 240_000);

    it(`on Tmall with Alipay, by its own page (${language})`, async () => {
      const take = journey(`tmall-alipay-${language}`);
      const page = await open(language, DESKTOP);
      await shop(page, 'tmall', ['m1', 'm5'], language, take);
      await walletButton(page, 'alipay').click();
      await page.waitForURL(`${demo.file.sandbox.url}/**`);
      await page.locator('#pay').waitFor();
      await take(page, 'alipay-page');
      await page.locator('#pay').click();
      await page.locator('#bill').waitFor();
      await take(page, 'alipay-phone');
      await payOnPhone(page);
      await take(page, 'alipay-paid');
      await page.locator('#back').click();
      await page.waitForURL(`${demo.file.platform.url}/pay/**`);
      await page.locator('main[data-screen=succeeded]').waitFor();
      await take(page, 'cashier-paid');
      await paidAndRefunded(page, 'tmall', language, take);
    }, 240_000);
  }

  it('buys on /taobao with Cloud QuickPass, by the code on the screen', async () => {
    const take = journey('taobao-unionpay-zh');
    const page = await open('zh', DESKTOP);
    await shop(page, 'taobao', ['c2', 'c9'], 'zh', take);
    await payByCode(page, 'unionpay', 'zh', take);
    await paidAndRefunded(page, 'taobao', 'zh', take);
    expect(await page.locator('b.wallet').textContent()).toBe('云闪付');
  }, 240_000);

  it('buys on /tmall with JD Pay, by the code on the screen', async () => {
    const take = journey('tmall-jdpay-en');
    const page = await open('en', DESKTOP);
    await shop(page, 'tmall', ['m1', 'm5'], 'en', take);
    await payByCode(page, 'jdpay', 'en', take);
    await paidAndRefunded(page, 'tmall', 'en', take);
    expect(await page.locator('b.wallet').textContent()).toBe('JD Pay');
  }, 240_000);
});
