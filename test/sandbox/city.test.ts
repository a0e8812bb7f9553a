import { existsSync, readFileSync, statSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeDemoCredentials, writeMarketplaces } from '../../sandbox/accounts.ts';
import type { OpenCity } from '../../sandbox/city.ts';
import { call, createOrder, openTestCity, REQUESTS } from './city-support.ts';
import { openReceiver, type Receiver, temporaryDir } from './support.ts';

let city: OpenCity;
let receiver: Receiver;

beforeEach(async () => {
  city = await openTestCity();
  receiver = await openReceiver();
});

afterEach(async () => {
  await city.close();
  await receiver.close();
});

describe('city', () => {
  it('hands gateways the raw target and the exact bytes', async () => {
    const target = '/v3/raw?a=%7e|*+%20&&b=../x#';
    const answer = await call(`${city.url}${target}`, 'POST', '{"a": 1}\n支付');
    expect(answer.text).toBe(`${target}|{"a": 1}\n支付`);
  });

  it('says that it is well, and knows what it has not', async () => {
    expect((await call(`${city.url}/healthz`, 'GET')).json).toEqual({ status: 'ok' });
    const lost = await call(`${city.url}/nothing`, 'GET');
    expect([lost.status, lost.json.error.code]).toEqual([404, 'not_found']);
  });

  it.each([
    ['foreign host', '/v3/raw', { host: 'evil.example' }, 'foreign_host'],
    ['rebound name', '/control/orders', { host: 'evil.example:4100' }, 'foreign_host'],
    [
      'foreign origin at a gateway',
      '/v3/raw',
      { origin: 'https://evil.example' },
      'foreign_origin',
    ],
    ['opaque origin', '/phone/pay', { origin: 'null' }, 'foreign_origin'],
    [
      'another local page at the control',
      '/control/faults',
      { origin: 'http://127.0.0.1:1' },
      'foreign_origin',
    ],
  ])('refuses %s', async (_what, path, headers, code) => {
    const answer = await call(`${city.url}${path}`, 'POST', '{}', headers);
    expect([answer.status, answer.json.error.code]).toEqual([403, code]);
  });

  it('lets a local shop post its form, and its own pages call', async () => {
    const shop = await call(`${city.url}/v3/raw`, 'POST', '', { origin: 'http://127.0.0.1:4000' });
    expect(shop.status).toBe(200);
    const own = await call(`${city.url}/control/faults`, 'POST', {}, { origin: city.url });
    expect(own.json.error.param).toBe('fault');
  });

  it('caps bodies and survives what is not HTTP', async () => {
    const big = await call(`${city.url}/v3/raw`, 'POST', 'x'.repeat((4 << 20) + 1)).catch(
      (error: NodeJS.ErrnoException) => error.code,
    );
    // The answer may be cut off by the end of the connection; both are a refusal.
    expect(typeof big === 'string' ? 413 : big?.status).toBe(413);
    const socket = net.connect(Number(new URL(city.url).port), '127.0.0.1');
    socket.end('\x16\x03\x01 not http\r\n\r\n');
    await new Promise((resolve) => socket.resume().on('close', resolve));
    expect((await call(`${city.url}/healthz`, 'GET')).status).toBe(200);
  });

  it('answer_lost: the order exists, the answer does not', async () => {
    await call(`${city.url}/control/faults`, 'POST', { fault: 'answer_lost' });
    await expect(createOrder(city, 'A0000001', receiver.url)).rejects.toThrow(/hang up|ECONNRESET/);
    const orders = await call(`${city.url}/control/orders?wallet=wechatpay`, 'GET');
    expect(orders.json.data).toEqual([
      {
        wallet: 'wechatpay',
        order_no: 'A0000001',
        combine_order_no: null,
        transaction_id: null,
        merchant: '1900000109',
        amount: 1234,
        payer_amount: null,
        refunded: 0,
        state: 'created',
        payer_wallet: null,
        paid_at: null,
      },
    ]);
  });

  it('wants its token when it is bound elsewhere, and accepts names of its own only', async () => {
    const open = await openTestCity({ host: '0.0.0.0', controlToken: 'secret-token' });
    const url = `${open.url}/control/clock`;
    expect((await call(url, 'GET')).status).toBe(401);
    expect(
      (await call(url, 'GET', undefined, { authorization: 'Bearer secret-tokeN' })).status,
    ).toBe(401);
    expect(
      (await call(url, 'GET', undefined, { authorization: 'Bearer secret-token' })).status,
    ).toBe(200);
    expect(
      (await call(`${open.url}/healthz`, 'GET', undefined, { host: '10.1.2.3:4100' })).status,
    ).toBe(200);
    expect(
      (await call(`${open.url}/healthz`, 'GET', undefined, { host: 'evil.example' })).status,
    ).toBe(403);
    expect((await call(`${open.url}/`, 'GET')).text).not.toContain('<details');
    await open.close();
  });

  it('shows what was refused on its first page, escaped, in both languages', async () => {
    city.opened.explanations.add({
      wallet: 'wechatpay',
      what: 'signature <script>alert(1)</script>',
      expected: 'POST\n/v3/pay\n1\n',
      received: 'POST\n/v3/pax\n1\n',
      hint: 'sign the raw target',
    });
    const zh = await call(`${city.url}/`, 'GET', undefined, { 'accept-language': 'zh-CN' });
    expect(zh.text).toContain('沙箱城');
    expect(zh.text).toContain('&lt;script&gt;');
    expect(zh.text).not.toContain('<script>alert');
    const en = await call(`${city.url}/`, 'GET', undefined, { 'accept-language': 'en' });
    expect(en.text).toContain('first difference at byte 11');
    const listed = await call(`${city.url}/control/explanations`, 'GET');
    expect(listed.json.data[0].first_difference_byte).toBe(11);
  });

  it('a second city on the same port or directory stops before it harms the first', async () => {
    const dir = temporaryDir();
    const first = await openTestCity({ dir });
    await expect(openTestCity({ dir })).rejects.toThrow(/already open/);
    expect((await call(`${first.url}/healthz`, 'GET')).status).toBe(200);
    await first.close();
  });

  it('credentials are private, complete, and the same after a restart on another port', async () => {
    const dir = temporaryDir();
    const first = await openTestCity({ dir });
    const made = (await first.openAccounts(REQUESTS)).get('credentials')?.get('wechatpay');
    const firstUrl = first.url;
    await first.close();
    const second = await openTestCity({ dir });
    const accounts = await second.openAccounts(REQUESTS);
    const kept = accounts.get('credentials')?.get('wechatpay');
    expect(kept?.sdkCredentials).toEqual(made?.sdkCredentials);
    expect(kept?.subMerchants).toEqual(made?.subMerchants);
    expect(JSON.stringify(kept?.credentials)).toBe(
      JSON.stringify(made?.credentials).replaceAll(firstUrl, second.url),
    );
    writeDemoCredentials(dir, second.url, accounts);
    writeMarketplaces(dir, city.url, accounts);
    expect(statSync(join(dir, 'demo.json')).mode & 0o777).toBe(0o600);
    expect(statSync(join(dir, 'papers.json')).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(join(dir, 'demo.json'), 'utf8'))).toEqual({
      sandbox: {
        url: second.url,
        wechatpay: second.url,
        alipay: `${second.url}/gateway.do`,
        alipay_v3: second.url,
        unionpay: second.url,
        jdpay: second.url,
      },
      credentials: { wechatpay: made?.sdkCredentials },
    });
    expect(existsSync(join(dir, 'demo.json.next'))).toBe(false);
    await second.close();
  });
});
