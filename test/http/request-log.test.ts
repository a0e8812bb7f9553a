/** What the log contains of a request, in the composed server: who and what, and never a secret. */
import type { InjectOptions } from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Db } from '../../src/database/db.ts';
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

const asked = (options: InjectOptions) => edge.composed.server.inject(options);

async function intent(): Promise<{ id: string; client_secret: string; cashier_url: string }> {
  const made = await asked({
    method: 'POST',
    url: '/v1/payment_intents',
    headers: { authorization: `Bearer ${edge.taobao.key}`, 'idempotency-key': `${Math.random()}` },
    payload: {
      amount: 100,
      currency: 'cny',
      merchant_order_no: `L${Math.random()}`.slice(0, 20),
      description: 'A kettle',
      sub_orders: [{ merchant: edge.taobao.merchant, amount: 100, description: 'A kettle' }],
      buyer: { id: 'buyer-1', device: 'desktop' },
    },
  });
  expect(made.statusCode, made.body).toBe(201);
  return made.json();
}

test('S7: no needle that a path may hold reaches the log, in whatever spelling', async () => {
  const made = await intent();
  const payToken = new URL(made.cashier_url).pathname.slice('/pay/'.length);
  const code = await asked({
    url: `/v1/payment_intents/${made.id}/code`,
    headers: { authorization: `Bearer ${edge.taobao.key}` },
  });
  expect(code.statusCode, code.body).toBe(200);
  const shortCode = /\/q\/([0-9A-Za-z_-]+)/.exec(code.body)?.[1] ?? 'none';
  const opened = [
    `/q/${shortCode}`,
    `/%70ay/${payToken}`,
    `/pay/${payToken}`,
    `/pay/${payToken}/events/`,
    `//pay/${payToken}`,
    `/PAY/${payToken}`,
    `/v1/payment_intents/${made.client_secret}`,
    `/v1/${made.client_secret}?client_secret=${made.client_secret}`,
    `/%/${made.client_secret}`,
    `/docs/${payToken}`,
    `/notify/wechatpay/wc_0000000000001/${payToken}`,
    `/v1/refunds/${edge.taobao.key}`,
    `/healthz/${edge.taobao.key}?key=${edge.taobao.key}`,
  ];
  const statuses = [];
  for (const url of opened) {
    for (const method of ['GET', 'POST', 'DELETE', 'OPTIONS'] as const) {
      statuses.push((await asked({ url, method })).statusCode);
    }
  }
  // They were really opened: the short code leads on, the escaped path is the buyer's page.
  expect([statuses[0], statuses[4]]).toEqual([303, 200]);
  const text = JSON.stringify(edge.lines());
  const needles = { payToken, shortCode, secret: made.client_secret, key: edge.taobao.key };
  for (const [name, needle] of Object.entries(needles)) {
    expect(needle.length, name).toBeGreaterThan(8);
    expect(text.includes(needle), name).toBe(false);
    expect(text.includes(encodeURIComponent(needle).slice(0, 24)), name).toBe(false);
  }
  const metrics = await asked({ url: '/metrics' });
  for (const needle of Object.values(needles)) expect(metrics.body.includes(needle)).toBe(false);
  const routes = new Set(edge.lines().map(({ route }) => route));
  expect(routes).toContain('/q/:code');
  expect(routes).toContain('/pay/:pay_token');
  expect(routes).toContain('/v1/payment_intents/:id');
});

test('S8: a line names the key, the marketplace and the address', async () => {
  await asked({
    url: '/v1/events',
    headers: { authorization: `Bearer ${edge.tmall.key}`, 'x-forwarded-for': '8.8.8.8' },
    remoteAddress: '::ffff:198.51.100.30',
  });
  expect(edge.lines().at(-1)).toMatchObject({
    method: 'GET',
    route: '/v1/events',
    status: 200,
    address: '198.51.100.30',
    key_id: edge.tmall.keyId,
    marketplace: edge.tmall.id,
  });
  await asked({
    url: '/v1/events',
    headers: { authorization: `Bearer ${edge.tmall.key}x` },
    remoteAddress: '2001:db8::7',
  });
  expect(edge.lines().at(-1)).toMatchObject({
    status: 401,
    address: '2001:db8::7',
    key_id: null,
    marketplace: null,
  });
  const restricted = await edge.addKey(edge.tmall, ['refunds:read']);
  await asked({ url: '/v1/events', headers: { authorization: `Bearer ${restricted}` } });
  expect(edge.lines().at(-1)).toMatchObject({ status: 403, marketplace: edge.tmall.id });
  expect(edge.lines().at(-1)?.key_id).toMatch(/^key_/);
});
