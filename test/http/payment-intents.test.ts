/** The edge of payment_intents: shapes, secrets, and what is refused of a body. */
import { describe, expect, it } from 'vitest';
import {
  attemptOn,
  call,
  counted,
  createIntent,
  expectComponent,
  get,
  intent,
  post,
  refused,
  serveEachTest,
} from './edge.ts';

serveEachTest();

describe('payment_intents', () => {
  it('answers 201 with the secrets, and never the buyer’s address', async () => {
    // Sent with an offset, answered in UTC.
    const expiresAt = new Date(Math.floor(Date.now() / 1_000) * 1_000 + 86_400_000);
    const inShanghai = new Date(expiresAt.getTime() + 8 * 3_600_000).toISOString();
    const answer = await call(
      post(
        '/v1/payment_intents',
        intent({
          buyer: { id: 'buyer-1', device: 'desktop', ip: '203.0.113.9' },
          metadata: { cart: '7' },
          expires_at: inShanghai.replace('.000Z', '+08:00'),
        }),
      ),
    );
    expect(answer.status).toBe(201);
    expectComponent('payment_intent', answer.body);
    expect(answer.body.client_secret).toContain(`${answer.body.id}_secret_`);
    expect(answer.body.cashier_url).toMatch(/^http:\/\/127\.0\.0\.1:4000\/pay\/b/);
    expect(answer.body.expires_at).toBe(expiresAt.toISOString());
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
    await attemptOn(id);
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
    const other = await createIntent({ merchant_order_no: 'another' });
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
    const attempt = await attemptOn(id);
    const listed = await call(get(`/v1/payment_intents/${id}/attempts`));
    expectComponent('payment_attempt_list', listed.body);
    const read = await call(get(`/v1/payment_intents/${id}/attempts/${attempt}`));
    expectComponent('payment_attempt', read.body);
    expect(listed.body.data).toEqual([read.body]);
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
    const calls = counted('createPaymentIntent');
    await refused(post('/v1/payment_intents', intent({ amount })), 'parameter_invalid', 'amount');
    const subOrders = [{ merchant: 'mer_0000000000001', amount, description: 'One' }];
    await refused(
      post('/v1/payment_intents', intent({ sub_orders: subOrders })),
      'parameter_invalid',
      'sub_orders[0].amount',
    );
    expect(calls()).toBe(0);
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

  it('refuse unknown fields at any depth', async () => {
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
