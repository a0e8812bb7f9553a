/** The shop over HTTP against a double of the Hutong API; standardwebhooks signs its webhooks. */
import { mkdtemp, rm } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Hutong } from '@hutong/sdk';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Bazaar, ensureWebhookEndpoint, runBazaar } from './main.ts';
import { FakePlatform, refusal, SECRETS } from './testing-platform.ts';

let fake: FakePlatform;
let bazaar: Bazaar;
let dir: string;

const marketplace = (name: keyof typeof SECRETS) => ({
  baseUrl: fake.url,
  secretKey: `sk_test_${name}`,
  merchants: [`mer_${name}_1`, `mer_${name}_2`, `mer_${name}_3`],
  webhookSecret: SECRETS[name],
});

async function open(): Promise<void> {
  bazaar = await runBazaar({
    port: 0,
    dir,
    marketplaces: { taobao: marketplace('taobao'), tmall: marketplace('tmall') },
    log: () => undefined,
  });
}

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'bazaar-'));
  fake = new FakePlatform();
  await fake.start();
  await open();
});
afterEach(async () => {
  await bazaar.stop();
  await fake.stop();
  await rm(dir, { recursive: true });
});

/** A browser without script: cookies and forms. */
class Browser {
  readonly cookies = new Map<string, string>();
  headers: Record<string, string> = { 'accept-language': 'en' };

  async get(path: string): Promise<{ status: number; text: string; headers: Headers }> {
    return this.#send(path, { headers: {} });
  }

  async post(path: string, fields: Record<string, string>, headers: Record<string, string> = {}) {
    return this.#send(path, {
      method: 'POST',
      body: new URLSearchParams(fields),
      headers: { origin: bazaar.url, ...headers },
    });
  }

  async #send(path: string, init: RequestInit & { headers: Record<string, string> }) {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(`${bazaar.url}${path}`, {
      ...init,
      redirect: 'manual',
      headers: { ...this.headers, cookie, ...init.headers },
    });
    for (const line of response.headers.getSetCookie()) {
      const [pair = ''] = line.split(';');
      const [name = '', value = ''] = pair.split('=');
      if (value === '') this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return { status: response.status, text: await response.text(), headers: response.headers };
  }
}

const field = (text: string, name: string) =>
  new RegExp(`name="${name}" value="([^"]+)"`).exec(text)?.[1] ?? '';

async function fillCart(browser: Browser, name = 'taobao', products = ['c1', 'c4', 'c10']) {
  for (const product of products) {
    const form = { product, option: '0', quantity: '2', goto: 'cart' };
    expect((await browser.post(`/${name}/cart/add`, form)).status).toBe(303);
  }
  return field((await browser.get(`/${name}/checkout`)).text, 'nonce');
}

async function buy(browser: Browser, name = 'taobao', products?: string[]): Promise<string> {
  const nonce = await fillCart(browser, name, products);
  const answer = await browser.post(`/${name}/checkout`, { nonce, pickup: 'gulou' });
  expect(answer.status).toBe(303);
  const location = answer.headers.get('location') ?? '';
  const intent = fake.intents.get(location.split('/').at(-1) ?? '');
  return intent?.id ?? location;
}

async function deliver(
  name: keyof typeof SECRETS,
  delivery: { body: string; headers: Record<string, string> },
): Promise<number> {
  const url = `${bazaar.url}/webhooks/${name}`;
  const response = await fetch(url, {
    method: 'POST',
    headers: delivery.headers,
    body: delivery.body,
  });
  return response.status;
}

const pay = (id: string) => fake.setIntent(id, { status: 'succeeded', wallet: 'wechatpay' });

describe('checkout', () => {
  it('makes one payment_intent with a sub_order per seller and sends the buyer to the cashier', async () => {
    const browser = new Browser();
    browser.headers['user-agent'] = 'Mozilla/5.0 (iPhone) Mobile MicroMessenger/8.0';
    const id = await buy(browser);
    const intent = fake.intents.get(id)!;
    const [call, ...others] = fake.calls;
    expect(others).toEqual([]);
    expect(call).toMatchObject({
      path: '/v1/payment_intents',
      authorization: 'Bearer sk_test_taobao',
      key: `bazaar-${intent.merchant_order_no}`,
      body: {
        amount: 2 * (8900 + 3990 + 2800),
        currency: 'cny',
        buyer: { device: 'wechat', ip: '127.0.0.1' },
        return_url: `${bazaar.url}/taobao/orders/${intent.merchant_order_no}`,
        sub_orders: [
          { merchant: 'mer_taobao_1', amount: 17_800 },
          { merchant: 'mer_taobao_2', amount: 7_980 },
          // Four sellers, three merchants: round and round.
          { merchant: 'mer_taobao_1', amount: 5_600 },
        ],
      },
    });
    expect(browser.cookies.has('bazaar_cart_taobao')).toBe(false);
  });

  it('is one order however often the button is pressed', async () => {
    const browser = new Browser();
    const nonce = await fillCart(browser);
    const cart = browser.cookies.get('bazaar_cart_taobao')!;
    const first = await browser.post('/taobao/checkout', { nonce, pickup: 'gulou' });
    browser.cookies.set('bazaar_cart_taobao', cart);
    const second = await browser.post('/taobao/checkout', { nonce, pickup: 'gulou' });
    expect(second.headers.get('location')).toBe(first.headers.get('location'));
    expect(fake.intents.size).toBe(1);
  });

  it('keeps the order when the platform refuses or is away, and opens it later as the same', async () => {
    const browser = new Browser();
    fake.failures.push(
      ...Array.from({ length: 4 }, () => refusal(401, 'authentication_error', 'api_key_invalid')),
    );
    const location = await buy(browser);
    expect(location).toMatch(/^\/taobao\/orders\/TB/);
    expect((await browser.get(location)).text).toContain('The cashier cannot be reached');
    fake.failures.length = 0;
    const again = await browser.post(`${location}/pay`, {});
    expect(again.headers.get('location')).toContain('/pay/pi_');
    expect(new Set(fake.calls.map((call) => call.key)).size).toBe(1);

    fake.failures.push(refusal(400, 'invalid_request_error', 'merchant_unknown'));
    const refused = await buy(browser, 'tmall', ['m1']);
    expect((await browser.get(refused)).text).toContain('merchant_unknown');
  });
});

describe('webhooks', () => {
  it('alone make an order paid: coming back from the cashier does not', async () => {
    const browser = new Browser();
    const id = await buy(browser);
    const path = `/taobao/orders/${fake.intents.get(id)!.merchant_order_no}`;
    pay(id);
    expect((await browser.get(`${path}?status=succeeded`)).text).toContain('Waiting for payment');
    expect(await deliver('taobao', fake.event('taobao', 'payment_intent.succeeded', pay(id)))).toBe(
      204,
    );
    const page = (await browser.get(path)).text;
    expect(page).toContain('class="status paid"');
    expect(page).toContain('WeChat Pay');
    expect((await browser.get('/taobao/orders')).text).toContain('badge paid');
  });

  it('that are forged, altered, late, stale, repeated or of the other marketplace change nothing', async () => {
    const browser = new Browser();
    const id = await buy(browser);
    const { merchant_order_no: no } = fake.intents.get(id)!;
    const waiting = async () =>
      (await browser.get(`/taobao/orders/${no}`)).text.includes('status waiting');
    const good = fake.event('taobao', 'payment_intent.succeeded', pay(id), { version: 5 });
    expect(await deliver('tmall', good)).toBe(400);
    expect(
      await deliver('taobao', { ...good, body: good.body.replace('wechatpay', 'alipay') }),
    ).toBe(400);
    expect(
      await deliver('taobao', { ...good, headers: { 'content-type': 'application/json' } }),
    ).toBe(400);
    const old = { ...good.headers, 'webhook-timestamp': '1700000000' };
    expect(await deliver('taobao', { ...good, headers: old })).toBe(400);
    // Genuine, but signed by the marketplace that does not own the order.
    expect(await deliver('tmall', fake.event('tmall', 'payment_intent.succeeded', pay(id)))).toBe(
      204,
    );
    expect(await waiting()).toBe(true);
    const wrong = { ...pay(id), amount: 1 };
    expect(await deliver('taobao', fake.event('taobao', 'payment_intent.succeeded', wrong))).toBe(
      204,
    );
    expect(await waiting()).toBe(true);

    expect(await deliver('taobao', good)).toBe(204);
    expect(await deliver('taobao', good)).toBe(204);
    const stale = { ...pay(id), status: 'processing' as const };
    const late = fake.event('taobao', 'payment_intent.requires_action', stale, { version: 3 });
    expect(await deliver('taobao', late)).toBe(204);
    const page = (await browser.get(`/taobao/orders/${no}`)).text;
    expect(page).toContain('status paid');
    expect(page).toContain('stale, dropped');
    expect(page.match(/v5 ·/g)).toHaveLength(1);
  });

  it('about unknown orders, and of future types, are accepted and ignored', async () => {
    const stranger = { id: 'pi_x', merchant_order_no: 'ELSEWHERE', amount: 1, status: 'succeeded' };
    const about = (type: string) =>
      fake.event('taobao', type, { ...stranger, sub_orders: [] } as never);
    expect(await deliver('taobao', about('payment_intent.succeeded'))).toBe(204);
    expect(await deliver('taobao', about('escrow.released'))).toBe(204);
  });

  it('reach an open page as server-sent events', async () => {
    const browser = new Browser();
    const id = await buy(browser);
    const { merchant_order_no: no } = fake.intents.get(id)!;
    const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const seen: string[] = [];
    const stream = get(
      `${bazaar.url}/taobao/orders/${no}/live`,
      { headers: { cookie } },
      (answer) => {
        answer.setEncoding('utf8').on('data', (chunk: string) => seen.push(chunk));
        answer.on('error', () => undefined);
      },
    );
    await expect.poll(() => seen.join('')).toContain('data: 2');
    await deliver('taobao', fake.event('taobao', 'payment_intent.succeeded', pay(id)));
    await expect.poll(() => seen.join('')).toContain('data: 3');
    stream.destroy();
    const stranger = await new Browser().get(`/taobao/orders/${no}/live`);
    expect(stranger.status).toBe(404);
  });
});

describe('refunds', () => {
  it('are asked for through the SDK once and done when the webhook says so', async () => {
    const browser = new Browser();
    const id = await buy(browser);
    const { merchant_order_no: no, sub_orders } = fake.intents.get(id)!;
    const path = `/taobao/orders/${no}`;
    const form = { part: `${no}-1`, amount: '12.50', reason: 'damaged', nonce: 'A'.repeat(20) };
    const early = await browser.post(`${path}/refunds`, form);
    expect(early.headers.get('location')).toContain('refund_amount');
    await deliver('taobao', fake.event('taobao', 'payment_intent.succeeded', pay(id)));
    const page = (await browser.get(path)).text;
    const nonce = field(page, 'nonce');
    for (const amount of ['0', '178.01', '-1', 'x', '']) {
      const bad = await browser.post(`${path}/refunds`, { ...form, amount });
      expect(bad.headers.get('location')).toContain('refund_amount');
    }
    for (let press = 0; press < 2; press += 1) {
      const asked = await browser.post(`${path}/refunds`, { ...form, nonce });
      expect(asked.headers.get('location')).toContain('refund_asked');
    }
    expect(fake.refunds.size).toBe(1);
    const [refund] = [...fake.refunds.values()];
    expect(refund).toMatchObject({
      payment_intent: id,
      sub_order: sub_orders[0]!.id,
      amount: 1250,
      reason: 'damaged',
    });
    expect((await browser.get(path)).text).toContain('Refund in progress');
    const done = fake.setRefund(refund!.id, 'succeeded');
    await deliver('taobao', fake.event('taobao', 'refund.succeeded', done));
    const after = (await browser.get(path)).text;
    expect(after).toContain('class="good"');
    expect(after).toContain('Up to ¥165.50');
  });

  it('say so when the platform refuses', async () => {
    const browser = new Browser();
    const id = await buy(browser, 'tmall', ['m1', 'm4']);
    const { merchant_order_no: no } = fake.intents.get(id)!;
    await deliver('tmall', fake.event('tmall', 'payment_intent.succeeded', pay(id)));
    fake.failures.push(refusal(409, 'state_error', 'refund_exceeds_payment'));
    const form = { part: `${no}-1`, amount: '1', reason: 'damaged', nonce: 'B'.repeat(20) };
    const answer = await browser.post(`/tmall/orders/${no}/refunds`, form);
    expect(answer.headers.get('location')).toContain('refund_refused');
    expect((await browser.get(answer.headers.get('location')!)).text).toContain('was refused');
  });
});

describe('the shop', () => {
  it('survives a restart', async () => {
    const browser = new Browser();
    const id = await buy(browser);
    await deliver('taobao', fake.event('taobao', 'payment_intent.succeeded', pay(id)));
    const path = `/taobao/orders/${fake.intents.get(id)!.merchant_order_no}`;
    await bazaar.stop();
    await open();
    expect((await browser.get(path)).text).toContain('status paid');
  });

  it('shows an order to its buyer only, and on its marketplace only', async () => {
    const id = await buy(new Browser());
    const { merchant_order_no: no } = fake.intents.get(id)!;
    const stranger = new Browser();
    await fillCart(stranger);
    expect((await stranger.get(`/taobao/orders/${no}`)).status).toBe(404);
    expect((await stranger.post(`/taobao/orders/${no}/pay`, {})).status).toBe(404);
  });

  it('takes no form from another site, and no other name for itself', async () => {
    const browser = new Browser();
    const form = { product: 'c1', option: '0', quantity: '1' };
    for (const headers of [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
    ]) {
      expect((await browser.post('/taobao/cart/add', form, headers)).status).toBe(403);
    }
    const status = await new Promise((resolve) => {
      get(`${bazaar.url}/taobao`, { headers: { host: 'evil.example' } }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      });
    });
    expect(status).toBe(421);
  });

  it('answers every page with its security headers, escaped, in both languages', async () => {
    const browser = new Browser();
    const found = await browser.get(
      `/taobao?q=${encodeURIComponent('"><script>alert(1)</script>')}`,
    );
    expect(found.text).not.toContain('<script>alert');
    expect(found.text).toContain('Nothing found');
    expect(found.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(found.headers.get('content-security-policy')).toContain(
      `form-action 'self' ${fake.url}`,
    );
    expect(found.headers.get('x-content-type-options')).toBe('nosniff');
    expect((await browser.get('/taobao?q=shoe')).text).toContain('Hand-stitched cloth shoes');
    const switched = await browser.get('/language?to=zh&back=%2Ftmall');
    expect(switched.headers.get('location')).toBe('/tmall');
    expect((await browser.get('/tmall')).text).toContain('lang="zh-CN"');
    expect((await browser.get('/language?to=en&back=//evil')).headers.get('location')).toBe(
      '/taobao',
    );
    const picture = await browser.get('/assets/p/m12.svg');
    expect(picture.headers.get('content-type')).toBe('image/svg+xml');
  });

  it('says what is wrong with a form and where nothing is', async () => {
    const browser = new Browser();
    const bad = { product: 'zz', option: '0', quantity: '1' };
    expect((await browser.post('/taobao/cart/add', bad)).status).toBe(400);
    expect((await browser.post('/taobao/cart/add', { ...bad, quantity: '-1' })).status).toBe(400);
    expect((await browser.post('/taobao/checkout', { nonce: 'x', pickup: 'y' })).status).toBe(400);
    for (const path of ['/taobao/p/zz', '/taobao/orders/TB0', '/nowhere', '/assets/p/zz.svg']) {
      expect((await browser.get(path)).status).toBe(404);
    }
    expect((await browser.get('/taobao/cart')).text).toContain('Your cart is empty');
    expect((await browser.get('/tmall/orders')).text).toContain('No orders yet');
    expect((await browser.get('/taobao/checkout')).headers.get('location')).toBe('/taobao/cart');
  });

  it('registers its webhook endpoint once and keeps the secret', async () => {
    const options = {
      hutong: new Hutong({ baseUrl: fake.url, secretKey: 'sk_test_taobao' }),
      marketplace: 'taobao' as const,
      platform: fake.url,
      url: bazaar.url,
      dir,
    };
    expect(await ensureWebhookEndpoint(options)).toBe(SECRETS.taobao);
    expect(await ensureWebhookEndpoint(options)).toBe(SECRETS.taobao);
    expect(fake.calls.filter((call) => call.path === '/v1/webhook_endpoints')).toHaveLength(1);
  });

  it('takes over an endpoint of its address whose secret it has lost', async () => {
    const exists = { type: 'state_error', code: 'webhook_endpoint_exists', existing: 'we_9' };
    fake.failures.push(
      { status: 409, body: { error: { ...exists, message: 'we_9 has this address' } } },
      { status: 200, body: { id: 'we_9' } },
      { status: 200, body: { id: 'we_9', secret: SECRETS.tmall } },
    );
    const secret = await ensureWebhookEndpoint({
      hutong: new Hutong({ baseUrl: fake.url, secretKey: 'sk_test_tmall' }),
      marketplace: 'tmall',
      platform: fake.url,
      url: `${bazaar.url}/again`,
      dir: `${dir}/again`,
    });
    expect(secret).toBe(SECRETS.tmall);
    expect(fake.calls.slice(-3).map((call) => call.path)).toEqual([
      '/v1/webhook_endpoints',
      '/v1/webhook_endpoints/we_9',
      '/v1/webhook_endpoints/we_9/rotate_secret',
    ]);
  });
});
