import type http from 'node:http';
import fc from 'fast-check';
import jsQrModule from 'jsqr';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OpenCity } from '../../sandbox/city.ts';
import { checkReach, type PhoneReach } from '../../sandbox/phone/reach.ts';
import { type LocalServer, openLocalServer } from '../helpers/local-server.ts';
import { call, createOrder, openTestCity } from './city-support.ts';
import { openReceiver, type Receiver, temporaryDir } from './support.ts';

/** Its types say ESM, its package is CommonJS. */
const jsQR = jsQrModule as unknown as typeof jsQrModule.default;

let dir: string;
let city: OpenCity;
let receiver: Receiver;

beforeEach(async () => {
  dir = temporaryDir();
  city = await openTestCity({ dir });
  receiver = await openReceiver();
});

afterEach(async () => {
  await city.close();
  await receiver.close();
});

const scan = (code: unknown, wallet: unknown = 'wechatpay') =>
  call(`${city.url}/phone/scan`, 'POST', { wallet, code });
const pay = (body: unknown) => call(`${city.url}/phone/pay`, 'POST', body);

/** Written out by hand: our encoder must not judge what our decoder reads. */
function emv(address: string): string {
  const field = (id: string, value: string) =>
    `${id}${String(value.length).padStart(2, '0')}${value}`;
  const text = [
    field('00', '01'),
    field('01', '12'),
    field('26', field('00', 'A000000333') + field('01', address)),
    field('52', '0000') + field('53', '156') + field('58', 'CN'),
    field('59', 'TAOBAO') + field('60', 'CHINA'),
    '6304',
  ].join('');
  let crc = 0xffff;
  for (const byte of Buffer.from(text)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) {
      crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021;
    }
    crc &= 0xffff;
  }
  return text + crc.toString(16).toUpperCase().padStart(4, '0');
}

describe('phone', () => {
  it('scans, shows, pays, and the wallet calls back', async () => {
    const scanned = await scan(await createOrder(city, 'A0000001', receiver.url));
    expect(scanned.json).toEqual({
      scan: expect.stringMatching(/^scan_/),
      payee: '湖畔茶叶铺',
      amount: 1234,
      currency: 'cny',
      acceptor: 'wechatpay',
      state: 'payable',
    });
    const paid = await pay({
      scan: scanned.json.scan,
      outcome: 'success',
      coupon: { platform: 200, merchant: 34 },
    });
    expect(paid.json).toEqual({ status: 'paid', return_url: 'http://127.0.0.1:4000/back' });
    await receiver.count(1);
    expect(receiver.bodies).toEqual(['paid A0000001']);
    const orders = await call(`${city.url}/control/orders?wallet=wechatpay`, 'GET');
    expect(orders.json.data[0]).toMatchObject({ payer_amount: 1000, payer_wallet: 'wechatpay' });
    expect(Date.parse(orders.json.data[0].paid_at)).toBeGreaterThan(0);
    const again = await scan('shop:A0000001');
    expect(again.json.state).toBe('paid');
    const twice = await pay({ scan: again.json.scan, outcome: 'success' });
    expect(twice.json).toEqual({ status: 'not_payable' });
    expect(receiver.bodies.length).toBe(1);
  });

  it('keeps its scans over a restart', async () => {
    const scanned = await scan(await createOrder(city, 'A0000001', receiver.url));
    await city.close();
    city = await openTestCity({ dir });
    const paid = await pay({ scan: scanned.json.scan, outcome: 'insufficient_funds' });
    expect(paid.json).toEqual({ status: 'insufficient_funds' });
  });

  it('takes every shape of a next_action', async () => {
    await createOrder(city, 'A0000001', receiver.url);
    const shapes = [
      ' shop:A0000001\n',
      { type: 'qr_code', code: 'shop:A0000001' },
      { type: 'redirect', url: 'shop:A0000001' },
      { type: 'invoke', params: { package: 'shop:A0000001' } },
      { package: 'shop:A0000001' },
      JSON.stringify({ type: 'invoke', params: { package: 'shop:A0000001' } }),
    ];
    for (const shape of shapes) expect((await scan(shape)).json.amount).toBe(1234);
  });

  it.each([
    [{ code: 'x' }, 400, 'parameter_invalid', 'wallet'],
    [{ wallet: 'cash', code: 'x' }, 400, 'parameter_invalid', 'wallet'],
    [{ wallet: 'unionpay', code: 'x' }, 422, 'code_not_recognized', 'code'],
    [{ wallet: 'wechatpay' }, 400, 'parameter_missing', 'code'],
    [{ wallet: 'wechatpay', code: 7 }, 400, 'parameter_missing', 'code'],
    [{ wallet: 'wechatpay', code: '{"a"' }, 400, 'parameter_invalid', 'code'],
    [{ wallet: 'wechatpay', code: 'x', amount: 1 }, 400, 'parameter_invalid', 'amount'],
    [{ wallet: 'wechatpay', code: 'x', sum: 1 }, 400, 'unknown_parameter', 'sum'],
    [{ wallet: 'wechatpay', code: 'shop:none' }, 422, 'code_not_recognized', 'code'],
    [{ wallet: 'wechatpay', code: 'http://127.0.0.1:1/pay/t' }, 422, 'cashier_not_payable', 'code'],
  ])('refuses to scan %j', async (body, status, code, param) => {
    const answer = await call(`${city.url}/phone/scan`, 'POST', body);
    expect([answer.status, answer.json.error.code, answer.json.error.param]).toEqual([
      status,
      code,
      param,
    ]);
  });

  it('refuses to pay what it should not', async () => {
    const { json } = await scan(await createOrder(city, 'A0000001', receiver.url));
    for (const [body, status, param] of [
      [{ outcome: 'success' }, 404, 'scan'],
      [{ scan: 'scan_0', outcome: 'success' }, 404, 'scan'],
      [{ scan: json.scan }, 400, 'outcome'],
      [{ scan: json.scan, outcome: 'later' }, 400, 'outcome'],
      [{ scan: json.scan, outcome: 'success', coupon: 5 }, 400, 'coupon'],
      [{ scan: json.scan, outcome: 'success', coupon: { other: 1 } }, 400, 'coupon.other'],
      [{ scan: json.scan, outcome: 'success', coupon: { platform: 0.5 } }, 400, 'coupon.platform'],
      [{ scan: json.scan, outcome: 'success', coupon: { merchant: -1 } }, 400, 'coupon.merchant'],
      [{ scan: json.scan, outcome: 'success', coupon: { merchant: 1235 } }, 400, 'coupon'],
    ] as const) {
      const answer = await pay(body);
      expect([body, answer.status, answer.json.error.param]).toEqual([body, status, param]);
    }
    const orders = await call(`${city.url}/control/orders`, 'GET');
    expect(orders.json.data[0].state).toBe('created');
  });

  it('property: no bytes make it fail', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), fc.jsonValue(), async (wallet, code) => {
        expect((await scan(code, wallet)).status).toBeLessThan(500);
        expect((await pay({ scan: code, outcome: wallet, coupon: code })).status).toBeLessThan(500);
      }),
      { numRuns: 60 },
    );
  });
});

describe('a cashier URL', () => {
  let cashier: LocalServer;
  let base: string;
  let seen: http.IncomingMessage[];
  let answer: (request: http.IncomingMessage, response: http.ServerResponse) => void;

  beforeEach(async () => {
    seen = [];
    cashier = await openLocalServer(async (request, response) => {
      seen.push(request);
      answer(request, response);
    });
    base = cashier.url;
    await createOrder(city, 'A0000001', receiver.url);
  });

  afterEach(() => cashier.close());

  const page = (action: unknown) =>
    `<!doctype html><html><script>var a</script><script type="application/json" id="next-action">${JSON.stringify(
      action,
    )}</script></html>`;

  it('is opened in the browser of the wallet, with cookies, through redirects', async () => {
    answer = (request, response) => {
      if (request.url === '/pay/tok') {
        const cookies = [
          'state=abc; HttpOnly; Path=/',
          'b=2; Expires=Wed, 21 Oct 2099 07:28:00 GMT',
        ];
        response.writeHead(303, {
          location: `${base}/pay/tok/wallet?code=1`,
          'set-cookie': cookies,
        });
        response.end();
        return;
      }
      response.end(page({ type: 'invoke', params: { package: 'shop:A0000001' } }));
    };
    expect((await scan(`${base}/pay/tok`)).json).toMatchObject({ amount: 1234, state: 'payable' });
    expect(seen[0]?.headers['user-agent']).toContain('MicroMessenger/');
    expect(seen[0]?.headers.accept).toBe('text/html');
    expect(seen[1]?.headers.cookie).toBe('state=abc; b=2');
  });

  it('is reached by a payment’s short code, and by the EMVCo form of it', async () => {
    answer = (request, response) => {
      if (request.url === '/q/short') response.writeHead(303, { location: '/pay/tok' }).end();
      else response.end(page({ type: 'qr_code', code: 'shop:A0000001' }));
    };
    expect((await scan(`${base}/q/short`)).json).toMatchObject({ amount: 1234, state: 'payable' });
    seen.length = 0;
    // QuickPass reads the address; whose code stands behind it is another question.
    const code = emv(`${base}/q/short`);
    expect((await scan(code, 'unionpay')).json).toMatchObject({
      acceptor: 'wechatpay',
      amount: 1234,
    });
    expect(seen.map(({ url }) => url)).toEqual(['/q/short', '/pay/tok']);
  });

  it('an EMVCo code is for QuickPass, and must hold an address and a right CRC', async () => {
    const code = emv(`${base}/q/short`);
    for (const [text, wallet, said] of [
      [code, 'wechatpay', 'reads no EMVCo code'],
      [`${code.slice(0, -4)}0000`, 'unionpay', 'cannot be read'],
      [code.slice(0, 40), 'unionpay', 'cannot be read'],
      [emv('not an address'), 'unionpay', 'no address'],
    ] as const) {
      const { status, json } = await scan(text, wallet);
      expect([status, json.error.code, json.error.param]).toEqual([
        400,
        'code_not_recognized',
        'code',
      ]);
      expect(json.error.message).toContain(said);
    }
    expect(seen).toEqual([]);
  });

  it('may redirect to the page of a wallet', async () => {
    answer = (_request, response) => response.writeHead(302, { location: 'shop:A0000001' }).end();
    expect((await scan(`${base}/pay/tok`)).json).toMatchObject({ amount: 1234 });
  });

  it.each([
    ['leads elsewhere', 302, { location: 'http://127.0.0.2:1/x' }, ''],
    ['leads to itself', 302, { location: '/pay/tok' }, ''],
    ['leads nowhere', 302, {}, ''],
    ['is not found', 404, {}, 'gone'],
    ['has nothing', 200, {}, '<html></html>'],
    ['has nothing to pay', 200, {}, '<script id="next-action">null</script>'],
    ['is broken', 200, {}, '<script id="next-action">{</script>'],
  ])('that %s is refused clearly', async (_what, status, headers, body) => {
    answer = (_request, response) => response.writeHead(status, headers).end(body);
    const refused = await scan(`${base}/pay/tok`);
    expect([refused.status, refused.json.error.code]).toEqual([422, 'cashier_not_payable']);
    expect(seen.length).toBeLessThanOrEqual(10);
  });
});

describe('where the phone goes', () => {
  const TARGETS = ['/pay/x', '/q/x', '/pay/go/x', '/c/0123456789abcdef0123'];

  it('S17: reveals nothing about what answers there, or does not, if it is no cashier', async () => {
    const told = new Set<string>();
    const statuses = [200, 204, 302, 401, 404, 500];
    let status = 200;
    const server = await openLocalServer(async (_request, response) => {
      response.writeHead(status, { location: 'http://10.1.2.3/secret' }).end('<p>internal</p>');
    });
    for (const next of statuses) {
      status = next;
      for (const path of TARGETS) {
        const { json } = await scan(`${server.url}${path}`);
        told.add(next === 302 ? 'redirect' : json.error.message);
        expect(json.error.message).not.toMatch(/\d|secret|internal|10\.1/);
      }
    }
    await server.close();
    for (const path of TARGETS) told.add((await scan(`${server.url}${path}`)).json.error.message);
    told.delete('redirect');
    expect([...told]).toEqual(['no cashier that can be paid answers at that address']);
  });

  const reachOf = (more: Partial<PhoneReach> = {}): PhoneReach => ({
    publicUrl: 'http://127.0.0.1:4100',
    allowLocal: true,
    isBoundToLoopback: true,
    platformOrigins: () => new Set(['http://10.0.0.5:4000', 'http://169.254.10.1:4000']),
    ...more,
  });
  const isReached = async (url: string, more: Partial<PhoneReach> = {}): Promise<boolean> =>
    (await checkReach(new URL(url), reachOf(more))).ok;

  it('S17: loopback on any port, registered platforms, and nothing else of a private network', async () => {
    for (const url of [
      'http://127.0.0.1:5999/pay/x',
      'http://[::1]:81/q/x',
      'http://localhost/q/x',
    ]) {
      expect(await isReached(url), url).toBe(true);
      expect(await isReached(url, { isBoundToLoopback: false }), url).toBe(false);
      expect(await isReached(url, { allowLocal: false }), url).toBe(false);
    }
    expect(await isReached('http://10.0.0.5:4000/pay/x')).toBe(true);
    for (const url of [
      'http://169.254.169.254/pay/x',
      'http://[fe80::1]/pay/x',
      'http://169.254.10.1:4000/pay/x',
      'http://10.0.0.5:4001/pay/x',
      'http://192.168.1.1/pay/x',
      'http://0.0.0.0:4000/pay/x',
      'http://[::ffff:169.254.169.254]/pay/x',
      'http://user@127.0.0.1/pay/x',
    ]) {
      expect(await isReached(url), url).toBe(false);
    }
    expect(await isReached('http://127.0.0.1:4100/pay/x', { isBoundToLoopback: false })).toBe(true);
  });

  it('S17: the address that was checked is the one that is called', async () => {
    const checked = await checkReach(new URL('http://localhost:4999/pay/x'), reachOf());
    expect(checked.ok && checked.value.address?.ip).toMatch(/^(127\.0\.0\.1|::1)$/);
  });

  it('S17: a platform registers its public address when it follows the clock', async () => {
    const follow = (public_url: unknown) =>
      call(`${city.url}/control/clock/follow`, 'POST', {
        ...{ follower: 'p', adopted_ms: -1, next_due_ms: null, public_url },
      });
    expect((await follow('https://pay.example')).status).toBe(200);
    for (const wrong of ['ftp://x', 'x', 7]) {
      expect((await follow(wrong)).json.error.param).toBe('public_url');
    }
  });
});

describe('a counter’s printed code', () => {
  const TOKEN = '0123456789abcdef0123';
  let shop: LocalServer;
  let base: string;
  let posted: string[];
  let made: number;

  beforeEach(async () => {
    posted = [];
    made = 0;
    shop = await openLocalServer((request, response) => serve(request, response));
    base = shop.url;
  });
  afterEach(() => shop.close());

  /** The pages of a counter as the platform serves them: amount, order, choice, action. */
  const serve = async (request: http.IncomingMessage, response: http.ServerResponse) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    if (request.method === 'POST') posted.push(`${request.url} ${body}`);
    const fields = new URLSearchParams(body);
    if (request.url === `/c/${TOKEN}` && request.method === 'GET') {
      response.end(`<form><input type="hidden" name="visit" value="v1"></form>`);
    } else if (request.url === `/c/${TOKEN}`) {
      made += 1;
      const answer = await call(`${city.url}/v3/orders`, 'POST', {
        ...{ no: `C000000${made}`, amount: Math.round(Number(fields.get('amount')) * 100) },
        ...{ notify: receiver.url, seconds: 86_400 * 3 },
      });
      response.writeHead(303, {
        location: '/pay/tok?from=counter',
        'set-cookie': `o=${answer.text}`,
      });
      response.end();
    } else if (request.url?.startsWith('/c/f')) {
      response.end('<main id="main" data-screen="counter-closed"><h1>closed</h1></main>');
    } else if (request.url === '/pay/tok/attempts') {
      response.writeHead(303, { location: '/pay/tok', 'set-cookie': 'attempt=pa_1' }).end();
    } else if (request.headers.cookie?.includes('attempt=') === true) {
      const code = /o=([^;]+)/.exec(request.headers.cookie)?.[1];
      const action = JSON.stringify({ type: 'qr_code', code });
      response.end(`<script type="application/json" id="next-action">${action}</script>`);
    } else {
      response.end(
        '<script type="application/json" id="next-action">null</script>' +
          '<form method="post" action="/pay/tok/attempts"><input type="hidden" name="wallet" value="wechatpay">' +
          '<input type="hidden" name="product" value="native"><button name="attempt" value="pa_1" data-start="pa_1">x</button></form>',
      );
    }
  };
  const scanCounter = (amount: number) =>
    call(`${city.url}/phone/scan`, 'POST', {
      ...{ wallet: 'wechatpay', code: `${base}/c/${TOKEN}`, amount },
    });
  const payCounter = async (amount: number) =>
    (await pay({ scan: (await scanCounter(amount)).json.scan, outcome: 'success' })).json;

  it('asks for the amount, makes the page’s own choice, and reads what is to be paid', async () => {
    const without = await scan(`${base}/c/${TOKEN}`);
    expect([without.status, without.json.error.code, without.json.error.param]).toEqual([
      422,
      'amount_missing',
      'amount',
    ]);
    const scanned = await scanCounter(12_34);
    expect(scanned.json).toMatchObject({ amount: 1234, state: 'payable' });
    expect(posted).toEqual([
      `/c/${TOKEN} amount=12.34&visit=v1`,
      '/pay/tok/attempts wallet=wechatpay&product=native&attempt=pa_1',
    ]);
  });

  it('is refused with a message if the counter is disabled', async () => {
    const disabled = await scan(`${base}/c/ffffffffffffffffffff`);
    expect(disabled.status).toBe(422);
    expect(disabled.json.error.message).toBe('the counter takes no payment now: it is disabled');
  });

  it('takes 500 yuan a day and no fen more, until midnight in Beijing', async () => {
    const refused = await payCounter(500_01);
    expect(refused.status).toBe('static_code_limit');
    expect(refused.message).toContain('500');
    expect((await payCounter(499_99)).status).toBe('paid');
    expect((await payCounter(2)).status).toBe('static_code_limit');
    expect((await payCounter(1)).status).toBe('paid');
    expect((await payCounter(1)).status).toBe('static_code_limit');
    // A dynamic code is another grade.
    const dynamic = await scan(await createOrder(city, 'A0000001', receiver.url));
    expect((await pay({ scan: dynamic.json.scan, outcome: 'success' })).json.status).toBe('paid');
    const { json } = await call(`${city.url}/control/clock`, 'GET');
    const beijingMs = (Number(json.now_ms) + 8 * 3_600_000) % 86_400_000;
    const toMidnight = Math.ceil((86_400_000 - beijingMs) / 1_000);
    await call(`${city.url}/control/clock`, 'POST', { advance_seconds: toMidnight });
    expect((await payCounter(500_00)).status).toBe('paid');
    expect((await payCounter(1)).status).toBe('static_code_limit');
  });

  it('a payment that came to nothing uses none of the day', async () => {
    for (const outcome of ['cancel', 'insufficient_funds']) {
      await pay({ scan: (await scanCounter(500_00)).json.scan, outcome });
    }
    expect((await payCounter(500_00)).status).toBe('paid');
  });
});

describe('what the phone presents', () => {
  const post = (where: string, body: unknown) => call(`${city.url}/phone/${where}`, 'POST', body);

  it('is a fresh payment code, as digits and as a picture that another decoder reads', async () => {
    const first = (await post('code', { wallet: 'wechatpay' })).json;
    const second = (await post('code', { wallet: 'wechatpay' })).json;
    expect(first.auth_code).toMatch(/^13\d{16}$/);
    expect(second.auth_code).not.toBe(first.auth_code);
    expect(first.shown.replaceAll(' ', '')).toBe(first.auth_code);
    expect(first.valid_seconds).toBe(60);
    expect(readSvg(first.picture)).toBe(first.auth_code);
  });

  it('is the answer of a tap', async () => {
    const tapped = await post('tap', { amount: 1250 });
    expect(tapped.json.field55).toBe('9F0206000000001250');
  });

  it.each([
    ['tap', { amount: 1_000_000_000_000 }, 'parameter_invalid', 'amount'],
    ['code', {}, 'parameter_invalid', 'wallet'],
    ['code', { wallet: 'cash' }, 'parameter_invalid', 'wallet'],
    ['code', { wallet: 'unionpay' }, 'wallet_not_available', 'wallet'],
    ['code', { wallet: 'wechatpay', x: 1 }, 'unknown_parameter', 'x'],
    ['tap', {}, 'parameter_invalid', 'amount'],
    ['tap', { amount: 0 }, 'parameter_invalid', 'amount'],
    ['tap', { amount: 1.5 }, 'parameter_invalid', 'amount'],
  ])('%s refuses %j', async (where, body, code, param) => {
    const answer = await post(where, body);
    expect([answer.status, answer.json.error.code, answer.json.error.param]).toEqual([
      400,
      code,
      param,
    ]);
  });

  it('says so where a wallet has no code and no tap', async () => {
    const of = async (query: string) => (await call(`${city.url}/phone?${query}`, 'GET')).text;
    expect(await of('mode=code&wallet=unionpay')).toMatch(/id="code-empty" class="empty">/);
    expect(await of('mode=code&wallet=wechatpay')).toMatch(/id="code-empty" class="empty" hidden>/);
    expect(await of('mode=tap&wallet=jdpay')).toMatch(/id="tap-empty" class="empty">/);
  });
});

/** Draws the modules of the picture as pixels and lets jsqr read them. */
function readSvg(svg: string): string | undefined {
  const size = Number(/viewBox="0 0 (\d+) /.exec(svg)?.[1]);
  const scale = 4;
  const side = size * scale;
  const pixels = new Uint8ClampedArray(side * side * 4).fill(255);
  for (const [, x, y] of svg.matchAll(/M(\d+) (\d+)h1v1h-1z/g)) {
    for (let dy = 0; dy < scale; dy += 1) {
      for (let dx = 0; dx < scale; dx += 1) {
        const at = ((Number(y) * scale + dy) * side + Number(x) * scale + dx) * 4;
        pixels.fill(0, at, at + 3);
      }
    }
  }
  return jsQR(pixels, side, side)?.data;
}

describe('the page', () => {
  it('is Chinese or English by the browser, and by choice', async () => {
    const get = (query: string, language: string) =>
      call(`${city.url}/phone${query}`, 'GET', undefined, { 'accept-language': language });
    expect((await get('', 'zh-CN,zh;q=0.9')).text).toContain('<html lang="zh-CN">');
    expect((await get('', 'en-GB,en;q=0.9,zh;q=0.8')).text).toContain('<html lang="en">');
    expect((await get('', 'fr')).text).toContain('<html lang="zh-CN">');
    expect((await get('?lang=en', 'zh')).text).toContain('<html lang="en">');
  });

  it('escapes the code that it is given', async () => {
    const code = encodeURIComponent('"></textarea><script>alert(1)</script>');
    const { text, headers } = await call(`${city.url}/phone?code=${code}`, 'GET');
    expect(text).not.toContain('<script>alert');
    expect(headers['content-security-policy']).toContain("script-src 'self'");
  });
});
