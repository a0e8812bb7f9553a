/** Idempotency keys in the engine’s batches, on every database. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  claimIdempotency,
  completeIdempotency,
  type IdempotentRequest,
  KEY_LEASE_MS,
} from '../../src/flows/base/idempotency.ts';
import type { Platform } from '../../src/flows/base/platform.ts';
import type { Envelope } from '../../src/flows/key/envelope.ts';
import { wallClock } from '../../src/runtime/clock.ts';
import {
  envelopeOf,
  freshId,
  MARKETPLACE,
  openEngine,
  type TestEngineRoom,
} from './engine-support.ts';
import { ENGINES, type TestHome } from './engines.ts';

for (const { name, isAvailable, open } of ENGINES) {
  describe.skipIf(!isAvailable)(`keys with the engine on ${name}`, () => {
    let home: TestHome;
    let room: TestEngineRoom;
    let envelope: Envelope;

    beforeAll(async () => {
      home = await open();
      room = await openEngine(home.db);
      envelope = await envelopeOf(home.db);
    });
    afterAll(async () => {
      await room.engine.drain();
      await room.lease.release();
      await home.close();
    });

    describe('idempotency keys', () => {
      let nowMs = wallClock.nowMs();
      let keys = 0;
      const platform = () =>
        ({ engine: room.engine, wall: { nowMs: () => nowMs }, envelope }) as Platform;
      const request = (change: Partial<IdempotentRequest> = {}): IdempotentRequest => ({
        marketplace: MARKETPLACE,
        principal: 'key_1',
        key: `k-${keys}`,
        method: 'POST',
        path: '/v1/payment_intents',
        bodyHash: 'h1',
        targetId: freshId('payment_intent', 0),
        ...change,
      });
      const claim = (one: IdempotentRequest) => claimIdempotency(platform(), one);
      const fresh = () => {
        keys += 1;
        return request();
      };

      test('claimed, in flight, done, replayed', async () => {
        const first = fresh();
        expect(await claim(first)).toEqual({
          ok: true,
          value: { kind: 'run', targetId: first.targetId },
        });
        expect(await claim(request())).toMatchObject({
          error: { code: 'idempotency_key_in_flight' },
        });
        await completeIdempotency(platform(), first, { status: 201, body: '{"a":1}' });
        expect(await claim(request())).toEqual({
          ok: true,
          value: { kind: 'replay', status: 201, body: '{"a":1}', targetId: first.targetId },
        });
      });

      test('twenty at once in one batch: one runs', async () => {
        fresh();
        const claims = await Promise.all(Array.from({ length: 20 }, () => claim(request())));
        expect(claims.filter((one) => one.ok)).toHaveLength(1);
        const refused = claims.filter(
          (one) => !one.ok && one.error.code === 'idempotency_key_in_flight',
        );
        expect(refused).toHaveLength(19);
      });

      test('another body, path or principal is refused, in flight and done', async () => {
        const first = fresh();
        await claim(first);
        const others = [{ bodyHash: 'h2' }, { path: '/v1/refunds' }, { principal: 'key_2' }];
        for (const other of others) {
          expect(await claim(request(other))).toMatchObject({
            error: { code: 'idempotency_key_reused' },
          });
        }
        await completeIdempotency(platform(), first, { status: 201, body: '{}' });
        for (const other of others) {
          expect(await claim(request(other))).toMatchObject({
            error: { code: 'idempotency_key_reused' },
          });
        }
      });

      test('after its lease the same body resumes with the same id, once', async () => {
        const first = fresh();
        await claim(first);
        nowMs += KEY_LEASE_MS + 1;
        const claims = await Promise.all([claim(request()), claim(request())]);
        expect(claims[0]).toEqual({ ok: true, value: { kind: 'run', targetId: first.targetId } });
        expect(claims[1]).toMatchObject({ error: { code: 'idempotency_key_in_flight' } });
      });

      test('released: the same body resumes at once with its id, another body starts afresh', async () => {
        const first = fresh();
        await claim(first);
        await completeIdempotency(platform(), first, 'release');
        const again = await claim(request());
        expect(again).toEqual({ ok: true, value: { kind: 'run', targetId: first.targetId } });
        await completeIdempotency(platform(), first, 'release');
        const other = request({ bodyHash: 'h2' });
        expect(await claim(other)).toEqual({
          ok: true,
          value: { kind: 'run', targetId: other.targetId },
        });
      });

      test('what is done stays done, whoever else completes it', async () => {
        const first = fresh();
        await claim(first);
        await completeIdempotency(platform(), first, { status: 201, body: '"one"' });
        await completeIdempotency(platform(), first, { status: 201, body: '"two"' });
        await completeIdempotency(platform(), first, 'release');
        expect(await claim(request())).toMatchObject({ value: { kind: 'replay', body: '"one"' } });
      });

      test('what is done stays done, also where others end it in the same batch', async () => {
        const first = fresh();
        await claim(first);
        await Promise.all([
          completeIdempotency(platform(), first, { status: 201, body: '"one"' }),
          completeIdempotency(platform(), first, { status: 201, body: '"two"' }),
          completeIdempotency(platform(), first, 'release'),
        ]);
        expect(await claim(request())).toMatchObject({ value: { kind: 'replay', body: '"one"' } });
      });

      test('a late answer is never noted under another body that has the key now (rule 12)', async () => {
        const first = fresh();
        await claim(first);
        // Slower than its lease: a repetition is refused, and another body takes the key.
        nowMs += KEY_LEASE_MS + 1;
        await claim(request());
        await completeIdempotency(platform(), first, 'release');
        const other = request({ bodyHash: 'h2' });
        await claim(other);
        await completeIdempotency(platform(), first, { status: 201, body: '"of the first"' });
        await completeIdempotency(platform(), other, { status: 201, body: '"of the other"' });
        expect(await claim(request({ bodyHash: 'h2' }))).toMatchObject({
          value: { kind: 'replay', body: '"of the other"' },
        });
      });

      test('one key in two marketplaces is two keys', async () => {
        const first = fresh();
        await claim(first);
        const marketplace = freshId('marketplace', 3);
        expect(await claim(request({ marketplace }))).toMatchObject({ value: { kind: 'run' } });
      });
    });
  });
}
