import http from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OpenCity } from '../../src/sandbox/city.ts';
import { call, createOrder, openTestCity } from './city-support.ts';
import { openReceiver, type Receiver, temporaryDir } from './support.ts';

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
    [{ wallet: 'wechatpay', code: 'x', amount: 1 }, 400, 'unknown_parameter', 'amount'],
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
  let cashier: http.Server;
  let base: string;
  let seen: http.IncomingMessage[];
  let answer: (request: http.IncomingMessage, response: http.ServerResponse) => void;

  beforeEach(async () => {
    seen = [];
    cashier = http.createServer((request, response) => {
      seen.push(request);
      answer(request, response);
    });
    await new Promise<void>((resolve) => cashier.listen(0, '127.0.0.1', resolve));
    base = `http://127.0.0.1:${(cashier.address() as AddressInfo).port}`;
    await createOrder(city, 'A0000001', receiver.url);
  });

  afterEach(
    () =>
      new Promise<void>((resolve) => {
        cashier.close(() => resolve());
        cashier.closeAllConnections();
      }),
  );

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
    expect(seen.length).toBeLessThanOrEqual(6);
  });
});

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
