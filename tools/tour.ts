/**
 * A walk through a running demo with something to look at on the way: both shops, the cashier, the
 * phone, a paid order, a seller's counter and stand. Each stop is a row of `npm run screenshots`,
 * in one language and one width.
 */
import type { Browser, Page } from 'playwright-core';
import { USER_AGENTS } from '../test/cashier/fixtures.ts';
import type { DemoFile } from '../test/e2e/demo-process.ts';
import {
  addToCart,
  checkOut,
  DESKTOP,
  type Language,
  openContext,
  PHONE,
  payOnPhone,
  scanOnPhone,
  type Viewport,
  walletButton,
} from '../test/e2e/shopper.ts';

export const TOUR_STOPS = [
  'bazaar-taobao',
  'bazaar-cart-empty',
  'bazaar-orders-empty',
  'bazaar-not-found',
  'bazaar-product',
  'bazaar-tmall',
  'bazaar-cart',
  'bazaar-checkout',
  'live-cashier-choose',
  'live-cashier-qr',
  'phone-wechatpay',
  'phone-wechatpay-paid',
  'bazaar-taobao-order-paid',
  'alipay-page',
  'phone-alipay',
  'bazaar-tmall-order-paid',
  'bazaar-orders',
  'jdpay-page',
  'unionpay-page',
  'bazaar-counter',
  'bazaar-counter-problem',
  'phone-code-unionpay',
  'bazaar-sale-paid',
  'bazaar-stand',
  'live-counter',
  'docs',
] as const;

export type TourStop = (typeof TOUR_STOPS)[number];

export interface Tour {
  readonly browser: Browser;
  readonly demo: DemoFile;
  readonly language: Language;
  readonly viewport: Viewport;
  readonly take: (page: Page, stop: TourStop, viewport: Viewport) => Promise<void>;
}

export async function walk(tour: Tour): Promise<void> {
  const { demo, viewport, take } = tour;
  const page = await openPage(tour, viewport);
  await page.goto(`${demo.bazaar.url}/taobao`);
  await take(page, 'bazaar-taobao', viewport);
  await seeEmpty(tour, page);
  await fillCart(page, `${demo.bazaar.url}/taobao`, ['c2', 'c9']);
  await take(page, 'bazaar-cart', viewport);
  await page.goto(`${demo.bazaar.url}/taobao/checkout`);
  await take(page, 'bazaar-checkout', viewport);
  await page.goto(`${demo.bazaar.url}/taobao/cart`);
  await checkOut(page);
  await page.waitForURL(`${demo.platform.url}/pay/**`);
  await take(page, 'live-cashier-choose', viewport);
  if (viewport === DESKTOP) await payByCode(tour, page);
  await page.goto(`${demo.bazaar.url}/tmall`);
  await take(page, 'bazaar-tmall', viewport);
  if (viewport === DESKTOP) await payByPage(tour, page);
  await seeWalletPages(tour, page);
  await sellAtCounter(tour, page);
  await page.goto(`${demo.platform.url}/docs`);
  await page.locator('.opblock').first().waitFor();
  await take(page, 'docs', viewport);
  await page.context().close();
}

async function openPage(tour: Tour, viewport: Viewport): Promise<Page> {
  const userAgent = USER_AGENTS[viewport === PHONE ? 'mobile' : 'desktop'];
  const context = await openContext(tour.browser, tour.language, viewport, { userAgent });
  return context.newPage();
}

async function fillCart(page: Page, home: string, products: readonly string[]): Promise<void> {
  for (const product of products) {
    await page.goto(home);
    await addToCart(page, product);
  }
}

/** What stands where there is nothing yet. */
async function seeEmpty({ demo, viewport, take }: Tour, page: Page): Promise<void> {
  const home = `${demo.bazaar.url}/taobao`;
  await page.goto(`${home}/cart`);
  await take(page, 'bazaar-cart-empty', viewport);
  await page.goto(`${home}/orders`);
  await take(page, 'bazaar-orders-empty', viewport);
  await page.goto(`${home}/orders/nothing`);
  await take(page, 'bazaar-not-found', viewport);
  await page.goto(`${home}/p/c2`);
  await take(page, 'bazaar-product', viewport);
}

/** WeChat Pay: the code on the screen, the phone beside it. */
async function payByCode(tour: Tour, page: Page): Promise<void> {
  const { demo, take } = tour;
  await walletButton(page, 'wechatpay').click();
  await page.locator('.code svg').waitFor();
  await take(page, 'live-cashier-qr', DESKTOP);
  const action = JSON.parse((await page.locator('#next-action').textContent()) ?? '{}') as {
    code: string;
  };
  const phone = await openPage(tour, PHONE);
  await phone.goto(`${demo.sandbox.url}/phone`);
  await scanOnPhone(phone, 'wechatpay', action.code);
  await take(phone, 'phone-wechatpay', PHONE);
  await payOnPhone(phone);
  await take(phone, 'phone-wechatpay-paid', PHONE);
  await phone.context().close();
  await page.waitForURL(`${demo.bazaar.url}/taobao/orders/*`);
  await page.locator('section.status.paid').waitFor();
  await take(page, 'bazaar-taobao-order-paid', DESKTOP);
}

/** Alipay: its own page, and from there its app. */
async function payByPage(tour: Tour, page: Page): Promise<void> {
  const { demo, take } = tour;
  await fillCart(page, `${demo.bazaar.url}/tmall`, ['m1', 'm5']);
  await checkOut(page);
  await walletButton(page, 'alipay').click();
  await page.locator('#pay').waitFor();
  await take(page, 'alipay-page', DESKTOP);
  const address = (await page.locator('#pay').getAttribute('href')) ?? '';
  const phone = await openPage(tour, PHONE);
  await phone.goto(address);
  await phone.locator('#bill').waitFor();
  await take(phone, 'phone-alipay', PHONE);
  await payOnPhone(phone);
  await phone.context().close();
  await page.waitForURL(`${demo.bazaar.url}/tmall/orders/*`);
  await page.locator('section.status.paid').waitFor();
  await take(page, 'bazaar-tmall-order-paid', DESKTOP);
}

/** The two wallets whose own page one pays on, as far as its button. */
async function seeWalletPages(tour: Tour, page: Page): Promise<void> {
  const { demo, viewport, take } = tour;
  const home = `${demo.bazaar.url}/taobao`;
  await page.goto(`${home}/orders`);
  await take(page, 'bazaar-orders', viewport);
  for (const wallet of ['jdpay', 'unionpay'] as const) {
    await fillCart(page, home, ['c1']);
    await checkOut(page);
    // A desktop is offered the code first, and the page as a link below it.
    await page.locator(`form:has(input[value=${wallet}]) button`).last().click();
    await page.locator('#pay').waitFor();
    await take(page, `${wallet}-page`, viewport);
  }
}

/** The seller's side: a buyer's code typed as a scanner would, the stand, and what it opens. */
async function sellAtCounter(tour: Tour, page: Page): Promise<void> {
  const { demo, viewport, take } = tour;
  const counter = `${demo.bazaar.url}/taobao/counter`;
  await page.goto(counter);
  await take(page, 'bazaar-counter', viewport);
  await page.locator('input[name=amount]').fill('18.80');
  await page.locator('input[name=code]').fill('1234');
  await page.locator('form.till button').click();
  await page.locator('p.notice.bad').waitFor();
  await take(page, 'bazaar-counter-problem', viewport);
  const phone = await openPage(tour, PHONE);
  await phone.goto(`${demo.sandbox.url}/phone?mode=code&wallet=unionpay`);
  await phone.locator('#code-picture svg').waitFor();
  if (viewport === PHONE) await take(phone, 'phone-code-unionpay', PHONE);
  const code = (await phone.locator('#code-digits').textContent()) ?? '';
  await phone.context().close();
  await page.locator('input[name=code]').fill(code);
  await page.locator('form.till button').click();
  await page.locator('section.status.paid').waitFor();
  await take(page, 'bazaar-sale-paid', viewport);
  await page.goto(counter);
  await page.locator('section.stands a').first().click();
  await page.locator('section.stand img').waitFor();
  await page.waitForLoadState('load');
  await take(page, 'bazaar-stand', viewport);
  await page.locator('a[href*="/c/"]').click();
  await page.locator('#amount').waitFor();
  await take(page, 'live-counter', viewport);
}
