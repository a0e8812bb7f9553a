/**
 * What the page's script does, in a real browser: the conveniences, and that it trusts no input.
 */

import { existsSync } from 'node:fs';
import Fastify from 'fastify';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { cashierPlugin } from '../../src/cashier/plugin.ts';
import type { PaymentIntent } from '../../src/core/payment/model.ts';
import type { CashierView } from '../../src/flows/payment/open-cashier.ts';
import type { NextAction, Product, WalletName } from '../../src/kernel/wallet-names.ts';
import { ACTIONS, attemptOf, JD_ATTEMPT, NOW_MS, OFFERS, USER_AGENTS, viewOf } from './fixtures.ts';
import { type Asked, Stage } from './stage.ts';
import { stateNamed } from './states.ts';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

describe.skipIf(!existsSync(CHROMIUM))('the page in a browser', () => {
  let browser: Browser;
  let stage: Stage;
  const closing: (() => Promise<unknown>)[] = [];
  beforeAll(async () => {
    stage = await Stage.open();
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGS });
  });
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });
  afterAll(async () => {
    await browser.close();
    await stage.close();
  });

  interface Opened {
    readonly page: Page;
    readonly context: BrowserContext;
    readonly asked: Asked;
    readonly url: string;
    /** What the wallet's host was asked for: `METHOD path body referer`. */
    readonly atWallet: { method: string; url: string; body: string; referer: string }[];
  }

  async function look(
    view: CashierView,
    more: {
      device?: keyof typeof USER_AGENTS;
      script?: boolean;
      isOwn?: boolean;
      prepare?: (page: Page) => Promise<void>;
    } = {},
  ): Promise<Opened> {
    const device = more.device ?? 'desktop';
    const asked = await stage.show(view, OFFERS[device]);
    const app = Fastify();
    const config = { publicUrl: 'http://127.0.0.1' };
    await app.register(
      cashierPlugin({ useCases: stage.useCases, config, clock: { nowMs: () => NOW_MS } }),
    );
    const address = await app.listen({ host: '127.0.0.1', port: 0 });
    const attempt = view.payment.intent.latestAttempt;
    const isOwn = more.isOwn === true && attempt !== null;
    const context = await browser.newContext({
      userAgent: USER_AGENTS[device],
      locale: 'en-US',
      javaScriptEnabled: more.script ?? true,
    });
    if (isOwn) {
      await context.addCookies([{ name: 'hutong_attempt', value: attempt, url: `${address}/pay` }]);
    }
    closing.push(
      () => app.close(),
      () => context.close(),
    );
    const atWallet: Opened['atWallet'] = [];
    await context.route(/^https:/, async (route) => {
      const request = route.request();
      const headers = await request.allHeaders();
      atWallet.push({
        method: request.method(),
        url: request.url(),
        body: request.postData() ?? '',
        referer: headers.referer ?? '',
      });
      await route.fulfill({ contentType: 'text/html', body: '<h1>the wallet</h1>' });
    });
    context.setDefaultTimeout(60_000);
    const page = await context.newPage();
    await more.prepare?.(page);
    const url = `${address}/pay/${stage.tokens.buyer}`;
    // The answer to a click leads here: this tab continues automatically.
    await page.goto(isOwn ? `${url}?go=${attempt}` : url);
    return { page, context, asked, url, atWallet };
  }

  function waiting(wallet: WalletName, product: Product, nextAction: NextAction): CashierView {
    const attempt = attemptOf(1, { wallet, product, status: 'pending', nextAction });
    return viewOf({ intent: { status: 'requires_action' }, attempts: [attempt] });
  }

  function moved(view: CashierView, version: number): CashierView {
    return {
      ...view,
      payment: { ...view.payment, intent: { ...view.payment.intent, version } },
    };
  }

  it('counts down, and shows the success as soon as it happens, announced to screen readers', async () => {
    const { page } = await look(stateNamed('waiting-qr').view);
    await page.getByRole('heading', { name: 'Scan with WeChat to pay' }).waitFor();
    expect(await page.locator('[data-countdown]').textContent()).toMatch(/^14:\d\d$/);
    await stage.change(moved(stateNamed('succeeded').view, 4));
    await page.getByRole('heading', { name: 'Payment complete' }).waitFor();
    expect(await page.locator('#live').textContent()).toBe('Payment complete');
    expect(await page.title()).toContain('Payment complete');
  });

  it('returns to the shop automatically, once', async () => {
    const { page, atWallet } = await look(stateNamed('succeeded').view);
    await page.waitForURL('https://shop.example/**', { timeout: 60_000 });
    expect(atWallet[0]?.referer ?? '').not.toContain(stage.tokens.buyer);
    await page.goBack();
    await page.waitForTimeout(3_500);
    expect(page.url()).toContain(stage.tokens.buyer);
  });

  it('posts the wallet’s form automatically where this browser started it, once, fields untouched', async () => {
    const view = waiting('alipay', 'page', ACTIONS.form!);
    const { page, url, atWallet } = await look(view, { isOwn: true });
    await page.getByText('the wallet').waitFor();
    expect(atWallet).toHaveLength(1);
    const fields = Object.fromEntries(new URLSearchParams(atWallet[0]?.body));
    expect(atWallet[0]).toMatchObject({
      method: 'POST',
      url: expect.stringContaining('gateway.do'),
    });
    expect(fields).toEqual((ACTIONS.form as { fields: object }).fields);
    expect(atWallet[0]?.referer).not.toContain(stage.tokens.buyer);
    await page.goto(url);
    await page.getByRole('button', { name: 'Pay ¥1,288.00 with Alipay' }).waitFor();
    await page.waitForTimeout(300);
    expect(atWallet).toHaveLength(1);
  });

  it('leaves the button to a browser that did not start it, and to one without script', async () => {
    for (const more of [{ isOwn: false }, { isOwn: true, script: false }]) {
      const { page, atWallet } = await look(waiting('alipay', 'page', ACTIONS.form!), more);
      const button = page.getByRole('button', { name: 'Pay ¥1,288.00 with Alipay' });
      await button.waitFor();
      expect(atWallet).toHaveLength(0);
      await button.click();
      await page.getByText('the wallet').waitFor();
      expect(atWallet).toHaveLength(1);
    }
  });

  it('B1: a screen that leaves the page is navigated to, and its button works there', async () => {
    const { page, atWallet } = await look(viewOf());
    await page.getByRole('heading', { name: 'Choose how to pay' }).waitFor();
    await page.evaluate('window.isFirstDocument = true');
    await stage.change(moved(waiting('alipay', 'page', ACTIONS.form!), 4));
    const button = page.getByRole('button', { name: 'Pay ¥1,288.00 with Alipay' });
    await button.waitFor();
    expect(await page.evaluate('window.isFirstDocument')).toBeUndefined();
    await button.click();
    await page.getByText('the wallet').waitFor();
    expect(atWallet).toHaveLength(1);
  });

  it('B1: while a press is on its way no live update starts another navigation', async () => {
    const { page, asked, url } = await look(viewOf());
    let answer: (() => void) | undefined;
    const held = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const pages: string[] = [];
    await page.route('**/attempts', async (route) => {
      await held;
      await route.continue();
    });
    page.on('request', (request) => {
      if (request.url() === url) pages.push(request.resourceType());
    });
    const press = page.locator('button.wallet').first();
    await press.click({ noWaitAfter: true });
    await stage.change(moved(waiting('alipay', 'page', ACTIONS.form!), 4));
    await page.waitForTimeout(800);
    expect(pages).toEqual([]);
    answer?.();
    await page.waitForURL((at) => at.search.startsWith('?go='));
    expect(asked.started).toHaveLength(1);
  });

  it('B2: a tab that did not press stays, although this browser started the attempt', async () => {
    const view = waiting('alipay', 'page', ACTIONS.form!);
    const { context, url, atWallet } = await look(view, { isOwn: true });
    await expect.poll(() => atWallet.length).toBe(1);
    const other = await context.newPage();
    await other.goto(url);
    await other.getByRole('button', { name: 'Pay ¥1,288.00 with Alipay' }).waitFor();
    await other.waitForTimeout(500);
    expect(other.url()).toBe(url);
    expect(atWallet).toHaveLength(1);
  });

  it('B13: a screen that is swapped in takes the focus and scrolls nothing', async () => {
    const { page } = await look(viewOf());
    await page.setViewportSize({ width: 390, height: 300 });
    await page.locator('button.wallet').last().focus();
    await page.evaluate('window.scrollTo(0, 0)');
    await stage.change(moved(stateNamed('waiting-qr').view, 4));
    await page.getByRole('heading', { name: 'Scan with WeChat to pay' }).waitFor();
    await expect.poll(() => page.evaluate('document.activeElement.id')).toBe('main');
    expect(await page.evaluate('window.scrollY')).toBe(0);
  });

  describe('the page that hands out a form', () => {
    const handOutOf = (url: string) => new URL(`/pay/go/${stage.tokens.handOut}`, url).href;
    const handed = (intent: Partial<PaymentIntent> = { status: 'requires_action' }) =>
      viewOf({ intent, attempts: [JD_ATTEMPT] });

    it('D1: posts it automatically, and going back is no circle: a click makes it again', async () => {
      const { page, url, asked, atWallet } = await look(handed());
      await page.goto(handOutOf(url), { waitUntil: 'commit' });
      await page.getByText('the wallet').waitFor();
      expect(atWallet.map(({ method, url: at }) => `${method} ${at}`)).toEqual([
        'POST https://wepay.jd.com/jdpay/saveOrder',
      ]);
      expect(atWallet[0]?.referer).not.toContain(stage.tokens.handOut);
      await page.goto(handOutOf(url), { waitUntil: 'commit' });
      await page.getByText('the wallet').waitFor();
      await page.goBack({ waitUntil: 'commit' });
      await page.waitForTimeout(800);
      if (page.url() === handOutOf(url)) {
        const askedCount = asked.handedOut.length;
        await page.getByRole('button', { name: 'Pay ¥1,288.00 with JD Pay' }).click();
        await page.getByText('the wallet').waitFor();
        expect(asked.handedOut.length).toBe(askedCount + 1);
      }
      expect(atWallet.every(({ method }) => method === 'POST')).toBe(true);
    });

    it('D1: a press after the order’s end posts nothing, and the page says why', async () => {
      const { page, url, atWallet } = await look(handed());
      // As after a reload, which hands it out and does not post it.
      const posted = atWallet.length;
      const kept = await page.context().newPage();
      await kept.addInitScript(`performance.getEntriesByType = () => [{ type: 'reload' }];`);
      await kept.goto(handOutOf(url));
      await stage.change(handed({ status: 'expired' }));
      await kept.getByRole('button', { name: 'Pay ¥1,288.00 with JD Pay' }).click();
      await kept.getByRole('heading', { name: 'Time to pay has run out' }).waitFor();
      expect(atWallet).toHaveLength(posted);
    });

    it('D1: without script its button posts it', async () => {
      const { page, url, atWallet } = await look(handed(), { script: false });
      await page.goto(handOutOf(url));
      expect(atWallet).toHaveLength(0);
      await page.getByRole('button', { name: 'Pay ¥1,288.00 with JD Pay' }).click();
      await page.getByText('the wallet').waitFor();
      expect(atWallet).toHaveLength(1);
    });
  });

  it('jumps to the wallet’s address on a phone', async () => {
    const view = waiting('wechatpay', 'h5', ACTIONS.redirect!);
    const { page, atWallet } = await look(view, { device: 'mobile', isOwn: true });
    await page.getByText('the wallet').waitFor();
    expect(atWallet[0]?.url).toBe((ACTIONS.redirect as { url: string }).url);
  });

  it('calls WeChat’s bridge with the very params, and does not believe its answer', async () => {
    const calls: unknown[] = [];
    const view = waiting('wechatpay', 'jsapi', ACTIONS.jsapi!);
    const { page } = await look(view, {
      device: 'wechat',
      isOwn: true,
      prepare: async (page) => {
        await page.exposeFunction('bridgeCalled', (...args: unknown[]) => calls.push(args));
        await page.addInitScript(`window.WeixinJSBridge = {
          invoke(name, params, done) {
            window.bridgeCalled(name, params);
            setTimeout(() => done({ err_msg: 'get_brand_wcpay_request:ok' }), 50);
          },
        };`);
      },
    });
    await page.getByText('Asking WeChat Pay for the result').waitFor();
    expect(calls).toEqual([['getBrandWCPayRequest', (ACTIONS.jsapi as { params: object }).params]]);
    await page.waitForTimeout(2_000);
    expect(await page.locator('main').getAttribute('data-screen')).toBe('waiting');
    await stage.change(moved(stateNamed('succeeded').view, 4));
    await page.getByRole('heading', { name: 'Payment complete' }).waitFor();
  });

  it('calls Alipay’s bridge when it gets ready later, and again by the button', async () => {
    const calls: unknown[] = [];
    const view = waiting('alipay', 'jsapi', ACTIONS.tradePay!);
    const { page } = await look(view, {
      device: 'alipay',
      isOwn: true,
      prepare: async (page) => {
        await page.exposeFunction('bridgeCalled', (...args: unknown[]) => calls.push(args));
        await page.addInitScript(`setTimeout(() => {
          window.AlipayJSBridge = {
            call(name, params, done) {
              window.bridgeCalled(name, params);
              done({ resultCode: '6001' });
            },
          };
          document.dispatchEvent(new Event('AlipayJSBridgeReady'));
        }, 400);`);
      },
    });
    await expect.poll(() => calls.length).toBe(1);
    await page.getByRole('button', { name: 'Pay ¥1,288.00 with Alipay' }).click();
    await expect.poll(() => calls.length).toBe(2);
    expect(calls[0]).toEqual(['tradePay', { tradeNO: '2026112222001400000000000001' }]);
  });

  it('is chosen by keyboard alone, and without script', async () => {
    const view = viewOf({
      attempts: [attemptOf(9, { wallet: 'wechatpay', product: 'native', status: 'failed' })],
    });
    const { page, asked, url } = await look(view, { script: false });
    for (let presses = 0; presses < 6; presses += 1) {
      await page.keyboard.press('Tab');
      const text = await page.locator(':focus').textContent();
      if (text?.includes('WeChat Pay')) break;
    }
    await page.keyboard.press('Enter');
    await page.waitForURL((at) => at.pathname === new URL(url).pathname && at.search !== '');
    await expect.poll(() => asked.started.length).toBe(1);
    expect(asked.started[0]).toMatchObject({ wallet: 'wechatpay', product: 'native' });
  });

  it('copies the message for a friend', async () => {
    const { page, context, url } = await look(viewOf());
    await context.grantPermissions(['clipboard-read', 'clipboard-write'], {
      origin: new URL(url).origin,
    });
    await page.getByText('Ask a friend to pay').click();
    await page.getByRole('button', { name: 'Copy' }).click();
    await page.getByText('Copied. Now send it to your friend').waitFor();
    const copied = await page.evaluate('navigator.clipboard.readText()');
    expect(copied).toContain(`/pay/${stage.tokens.friend}`);
  });

  it('reports nothing to the console and breaks no policy, in any state', async () => {
    for (const name of [
      'choose',
      'waiting-qr',
      'elsewhere',
      'processing',
      'expired',
      'paid-twice',
    ]) {
      const problems: string[] = [];
      await look(stateNamed(name).view, {
        prepare: async (page) => {
          page.on('console', (message) => problems.push(message.text()));
          page.on('pageerror', (error) => problems.push(error.message));
        },
      });
      expect(problems).toEqual([]);
    }
  });
});
