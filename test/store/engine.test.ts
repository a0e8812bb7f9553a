/** The engine with real commands on every database: batches, poison, fences, idempotency, drain. */
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { assert } from '../../src/core/assert.ts';
import type { HutongError } from '../../src/core/errors.ts';
import type { Id } from '../../src/core/id.ts';
import type { Payment } from '../../src/core/payment.ts';
import type { Result } from '../../src/core/result.ts';
import type { PaymentCommand } from '../../src/engine/command.ts';
import {
  claimIdempotency,
  completeIdempotency,
  KEY_LEASE_MS,
} from '../../src/flows/idempotency.ts';
import type { Platform } from '../../src/flows/platform.ts';
import type { IdempotentRequest } from '../../src/flows/use-cases.ts';
import { wallClock } from '../../src/runtime/clock.ts';
import type { Db, Statement } from '../../src/store/db.ts';
import { openPostgres } from '../../src/store/postgres.ts';
import {
  books,
  cancel,
  closed,
  count,
  create,
  ENVELOPE,
  freshId,
  inOrder,
  MARKETPLACE,
  openEngine,
  paidPayment,
  refund,
  refunded,
  reported,
  rows,
  start,
  started,
  stored,
  type TestEngineRoom,
  wantedPayment,
} from './engine-support.ts';
import { ENGINES, type TestHome } from './engines.ts';

for (const { name, isAvailable, open } of ENGINES) {
  describe.skipIf(!isAvailable)(`the engine on ${name}`, () => {
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
    const batchesSince = (from: number) =>
      room.batches.slice(from).map(({ commands }) => commands.length);

    describe('batches', () => {
      test('what comes while a batch is in flight goes together in the next', async () => {
        const from = room.batches.length;
        const first = submit(create(wantedPayment()));
        while (room.batches.length === from) await sleep(0);
        const rest = Array.from({ length: 60 }, () => submit(create(wantedPayment())));
        const answers = await Promise.all([first, ...rest]);
        expect(answers.every((answer) => answer.ok)).toBe(true);
        expect(batchesSince(from)).toEqual([1, 60]);
      });

      test('a batch takes no more than its size', async () => {
        const from = room.batches.length;
        const max = home.db.kind === 'pglite' ? 100 : 1_000;
        const wanted = Array.from({ length: max + 1 }, () => submit(create(wantedPayment())));
        await Promise.all(wanted);
        expect(batchesSince(from)).toEqual([max, 1]);
      });

      test('commands on one payment are decided in order, each on what the one before made', async () => {
        const wanted = wantedPayment();
        const { id } = wanted.intent;
        const attempt = freshId('payment_attempt', 0);
        const back = freshId('refund', 0);
        const from = room.batches.length;
        const answers = await Promise.all([
          submit(create(wanted)),
          submit(start(id, attempt)),
          submit(started(id, attempt)),
          submit(reported(id, attempt, 'succeeded')),
          submit(refund(id, back, 400n)),
          submit(refunded(id, back, 'succeeded')),
        ]);
        expect(batchesSince(from)).toEqual([6]);
        expect(answers.map((answer) => answer.ok)).toEqual(Array(6).fill(true));
        const last = answers[5]!;
        expect(last.ok && last.value.payment.intent).toMatchObject({
          status: 'succeeded',
          amountReceivedFen: 1_000n,
          amountRefundedFen: 400n,
        });
      });

      test('the shard chooses the lane', async () => {
        const from = room.batches.length;
        const shards = [0, 1, 2, 3, 254, 255];
        await Promise.all(shards.map((shard) => submit(create(wantedPayment({ shard })))));
        for (const { lane, commands } of room.batches.slice(from)) {
          for (const command of commands) expect(command.shard % home.db.laneCount).toBe(lane);
        }
        const used = new Set(room.batches.slice(from).map(({ lane }) => lane));
        expect(used.size).toBe(home.db.laneCount);
      });

      test('another marketplace finds nothing (rule 11)', async () => {
        const { root } = await paidPayment(room);
        const stranger = { ...cancel(root), marketplace: freshId('marketplace', 0) };
        expect(await submit(stranger)).toMatchObject({ ok: false, error: { code: 'not_found' } });
      });
    });

    describe('poison', () => {
      const neighbours = () => Array.from({ length: 8 }, () => create(wantedPayment()));
      /** Passes every decision, and is refused by the database. */
      const badText = () => create(wantedPayment({ description: 'a\u0000b' }));

      async function together(commands: readonly PaymentCommand<unknown>[]) {
        room.defects.length = 0;
        return Promise.all(commands.map((command) => submit(command)));
      }

      test('text that no row can hold (22021) fails its command alone', async () => {
        const answers = await together([...neighbours(), badText(), ...neighbours()]);
        expect(answers.filter((answer) => answer.ok)).toHaveLength(16);
        expect(answers[8]).toMatchObject({ ok: false, error: { code: 'internal' } });
        expect(room.defects).toHaveLength(1);
        expect(room.defects[0]?.error).toMatchObject({ name: 'DbRejected', sqlState: '22021' });
      });

      test('an amount that the schema refuses (23514) fails its command alone', async () => {
        const { root } = await paidPayment(room);
        const overpaid: PaymentCommand<unknown> = {
          ...cancel(root),
          name: 'overpaid',
          decide: (payment) => ({
            ok: true,
            value: {
              payment: {
                ...payment,
                intent: {
                  ...payment.intent,
                  version: payment.intent.version + 1,
                  amountRefundedFen: payment.intent.amountFen + 1n,
                },
              },
              postings: [],
              events: [],
              answer: null,
            },
          }),
        };
        const before = await rows(
          home.db,
          `select * from payment_intents where status = 'succeeded'`,
        );
        const answers = await together([...neighbours(), overpaid, ...neighbours()]);
        expect(answers.filter((answer) => answer.ok)).toHaveLength(16);
        expect(answers[8]).toMatchObject({ ok: false, error: { code: 'internal' } });
        expect(room.defects[0]?.error).toMatchObject({ name: 'DbRejected', sqlState: '23514' });
        expect(
          await rows(home.db, `select * from payment_intents where status = 'succeeded'`),
        ).toEqual(before);
      });

      test('several of them, and a good command on the same payment', async () => {
        const wanted = wantedPayment();
        const poisoned: PaymentCommand<unknown> = {
          ...create(wanted),
          name: 'poisoned',
          root: wanted.intent.id,
          decide: (payment) => ({
            ok: true,
            value: {
              payment: {
                ...payment,
                intent: {
                  ...payment.intent,
                  version: payment.intent.version + 1,
                  status: 'x\u0000' as 'canceled',
                },
              },
              postings: [],
              events: [],
              answer: null,
            },
          }),
        };
        const answers = await together([
          badText(),
          create(wanted),
          poisoned,
          cancel(wanted.intent.id),
          badText(),
        ]);
        expect(answers.map((answer) => answer.ok)).toEqual([false, true, false, true, false]);
        const [row] = await rows(
          home.db,
          `select status from payment_intents where merchant_order_no = '${wanted.intent.merchantOrderNo}'`,
        );
        expect(row).toEqual({ status: 'canceled' });
      });

      test('an assertion in a decision fails that command alone, without a second batch', async () => {
        const from = room.batches.length;
        const { root } = await paidPayment(room);
        const broken: PaymentCommand<unknown> = {
          ...cancel(root),
          name: 'broken',
          decide: () => {
            assert(false, 'rule 0: never');
            throw new Error('unreachable');
          },
        };
        const before = room.batches.length;
        const answers = await together([...neighbours(), broken, ...neighbours()]);
        expect(answers.filter((answer) => answer.ok)).toHaveLength(16);
        expect(answers[8]).toMatchObject({ ok: false, error: { code: 'internal' } });
        expect(room.defects).toMatchObject([{ name: 'broken', error: { name: 'AssertionError' } }]);
        expect(batchesSince(before)).toEqual([17]);
        expect(from).toBeLessThan(before);
      });

      test('a refusal by core (a domain error) is an answer, not a defect', async () => {
        const { root } = await paidPayment(room);
        const answers = await together([...neighbours(), cancel(root)]);
        expect(answers[8]).toMatchObject({
          ok: false,
          error: { code: 'payment_intent_not_cancelable' },
        });
        expect(room.defects).toHaveLength(0);
      });
    });

    describe("the database's own words", () => {
      /** Raises `sqlState` for the first `times` inserts of an order named so. */
      async function raise(orderNo: string, sqlState: string, times: number): Promise<void> {
        // A sequence is not rolled back: it counts the tries.
        await home.db.script(`
          create sequence tries_${orderNo};
          create function raise_${orderNo}() returns trigger language plpgsql as $$
          begin
            if nextval('tries_${orderNo}') <= ${times} then
              raise exception 'as asked' using errcode = '${sqlState}';
            end if;
            return new;
          end $$;
          create trigger raise_${orderNo} before insert on payment_intents for each row
            when (new.merchant_order_no = '${orderNo}') execute function raise_${orderNo}();`);
      }

      for (const sqlState of ['40001', '40P01', '55P03']) {
        test(`${sqlState} is tried again until it passes, and written once`, async () => {
          const orderNo = `r${sqlState.toLowerCase()}`;
          await raise(orderNo, sqlState, 2);
          const answers = await Promise.all([
            submit(create(wantedPayment())),
            submit(create(wantedPayment({ orderNo }))),
          ]);
          expect(answers).toMatchObject([{ ok: true }, { ok: true, value: { created: true } }]);
          expect(await count(home.db, 'payment_intents', `merchant_order_no = '${orderNo}'`)).toBe(
            1,
          );
        });
      }

      test('when it never passes, everyone in the batch is told busy and nothing is written', async () => {
        await raise('rforever', '40001', 1_000);
        const hasty = await openEngine(home.db, { patienceMs: 200 });
        const innocent = wantedPayment();
        const answers = await Promise.all([
          hasty.engine.submit(create(innocent)),
          hasty.engine.submit(create(wantedPayment({ orderNo: 'rforever' }))),
        ]);
        expect(answers).toMatchObject([
          { ok: false, error: { code: 'busy' } },
          { ok: false, error: { code: 'busy' } },
        ]);
        const where = `merchant_order_no in ('rforever', '${innocent.intent.merchantOrderNo}')`;
        expect(await count(home.db, 'payment_intents', where)).toBe(0);
        expect(await submit(create(innocent))).toMatchObject({
          ok: true,
          value: { created: true },
        });
        await hasty.lease.release();
      });

      test('anything else is our own defect: no bisecting, no second try', async () => {
        await raise('rdefect', '42P01', 1);
        const from = room.batches.length;
        room.defects.length = 0;
        const answers = await Promise.all([
          submit(create(wantedPayment())),
          submit(create(wantedPayment({ orderNo: 'rdefect' }))),
        ]);
        expect(answers).toMatchObject([
          { ok: false, error: { code: 'internal' } },
          { ok: false, error: { code: 'internal' } },
        ]);
        expect(batchesSince(from)).toEqual([2]);
        expect(room.defects[0]?.error).toMatchObject({ name: 'DbFailure', sqlState: '42P01' });
      });
    });

    describe('the same again', () => {
      test('a create that is resumed with its own id reads its row, paid or not', async () => {
        const wanted = wantedPayment();
        const { id, merchantOrderNo, shard } = wanted.intent;
        await paidPayment(room, wanted);
        const before = await books(home.db, 0);
        const resumed = wantedPayment({ id, orderNo: merchantOrderNo, shard });
        const [answer, after] = await Promise.all([submit(create(resumed)), submit(cancel(id))]);
        expect(answer).toMatchObject({ ok: true, value: { created: true } });
        if (!answer?.ok) return;
        expect(answer.value.payment.intent.status).toBe('succeeded');
        expect(answer.value.payment.subOrders.map((sub) => sub.id)).toEqual(
          wanted.subOrders.map((sub) => sub.id),
        );
        // Its neighbour in the batch sees the paid payment, not the request's first state.
        expect(after).toMatchObject({ error: { code: 'payment_intent_not_cancelable' } });
        expect(await books(home.db, 0)).toBe(before);
      });

      test('two creates of one number in one batch: one intent, the same for both', async () => {
        const first = wantedPayment();
        const second = wantedPayment({ orderNo: first.intent.merchantOrderNo });
        const other = wantedPayment({ orderNo: first.intent.merchantOrderNo, amountFen: 2n });
        const answers = await Promise.all([first, second, other].map((one) => submit(create(one))));
        expect(answers).toMatchObject([
          { ok: true, value: { created: true } },
          { ok: true, value: { created: false, payment: { intent: { id: first.intent.id } } } },
          { ok: false, error: { code: 'merchant_order_no_conflict' } },
        ]);
        expect(await count(home.db, 'events', `object_id = '${first.intent.id}'`)).toBe(1);
      });

      test('property: any command decided again gives the same answer and writes nothing', async () => {
        const property = fc.asyncProperty(
          fc.array(fc.nat(11), { minLength: 1, maxLength: 10 }),
          fc.boolean(),
          async (steps, inOneBatch) => {
            shard = (shard + 1) % 256;
            for (const command of storyOf(steps, shard)) {
              const first = await submit(command);
              const before = await books(home.db, shard);
              const again = inOneBatch
                ? await Promise.all([submit(command), submit(command)])
                : [await submit(command)];
              for (const answer of again) expect(sameOf(answer)).toEqual(sameOf(first));
              expect(await books(home.db, shard)).toBe(before);
            }
          },
        );
        await fc.assert(property, { numRuns: RUNS });
      }, 90_000);
    });

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

      test('are told of one paid leg at once: it is booked once', async () => {
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

      test('property: in turns on one payment, each answers what stands in the tables', async () => {
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
          // made, started, and at most: the wallet's first word, paid
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
          await sleep(3_000);
        });
        await sleep(100);
        const startedMs = performance.now();
        const answer = await submit(refund(root, freshId('refund', 31), 10n));
        expect(answer).toMatchObject({ ok: true, value: { created: true } });
        // Longer than one lock_timeout (2 s): it was told 55P03, and tried again.
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

    describe('idempotency keys', () => {
      let nowMs = wallClock.nowMs();
      let keys = 0;
      const platform = () =>
        ({ engine: room.engine, wall: { nowMs: () => nowMs }, envelope: ENVELOPE }) as Platform;
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

    test('drain answers everything that was taken, then takes no more', async () => {
      const own = await openEngine(home.db);
      const taken = Array.from({ length: 300 }, (_, index) =>
        own.engine.submit(create(wantedPayment({ shard: index % 256 }))),
      );
      await own.engine.drain();
      expect(own.engine.queueDepth()).toBe(0);
      const settled = await Promise.race([Promise.all(taken), sleep(0).then(() => undefined)]);
      expect(settled?.every((answer) => answer.ok)).toBe(true);
      expect(await own.engine.submit(create(wantedPayment()))).toMatchObject({
        ok: false,
        error: { code: 'shutting_down' },
      });
      await own.lease.release();
    });
  });
}

/** What must not differ: whether something was new is told to the first who asked. */
function sameOf(answer: Result<{ readonly payment: Payment }, HutongError>): unknown {
  return answer.ok ? inOrder(answer.value.payment) : answer.error;
}

type Step = PaymentCommand<{ readonly payment: Payment }>;

/** A payment's life out of numbers: made, then whatever the numbers say, sensible or not. */
function storyOf(steps: readonly number[], shard: number): Step[] {
  const wanted = wantedPayment({ shard });
  const root = wanted.intent.id;
  const attempts: Id<'payment_attempt'>[] = [];
  const refunds: Id<'refund'>[] = [];
  const story: Step[] = [create(wanted)];
  for (const step of steps) {
    const attempt = attempts.at(step % 2 === 0 ? -1 : 0);
    const back = refunds.at(-1);
    if (step <= 2 || attempt === undefined) {
      const id = freshId('payment_attempt', shard);
      attempts.push(id);
      story.push(start(root, id));
    } else if (step === 3) story.push(started(root, attempt));
    else if (step <= 5) story.push(reported(root, attempt, 'succeeded', `n-${step}`));
    else if (step === 6) story.push(reported(root, attempt, 'pending'));
    else if (step === 7) story.push(reported(root, attempt, 'closed'));
    else if (step === 8) story.push(closed(root, attempt));
    else if (step === 9) story.push(cancel(root));
    else if (step === 10 || back === undefined) {
      const id = freshId('refund', shard);
      refunds.push(id);
      story.push(refund(root, id, 300n));
    } else story.push(refunded(root, back, 'succeeded'));
  }
  return story;
}
