import Fastify, { type FastifyInstance } from 'fastify';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { cashierPlugin } from '../../src/cashier/plugin.ts';
import type { CashierUseCases } from '../../src/cashier/show.ts';
import type { Offers } from '../../src/core/offer/offer.ts';
import type { CashierView } from '../../src/flows/payment/open-cashier.ts';
import { hutongError } from '../../src/kernel/errors.ts';
import { err } from '../../src/kernel/result.ts';
import {
  ACTIONS,
  attemptOf,
  BUYER_ID,
  BUYER_IP,
  idOf,
  JD_ATTEMPT,
  LAMP_SHOP,
  NOW_MS,
  OFFERS,
  offer,
  sharedOffer,
  USER_AGENTS,
  viewOf,
  withheld,
} from './fixtures.ts';
import { type Asked, Stage } from './stage.ts';
import { STATES, stateNamed } from './states.ts';

const PUBLIC_URL = 'https://pay.hutong.example';
const VISIT = '0123456789abcdef0123';
const ATTEMPT = idOf('payment_attempt', 90);
const QR_ATTEMPT = attemptOf(1, {
  wallet: 'wechatpay',
  product: 'native',
  status: 'pending',
  nextAction: ACTIONS.wechatQr!,
});

let stage: Stage;
let PAGE: string;
const open: FastifyInstance[] = [];
beforeAll(async () => {
  stage = await Stage.open();
  PAGE = `/pay/${stage.tokens.buyer}`;
});
afterEach(async () => {
  for (const app of open.splice(0)) await app.close();
});
afterAll(() => stage.close());

interface Cashier {
  readonly app: FastifyInstance;
  readonly asked: Asked;
  readonly logged: string[];
}

/** A server of its own over the one stage: the view that was asked for last is the payment. */
async function cashier(
  view: CashierView = viewOf(),
  offers: Offers = OFFERS.desktop,
  instead: Partial<CashierUseCases> = {},
) {
  const asked = await stage.show(view, offers);
  const logged: string[] = [];
  const stream = { write: (line: string) => void logged.push(line) };
  const app = Fastify({ logger: { level: 'trace', stream } });
  const clock = { nowMs: () => NOW_MS };
  await app.register(
    cashierPlugin({
      useCases: { ...stage.useCases, ...instead },
      config: { publicUrl: PUBLIC_URL },
      clock,
    }),
  );
  open.push(app);
  return { app, asked, logged } satisfies Cashier;
}

function form(fields: Readonly<Record<string, string>>, headers: Record<string, string> = {}) {
  return {
    method: 'POST' as const,
    url: `${PAGE}/attempts`,
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      origin: PUBLIC_URL,
      'user-agent': USER_AGENTS.desktop,
      ...headers,
    },
    payload: new URLSearchParams(fields).toString(),
  };
}

const CHOICE = { wallet: 'wechatpay', product: 'native', attempt: ATTEMPT };

describe('GET /pay/{pay_token}', () => {
  it('shows payee, goods, amount and the wallets in the offered order, in Chinese', async () => {
    const { app, asked } = await cashier();
    const answer = await app.inject({ url: PAGE, headers: { 'user-agent': USER_AGENTS.desktop } });
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
    for (const text of [LAMP_SHOP.name, '胡桃木落地灯', '¥1,288.00', '选择付款方式']) {
      expect(answer.body).toContain(text);
    }
    const order = [...answer.body.matchAll(/<b>(微信支付|支付宝)<\/b>/g)].map((match) => match[1]);
    expect(order).toEqual(['微信支付', '支付宝']);
    expect(asked.devices).toEqual(['desktop']);
  });

  it('says what a browser must not do with it', async () => {
    const { app } = await cashier();
    const { headers } = await app.inject({ url: PAGE });
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'referrer-policy': 'strict-origin',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'x-robots-tag': 'noindex, nofollow',
    });
    expect(headers.vary).toContain('Accept-Language');
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).toContain("form-action 'self'; base-uri");
    expect(policy).not.toContain('unsafe');
  });

  it('lets the wallet’s form post to the wallet’s host, and to no other', async () => {
    const { app } = await cashier(stateNamed('waiting-form').view);
    const { headers } = await app.inject({ url: PAGE });
    expect(headers['content-security-policy']).toContain(
      "form-action 'self' https://openapi.alipay.com; base-uri",
    );
  });

  it('has no inline script, style or handler in any state', async () => {
    for (const state of STATES) {
      const { app } = await cashier(state.view, state.offers);
      const { body } = await app.inject({ url: PAGE });
      expect(body).not.toMatch(/<[^>]*\son\w+=/i);
      expect(body).not.toMatch(/<[^>]*\sstyle=/i);
      expect(body).not.toContain('<style');
      for (const [, attributes] of body.matchAll(/<script([^>]*)>/g)) {
        expect(attributes).toMatch(/src="\/pay\/assets\/|type="application\/json"/);
      }
    }
  });

  it('speaks the language asked for, and remembers the choice', async () => {
    const { app } = await cashier();
    const english = await app.inject({ url: PAGE, headers: { 'accept-language': 'en-GB' } });
    expect(english.body).toContain('<html lang="en">');
    expect(english.body).toContain('Choose how to pay');
    const chosen = await app.inject({
      url: `${PAGE}?lang=zh`,
      headers: { 'accept-language': 'en' },
    });
    expect(chosen.body).toContain('<html lang="zh-CN">');
    expect(String(chosen.headers['set-cookie'])).toMatch(
      /^__Host-hutong_lang=zh; Path=\/; Secure; Max-Age=\d+; HttpOnly; SameSite=Lax$/,
    );
    const later = await app.inject({
      url: PAGE,
      headers: { 'accept-language': 'en', cookie: '__Host-hutong_lang=zh' },
    });
    expect(later.body).toContain('<html lang="zh-CN">');
    const nonsense = await app.inject({ url: `${PAGE}?lang=%22%3E%3Cscript%3E` });
    expect(nonsense.headers['set-cookie']).toBeUndefined();
  });

  it('carries next_action wherever an attempt is open, and nowhere else', async () => {
    for (const state of STATES) {
      const { app } = await cashier(state.view, state.offers);
      const { body } = await app.inject({ url: PAGE });
      const block = /<script type="application\/json" id="next-action">(.*?)<\/script>/s.exec(body);
      const attempt = state.view.payment.attempts.at(-1);
      const isOpen = ['waiting', 'elsewhere'].includes(state.screen);
      expect(block === null).toBe(!isOpen);
      if (isOpen) expect(JSON.parse(block?.[1] ?? '')).toEqual(attempt?.nextAction);
    }
  });

  it('refreshes itself without script while it waits, never while the buyer chooses', async () => {
    for (const state of STATES) {
      const { app } = await cashier(state.view, state.offers);
      const { body } = await app.inject({ url: PAGE });
      const isWaiting = ['waiting', 'elsewhere', 'processing', 'closing', 'conflicted'];
      expect(body.includes('http-equiv="refresh" content="5"')).toBe(
        isWaiting.includes(state.screen),
      );
    }
  });

  it('shows a code only on a desktop', async () => {
    const { view } = stateNamed('waiting-qr');
    for (const [device, userAgent] of Object.entries(USER_AGENTS)) {
      const { app } = await cashier(view);
      const { body } = await app.inject({ url: PAGE, headers: { 'user-agent': userAgent } });
      expect(body.includes('class="qr"')).toBe(device === 'desktop');
    }
  });

  it('escapes every foreign text', async () => {
    const evil = `"><img src=x onerror=alert(1)>'</script><script>alert(2)</script>`;
    const failed = attemptOf(1, {
      wallet: 'alipay',
      product: 'precreate',
      status: 'failed',
      failure: {
        code: 'wallet_declined',
        walletError: { wallet: 'alipay', code: 'X', message: evil, requestId: null },
      },
    });
    const form = attemptOf(2, {
      wallet: 'alipay',
      product: 'page',
      status: 'pending',
      nextAction: { type: 'form', action: 'https://a.example/?x="><u>', fields: { [evil]: evil } },
    });
    const merchants = [{ ...LAMP_SHOP, name: evil }];
    const intent = {
      description: evil,
      merchantOrderNo: evil,
      returnUrl: 'https://a.example/"><u>',
    };
    for (const view of [
      viewOf({ merchants, intent, attempts: [failed] }),
      viewOf({ merchants, intent: { ...intent, status: 'requires_action' }, attempts: [form] }),
      viewOf({ merchants, intent: { ...intent, status: 'succeeded' } }),
    ]) {
      const { app } = await cashier({
        ...view,
        marketplace: { ...view.marketplace, displayName: evil },
      });
      const { body } = await app.inject({ url: `${PAGE}?notice=${encodeURIComponent(evil)}` });
      expect(body).not.toContain('<img');
      expect(body).not.toContain('alert(2)</script>');
      expect(body).not.toContain('<u>');
      expect(body.match(/<script/g)?.length).toBe(body.includes('id="next-action"') ? 2 : 1);
    }
  });

  it('never shows a buyer what a wallet says of the marketplace’s own keys', async () => {
    const { app } = await cashier(stateNamed('refused-marketplace').view);
    const expected = {
      zh: ['微信支付现在不能使用', '没有扣款。请换一种付款方式。'],
      en: ['WeChat Pay cannot be used right now', 'Please choose another way to pay.'],
    };
    for (const [lang, texts] of Object.entries(expected)) {
      const { body } = await app.inject({
        url: `${PAGE}?notice=wallet_not_offered`,
        headers: { 'accept-language': lang },
      });
      for (const text of texts) expect(body).toContain(text);
      expect(body).not.toContain('商户证书序列号有误');
      expect(body).not.toContain('SIGN_ERROR');
      // Shown once, and not as something to try again.
      expect(body.match(/role="alert"/g)).toHaveLength(1);
      expect(body).not.toMatch(/再试一次|Try again/);
    }
  });

  it('gives a friend no order number, no buyer data and no link of the buyer', async () => {
    for (const state of STATES) {
      const { app } = await cashier(state.view, state.offers);
      const { body } = await app.inject({ url: `/pay/${stage.tokens.friend}` });
      for (const secret of [
        BUYER_ID,
        BUYER_IP,
        stage.tokens.buyer,
        'metadata-secret',
        'TB20261122000187',
        'shop.example',
      ]) {
        expect(body).not.toContain(secret);
      }
    }
  });

  it('gives the buyer the link for a friend', async () => {
    const { app } = await cashier();
    const { body } = await app.inject({ url: PAGE });
    expect(body).toContain(`${PUBLIC_URL}/pay/${stage.tokens.friend}</textarea>`);
  });

  it('answers 404 without any detail to anything else', async () => {
    const { app } = await cashier();
    for (const url of ['/pay/unknown', '/pay/', `${PAGE}/nothing`, `/pay/${'x'.repeat(300)}`]) {
      const answer = await app.inject({ url });
      expect(answer.statusCode).toBe(404);
      expect(answer.headers['cache-control']).toBe('no-store');
      expect(answer.body).toContain('找不到这个付款页面');
      expect(answer.body).not.toContain(LAMP_SHOP.name);
      expect(answer.body).not.toContain('x'.repeat(100));
    }
  });

  it('answers 503 when it cannot know, and never a state it has not read', async () => {
    const { app, asked } = await cashier();
    asked.offers = err(hutongError('busy', 'busy'));
    expect((await app.inject({ url: PAGE })).statusCode).toBe(503);
    stage.isDatabaseAway = true;
    const answer = await app.inject({ url: PAGE });
    expect(answer.statusCode).toBe(503);
    expect(answer.headers['retry-after']).toBe('3');
    expect(answer.body).toContain('系统繁忙');
  });
});

describe('a paid page', () => {
  it('returns automatically only where nothing else is to be read', async () => {
    for (const [name, isSoon] of [
      ['succeeded', true],
      ['paid-twice', false],
      ['refunded-partly', false],
      ['friend-succeeded', false],
    ] as const) {
      const { view } = stateNamed(name);
      const { app } = await cashier(view);
      const url = view.kind === 'friend' ? `/pay/${stage.tokens.friend}` : PAGE;
      const { body } = await app.inject({ url });
      expect(body.includes('data-return=')).toBe(isSoon);
      expect(body.includes('返回商家')).toBe(name !== 'friend-succeeded');
    }
  });
});

describe('POST /pay/{pay_token}/attempts', () => {
  it('starts exactly what the form says, for the payment of the token', async () => {
    const { app, asked } = await cashier(viewOf({ attempts: [QR_ATTEMPT] }));
    const answer = await app.inject(form(CHOICE));
    expect(answer.statusCode).toBe(303);
    expect(answer.headers.location).toBe(`${PAGE}?go=${ATTEMPT}`);
    const { intent } = viewOf().payment;
    expect(asked.started).toEqual([
      {
        marketplace: intent.marketplace,
        intent: intent.id,
        id: ATTEMPT,
        cashier: { buyerIp: '127.0.0.1' },
        // In the payment's own mode: the cashier has no key.
        isLivemode: null,
        wallet: 'wechatpay',
        product: 'native',
        payerWallet: 'wechatpay',
        payer: {},
      },
    ]);
  });

  it('works from the page itself: its hidden fields are what the route wants', async () => {
    const { app, asked } = await cashier(viewOf({ attempts: [QR_ATTEMPT] }));
    const { body } = await app.inject({
      url: PAGE,
      headers: { 'user-agent': USER_AGENTS.desktop },
    });
    const sent =
      /name="wallet" value="(\w+)"><input type="hidden" name="product" value="(\w+)"><button class="wallet" name="attempt" value="(\w+)"/.exec(
        body,
      );
    const [, wallet = '', product = '', attempt = ''] = sent ?? [];
    await app.inject(form({ wallet, product, attempt }));
    expect(asked.started[0]).toMatchObject({
      wallet: 'wechatpay',
      product: 'native',
      id: attempt,
    });
  });

  it('sends a double click with one id, and starts nothing for an id that exists', async () => {
    const { app, asked } = await cashier(viewOf({ attempts: [QR_ATTEMPT] }));
    await Promise.all([app.inject(form(CHOICE)), app.inject(form(CHOICE))]);
    expect(new Set(asked.started.map(({ id }) => id))).toEqual(new Set([ATTEMPT]));
    const again = await app.inject(form({ ...CHOICE, attempt: QR_ATTEMPT.id }));
    expect(again.headers.location).toBe(`${PAGE}?go=${QR_ATTEMPT.id}`);
    expect(asked.started).toHaveLength(2);
  });

  it('B1: a second press of one button has the cookie too, whoever answered first', async () => {
    const { app } = await cashier(viewOf({ attempts: [QR_ATTEMPT] }));
    const again = await app.inject(form({ ...CHOICE, attempt: QR_ATTEMPT.id }));
    expect(String(again.headers['set-cookie'])).toContain(`hutong_attempt=${QR_ATTEMPT.id};`);
  });

  it('S16: sets each cookie once, by a name that only this host can have set over https', async () => {
    const { app } = await cashier(viewOf({ attempts: [QR_ATTEMPT] }));
    const answer = await app.inject(form(CHOICE));
    const scope = 'Path=/; Secure; Max-Age=7200; HttpOnly; SameSite=Lax';
    expect(answer.headers['set-cookie']).toEqual([
      `__Host-hutong_attempt=${ATTEMPT}; ${scope}`,
      `__Host-hutong_pay=${PAGE.slice('/pay/'.length)}; ${scope}`,
    ]);
    // What a neighbour below the same domain can set is not read.
    const tossed = await app.inject({ url: PAGE, headers: { cookie: 'hutong_lang=en' } });
    expect(tossed.body).toContain('<html lang="zh-CN">');
  });

  it.each([
    ['no wallet', { product: 'native', attempt: ATTEMPT }],
    ['a wallet that does not exist', { ...CHOICE, wallet: 'paypal' }],
    ['a product that does not exist', { ...CHOICE, product: 'crypto' }],
    ['no id', { wallet: 'wechatpay', product: 'native' }],
    ['an id of another kind', { ...CHOICE, attempt: idOf('refund', 1) }],
    ['an id of another shard', { ...CHOICE, attempt: 'pa_0000000000000' }],
  ])('refuses %s', async (_, fields) => {
    const { app, asked } = await cashier();
    const answer = await app.inject(form(fields as Record<string, string>));
    expect(answer.statusCode).toBe(303);
    expect(answer.headers.location).toBe(`${PAGE}?notice=invalid`);
    expect(asked.started).toEqual([]);
  });

  it('starts only what is offered on this device now', async () => {
    const { app, asked } = await cashier();
    const answer = await app.inject(form({ ...CHOICE, product: 'h5' }));
    expect(answer.headers.location).toBe(`${PAGE}?notice=wallet_not_offered`);
    await stage.change(stateNamed('expired').view);
    const late = await app.inject(form(CHOICE));
    expect(late.headers.location).toBe(`${PAGE}?notice=wallet_not_offered`);
    expect(asked.started).toEqual([]);
  });

  it.each([
    ['wallet_declined', 'declined'],
    ['payment_intent_not_payable', 'not_payable'],
    ['wallet_not_offered', 'wallet_not_offered'],
    ['busy', 'busy'],
    ['internal', 'busy'],
  ] as const)('shows %s on the page as %s', async (code, notice) => {
    const { app, asked } = await cashier();
    asked.startAnswer = hutongError(code, 'a message that stays inside');
    const answer = await app.inject(form(CHOICE));
    expect(answer.headers.location).toBe(`${PAGE}?notice=${notice}`);
    expect(answer.headers['set-cookie']).toBeUndefined();
    const page = await app.inject({ url: String(answer.headers.location) });
    expect(page.body).toContain('role="alert"');
    expect(page.body).not.toContain('stays inside');
  });

  it('shows a wallet that refuses the marketplace as unavailable', async () => {
    const { app, asked } = await cashier();
    const said = {
      wallet: 'wechatpay',
      code: 'SIGN_ERROR',
      message: 'x',
      requestId: null,
    } as const;
    const walletError = { ...said, isMisconfigured: true } as const;
    asked.startAnswer = hutongError('wallet_declined', 'stays inside', { walletError });
    const answer = await app.inject(form(CHOICE));
    expect(answer.headers.location).toBe(`${PAGE}?notice=wallet_not_offered`);
  });

  it('refuses a form of another site, another type and another size', async () => {
    const { app, asked } = await cashier();
    const foreign = await app.inject(form(CHOICE, { origin: 'https://evil.example' }));
    const fetched = await app.inject(form(CHOICE, { 'sec-fetch-site': 'cross-site' }));
    const json = await app.inject(form(CHOICE, { 'content-type': 'application/json' }));
    const large = await app.inject(form({ ...CHOICE, more: 'x'.repeat(5000) }));
    expect([foreign, fetched, json, large].map(({ statusCode }) => statusCode)).toEqual([
      403, 403, 403, 403,
    ]);
    expect(asked.started).toEqual([]);
  });

  it('lets 10 a minute through for one token, and others are not disturbed', async () => {
    const { app } = await cashier(viewOf({ attempts: [QR_ATTEMPT] }));
    const statuses: number[] = [];
    for (let count = 0; count < 11; count += 1) {
      statuses.push((await app.inject(form(CHOICE))).statusCode);
    }
    expect(statuses).toEqual([...Array<number>(10).fill(303), 429]);
    const limited = await app.inject(form(CHOICE));
    expect(limited.headers['retry-after']).toMatch(/^\d+$/);
    expect(limited.body).toContain('操作太频繁');
    const back = await app.inject({ url: `${PAGE}/return?state=s1&code=c1` });
    expect(back.statusCode).toBe(429);
    const friend = await app.inject({
      ...form(CHOICE),
      url: `/pay/${stage.tokens.friend}/attempts`,
    });
    expect(friend.statusCode).toBe(303);
    expect((await app.inject({ url: PAGE })).statusCode).toBe(200);
  });
});

describe('a wallet that must say who pays', () => {
  const inWechat = { 'user-agent': USER_AGENTS.wechat };

  it('is reached by a link to the wallet’s own redirect', async () => {
    const { app } = await cashier(stateNamed('choose-wechat').view, OFFERS.wechat);
    const { body } = await app.inject({ url: PAGE, headers: inWechat });
    const href = /<a class="wallet" href="([^"]*)"/.exec(body)?.[1]?.replace('&amp;', '&') ?? '';
    expect(href).toBe(`${PAGE}/payer?wallet=wechatpay&product=jsapi`);
    const answer = await app.inject({ url: href, headers: inWechat });
    expect(answer.statusCode).toBe(303);
    expect(answer.headers.location).toMatch(/^https:\/\/wallet\.example\/authorize\?/);
    expect(answer.headers['referrer-policy']).toBe('strict-origin');
  });

  it('is asked at once where a fresh payment has no other way, and nothing is started', async () => {
    const { app, asked } = await cashier(viewOf(), OFFERS.wechat);
    const answer = await app.inject({ url: PAGE, headers: inWechat });
    expect(answer.statusCode).toBe(303);
    expect(answer.headers.location).toBe(`${PAGE}/payer?wallet=wechatpay&product=jsapi`);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(asked.started).toEqual([]);
  });

  it('is not asked unbidden after a notice, after an attempt, or for a friend', async () => {
    const { app } = await cashier(viewOf(), OFFERS.wechat);
    for (const url of [`${PAGE}?notice=payer_unknown`, `/pay/${stage.tokens.friend}`]) {
      expect((await app.inject({ url, headers: inWechat })).statusCode).toBe(200);
    }
    await stage.change(stateNamed('choose-wechat').view);
    expect((await app.inject({ url: PAGE, headers: inWechat })).statusCode).toBe(200);
  });

  it('is reached by a form post, too', async () => {
    const { app, asked } = await cashier(viewOf(), OFFERS.wechat);
    const answer = await app.inject(form({ ...CHOICE, product: 'jsapi' }, inWechat));
    expect(answer.headers.location).toMatch(/^https:\/\/wallet\.example\/authorize\?/);
    expect(asked.started).toEqual([]);
  });

  it.each(['code', 'auth_code'])('starts with the payer when it comes back by %s', async (name) => {
    const { app, asked } = await cashier(viewOf({ attempts: [QR_ATTEMPT] }), OFFERS.wechat);
    const answer = await app.inject({ url: `${PAGE}/return?${name}=c1&state=s1` });
    expect(answer.headers.location).toMatch(/^\/pay\/\w+\?go=pa_\w+$/);
    expect(asked.started[0]).toMatchObject({
      wallet: 'wechatpay',
      product: 'jsapi',
      payer: { openid: 'openid-secret' },
    });
    expect(answer.body).not.toContain('openid-secret');
  });

  it.each(['', '?code=c1', '?state=s1', '?code=c1&state=forged', '?code=c1&code=c2&state=s1'])(
    'starts nothing for /return%s',
    async (query) => {
      const { app, asked } = await cashier(viewOf(), OFFERS.wechat);
      const answer = await app.inject({ url: `${PAGE}/return${query}` });
      expect(answer.headers.location).toBe(`${PAGE}?notice=payer_unknown`);
      expect(asked.started).toEqual([]);
    },
  );

  it('redirects nowhere for a wallet that needs no payer or is not offered', async () => {
    const { app } = await cashier();
    const url = `${PAGE}/payer?wallet=wechatpay&product=native`;
    const answer = await app.inject({ url, headers: { 'user-agent': USER_AGENTS.desktop } });
    expect(answer.headers.location).toBe(`${PAGE}?notice=wallet_not_offered`);
    const bad = await app.inject({ url: `${PAGE}/payer?wallet=x` });
    expect(bad.headers.location).toBe(`${PAGE}?notice=invalid`);
  });
});

describe('GET /pay/{pay_token}/events', () => {
  it('reports a change and ends at a terminal state', async () => {
    const { app } = await cashier(stateNamed('waiting-qr').view);
    const answer = app.inject({ url: `${PAGE}/events?v=3` });
    await new Promise((resolve) => setTimeout(resolve, 150));
    const paid = stateNamed('succeeded').view;
    const intent = { ...paid.payment.intent, version: 4 };
    await stage.change({ ...paid, payment: { ...paid.payment, intent } });
    const { headers, body } = await answer;
    expect(headers['content-type']).toBe('text/event-stream; charset=utf-8');
    expect(headers['cache-control']).toBe('no-store');
    expect(headers['referrer-policy']).toBe('strict-origin');
    expect(body).toMatch(/^retry: 3000\n\n(: still here\n\n)+id: 4\nevent: end\ndata: /);
    expect(body).toContain('data: {"version":4,"status":"succeeded"}\n\n');
  });

  it('reports at once what happened before it was opened', async () => {
    const { app } = await cashier(stateNamed('succeeded').view);
    for (const request of [
      { url: `${PAGE}/events?v=2` },
      { url: `${PAGE}/events?v=1`, headers: { 'last-event-id': '2' } },
      { url: `${PAGE}/events?v=nonsense` },
    ]) {
      expect((await app.inject(request)).body).toContain('id: 3\nevent: end\n');
    }
  });

  it('ends a page that has seen the end already', async () => {
    const { app } = await cashier(stateNamed('succeeded').view);
    expect((await app.inject({ url: `${PAGE}/events?v=3` })).body).toContain('event: end\n');
  });

  it('is bounded a token, and ends when the process closes', async () => {
    const { app } = await cashier(stateNamed('waiting-qr').view);
    const streams = Array.from({ length: 8 }, () => app.inject({ url: `${PAGE}/events?v=3` }));
    // Each reads its payment before it counts.
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect((await app.inject({ url: `${PAGE}/events?v=3` })).statusCode).toBe(429);
    await app.close();
    for (const stream of streams) expect((await stream).body).toContain('retry: 3000');
  });

  /** Payments are read slowly: `read` is called once `count` are being read, and lets them go. */
  function slowReads(count: number) {
    const { openCashier, waitForChange } = stage.useCases;
    let begun = 0;
    let waits = 0;
    let allBegan: () => void = () => undefined;
    let letGo: () => void = () => undefined;
    const began = new Promise<void>((resolve) => {
      allBegan = resolve;
    });
    const gate = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const instead: Partial<CashierUseCases> = {
      openCashier: async (payToken) => {
        begun += 1;
        if (begun === count) allBegan();
        await gate;
        return openCashier(payToken);
      },
      waitForChange: (payment, until) => {
        waits += 1;
        return waitForChange(payment, until);
      },
    };
    return { instead, began, letGo: () => letGo(), waits: () => waits };
  }

  it('ends at once where the process began to close while its payment was read', async () => {
    const reads = slowReads(1);
    const { app } = await cashier(stateNamed('waiting-qr').view, OFFERS.desktop, reads.instead);
    const answer = app.inject({ url: `${PAGE}/events?v=3` });
    await reads.began;
    const closed = app.close();
    await new Promise((resolve) => setTimeout(resolve, 50));
    reads.letGo();
    const late = new Promise<string>((resolve) => setTimeout(resolve, 5_000, 'still open'));
    const body = answer.then((ended) => ended.body);
    expect(await Promise.race([body, late])).toBe('');
    await closed;
    expect(reads.waits()).toBe(0);
  });

  it('is over where its reader left while its payment was read: it keeps no place', async () => {
    const reads = slowReads(8);
    const { app } = await cashier(stateNamed('waiting-qr').view, OFFERS.desktop, reads.instead);
    const url = `${await app.listen({ host: '127.0.0.1', port: 0 })}${PAGE}/events?v=3`;
    let gone = 0;
    app.server.on('request', (_request, response) => {
      response.once('close', () => {
        gone += 1;
      });
    });
    const readers = Array.from({ length: 8 }, () => new AbortController());
    const left = readers.map(({ signal }) => fetch(url, { signal }).catch(() => 'left'));
    await reads.began;
    for (const reader of readers) reader.abort();
    expect(new Set(await Promise.all(left))).toEqual(new Set(['left']));
    await expect.poll(() => gone).toBe(8);
    reads.letGo();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(reads.waits()).toBe(0);
    // The eight places of this token are free again.
    const stayed = new AbortController();
    expect((await fetch(url, { signal: stayed.signal })).status).toBe(200);
    stayed.abort();
  });

  it('answers 404 to an unknown token', async () => {
    const { app } = await cashier();
    expect((await app.inject({ url: '/pay/unknown/events' })).statusCode).toBe(404);
  });
});

describe('the token', () => {
  it('and a payer’s code never reach the log', async () => {
    const { app, logged } = await cashier(viewOf({ attempts: [QR_ATTEMPT] }));
    await app.inject({ url: PAGE });
    await app.inject(form(CHOICE));
    await app.inject({ url: `${PAGE}/return?state=s1&code=c1-secret` });
    await app.inject({ url: `${PAGE}/nothing` });
    await app.inject({ url: `${PAGE}/events?v=nonsense`, method: 'POST' });
    stage.isDatabaseAway = true;
    await app.inject({ url: `${PAGE}/events` });
    const text = logged.join('');
    expect(logged.length).toBeGreaterThan(8);
    expect(text).toContain('/pay/:pay_token');
    expect(text).not.toContain(stage.tokens.buyer);
    expect(text).not.toContain('c1-secret');
  });

  it('is in no asset address and in no address of another host', async () => {
    for (const state of STATES) {
      const { app } = await cashier(state.view, state.offers);
      const { body } = await app.inject({ url: PAGE });
      for (const [, address = ''] of body.matchAll(/(?:href|src|action)="([^"]*)"/g)) {
        const isOurs = address.startsWith(PAGE);
        expect(isOurs || !address.includes(stage.tokens.buyer)).toBe(true);
      }
    }
  });
});

describe('assets and weight', () => {
  it('are named by their content and kept for ever', async () => {
    const { app } = await cashier();
    const { body } = await app.inject({ url: PAGE });
    const paths = body.match(/\/pay\/assets\/cashier-[0-9a-f]{12}\.(?:js|css|svg)/g) ?? [];
    expect(paths).toHaveLength(3);
    for (const path of paths) {
      const answer = await app.inject({ url: path });
      expect(answer.statusCode).toBe(200);
      expect(answer.headers['cache-control']).toBe('public, max-age=31536000, immutable');
      expect(answer.headers['x-content-type-options']).toBe('nosniff');
    }
    expect((await app.inject({ url: '/pay/assets/cashier-000000000000.js' })).statusCode).toBe(404);
  });

  it('stay under 30 kB in every state and language, before the code', async () => {
    let heaviest = 0;
    for (const state of STATES) {
      const { app } = await cashier(state.view, state.offers);
      for (const language of ['zh', 'en']) {
        const page = await app.inject({
          url: PAGE,
          headers: { 'accept-language': language, 'user-agent': USER_AGENTS.desktop },
        });
        const html = page.body.replace(/<svg class="qr".*?<\/svg>/s, '');
        const paths = html.match(/\/pay\/assets\/[\w.-]+/g) ?? [];
        const assets = await Promise.all(paths.map((url) => app.inject({ url })));
        const bytes = [html, ...assets.map(({ body }) => body)].map((text) =>
          Buffer.byteLength(text),
        );
        heaviest = Math.max(
          heaviest,
          bytes.reduce((sum, count) => sum + count, 0),
        );
      }
    }
    expect(heaviest).toBeLessThan(30_000);
  });
});

describe('GET and POST /c/{token}', () => {
  let COUNTER: string;
  beforeAll(() => {
    COUNTER = `/c/${stage.tokens.counter}`;
  });
  const typed = (
    fields: Readonly<Record<string, string>>,
    headers: Record<string, string> = {},
    url = COUNTER,
  ) => ({ ...form(fields, headers), url });

  it('asks for an amount, names who is paid, and starts nothing', async () => {
    const { app, asked } = await cashier();
    const page = await app.inject({ url: COUNTER });
    expect(page.statusCode).toBe(200);
    expect(page.body).toContain(LAMP_SHOP.name);
    expect(page.body).toContain('一号柜台');
    expect(page.body).toMatch(/name="visit" value="[0-9a-f]{20}"/);
    expect(page.headers['cache-control']).toBe('no-store');
    expect(String(page.headers['content-security-policy'])).toContain("form-action 'self';");
    expect(asked.paid).toEqual([]);
    const english = await app.inject({ url: `${COUNTER}?lang=en` });
    expect(english.body).toContain('Amount in yuan');
    expect(english.body).toContain(`href="${COUNTER}?lang=zh"`);
  });

  it('makes an order of the amount and goes on to its cashier', async () => {
    const { app, asked } = await cashier();
    const inUnionPay = { 'user-agent': USER_AGENTS.unionpay };
    const answer = await app.inject(typed({ amount: '12.50', visit: VISIT }, inUnionPay));
    expect(answer.statusCode).toBe(303);
    expect(answer.headers.location).toMatch(/^\/pay\/b\w{53}\?from=counter$/);
    const cashierOfIt = await app.inject({ url: String(answer.headers.location) });
    expect(cashierOfIt.body).toContain('¥12.50');
    expect(asked.paid).toEqual([
      { amountFen: 1250n, visit: VISIT, device: 'unionpay', buyerIp: '127.0.0.1' },
    ]);
  });

  it.each([
    [{ amount: '', visit: VISIT }, '请输入金额'],
    [{ visit: VISIT }, '请输入金额'],
    [{ amount: 'x'.repeat(60), visit: VISIT }, '这不是一个金额'],
    [{ amount: '0.005', visit: VISIT }, '两位小数'],
    [{ amount: '60000', visit: VISIT }, '最多为'],
    [{ amount: '5' }, '页面已更新'],
    [{ amount: '5', visit: '<script>' }, '页面已更新'],
  ])('refuses %j with a message and what was typed', async (fields, words) => {
    const { app, asked } = await cashier();
    const answer = await app.inject(typed(fields as Record<string, string>));
    expect(answer.statusCode).toBe(422);
    expect(answer.body).toContain(words);
    expect(answer.body).not.toContain('<script>');
    expect(asked.paid).toEqual([]);
  });

  it('renews the page if the order has changed meanwhile, and says when it is busy', async () => {
    const { app } = await cashier();
    const press = typed({ amount: '5', visit: VISIT });
    expect((await app.inject(press)).statusCode).toBe(303);
    await stage.rename(LAMP_SHOP.id, '梧桐家居');
    const renewed = await app.inject(press);
    expect(renewed.statusCode).toBe(422);
    expect(renewed.body).toContain('value="5"');
    stage.isDatabaseAway = true;
    expect((await app.inject(press)).statusCode).toBe(503);
  });

  it('takes forms of its own page only', async () => {
    const { app, asked } = await cashier();
    const foreign = { origin: 'https://evil.example' };
    const answer = await app.inject(typed({ amount: '5', visit: VISIT }, foreign));
    expect(answer.statusCode).toBe(403);
    expect(asked.paid).toEqual([]);
  });

  it('says that a code is out of use, and takes nothing', async () => {
    const { app, asked } = await cashier();
    const url = `/c/${stage.tokens.closedCounter}`;
    const page = await app.inject({ url });
    expect(page.statusCode).toBe(200);
    expect(page.body).toContain('已停用');
    const paid = await app.inject(typed({ amount: '5', visit: VISIT }, {}, url));
    expect(paid.statusCode).toBe(409);
    expect(asked.paid).toEqual([]);
    expect((await app.inject({ url: '/c/0' })).statusCode).toBe(404);
    expect((await app.inject({ url: '/c/a/b' })).statusCode).toBe(404);
  });

  it('limits orders of one place', async () => {
    const { app } = await cashier();
    let last = 0;
    for (let count = 0; count <= 30; count += 1) {
      last = (await app.inject(typed({ amount: '5', visit: VISIT }))).statusCode;
    }
    expect(last).toBe(429);
  });
});

describe('GET /q/{code}', () => {
  it('leads to the buyer’s page, and any other code nowhere', async () => {
    const { app } = await cashier();
    const answer = await app.inject({ url: `/q/${stage.tokens.shortCode}` });
    expect(answer.statusCode).toBe(303);
    expect(answer.headers.location).toBe(PAGE);
    expect(answer.headers['referrer-policy']).toBe('strict-origin');
    for (const url of ['/q/x', '/q/', `/q/${stage.tokens.shortCode}/x`]) {
      expect((await app.inject({ url })).statusCode).toBe(404);
    }
  });
});

describe('another wallet’s code, by interconnection', () => {
  const shared: Offers = {
    offered: [offer('wechatpay', 'native'), sharedOffer('unionpay', 'wechatpay', 'native')],
    withheld: [withheld('unionpay', null, 'wallet_unhealthy')],
  };
  const headers = { 'user-agent': USER_AGENTS.desktop };

  it('is a row of the payer’s wallet, says so, and the wallet is not called unavailable', async () => {
    const { app } = await cashier(viewOf(), shared);
    const { body } = await app.inject({ url: PAGE, headers });
    const rows = [...body.matchAll(/<b>(微信支付|云闪付)<\/b>/g)].map((match) => match[1]);
    expect(rows).toEqual(['微信支付', '云闪付']);
    expect(body).toContain('用手机云闪付扫微信支付的码');
    expect(body).toContain('name="payer_wallet" value="unionpay"');
    expect(body).not.toContain('云闪付暂时不可用');
  });

  it('starts with the payer’s wallet, and with no other than was offered', async () => {
    const { app, asked } = await cashier(viewOf({ attempts: [QR_ATTEMPT] }), shared);
    await app.inject(form({ ...CHOICE, payer_wallet: 'unionpay' }));
    expect(asked.started[0]).toMatchObject({ wallet: 'wechatpay', payerWallet: 'unionpay' });
    for (const payerWallet of ['jdpay', 'toString', '']) {
      const id = idOf('payment_attempt', 91);
      await app.inject(form({ ...CHOICE, attempt: id, payer_wallet: payerWallet }));
    }
    expect(asked.started).toHaveLength(1);
  });

  it('says which app scans whose code', async () => {
    const { view } = stateNamed('waiting-shared-qr');
    const { app } = await cashier(view, shared);
    const { body } = await app.inject({ url: PAGE, headers });
    expect(body).toContain('请用云闪付扫码付款');
    expect(body).toContain('这是微信支付的收款码');
  });
});

describe('in a wallet’s own app', () => {
  const open = (device: keyof typeof USER_AGENTS, url = PAGE) => ({
    url,
    headers: { 'user-agent': USER_AGENTS[device] },
  });
  const starts = (body: string) => body.match(/ data-start=/g)?.length ?? 0;

  it.each(['unionpay', 'jdpay'] as const)(
    '%s: its own choice starts automatically',
    async (device) => {
      const { app } = await cashier(viewOf(), OFFERS[device]);
      const page = await app.inject(open(device));
      expect(page.statusCode).toBe(200);
      expect(starts(page.body)).toBe(1);
      expect(page.body).toMatch(/<button class="wallet"[^>]* data-start=/);
    },
  );

  it('goes on by a link where the wallet must say who pays, after a form of ours', async () => {
    const { app } = await cashier(viewOf(), OFFERS.wechat);
    const page = await app.inject(open('wechat', `${PAGE}?from=counter`));
    expect(page.statusCode).toBe(200);
    expect(page.body).toMatch(/<a class="wallet" href="[^"]*payer[^"]*" data-start=/);
  });

  it('starts nothing outside, for a friend, after a notice or after an attempt', async () => {
    const { app } = await cashier(viewOf(), OFFERS.desktop);
    expect(starts((await app.inject(open('desktop'))).body)).toBe(0);
    const inApp = await cashier(viewOf(), OFFERS.unionpay);
    const noticed = await inApp.app.inject(open('unionpay', `${PAGE}?notice=busy`));
    expect(starts(noticed.body)).toBe(0);
    const friend = await inApp.app.inject(open('unionpay', `/pay/${stage.tokens.friend}`));
    expect(starts(friend.body)).toBe(0);
    const tried = await cashier(stateNamed('failed-attempt').view, OFFERS.unionpay);
    expect(starts((await tried.app.inject(open('unionpay'))).body)).toBe(0);
  });
});

describe('GET /pay/go/{token}', () => {
  let GO: string;
  beforeAll(() => {
    GO = `/pay/go/${stage.tokens.handOut}`;
  });
  const waiting = viewOf({ intent: { status: 'requires_action' }, attempts: [JD_ATTEMPT] });

  it('D1: hands out the form, and only this document may post it', async () => {
    const { app, asked } = await cashier(waiting);
    const answer = await app.inject({ url: GO, headers: { 'accept-language': 'en' } });
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(String(answer.headers['content-security-policy'])).toContain(
      "form-action 'self' https://wepay.jd.com;",
    );
    expect(answer.body).toContain(
      '<form method="post" action="https://wepay.jd.com/jdpay/saveOrder"',
    );
    expect(answer.body).toContain('Pay ¥1,288.00 with JD Pay');
    // Without script the page, and with it the time in the form, is renewed.
    expect(answer.body).toContain('<noscript><meta http-equiv="refresh" content="20"></noscript>');
    expect(answer.body).not.toContain(stage.tokens.buyer);
    expect(asked.handedOut).toEqual([stage.tokens.handOut]);
  });

  it.each([
    [{ status: 'succeeded' }, 'paid', '这笔订单已经付清', 'This order is paid'],
    [{ status: 'expired' }, 'expired', '付款时间已过', 'Time to pay has run out'],
    [{ status: 'canceled' }, 'canceled', '订单已取消', 'This order was canceled'],
    [{ status: 'conflicted' }, 'conflicted', '付款正在核对', 'We are checking this payment'],
    [{ status: 'requires_wallet' }, 'left', '这个付款入口已关闭', 'This way to pay is closed'],
  ] as const)(
    'D1: says in both languages of %j that it is %s, without a form',
    async (intent, why, zh, en) => {
      const closed = { ...JD_ATTEMPT, status: 'closed' } as const;
      const attempts = [why === 'left' ? closed : JD_ATTEMPT];
      const { app } = await cashier(viewOf({ intent, attempts }));
      for (const [language, words] of [
        ['zh', zh],
        ['en', en],
      ] as const) {
        const answer = await app.inject({ url: GO, headers: { 'accept-language': language } });
        expect(answer.statusCode).toBe(410);
        expect(answer.body).toContain(`<h1>${words}</h1>`);
        expect(answer.body).not.toContain('<form');
        expect(answer.body).toContain(`href="/pay/back/`);
      }
    },
  );

  it('D1: is limited a token, and a made-up one is none', async () => {
    const { app, asked } = await cashier(waiting);
    const statuses: number[] = [];
    for (let count = 0; count < 31; count += 1) {
      statuses.push((await app.inject({ url: GO })).statusCode);
    }
    expect(statuses).toEqual([...Array<number>(30).fill(200), 429]);
    expect(asked.handedOut).toHaveLength(30);
    expect((await app.inject({ url: '/pay/go/x' })).statusCode).toBe(404);
  });

  it('S5: a page over its limit says how long to wait, and how to go on, in both languages', async () => {
    const { app } = await cashier(viewOf({ attempts: [QR_ATTEMPT] }));
    for (let count = 0; count < 10; count += 1) await app.inject(form(CHOICE));
    for (const [language, title, back] of [
      ['zh', '操作太频繁', '回到付款页面'],
      ['en', 'Too many tries', 'Back to the payment'],
    ] as const) {
      const limited = await app.inject(form(CHOICE, { 'accept-language': language }));
      expect(limited.statusCode).toBe(429);
      expect(Number(limited.headers['retry-after'])).toBeGreaterThan(0);
      expect(limited.body).toContain(`<h1>${title}</h1>`);
      expect(limited.body).toContain(`href="${PAGE}">${back}</a>`);
    }
  });

  it('S6d: counts the payment’s attempts of the last minute, whichever process started them', async () => {
    const attempts = Array.from({ length: 10 }, (_, index) =>
      attemptOf(20 + index, {
        ...{ wallet: 'wechatpay', product: 'native', status: 'closed' },
        createdAtMs: NOW_MS - 30_000,
      }),
    );
    const { app, asked } = await cashier(viewOf({ attempts }));
    const answer = await app.inject(form(CHOICE));
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([429, '60']);
    expect(asked.started).toEqual([]);
  });
});
