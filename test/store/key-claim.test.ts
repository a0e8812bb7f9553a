/**
 * Rule 12: a key that is claimed together with the first command of its request. Nothing of a
 * request is done whose key is not granted: no row, no event, whatever became of the batch. An
 * answer that is stored with its last command is stored once, and is what a replay gives.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Payment } from '../../src/core/payment/model.ts';
import type { Answer } from '../../src/engine/batch.ts';
import { type AnyCommand, UNANSWERED } from '../../src/engine/command.ts';
import {
  completeIdempotency,
  type IdempotentRequest,
  KEY_LEASE_MS,
  type KeptAnswer,
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
      expect(sent()).toEqual([['claim_key'], ['create']]);
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

    describe('an answer that is stored with the last command', () => {
      const shown = ({ payment }: { readonly payment: Payment }): KeptAnswer => ({
        status: 201,
        body: JSON.stringify({ id: payment.intent.id, version: payment.intent.version }),
      });
      const again = () => openClaim(platform(), requestFor(wantedPayment().intent.id)).outcome();

      test('which is the first one: claimed, done and answered in one batch', async () => {
        const wanted = wantedPayment({ shard: 3 });
        const claim = openClaim(platform(), requestFor(wanted.intent.id));
        expect(claim.kept()).toBeUndefined();
        const made = await claim.submitLast(create(wanted), shown);
        expect(made.ok && claim.kept()).toEqual(made.ok && shown(made.value));
        expect(sent()).toEqual([['claim_key', 'create', 'keep_answer']]);
        expect(await again()).toMatchObject({ value: { kind: 'replay', ...claim.kept() } });
      });

      test('which is a later one: with that', async () => {
        const { id, claim, send } = tried(4);
        await send();
        expect(await again()).toMatchObject({ error: { code: 'idempotency_key_in_flight' } });
        await claim.submitLast(cancel(id), shown);
        expect(sent().slice(-1)).toEqual([['cancel', 'keep_answer']]);
        expect(await again()).toMatchObject({ value: { kind: 'replay', ...claim.kept() } });
      });

      test('of a request that goes on, or is refused: nothing is stored, the lease stays', async () => {
        const { root } = await paidPayment(room, wantedPayment({ shard: 5 }));
        const goesOn = openClaim(platform(), requestFor(freshId('refund', 5)));
        await goesOn.submitLast(refund(root, freshId('refund', 5), 1n), () => undefined);
        expect(goesOn.kept()).toBeUndefined();
        expect(await again()).toMatchObject({ error: { code: 'idempotency_key_in_flight' } });
        keys += 1;
        const refused = openClaim(platform(), requestFor(freshId('refund', 5)));
        const tooMuch = refund(root, freshId('refund', 5), 1_000_000_000n);
        const unasked = () => expect.unreachable('a refusal is not shown');
        expect((await refused.submitLast(tooMuch, unasked)).ok).toBe(false);
        expect(refused.kept()).toBeUndefined();
        expect(await again()).toMatchObject({ error: { code: 'idempotency_key_in_flight' } });
      });

      test('that cannot be made: the command stands, and nothing is stored', async () => {
        const wanted = wantedPayment({ shard: 6 });
        const claim = openClaim(platform(), requestFor(wanted.intent.id));
        const made = await claim.submitLast(create(wanted), () => {
          throw new Error('a defect');
        });
        expect([made.ok, claim.kept()]).toEqual([true, undefined]);
        expect(await exists(wanted.intent.id)).toBe(true);
        expect(await again()).toMatchObject({ error: { code: 'idempotency_key_in_flight' } });
      });

      test('without the claim: nothing is done, and the first answer stays', async () => {
        const first = wantedPayment({ shard: 7 });
        const claim = openClaim(platform(), requestFor(first.intent.id));
        await claim.submitLast(create(first), shown);
        const second = wantedPayment({ shard: 7 });
        const late = openClaim(platform(), requestFor(second.intent.id));
        expect((await late.submitLast(create(second), shown)).ok).toBe(false);
        expect([late.kept(), await exists(second.intent.id)]).toEqual([undefined, false]);
        expect(await again()).toMatchObject({ value: { kind: 'replay', ...claim.kept() } });
      });

      test('that came into another batch: it is stored on its own', async () => {
        const wanted = wantedPayment({ shard: 8 });
        const submit = async (command: AnyCommand): Promise<Answer> => {
          if (command.name === 'keep_answer') await sleep(30);
          return room.engine.submit(command);
        };
        const engine = { ...room.engine, submit } as unknown as Platform['engine'];
        const request = requestFor(wanted.intent.id);
        const claim = openClaim({ ...platform(), engine } as Platform, request);
        expect((await claim.submitLast(create(wanted), shown)).ok).toBe(true);
        expect([claim.kept(), sent()]).toEqual([undefined, [['claim_key', 'create']]]);
        await completeIdempotency(platform(), request, { status: 201, body: '{}' });
        expect(await again()).toMatchObject({ value: { kind: 'replay', body: '{}' } });
      });

      test('that another process has stored since the lease expired: that one is given', async () => {
        const { id, claim, send } = tried(9);
        await send();
        nowMs += KEY_LEASE_MS + 1;
        expect(await again()).toMatchObject({ value: { kind: 'run', targetId: id } });
        const theirs = { status: 201, body: '{"theirs":true}' };
        await completeIdempotency(platform(), requestFor(id), theirs);
        expect((await claim.submitLast(cancel(id), shown)).ok).toBe(true);
        expect(claim.kept()).toEqual(theirs);
        expect(await again()).toMatchObject({ value: { kind: 'replay', ...theirs } });
      });

      test('that cannot be read after a lost COMMIT: no other one is given', async () => {
        const wanted = wantedPayment({ shard: 10 });
        let isAway = false;
        const submit = async (command: AnyCommand): Promise<Answer> => {
          if (isAway) return err(hutongError('busy', 'the database is away'));
          if (command.name !== 'keep_answer') return room.engine.submit(command);
          await room.engine.submit(command);
          isAway = true;
          return UNANSWERED;
        };
        const engine = { ...room.engine, submit } as unknown as Platform['engine'];
        const request = requestFor(wanted.intent.id);
        const claim = openClaim({ ...platform(), engine } as Platform, request);
        expect(await claim.submitLast(create(wanted), shown)).toBe(UNANSWERED);
        expect(claim.kept()).toBeUndefined();
        const replayed = { kind: 'replay', status: 201, targetId: wanted.intent.id };
        expect(await again()).toMatchObject({ value: replayed });
      });

      test('many at once under one key: whoever is granted answers, and all others repeat it', async () => {
        for (let race = 0; race < RACES; race += 1) {
          keys += 1;
          const tries = Array.from({ length: 8 }, (_, index) => {
            const wanted = wantedPayment({ shard: (race * 7 + index * 31) % 256 });
            const claim = openClaim(platform(), requestFor(wanted.intent.id));
            return { claim, send: () => claim.submitLast(create(wanted), shown) };
          });
          await Promise.all(tries.map(({ send }) => send()));
          const kept = tries.flatMap(({ claim }) => claim.kept() ?? []);
          expect(kept).toHaveLength(1);
          expect(await again()).toMatchObject({ value: { kind: 'replay', ...kept[0] } });
        }
      });
    });
  });
}
