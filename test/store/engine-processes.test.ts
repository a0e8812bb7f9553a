/** Engines of several processes on one database: locks, one truth, fences. */
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Db, Statement } from '../../src/database/db.ts';
import { openPostgres } from '../../src/database/postgres.ts';
import {
  books,
  cancel,
  count,
  create,
  freshId,
  inOrder,
  openEngine,
  type PaymentCommand,
  paidPayment,
  refund,
  reported,
  start,
  started,
  stored,
  type TestEngineRoom,
  wantedPayment,
} from './engine-support.ts';
import { ENGINES, type TestHome } from './engines.ts';
import { storyOf } from './payment-story.ts';

for (const { name, isAvailable, open } of ENGINES) {
  describe.skipIf(!isAvailable)(`processes with an engine on ${name}`, () => {
    let home: TestHome;
    let room: TestEngineRoom;
    /** Properties walk through the shards, so that each run looks at a few rows only. */
    let shard = 100;

    beforeAll(async () => {
      home = await open();
      room = await openEngine(home.db);
    });
    afterAll(async () => {
      await room.engine.drain();
      await room.lease.release();
      await home.close();
    });

    const RUNS = name === 'pglite' ? 8 : 20;
    const submit = <A>(command: PaymentCommand<A>) => room.engine.submit(command);

    describe('two processes', () => {
      let otherDb: Db;
      let other: TestEngineRoom;
      beforeAll(async () => {
        // PGlite is one process's own: there two engines share its one connection.
        otherDb =
          home.url === null
            ? home.db
            : openPostgres({ url: home.url, lanes: home.db.laneCount, readers: 2 });
        other = await openEngine(otherDb);
      });
      afterAll(async () => {
        await other.engine.drain();
        await other.lease.release();
        if (otherDb !== home.db) await otherDb.close();
      });

      test('create the same number at once: one wins, both have the same intent', async () => {
        for (let round = 0; round < 15; round += 1) {
          const mine = wantedPayment({ shard: round });
          const theirs = wantedPayment({ shard: round, orderNo: mine.intent.merchantOrderNo });
          const answers = await Promise.all([
            room.engine.submit(create(mine)),
            other.engine.submit(create(theirs)),
          ]);
          const made = answers.map((answer) => (answer.ok ? answer.value : undefined));
          expect(made.filter((value) => value?.created === true)).toHaveLength(1);
          expect(made[0]?.payment.intent.id).toBe(made[1]?.payment.intent.id);
          const where = `merchant_order_no = '${mine.intent.merchantOrderNo}'`;
          expect(await count(home.db, 'payment_intents', where)).toBe(1);
        }
      });

      test('get one paid leg reported at once: it is booked once', async () => {
        for (let round = 0; round < 10; round += 1) {
          const wanted = wantedPayment({ shard: round });
          const { id } = wanted.intent;
          const attempt = freshId('payment_attempt', round);
          await submit(create(wanted));
          await submit(start(id, attempt));
          const told = await Promise.all(
            [room, other, room, other].map(({ engine }, index) =>
              engine.submit(reported(id, attempt, 'succeeded', `n-${index % 2}`)),
            ),
          );
          expect(told.every((answer) => answer.ok)).toBe(true);
          const where = (sql: string) =>
            `intent = (select id from payment_intents where merchant_order_no = '${wanted.intent.merchantOrderNo}') ${sql}`;
          expect(await count(home.db, 'ledger_transactions', where(`and moment = 'paid'`))).toBe(1);
          expect(await count(home.db, 'escrows', where(''))).toBe(1);
          expect(await count(home.db, 'notifications', where(''))).toBe(2);
          const ofIntent = `object_id = '${id}' and type = 'payment_intent.succeeded'`;
          expect(await count(home.db, 'events', ofIntent)).toBe(1);
        }
      });

      test('property: in turns on one payment, each answers what is stored', async () => {
        const property = fc.asyncProperty(
          fc.array(fc.tuple(fc.nat(11), fc.boolean()), { minLength: 1, maxLength: 12 }),
          async (steps) => {
            shard = (shard + 1) % 256;
            const story = storyOf(
              steps.map(([step]) => step),
              shard,
            );
            for (const [index, command] of story.entries()) {
              const { engine } = steps[index - 1]?.[1] === true ? other : room;
              const answer = await engine.submit(command);
              if (!answer.ok) continue;
              const { payment } = answer.value;
              expect(await stored(home.db, payment.intent.id)).toEqual(inOrder(payment));
            }
          },
        );
        await fc.assert(property, { numRuns: RUNS });
      }, 90_000);

      test('crowd around the same few payments: everyone is answered, every version is one step', async () => {
        const payments = Array.from({ length: 8 }, (_, index) => wantedPayment({ shard: index }));
        const attempts = payments.map((_, index) => freshId('payment_attempt', index));
        for (const [index, wanted] of payments.entries()) {
          await submit(create(wanted));
          await submit(start(wanted.intent.id, attempts[index]!));
        }
        const answers = await Promise.all(
          Array.from({ length: 400 }, (_, index) => {
            const { engine } = index % 2 === 0 ? room : other;
            const which = (index * 5 + Math.floor(index / 8)) % 8;
            const { id, merchantOrderNo } = payments[which]!.intent;
            const attempt = attempts[which]!;
            const doubled = { shard: which, orderNo: merchantOrderNo };
            const commands = [
              () => engine.submit(create(wantedPayment(doubled))),
              () => engine.submit(started(id, attempt)),
              () => engine.submit(reported(id, attempt, 'succeeded', `crowd-${index}`)),
              () => engine.submit(create(wantedPayment({ shard: which }))),
            ];
            return commands[index % 4]!();
          }),
        );
        expect(answers.filter((answer) => !answer.ok)).toEqual([]);
        for (const { intent } of payments) {
          const now = await stored(home.db, intent.id);
          // made, started, and at most: the wallet's first report, paid
          expect(now?.intent).toMatchObject({ status: 'succeeded', amountReceivedFen: 1_000n });
          expect(now?.intent.version).toBeLessThanOrEqual(4);
          expect(now?.escrows).toHaveLength(1);
        }
      });

      test('wait for each other no longer than a lock may take, then go on', async () => {
        if (home.url === null) return;
        const { root } = await paidPayment(room, wantedPayment({ shard: 31 }));
        const lock: Statement = {
          name: 'hold',
          text: `select id from payment_intents where shard = 31 for update`,
        };
        const holding = otherDb.transaction(0, async (session) => {
          await session.run(lock, []);
          // At work: a session that stands still is ended sooner.
          await session.run({ name: 'nap', text: 'select pg_sleep(3)' }, []);
        });
        await sleep(100);
        const startedMs = performance.now();
        const answer = await submit(refund(root, freshId('refund', 31), 10n));
        expect(answer).toMatchObject({ ok: true, value: { created: true } });
        // Longer than one lock_timeout (2 s): it got 55P03, and tried again.
        expect(performance.now() - startedMs).toBeGreaterThan(2_000);
        await holding;
      });

      test('have numbers of their own, and make ids that never meet', () => {
        expect(room.lease.number).not.toBe(other.lease.number);
        const made = [room, other].flatMap(({ ids }) =>
          Array.from({ length: 2_000 }, () => ids.next('event', 7)),
        );
        expect(new Set(made).size).toBe(4_000);
      });

      test('one whose number was taken over writes nothing any more', async () => {
        const lost = await openEngine(home.db);
        const wanted = wantedPayment();
        expect(await lost.engine.submit(create(wanted))).toMatchObject({ ok: true });
        const { number } = lost.lease;
        await home.db.script(
          `update process_leases set holder = 'another' where number = ${number}`,
        );
        const before = await books(home.db, 0);
        const answers = await Promise.all([
          lost.engine.submit(create(wantedPayment())),
          lost.engine.submit(cancel(wanted.intent.id)),
        ]);
        expect(answers).toMatchObject([
          { ok: false, error: { code: 'busy' } },
          { ok: false, error: { code: 'busy' } },
        ]);
        expect(lost.fenced()).toBe(1);
        expect(await books(home.db, 0)).toBe(before);
      });
    });
  });
}
