/** Limits in the composed server, where every scope's hooks meet. */
import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Db } from '../../src/database/db.ts';
import { hashKey } from '../../src/flows/key/authenticate.ts';
import { parseTrustedProxies } from '../../src/http/address.ts';
import { type EdgePlatform, openEdgeHome, openEdgePlatform } from '../helpers/edge-platform.ts';

let home: Db;
let edge: EdgePlatform;

beforeAll(async () => {
  home = await openEdgeHome();
  edge = await openEdgePlatform({ db: home });
});
afterAll(async () => {
  await edge.close();
  await home.close();
});

/** `/pay/{token}` of a fresh payment. */
async function payPageOf({ composed, taobao }: EdgePlatform): Promise<string> {
  const answer = await composed.server.inject({
    method: 'POST',
    url: '/v1/payment_intents',
    headers: { authorization: `Bearer ${taobao.key}`, 'idempotency-key': randomUUID() },
    payload: {
      amount: 100,
      currency: 'cny',
      merchant_order_no: randomUUID().replaceAll('-', '').slice(0, 24),
      description: 'tea',
      sub_orders: [{ merchant: taobao.merchant, amount: 100, description: 'tea' }],
      buyer: { id: 'b', device: 'desktop' },
    },
  });
  return new URL(answer.json<{ cashier_url: string }>().cashier_url).pathname;
}

const from = (remoteAddress: string) => ({ remoteAddress });

describe('the cashier’s limits, composed', () => {
  test('S5: the 121st look at a counter in a minute answers 429 with a message, and no error is logged', async () => {
    const answers = [];
    for (let look = 0; look < 125; look += 1) {
      const url = '/c/ctr_0000000000001';
      const headers = { 'accept-language': 'en' };
      answers.push(await edge.composed.server.inject({ url, headers, ...from('198.51.100.7') }));
    }
    const statuses = answers.map(({ statusCode }) => statusCode);
    expect(statuses.slice(0, 120)).toEqual(Array<number>(120).fill(404));
    expect(statuses.slice(120)).toEqual(Array<number>(5).fill(429));
    const last = answers.at(-1);
    const seconds = Number(last?.headers['retry-after']);
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThanOrEqual(60);
    expect(last?.body).toContain('Too many tries');
    expect(last?.body).toContain(`Please wait ${seconds} seconds`);
    const errors = edge
      .lines()
      .filter(({ level, err }) => Number(level) >= 50 || err !== undefined);
    expect(errors).toEqual([]);
  });

  test('S5: the limit of starts answers 429, too', async () => {
    const statuses: number[] = [];
    const page = await payPageOf(edge);
    for (let start = 0; start < 12; start += 1) {
      const answer = await edge.composed.server.inject({
        method: 'POST',
        url: `${page}/attempts`,
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          origin: 'http://127.0.0.1:4000',
        },
        payload: 'wallet=wechatpay&product=native',
        ...from('198.51.100.8'),
      });
      statuses.push(answer.statusCode);
    }
    expect(statuses.slice(10)).toEqual([429, 429]);
    expect(edge.lines().filter(({ level }) => Number(level) >= 50)).toEqual([]);
  });

  test('S6d: made-up tokens push no payment out of the count of its starts', async () => {
    const page = await payPageOf(edge);
    const startAt = async (path: string, address: string) =>
      (
        await edge.composed.server.inject({
          method: 'POST',
          url: `${path}/attempts`,
          headers: {
            'content-type': 'application/x-www-form-urlencoded',
            origin: 'http://127.0.0.1:4000',
          },
          payload: 'wallet=wechatpay&product=native',
          ...from(address),
        })
      ).statusCode;
    for (let start = 0; start < 10; start += 1) {
      expect(await startAt(page, '198.51.100.9')).toBe(303);
    }
    for (let made = 0; made < 5_200; made += 1) {
      await startAt(
        `/pay/${String(made).padStart(58, 'f')}`,
        `198.51.${100 + (made >> 8)}.${made & 255}`,
      );
    }
    expect(await startAt(page, '198.51.100.9')).toBe(429);
  });

  test('S5: a limited API call answers the coded 429, never 503', async () => {
    // A window that no machine is too slow for.
    const rateLimit = { max: 50, windowMs: 600_000 };
    const limited = await openEdgePlatform({ db: home, rateLimit });
    const headers = { authorization: `Bearer ${limited.taobao.key}` };
    const statuses = new Map<number, number>();
    for (let call = 0; call < 55; call += 1) {
      const answer = await limited.composed.server.inject({
        url: '/v1/webhook_endpoints',
        headers,
      });
      statuses.set(answer.statusCode, (statuses.get(answer.statusCode) ?? 0) + 1);
    }
    await limited.close();
    expect([...statuses]).toEqual([
      [200, 50],
      [429, 5],
    ]);
  });
});

describe('addresses behind proxies', () => {
  const opened: EdgePlatform[] = [];
  afterAll(() => Promise.all(opened.map((one) => one.close())));
  const behind = async (setting: string): Promise<EdgePlatform> => {
    const trustedProxies = parseTrustedProxies(setting);
    if (!trustedProxies.ok) throw new Error(trustedProxies.error);
    const one = await openEdgePlatform({ db: home, trustedProxies: trustedProxies.value });
    opened.push(one);
    return one;
  };
  /** How many of `count` looks at a counter passed, each with the header that `forwarded` makes. */
  const passed = async (
    { composed }: EdgePlatform,
    count: number,
    forwarded: (look: number) => string,
  ): Promise<number> => {
    let passing = 0;
    for (let look = 0; look < count; look += 1) {
      const answer = await composed.server.inject({
        url: '/c/ctr_0000000000001',
        headers: { 'x-forwarded-for': forwarded(look) },
        remoteAddress: '10.0.0.1',
      });
      if (answer.statusCode !== 429) passing += 1;
    }
    return passing;
  };

  test('S6a: a made-up prefix of X-Forwarded-For is no way around a limit', async () => {
    const one = await behind('1');
    expect(await passed(one, 140, (look) => `8.8.${look}.8, 198.51.100.7`)).toBe(120);
    expect(await passed(one, 140, (look) => `10.0.0.${look}, 198.51.100.8:${2_000 + look}`)).toBe(
      120,
    );
    // Another caller is another caller.
    expect(await passed(one, 5, () => '198.51.100.9')).toBe(5);
  });

  test('S6a: with ranges, only what those proxies wrote counts', async () => {
    const one = await behind('10.0.0.0/8');
    expect(await passed(one, 140, (look) => `8.8.${look}.8, 198.51.100.7, 10.0.0.2`)).toBe(120);
  });

  test('S6a: without the setting no header is trusted', async () => {
    expect(await passed(await behind(''), 140, (look) => `8.8.${look}.8`)).toBe(120);
  });

  test('S6b: the addresses of one /64 are one caller', async () => {
    const one = await behind('1');
    expect(await passed(one, 140, (look) => `2001:db8:1:2::${look.toString(16)}`)).toBe(120);
    expect(await passed(one, 5, (look) => `2001:db8:1:${look + 3}::1`)).toBe(5);
  });

  test('S6a: what is stored of a buyer’s address is what the trusted proxy saw', async () => {
    const { composed, taobao } = await behind('1');
    const made = await composed.server.inject({
      method: 'POST',
      url: `/v1/merchants/${taobao.merchant}/counters`,
      headers: { authorization: `Bearer ${taobao.key}`, 'idempotency-key': 'counter' },
      payload: { name: 'Till 1' },
    });
    expect(made.statusCode, made.body).toBe(201);
    const url = new URL(made.json().url).pathname;
    const shown = await composed.server.inject({ url, remoteAddress: '10.0.0.1' });
    const visit = /name="visit" value="([^"]+)"/.exec(shown.body)?.[1] ?? '';
    const answer = await composed.server.inject({
      method: 'POST',
      url,
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        origin: 'http://127.0.0.1:4000',
        'x-forwarded-for': '8.8.8.8, 198.51.100.7:40123',
      },
      payload: `amount=1.00&visit=${visit}`,
      remoteAddress: '10.0.0.1',
    });
    expect(answer.statusCode, answer.body).toBe(303);
    const filter = {
      status: null,
      merchantOrderNo: null,
      walletTransactionId: null,
      orderNo: null,
      createdAfterMs: null,
      createdBeforeMs: null,
    };
    const page = { limit: 1, startingAfter: null, endingBefore: null };
    const listed = await composed.useCases.listPaymentIntents(taobao.id, filter, page);
    expect(listed.ok && listed.value.data[0]?.intent.buyer.ip).toBe('198.51.100.7');
  });
});

describe('keys that are none', () => {
  const guess = () => `sk_test_${randomBytes(20).toString('hex')}`;
  const call = (one: EdgePlatform, key: string, remoteAddress: string) =>
    one.composed.server.inject({
      url: '/v1/webhook_endpoints',
      headers: { authorization: `Bearer ${key}` },
      remoteAddress,
    });

  test('S6c: are limited by address, at the cost of few reads, and hurt no valid key', async () => {
    const one = await openEdgePlatform({ db: home });
    const address = '203.0.113.66';
    const statuses = new Map<number, number>();
    for (let round = 0; round < 30; round += 1) {
      const answers = await Promise.all(
        Array.from({ length: 100 }, () => call(one, guess(), address)),
      );
      for (const { statusCode, headers } of answers) {
        statuses.set(statusCode, (statuses.get(statusCode) ?? 0) + 1);
        if (statusCode === 429) expect(Number(headers['retry-after'])).toBeGreaterThan(0);
      }
    }
    expect([...statuses].sort()).toEqual([
      [401, 120],
      [429, 2_880],
    ]);
    expect(one.reads.get('api_keys.by_hash')).toBeLessThan(60);
    // A key that this process never saw, from the very address.
    const fresh = await call(one, one.tmall.key, address);
    expect(fresh.statusCode, fresh.body).toBe(200);
    await one.close();
  });

  test('S6c: one after the other wait for a read that they share', async () => {
    const one = await openEdgePlatform({ db: home });
    const address = '203.0.113.67';
    for (let call_ = 0; call_ < 120; call_ += 1) await call(one, 'sk_test_short', address);
    const startedMs = performance.now();
    for (let count = 0; count < 10; count += 1) {
      expect((await call(one, guess(), address)).statusCode).toBe(429);
    }
    // Nine of ten waited for their turn.
    expect(performance.now() - startedMs).toBeGreaterThan(850);
    expect(one.reads.get('api_keys.by_hash')).toBe(10);
    await one.close();
  });

  test('S6c: ten thousand of them take no valid key out of the memory', async () => {
    const one = await openEdgePlatform({ db: home, rateLimit: { max: 100_000, windowMs: 10_000 } });
    const { directory } = one.composed.platform;
    const valid = hashKey(one.taobao.key);
    const readsOf = async (work: () => Promise<unknown>): Promise<number> => {
      const before = one.reads.get('api_keys.by_hash') ?? 0;
      await work();
      return (one.reads.get('api_keys.by_hash') ?? 0) - before;
    };
    let batch = 0;
    expect(await readsOf(() => directory.apiKey(valid, () => false))).toBe(1);
    for (let round = 0; round < 20; round += 1) {
      const hashes = Array.from({ length: 500 }, () => hashKey(guess()));
      batch += await readsOf(() =>
        Promise.all(hashes.map((hash) => directory.apiKey(hash, () => false))),
      );
      // Within the two seconds that a key is kept, or read once after them: never a guess's doing.
      const own = await readsOf(() => directory.apiKey(valid, () => true));
      expect(own).toBeLessThanOrEqual(1);
    }
    expect(batch).toBeLessThanOrEqual(60);
    await one.close();
  });

  test('S6c: a key without the scope counts against its own limit', async () => {
    const one = await openEdgePlatform({ db: home, rateLimit: { max: 5, windowMs: 60_000 } });
    const restricted = await one.addKey(one.taobao, ['refunds:read']);
    const statuses = [];
    for (let count = 0; count < 7; count += 1) {
      statuses.push((await call(one, restricted, '203.0.113.68')).statusCode);
    }
    expect(statuses).toEqual([403, 403, 403, 403, 403, 429, 429]);
    expect((await call(one, one.taobao.key, '203.0.113.68')).statusCode).toBe(200);
    await one.close();
  });

  test('S6c: paths that are none are limited, before a body is read', async () => {
    const one = await openEdgePlatform({ db: home });
    const statuses = [];
    for (let count = 0; count < 125; count += 1) {
      const answer = await one.composed.server.inject({
        method: 'POST',
        url: `/wp-admin/${count}`,
        headers: { 'content-type': 'application/json' },
        payload: '{',
        remoteAddress: '203.0.113.69',
      });
      statuses.push(answer.statusCode);
    }
    expect(statuses.slice(120)).toEqual([429, 429, 429, 429, 429]);
    expect((await call(one, one.taobao.key, '203.0.113.69')).statusCode).toBe(200);
    await one.close();
  });
});
