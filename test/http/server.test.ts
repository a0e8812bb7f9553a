/** The edge's own protocol: routes, operations, limits. */
import type { AddressInfo } from 'node:net';
import net from 'node:net';
import type { InjectOptions } from 'fastify';
import { describe, expect, it } from 'vitest';
import { ROUTES } from '../../src/http/routes.ts';
import { ERRORS } from '../../src/kernel/errors.ts';
import {
  call,
  createIntent,
  edge,
  expectComponent,
  get,
  post,
  refused,
  serveEachTest,
  start,
} from './edge.ts';

serveEachTest();

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
      post('/v1/webhook_endpoints', { url: 'http://127.0.0.1:9/h', enabled_events: ['*'] }),
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

describe('operations', () => {
  it('serve health, readiness, metrics and the document', async () => {
    expect((await call({ method: 'GET', url: '/healthz' })).body).toEqual({ status: 'ok' });
    expect((await call({ method: 'GET', url: '/readyz' })).status).toBe(200);
    edge.isDatabaseAway = true;
    await refused({ method: 'GET', url: '/readyz' }, 'busy');
    edge.isDatabaseAway = false;
    expect((await call({ method: 'GET', url: '/metrics' })).text).toContain('route="/healthz"');
    expect((await call({ method: 'GET', url: '/openapi.json' })).body.openapi).toBe('3.1.0');
  });

  it('log no body, no query, no token and no key', async () => {
    await createIntent({ description: 'SECRET-BODY' });
    await call({ method: 'GET', url: '/pay/SECRET-TOKEN?code=SECRET-CODE&state=SECRET-STATE' });
    await call(get('/v1/payment_intents?merchant_order_no=SECRET-QUERY'));
    const text = edge.logged.join('');
    expect(text).toContain('"route":"/v1/payment_intents"');
    expect(text).toContain('"route":"unknown"');
    expect(text).not.toMatch(/SECRET|sk_test/);
  });

  it('serve the reference and the meaning of every code from here alone', async () => {
    await edge.app.close();
    await start({ docs: true });
    const html = await call({ method: 'GET', url: '/docs' });
    expect(html.status).toBe(200);
    expect(html.text).not.toMatch(/(src|href)="https?:/);
    expect(html.headers['content-security-policy']).toContain("script-src 'self'");
    const root = await call({ method: 'GET', url: '/' });
    expect([root.status, root.headers.location]).toEqual([302, '/docs']);
    const errors = await call({ method: 'GET', url: '/docs/errors' });
    for (const code of Object.keys(ERRORS)) expect(errors.text).toContain(`id="${code}"`);
  });

  it('limit the rate per key', async () => {
    await edge.app.close();
    await start({ rateLimit: { max: 2, windowMs: 60_000 } });
    await call(get('/v1/events'));
    await call(get('/v1/events'));
    const answer = await refused(get('/v1/events'), 'rate_limited');
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    expect((await call(get('/v1/events', edge.tmall.key))).status).toBe(200);
    const url = '/notify/wechatpay/wc_0000000000001/payment';
    for (let index = 0; index < 5; index += 1) {
      // No caller's address, but never too many of it.
      expect((await call({ method: 'POST', url, payload: 'x' })).status).toBe(404);
    }
  });

  it('answer bytes that are no HTTP with a coded error', async () => {
    await edge.app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = edge.app.server.address() as AddressInfo;
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
