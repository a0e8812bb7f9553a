/** Idempotency keys at the edge: where they are wanted, and what is answered again. */
import { describe, expect, it } from 'vitest';
import type { IdempotentRequest } from '../../src/flows/base/idempotency.ts';
import type { RequestKey } from '../../src/flows/base/key-claim.ts';
import { ROUTES } from '../../src/http/routes.ts';
import { hutongError } from '../../src/kernel/errors.ts';
import { err } from '../../src/kernel/result.ts';
import {
  call,
  createIntent,
  edge,
  intent,
  post,
  refused,
  serveEachTest,
  storedKeys,
} from './edge.ts';

serveEachTest();

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
    expect(await storedKeys()).toEqual([]);
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
    const stored = JSON.stringify(await storedKeys(request));
    expect(stored).toContain(first.body.id);
    expect(stored).not.toContain(first.body.client_secret);
    expect(stored).not.toContain('/pay/');
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
    const { createPaymentIntent } = edge.verbs;
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    let isRunning = false;
    edge.verbs.createPaymentIntent = async (input) => {
      const claimed = await input.requestKey?.claim.outcome();
      if (claimed?.ok === false) return claimed;
      isRunning = true;
      await gate;
      return createPaymentIntent(input);
    };
    const first = call(request);
    await expect.poll(() => isRunning).toBe(true);
    const second = await refused(request, 'idempotency_key_in_flight');
    expect(second.headers['retry-after']).toBe('1');
    release();
    expect((await first).status).toBe(201);
  });

  it('releases the key after a refusal that wrote nothing', async () => {
    const request = post('/v1/payment_intents', intent({ amount: 301 }));
    await refused(request, 'amount_mismatch', 'amount');
    expect(await storedKeys(request)).toMatchObject([{ state: 'released', answer: null }]);
    expect((await call({ ...request, payload: JSON.stringify(intent()) })).status).toBe(201);
  });

  it('releases the key after a defect, and resumes with the same id', async () => {
    const { createPaymentIntent } = edge.verbs;
    for (const [code, stumble] of [
      ['internal', () => Promise.reject(new Error('a defect with SECRET-STACK'))],
      ['busy', async () => err(hutongError('busy', 'the database is away'))],
    ] as const) {
      edge.verbs.createPaymentIntent = stumble;
      const request = post('/v1/payment_intents', intent({ merchant_order_no: code }));
      const answer = await refused(request, code);
      expect(answer.text).not.toContain('SECRET-STACK');
      const [key] = await storedKeys(request);
      expect(key).toMatchObject({ state: 'in_flight', answer: null });
      edge.verbs.createPaymentIntent = createPaymentIntent;
      const again = await call(request);
      expect(again.status).toBe(201);
      expect(again.headers['idempotent-replayed']).toBeUndefined();
      expect(again.body.id).toBe(key?.target);
    }
    expect(edge.logged.join('')).toContain('SECRET-STACK');
  });

  it('answers what is stored, where another process has run the request too', async () => {
    const { openClaim, createPaymentIntent, completeIdempotency } = edge.verbs;
    const theirs = { status: 201, body: '{"id":"pi_theirs"}' };
    let asked: IdempotentRequest | undefined;
    // Whoever outlived its lease, and whoever took the request over: neither knows of the other.
    for (const isLate of [true, false]) {
      const request = post('/v1/payment_intents', intent({ merchant_order_no: `late-${isLate}` }));
      if (!isLate) {
        edge.verbs.createPaymentIntent = () => Promise.reject(new Error('a defect'));
        await refused(request, 'internal');
      }
      edge.verbs.openClaim = (claimed) => {
        asked = claimed;
        return { ...openClaim(claimed), isLate: () => isLate };
      };
      edge.verbs.createPaymentIntent = async ({ requestKey, ...input }) => {
        // Taken over: the first try is not granted, the second has the target of the first request.
        if (!isLate && requestKey !== undefined)
          return createPaymentIntent({ requestKey, ...input });
        await requestKey?.claim.outcome();
        await completeIdempotency({ ...asked!, targetId: input.id }, theirs);
        return createPaymentIntent(input);
      };
      const first = await call(request);
      expect([first.status, first.body.id]).toEqual([201, 'pi_theirs']);
      expect(await storedKeys(request)).toMatchObject([{ state: 'done', answer: theirs.body }]);
      edge.verbs.openClaim = openClaim;
      edge.verbs.createPaymentIntent = createPaymentIntent;
    }
  });

  it('does not free a key that another process may have by now', async () => {
    const { openClaim, createPaymentIntent } = edge.verbs;
    edge.verbs.openClaim = (claimed) => ({ ...openClaim(claimed), isLate: () => true });
    for (const code of ['amount_mismatch', 'busy'] as const) {
      const request = post('/v1/payment_intents', intent({ merchant_order_no: `free-${code}` }));
      edge.verbs.createPaymentIntent = async ({ requestKey }) => {
        await requestKey?.claim.outcome();
        return err(hutongError(code, 'refused'));
      };
      await refused(request, code);
      expect(await storedKeys(request)).toMatchObject([{ state: 'in_flight' }]);
      await refused(request, 'idempotency_key_in_flight');
    }
    edge.verbs.createPaymentIntent = createPaymentIntent;
  });

  it('hands its claim on to the first command, on every route that says so', async () => {
    const { id } = await createIntent();
    const path = `/v1/payment_intents/${id}`;
    const refund = { payment_intent: id, sub_order: 'so_0000000000001', amount: 1, reason: 'r' };
    const requests: Record<string, readonly [string, string, object]> = {
      createPaymentIntent: ['createPaymentIntent', '/v1/payment_intents', intent()],
      cancelPaymentIntent: ['cancelPaymentIntent', `${path}/cancel`, {}],
      createPaymentAttempt: [
        'startAttempt',
        `${path}/attempts`,
        { wallet: 'wechatpay', product: 'native' },
      ],
      createRefund: ['createRefund', '/v1/refunds', refund],
    };
    const along = ROUTES.filter(({ idempotency }) => idempotency?.claimsAlong === true);
    expect(along.map(({ operationId }) => operationId)).toEqual(Object.keys(requests));
    const verbs = edge.verbs as unknown as Record<string, (...args: unknown[]) => unknown>;
    for (const [verb, url, body] of Object.values(requests)) {
      const real = verbs[verb]!;
      let sent = 0;
      verbs[verb] = (input, ...rest) => {
        const { requestKey, ...others } = input as { readonly requestKey: RequestKey<unknown> };
        const submit = async () => {
          sent += 1;
          return err(hutongError('shutting_down', 'nothing is sent in this test'));
        };
        const claim = { ...requestKey.claim, submit, submitLast: submit };
        return real({ ...others, requestKey: { ...requestKey, claim } }, ...rest);
      };
      await refused(post(url, body), 'shutting_down');
      expect([verb, sent]).toEqual([verb, 1]);
      verbs[verb] = real;
    }
  });

  it('stores a wallet’s refusal, with the wallet’s own message', async () => {
    const { id } = await createIntent();
    let calls = 0;
    edge.verbs.startAttempt = async ({ requestKey }) => {
      const claimed = await requestKey?.claim.outcome();
      if (claimed?.ok === true && claimed.value.kind === 'run') calls += 1;
      const walletError = {
        wallet: 'wechatpay',
        code: 'NO_AUTH',
        message: '商户无此接口权限',
        requestId: '08F1',
      } as const;
      return err(hutongError('wallet_declined', 'the wallet refused', { walletError }));
    };
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
    expect(calls).toBe(1);
  });
});
