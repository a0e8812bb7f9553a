/**
 * The edge's own protocol: authentication, schemas, errors, idempotency, callbacks' bytes. What the
 * use cases do with it is tested on the composed platform.
 */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import net from 'node:net';
import type { FastifyInstance, InjectOptions } from 'fastify';
import { type TSchema, Type } from 'typebox';
import { Value } from 'typebox/value';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ERRORS, type ErrorCode } from '../../src/core/errors.ts';
import type { ServerConfig } from '../../src/http/deps.ts';
import { ROUTES } from '../../src/http/routes/all.ts';
import { COMPONENTS } from '../../src/http/schemas/components.ts';
import { buildServer } from '../../src/http/server.ts';
import { wallClock } from '../../src/runtime/clock.ts';
import { createLog } from '../../src/runtime/log.ts';
import { createMetrics } from '../../src/runtime/metrics.ts';
import {
  type Protocol,
  protocolUseCases,
  READ_KEY,
  TAOBAO_KEY,
  TMALL_KEY,
} from './protocol-use-cases.ts';

let app: FastifyInstance;
let useCases: Protocol;
let logged: string[];

async function start(config: Partial<ServerConfig> = {}): Promise<void> {
  useCases = protocolUseCases();
  logged = [];
  app = await buildServer({
    useCases,
    config: { publicUrl: 'http://127.0.0.1:4000', rateLimit: null, docs: false, ...config },
    log: createLog({ destination: { write: (line) => void logged.push(line) } }),
    metrics: createMetrics(),
    wall: wallClock,
  });
}

beforeEach(() => start());
afterEach(() => app.close());

const intent = (more: Record<string, unknown> = {}) => ({
  amount: 300,
  currency: 'cny',
  merchant_order_no: 'T-1',
  description: 'Two things',
  sub_orders: [
    { merchant: 'mer_0000000000001', amount: 100, description: 'One' },
    { merchant: 'mer_0000000000001', amount: 200, description: 'Another' },
  ],
  buyer: { id: 'buyer-1', device: 'desktop' },
  ...more,
});

let keys = 0;
function post(url: string, payload: unknown, headers: Record<string, string> = {}): InjectOptions {
  keys += 1;
  return {
    method: 'POST',
    url,
    headers: {
      authorization: `Bearer ${TAOBAO_KEY}`,
      'idempotency-key': `key-${keys}`,
      'content-type': 'application/json',
      ...headers,
    },
    payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
  };
}

function get(url: string, key: string = TAOBAO_KEY): InjectOptions {
  return { method: 'GET', url, headers: { authorization: `Bearer ${key}` } };
}

async function call(options: InjectOptions) {
  const answer = await app.inject(options);
  const body = String(answer.headers['content-type']).includes('json')
    ? answer.json()
    : answer.body;
  return { status: answer.statusCode, headers: answer.headers, body, text: answer.body };
}

async function refused(options: InjectOptions, code: ErrorCode, param?: string) {
  const answer = await call(options);
  expect(answer.body.error?.code, answer.text).toBe(code);
  expect(answer.status).toBe(ERRORS[code].status);
  expectComponent('error', answer.body);
  expect(answer.body.error.type).toBe(ERRORS[code].type);
  expect(answer.body.error.retryable).toBe(ERRORS[code].retryable);
  expect(answer.body.error.request_id).toBe(answer.headers['request-id']);
  expect(answer.body.error.doc_url).toBe(`http://127.0.0.1:4000/docs/errors#${code}`);
  expect(answer.headers['hutong-should-retry']).toBe(String(ERRORS[code].retryable));
  if (param !== undefined) expect(answer.body.error.param).toBe(param);
  expect(answer.text).not.toMatch(/\bat .*\.(ts|js):\d/);
  return answer;
}

/** The document's schemas are the judge of what is really answered. */
function expectComponent(name: string, value: unknown): void {
  const defs = JSON.parse(
    JSON.stringify(COMPONENTS).replaceAll('#/components/schemas/', '#/$defs/'),
  );
  const schema = Type.Unsafe({ $defs: defs, ...defs[name] }) as TSchema;
  const errors = Value.Errors(schema, value);
  expect([...errors], `${name}: ${JSON.stringify(value)}`).toEqual([]);
}

async function createIntent(more: Record<string, unknown> = {}) {
  const made = await call(post('/v1/payment_intents', intent(more)));
  expect(made.status, made.text).toBe(201);
  return made.body;
}

describe('payment_intents', () => {
  it('answers 201 with the secrets, and never the buyer’s address', async () => {
    const answer = await call(
      post(
        '/v1/payment_intents',
        intent({
          buyer: { id: 'buyer-1', device: 'desktop', ip: '203.0.113.9' },
          metadata: { cart: '7' },
          expires_at: '2027-01-01T00:00:00+08:00',
        }),
      ),
    );
    expect(answer.status).toBe(201);
    expectComponent('payment_intent', answer.body);
    expect(answer.body.client_secret).toMatch(/^cs_/);
    expect(answer.body.cashier_url).toMatch(/^http:\/\/127\.0\.0\.1:4000\/pay\/pt_/);
    expect(answer.body.expires_at).toBe('2026-12-31T16:00:00.000Z');
    expect(answer.text).not.toContain('203.0.113.9');
    expect(answer.headers['request-id']).toMatch(/^req_/);
    expect(answer.headers['hutong-version']).toBe('2026-12-01');
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
  });

  it('answers 200 for the same number and content under another key', async () => {
    const first = await createIntent();
    const again = await call(post('/v1/payment_intents', intent()));
    expect(again.status).toBe(200);
    expect(again.body.id).toBe(first.id);
    expect(again.body.client_secret).toBe(first.client_secret);
  });

  it('embeds the attempts on request only', async () => {
    const { id } = await createIntent();
    await call(
      post(`/v1/payment_intents/${id}/attempts`, { wallet: 'wechatpay', product: 'native' }),
    );
    const bare = await call(get(`/v1/payment_intents/${id}`));
    expect(bare.body).not.toHaveProperty('attempts');
    expectComponent('payment_intent', bare.body);
    const full = await call(get(`/v1/payment_intents/${id}?expand[]=attempts`));
    expect(full.body.attempts.data).toHaveLength(1);
    expectComponent('payment_intent', full.body);
    const encoded = await call(get(`/v1/payment_intents/${id}?expand%5B%5D=attempts`));
    expect(encoded.body.attempts.data).toHaveLength(1);
    await refused(get(`/v1/payment_intents/${id}?expand[]=refunds`), 'parameter_invalid');
    await refused(get(`/v1/payment_intents/${id}?expand=attempts`), 'parameter_unknown', 'expand');
  });

  it('shows a buyer the intent with its client_secret, without the marketplace’s notes', async () => {
    const { id, client_secret } = await createIntent({ metadata: { margin: '40%' } });
    const url = `/v1/payment_intents/${id}`;
    const seen = await call({
      method: 'GET',
      url,
      headers: { 'hutong-client-secret': client_secret },
    });
    expect(seen.status, seen.text).toBe(200);
    expectComponent('payment_intent', seen.body);
    expect(seen.text).not.toContain('margin');
    expect(seen.body).not.toHaveProperty('buyer');
    const other = await createIntent({ merchant_order_no: 'T-2' });
    await refused(
      { method: 'GET', url, headers: { 'hutong-client-secret': other.client_secret } },
      'client_secret_invalid',
    );
    await refused(
      { method: 'GET', url: `${url}?client_secret=${client_secret}` },
      'api_key_missing',
    );
    await refused(
      { method: 'GET', url: `${url}/offers`, headers: { 'hutong-client-secret': client_secret } },
      'api_key_missing',
    );
  });

  it('lists with filters, refuses what it does not know', async () => {
    await createIntent();
    const listed = await call(get('/v1/payment_intents?limit=1&status=requires_wallet'));
    expectComponent('payment_intent_list', listed.body);
    expect(listed.body.data).toHaveLength(1);
    const url = '/v1/payment_intents';
    await refused(get(`${url}?limit=0`), 'parameter_invalid', 'limit');
    await refused(get(`${url}?limit=101`), 'parameter_invalid', 'limit');
    await refused(get(`${url}?limit=ten`), 'parameter_invalid', 'limit');
    await refused(get(`${url}?limit=1&limit=2`), 'parameter_invalid', 'limit');
    await refused(get(`${url}?status=paid`), 'parameter_invalid', 'status');
    await refused(get(`${url}?starting_after=so_0000000000001`), 'parameter_invalid');
    await refused(
      get(`${url}?created_after=2026-02-30T00:00:00Z`),
      'parameter_invalid',
      'created_after',
    );
    await refused(
      get(`${url}?starting_after=pi_0000000000001&ending_before=pi_0000000000002`),
      'parameter_invalid',
      'ending_before',
    );
    await refused(get(`${url}?merchant_order_no=%00`), 'parameter_invalid', 'merchant_order_no');
    await refused(get(`${url}?colour=red`), 'parameter_unknown', 'colour');
  });

  it('answers offers and attempts in the documented shapes', async () => {
    const { id } = await createIntent();
    const offers = await call(get(`/v1/payment_intents/${id}/offers?device=wechat`));
    expectComponent('offers', offers.body);
    const made = await call(
      post(`/v1/payment_intents/${id}/attempts`, { wallet: 'wechatpay', product: 'native' }),
    );
    expect(made.status).toBe(201);
    expectComponent('payment_attempt', made.body);
    expectComponent(
      'payment_attempt_list',
      (await call(get(`/v1/payment_intents/${id}/attempts`))).body,
    );
    const read = await call(get(`/v1/payment_intents/${id}/attempts/${made.body.id}`));
    expect(read.body).toEqual(made.body);
  });
});

describe('amounts and other fields', () => {
  it.each([
    ['0', 0],
    ['negative', -1],
    ['a fraction', 1.5],
    ['text', '300'],
    ['unsafe', 2 ** 53],
    ['too large', 10_000_000_001],
    ['null', null],
    ['a list', [300]],
    ['true', true],
  ])('refuse %s', async (_name, amount) => {
    await refused(post('/v1/payment_intents', intent({ amount })), 'parameter_invalid', 'amount');
    const subOrders = [{ merchant: 'mer_0000000000001', amount, description: 'One' }];
    await refused(
      post('/v1/payment_intents', intent({ sub_orders: subOrders })),
      'parameter_invalid',
      'sub_orders[0].amount',
    );
    expect(useCases.calls.size).toBe(0);
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['currency', { currency: 'usd' }, 'currency'],
    ['no sub_orders', { sub_orders: [] }, 'sub_orders'],
    ['device', { buyer: { id: 'b', device: 'fridge' } }, 'buyer.device'],
    ['ip', { buyer: { id: 'b', device: 'desktop', ip: 'localhost' } }, 'buyer.ip'],
    ['no buyer', { buyer: undefined }, 'buyer'],
    ['a line break', { merchant_order_no: 'a\nb' }, 'merchant_order_no'],
    ['empty', { description: '' }, 'description'],
    ['too long', { description: 'x'.repeat(128) }, 'description'],
    ['a time without an offset', { expires_at: '2026-12-01T00:00:00' }, 'expires_at'],
    ['a day that is not', { expires_at: '2026-02-30T00:00:00Z' }, 'expires_at'],
    ['a script', { return_url: 'javascript:alert(1)' }, 'return_url'],
    ['credentials', { return_url: 'https://a:b@shop.example' }, 'return_url'],
    ['metadata of numbers', { metadata: { a: 1 } }, 'metadata.a'],
    ['long metadata', { metadata: { a: 'x'.repeat(501) } }, 'metadata.a'],
  ])('refuse %s', async (_name, more, param) => {
    await refused(post('/v1/payment_intents', intent(more)), 'parameter_invalid', param);
  });

  it('refuse what is too much', async () => {
    const many = (count: number) =>
      Array.from({ length: count }, () => ({ merchant: 'm', amount: 1, description: 'd' }));
    await refused(
      post('/v1/payment_intents', intent({ sub_orders: many(51) })),
      'parameter_invalid',
    );
    const metadata = Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`k${i}`, 'v']));
    await refused(
      post('/v1/payment_intents', intent({ metadata })),
      'parameter_invalid',
      'metadata',
    );
    const items = Array.from({ length: 201 }, () => ({ name: 'x' }));
    const subOrders = [{ merchant: 'm', amount: 300, description: 'd', items }];
    await refused(
      post('/v1/payment_intents', intent({ sub_orders: subOrders })),
      'parameter_invalid',
      'sub_orders[0].items',
    );
  });

  it('refuse unknown fields wherever they stand', async () => {
    const url = '/v1/payment_intents';
    await refused(post(url, intent({ amout: 1 })), 'parameter_unknown', 'amout');
    const buyer = { id: 'b', device: 'desktop', phone: '1' };
    await refused(post(url, intent({ buyer })), 'parameter_unknown', 'buyer.phone');
    await refused(post(`${url}?dry_run=1`, intent()), 'parameter_unknown', 'dry_run');
  });

  it('refuse what is no JSON of ours', async () => {
    const url = '/v1/payment_intents';
    for (const body of ['{', '[]]', "{'a':1}", '{"__proto__":{"x":1}}', '\u0000']) {
      await refused(post(url, body), 'body_malformed');
    }
    for (const body of ['[]', '1', '"x"', 'null', '']) {
      await refused(post(url, body), 'parameter_invalid');
    }
    await refused(post(url, `${'['.repeat(100_000)}${']'.repeat(100_000)}`), 'body_malformed');
    const deep = JSON.stringify(intent()).replace(
      '"One"',
      '"One","items":[{"a":[[[[[[[[[[1]]]]]]]]]]}]',
    );
    await refused(post(url, deep), 'body_malformed');
    const nul = JSON.stringify(intent({ metadata: { a: 'x\u0000' } }));
    await refused(post(url, nul), 'body_malformed');
    const half = JSON.stringify(intent({ description: '\ud800' }));
    expect(half).toContain('\\ud800');
    await refused(post(url, half), 'body_malformed');
    const bytes = { ...post(url, ''), payload: Buffer.from([0x7b, 0xff, 0x7d]) };
    await refused(bytes, 'body_malformed');
    expect((await call(post(url, intent({ metadata: { a: 'C:\\u0000 is a path' } })))).status).toBe(
      201,
    );
  });

  it('refuse other content types and too large bodies', async () => {
    const url = '/v1/payment_intents';
    await refused(
      post(url, 'a=1', { 'content-type': 'application/x-www-form-urlencoded' }),
      'content_type_unsupported',
    );
    await refused(post(url, '{}', { 'content-type': 'text/plain' }), 'content_type_unsupported');
    await refused(post(url, `"${'x'.repeat(262_144)}"`), 'body_too_large');
    const charset = post(url, intent(), { 'content-type': 'application/json; charset=utf-8' });
    expect((await call(charset)).status).toBe(201);
  });
});

describe('authentication', () => {
  it('comes before everything else, on every route', async () => {
    for (const route of ROUTES) {
      const url = route.path.replaceAll(/\{\w+\}/g, 'nonsense');
      const bare: InjectOptions = {
        method: route.method,
        url,
        payload: '{',
        headers: { 'content-type': 'application/json' },
      };
      if (route.method === 'GET') delete bare.payload;
      const answer = await refused(bare, 'api_key_missing');
      expect(answer.headers['www-authenticate']).toContain('Bearer');
      for (const authorization of [
        'Bearer sk_test_wrong',
        'Basic c2s6',
        'Bearer',
        'sk_test_taobao',
      ]) {
        await refused({ ...bare, headers: { ...bare.headers, authorization } }, 'api_key_invalid');
      }
    }
    expect(useCases.claims.size).toBe(0);
  });

  it('keeps a restricted key to its scopes', async () => {
    const { id } = await createIntent();
    expect((await call(get(`/v1/payment_intents/${id}`, READ_KEY))).status).toBe(200);
    for (const route of ROUTES.filter(({ scope }) => scope !== 'payment_intents:read')) {
      const url = route.path.replaceAll('{id}', id).replaceAll('{attempt}', 'pa_0000000000001');
      await refused(
        { method: route.method, url, headers: { authorization: `Bearer ${READ_KEY}` } },
        'scope_missing',
      );
    }
  });

  it('keeps tenants apart', async () => {
    const { id } = await createIntent();
    const headers = { authorization: `Bearer ${TMALL_KEY}` };
    await refused(get(`/v1/payment_intents/${id}`, TMALL_KEY), 'not_found');
    await refused(post(`/v1/payment_intents/${id}/cancel`, {}, headers), 'not_found');
    await refused(
      post(`/v1/payment_intents/${id}/attempts`, { wallet: 'alipay', product: 'page' }, headers),
      'not_found',
    );
  });

  it('pins the version and lets a header choose another', async () => {
    const headers = { authorization: `Bearer ${TAOBAO_KEY}`, 'hutong-version': '2020-01-01' };
    await refused(
      { method: 'GET', url: '/v1/events', headers },
      'version_unknown',
      'Hutong-Version',
    );
    headers['hutong-version'] = '2026-12-01';
    expect((await call({ method: 'GET', url: '/v1/events', headers })).status).toBe(200);
  });
});

describe('idempotency', () => {
  it('is required where money moves, and only there', async () => {
    for (const route of ROUTES.filter(({ idempotency }) => idempotency !== undefined)) {
      const url = route.path.replaceAll('{id}', 'pi_0000000000001');
      const bodies: Record<string, unknown> = {
        createPaymentIntent: intent(),
        createPaymentAttempt: { wallet: 'alipay', product: 'page' },
        createRefund: {
          payment_intent: 'pi_0000000000001',
          sub_order: 'so_0000000000001',
          amount: 1,
          reason: 'r',
        },
        resolvePaymentIntent: { outcome: 'refund', reason: 'r' },
      };
      for (const bad of ['', ' ', 'x'.repeat(256), 'schlüssel']) {
        await refused(
          post(url, bodies[route.operationId] ?? {}, { 'idempotency-key': bad }),
          'idempotency_key_missing',
          'Idempotency-Key',
        );
      }
    }
    expect(useCases.claims.size).toBe(0);
    const merchant = post('/v1/merchants', { name: 'Shop' });
    delete (merchant.headers as Record<string, string>)['idempotency-key'];
    expect((await call(merchant)).status).toBe(201);
  });

  it('replays the same answer, secrets included, without storing them', async () => {
    const request = post('/v1/payment_intents', intent());
    const first = await call(request);
    expect(first.headers['idempotent-replayed']).toBeUndefined();
    const again = await call(request);
    expect(again.status).toBe(201);
    expect(again.headers['idempotent-replayed']).toBe('true');
    expect(again.body).toEqual(first.body);
    const stored = JSON.stringify([...useCases.claims.values()]);
    expect(stored).toContain(first.body.id);
    expect(stored).not.toContain(first.body.client_secret);
    expect(stored).not.toContain('/pay/');
    expect(useCases.calls.get('createPaymentIntent')).toBe(1);
  });

  it('takes white space and the order of keys for the same body, anything else for another', async () => {
    const request = post('/v1/payment_intents', intent());
    await call(request);
    const shuffled = Object.fromEntries(Object.entries(intent()).reverse());
    const same = await call({ ...request, payload: JSON.stringify(shuffled, null, 4) });
    expect(same.headers['idempotent-replayed']).toBe('true');
    const other = { ...request, payload: JSON.stringify(intent({ description: 'Other' })) };
    await refused(other, 'idempotency_key_reused');
    await refused(
      { ...request, url: '/v1/payment_intents/pi_0000000000001/cancel', payload: '{}' },
      'idempotency_key_reused',
    );
  });

  it('refuses a second request while the first runs', async () => {
    const request = post('/v1/payment_intents', intent());
    let release: () => void = () => undefined;
    useCases.gate = new Promise((resolve) => {
      release = resolve;
    });
    const first = call(request);
    const second = await refused(request, 'idempotency_key_in_flight');
    expect(second.headers['retry-after']).toBe('1');
    release();
    expect((await first).status).toBe(201);
  });

  it('releases the key after a refusal that wrote nothing', async () => {
    const request = post('/v1/payment_intents', intent({ amount: 301 }));
    await refused(request, 'amount_mismatch', 'amount');
    expect([...useCases.claims.values()]).toMatchObject([{ released: true, answer: null }]);
    expect((await call({ ...request, payload: JSON.stringify(intent()) })).status).toBe(201);
  });

  it('releases the key after a defect, and resumes with the same id', async () => {
    for (const how of ['throw', 'busy'] as const) {
      useCases.fail.set('createPaymentIntent', how);
      const request = post('/v1/payment_intents', intent({ merchant_order_no: how }));
      const answer = await refused(request, how === 'throw' ? 'internal' : 'busy');
      expect(answer.text).not.toContain('SECRET-STACK');
      const claim = [...useCases.claims.values()].at(-1);
      const chosen = claim?.request.targetId;
      expect(claim?.answer).toBeNull();
      const again = await call(request);
      expect(again.status).toBe(201);
      expect(again.headers['idempotent-replayed']).toBeUndefined();
      expect(again.body.id).toBe(chosen);
    }
    expect(logged.join('')).toContain('SECRET-STACK');
  });

  it('stores a wallet’s refusal, in the wallet’s own words', async () => {
    const { id } = await createIntent();
    useCases.fail.set('startAttempt', 'declined');
    const request = post(`/v1/payment_intents/${id}/attempts`, {
      wallet: 'wechatpay',
      product: 'native',
    });
    const first = await refused(request, 'wallet_declined');
    expect(first.body.error.wallet_error).toEqual({
      wallet: 'wechatpay',
      code: 'NO_AUTH',
      message: '商户无此接口权限',
      request_id: '08F1',
    });
    const again = await call(request);
    expect(again.status).toBe(402);
    expect(again.headers['idempotent-replayed']).toBe('true');
    expect(useCases.calls.get('startAttempt')).toBe(1);
  });
});

describe('the other routes', () => {
  it('name what they do not know', async () => {
    for (const route of ROUTES.filter(({ pathIds }) => pathIds !== undefined)) {
      const url = route.path.replaceAll(/\{\w+\}/g, 'mkt_0000000000001');
      const options =
        route.method === 'GET' ? get(url) : { ...post(url, {}), method: route.method };
      await refused(options as InjectOptions, 'not_found');
    }
    await refused(get('/v1/nothing'), 'route_unknown');
    await refused(get('/%'), 'route_unknown');
    await refused(get(`/v1/refunds/${'x'.repeat(500)}`), 'route_unknown');
  });

  it('answer 405 with Allow', async () => {
    const answer = await refused({ ...get('/v1/refunds'), method: 'PUT' }, 'method_not_allowed');
    expect(answer.headers.allow).toBe('POST');
    await refused({ ...get('/v1/events'), method: 'DELETE' }, 'method_not_allowed');
  });

  it('answer in the documented shapes', async () => {
    const made = await call(post('/v1/merchants', { name: 'Shop', external_id: 's-1' }));
    expectComponent('merchant', made.body);
    const endpoint = await call(
      post('/v1/webhook_endpoints', { url: 'https://shop.example/h', enabled_events: ['*'] }),
    );
    expect(endpoint.status).toBe(201);
    expectComponent('webhook_endpoint', endpoint.body);
    for (const [url, component] of [
      ['/v1/merchants', 'merchant_list'],
      ['/v1/ledger/accounts', 'ledger_account_list'],
      ['/v1/ledger/transactions?payment_intent=pi_0000000000001', 'ledger_transaction_list'],
      ['/v1/balances', 'balance_list'],
      ['/v1/events?type=refund.succeeded', 'event_list'],
      ['/v1/webhook_endpoints', 'webhook_endpoint_list'],
    ] as const) {
      const answer = await call(get(url));
      expect(answer.status, url).toBe(200);
      expectComponent(component, answer.body);
    }
    const pattern = { url: 'https://shop.example/h', enabled_events: ['Refund'] };
    await refused(post('/v1/webhook_endpoints', pattern), 'parameter_invalid', 'enabled_events[0]');
    const id = 'pi_0000000000001';
    await refused(
      post('/v1/refunds', { payment_intent: id, sub_order: 'so_1', amount: 1, reason: 'x' }),
      'parameter_invalid',
      'sub_order',
    );
  });
});

describe('callbacks', () => {
  const url = '/notify/wechatpay/wc_0000000000001/payment?x=1';

  it('hand on the very bytes, target and headers, whatever the content type', async () => {
    const payload = Buffer.from([0, 1, 0xff, 0x0d, 0x0a]);
    for (const type of [
      'application/json',
      'text/xml',
      'application/x-www-form-urlencoded',
      'nonsense',
      'a/b;c="d',
    ]) {
      const answer = await call({
        method: 'POST',
        url,
        payload,
        headers: { 'content-type': type, 'Wechatpay-Nonce': 'AbC' },
      });
      expect([answer.status, answer.text], type).toEqual([200, 'success']);
      const got = useCases.notifications.at(-1);
      expect(got?.body.equals(payload), type).toBe(true);
      expect(got?.target).toBe(url);
      expect(got?.headers['wechatpay-nonce']).toBe('AbC');
      expect(got?.headers['content-type']).toBe(type);
    }
    const bare = await call({ method: 'POST', url });
    expect(bare.status).toBe(200);
    expect(useCases.notifications.at(-1)?.body).toHaveLength(0);
  });

  it('take a body without a content type, from a raw socket', async () => {
    await app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = app.server.address() as AddressInfo;
    const status = await new Promise((resolve, reject) => {
      const request = http.request(
        { port, host: '127.0.0.1', method: 'POST', path: url },
        (answer) => {
          answer.resume();
          resolve(answer.statusCode);
        },
      );
      request.on('error', reject);
      request.end('raw=1');
    });
    expect(status).toBe(200);
    expect(useCases.notifications.at(-1)?.body.toString()).toBe('raw=1');
  });

  it('know their addresses, and answer a defect with a status that the wallet repeats', async () => {
    for (const bad of [
      '/notify/paypal/wc_0000000000001/payment',
      '/notify/alipay/wc_1/payment',
      '/notify/alipay/wc_0000000000001/P%00',
    ]) {
      await refused({ method: 'POST', url: bad, payload: 'x' }, 'not_found');
    }
    useCases.fail.set('acceptNotification', 'throw');
    await refused({ method: 'POST', url, payload: 'x' }, 'internal');
    const large = { method: 'POST' as const, url, payload: 'x'.repeat(262_145) };
    await refused(large, 'body_too_large');
  });
});

describe('operations', () => {
  it('tell health, readiness, metrics and the document', async () => {
    expect((await call({ method: 'GET', url: '/healthz' })).body).toEqual({ status: 'ok' });
    expect((await call({ method: 'GET', url: '/readyz' })).status).toBe(200);
    useCases.ready = false;
    await refused({ method: 'GET', url: '/readyz' }, 'busy');
    expect((await call({ method: 'GET', url: '/metrics' })).text).toContain('route="/healthz"');
    expect((await call({ method: 'GET', url: '/openapi.json' })).body.openapi).toBe('3.1.0');
  });

  it('log no body, no query, no token and no key', async () => {
    await createIntent({ description: 'SECRET-BODY' });
    await call({ method: 'GET', url: '/pay/SECRET-TOKEN?code=SECRET-CODE&state=SECRET-STATE' });
    await call(get('/v1/payment_intents?merchant_order_no=SECRET-QUERY'));
    const text = logged.join('');
    expect(text).toContain('/pay/[redacted]');
    expect(text).toContain('/v1/payment_intents');
    expect(text).not.toMatch(/SECRET|sk_test/);
  });

  it('serve the reference and the meaning of every code from here alone', async () => {
    await app.close();
    await start({ docs: true });
    const html = await call({ method: 'GET', url: '/docs' });
    expect(html.status).toBe(200);
    expect(html.text).not.toMatch(/(src|href)="https?:/);
    expect(html.headers['content-security-policy']).toContain("script-src 'self'");
    const errors = await call({ method: 'GET', url: '/docs/errors' });
    for (const code of Object.keys(ERRORS)) expect(errors.text).toContain(`id="${code}"`);
  });

  it('limit the rate per key', async () => {
    await app.close();
    await start({ rateLimit: { max: 2, windowMs: 60_000 } });
    await call(get('/v1/events'));
    await call(get('/v1/events'));
    const answer = await refused(get('/v1/events'), 'rate_limited');
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    expect((await call(get('/v1/events', TMALL_KEY))).status).toBe(200);
    const url = '/notify/wechatpay/wc_0000000000001/payment';
    for (let index = 0; index < 5; index += 1) {
      expect((await call({ method: 'POST', url, payload: 'x' })).status).toBe(200);
    }
  });

  it('answer bytes that are no HTTP with a coded error', async () => {
    await app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = app.server.address() as AddressInfo;
    const text = await new Promise<string>((resolve) => {
      const socket = net.connect(port, '127.0.0.1', () => socket.end('NOT HTTP\r\n\r\n'));
      const chunks: Buffer[] = [];
      socket.on('data', (chunk) => chunks.push(chunk));
      socket.on('close', () => resolve(Buffer.concat(chunks).toString()));
    });
    expect(text).toMatch(/^HTTP\/1\.1 400/);
    expect(text).toContain('"code":"parameter_invalid"');
  });
});
