/**
 * Rule 12: a key that is claimed together with the first command of its request. Nothing of a
 * request is done whose key is not granted: no row, no event, whatever became of the batch.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Answer } from '../../src/engine/batch.ts';
import type { AnyCommand } from '../../src/engine/command.ts';
import {
  completeIdempotency,
  type IdempotentRequest,
  KEY_LEASE_MS,
} from '../../src/flows/base/idempotency.ts';
import { openClaim } from '../../src/flows/base/key-claim.ts';
import type { Platform } from '../../src/flows/base/platform.ts';
import type { Envelope } from '../../src/flows/key/envelope.ts';
import { hutongError } from '../../src/kernel/errors.ts';
import type { Id } from '../../src/kernel/id.ts';
import { err } from '../../src/kernel/result.ts';
import { wallClock } from '../../src/runtime/clock.ts';
import {
  cancel,
  count,
  create,
  envelopeOf,
  freshId,
  MARKETPLACE,
  openEngine,
  paidPayment,
  refund,
  stored,
  type TestEngineRoom,
  wantedPayment,
} from './engine-support.ts';
import { ENGINES, type TestHome } from './engines.ts';

const RACES = 40;

for (const { name, isAvailable, open } of ENGINES) {
  describe.skipIf(!isAvailable)(`a key claimed with its first command on ${name}`, () => {
    let home: TestHome;
    let room: TestEngineRoom;
    let envelope: Envelope;
    let nowMs = wallClock.nowMs();
    let keys = 0;

    beforeAll(async () => {
      home = await open();
      room = await openEngine(home.db);
      envelope = await envelopeOf(home.db);
    });
    beforeEach(() => {
      keys += 1;
      room.batches.length = 0;
    });
    afterAll(async () => {
      await room.engine.drain();
      await room.lease.release();
      await home.close();
    });

    const platform = () =>
      ({ engine: room.engine, wall: { nowMs: () => nowMs }, envelope }) as Platform;
    const requestFor = (target: string, bodyHash = 'h1'): IdempotentRequest => ({
      ...{ marketplace: MARKETPLACE, principal: 'key_1', key: `k-${keys}`, method: 'POST' },
      ...{ path: '/v1/payment_intents', bodyHash, targetId: target },
    });
    /** The commands' names by batch. */
    const sent = () => room.batches.map(({ commands }) => commands.map((one) => one.name));
    /** Of a payment that is wanted: its claim, and the create that travels with it. */
    const tried = (shard: number, bodyHash?: string) => {
      const wanted = wantedPayment({ shard });
      const claim = openClaim(platform(), requestFor(wanted.intent.id, bodyHash));
      return { id: wanted.intent.id, claim, send: () => claim.submit(create(wanted)) };
    };
    const exists = async (id: Id<'payment_intent'>): Promise<boolean> =>
      (await room.engine.submit(cancel(id))).ok;
    const rowsOf = (id: Id<'payment_intent'>): Promise<number> =>
      count(home.db, 'events', `object_id = '${id}'`);

    test('granted: both are one batch', async () => {
      const { id, claim, send } = tried(3);
      expect(await send()).toMatchObject({ ok: true, value: { created: true } });
      expect(await claim.outcome()).toEqual({ ok: true, value: { kind: 'run', targetId: id } });
      expect(sent()).toEqual([['claim_key', 'create']]);
    });

    test('of another body: 422, and its order was not made', async () => {
      await tried(3).send();
      const other = tried(3, 'h2');
      await other.send();
      expect(await other.claim.outcome()).toMatchObject({
        error: { code: 'idempotency_key_reused' },
      });
      expect(await rowsOf(other.id)).toBe(0);
      expect(await exists(other.id)).toBe(false);
    });

    test('in flight: 409, and nothing was made; answered: replayed, and nothing was made', async () => {
      const first = tried(4);
      await first.send();
      const second = tried(4);
      await second.send();
      expect(await second.claim.outcome()).toMatchObject({
        error: { code: 'idempotency_key_in_flight' },
      });
      await completeIdempotency(platform(), requestFor(first.id), { status: 201, body: '{}' });
      const third = tried(4);
      await third.send();
      expect(await third.claim.outcome()).toMatchObject({
        value: { kind: 'replay', targetId: first.id },
      });
      expect([await exists(second.id), await exists(third.id)]).toEqual([false, false]);
    });

    test('resumed after its lease: the first target, and nothing of the second', async () => {
      const first = tried(5);
      await first.send();
      nowMs += KEY_LEASE_MS + 1;
      const again = tried(5);
      expect((await again.send()).ok).toBe(false);
      expect(await again.claim.outcome()).toEqual({
        ok: true,
        value: { kind: 'run', targetId: first.id },
      });
      expect(await exists(again.id)).toBe(false);
    });

    test('without a command, the key is claimed alone', async () => {
      const { id, claim } = tried(6);
      expect(await claim.outcome()).toEqual({ ok: true, value: { kind: 'run', targetId: id } });
      expect(sent()).toEqual([['claim_key']]);
    });

    test('later commands of the request are sent as they are', async () => {
      const { id, claim, send } = tried(7);
      await send();
      expect((await claim.submit(cancel(id))).ok).toBe(true);
      expect(sent().map((names) => names.length)).toEqual([2, 1]);
    });

    test('a command that fails by a defect takes nothing along, and the key stays', async () => {
      const wanted = wantedPayment({ shard: 8 });
      const claim = openClaim(platform(), requestFor(wanted.intent.id));
      const broken = claim.submit({
        ...create(wanted),
        decide: () => {
          throw new Error('a defect');
        },
      });
      expect(await broken).toMatchObject({ error: { code: 'internal' } });
      expect(await claim.outcome()).toMatchObject({ value: { kind: 'run' } });
    });

    test('two requests under one key on one payment: one refund, each time', async () => {
      const { root } = await paidPayment(room, wantedPayment({ shard: 9 }));
      for (let race = 0; race < RACES; race += 1) {
        keys += 1;
        const ids = Array.from({ length: 4 }, () => freshId('refund', 9));
        const claims = ids.map((id, index) =>
          openClaim(platform(), requestFor(id, index < 2 ? 'h1' : 'h2')),
        );
        const answers = await Promise.all(
          claims.map((claim, index) => claim.submit(refund(root, ids[index]!, 1n))),
        );
        expect(answers.filter(({ ok }) => ok)).toHaveLength(1);
        const payment = await stored(home.db, root);
        expect(payment?.refunds).toHaveLength(race + 1);
      }
    });

    test('decided in another batch, the command waits for the claim’s commit', async () => {
      const order: string[] = [];
      const late = (command: AnyCommand, answer?: Answer): Promise<Answer> =>
        sleep(30).then(() => {
          order.push(command.name);
          return answer ?? room.engine.submit(command);
        });
      const engineWith = (answer?: Answer) => ({
        ...room.engine,
        submit: (command: AnyCommand) =>
          command.name === 'claim_key' ? late(command, answer) : room.engine.submit(command),
      });
      const tryOn = async (answer?: Answer) => {
        keys += 1;
        const wanted = wantedPayment({ shard: 10 });
        const { id } = wanted.intent;
        const engine = engineWith(answer) as unknown as Platform['engine'];
        const claim = openClaim({ ...platform(), engine } as Platform, requestFor(id));
        return { id, answer: await claim.submit(create(wanted)) };
      };
      const granted = await tryOn();
      expect(granted.answer).toMatchObject({ ok: true, value: { created: true } });
      expect(sent()).toEqual([['create'], ['claim_key'], ['create']]);
      const busy = await tryOn(err(hutongError('busy', 'the cell of the key is away')));
      expect(busy.answer.ok).toBe(false);
      expect(await exists(busy.id)).toBe(false);
    });

    test('many at once under one key, with two bodies: one is made, each time', async () => {
      for (let race = 0; race < RACES; race += 1) {
        keys += 1;
        const tries = Array.from({ length: 8 }, (_, index) =>
          tried((race + index * 31) % 256, index % 2 === 0 ? 'h1' : 'h2'),
        );
        await Promise.all(tries.map(({ send }) => send()));
        const outcomes = await Promise.all(tries.map(({ claim }) => claim.outcome()));
        const made = await Promise.all(tries.map(({ id }) => exists(id)));
        expect(made.filter(Boolean)).toHaveLength(1);
        const granted = outcomes.flatMap((outcome) =>
          outcome.ok && outcome.value.kind === 'run' ? outcome.value.targetId : [],
        );
        expect(granted).toEqual(tries.filter((_, index) => made[index]).map(({ id }) => id));
      }
    });
  });
}
