/** The engine with real commands on every database: batches, the same command again, drain. */
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  books,
  cancel,
  count,
  create,
  freshId,
  openEngine,
  type PaymentCommand,
  paidPayment,
  refund,
  refunded,
  reported,
  start,
  started,
  type TestEngineRoom,
  wantedPayment,
} from './engine-support.ts';
import { ENGINES, type TestHome } from './engines.ts';
import { sameOf, storyOf } from './payment-story.ts';

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

      test('lanes follow the load: one carries little, all carry much', async () => {
        const lanesOf = (from: number) => new Set(room.batches.slice(from).map(({ lane }) => lane));
        const createIn = (shard: number) => submit(create(wantedPayment({ shard })));
        // Whatever the tests before have left behind is over.
        for (let window = 0; window < 2; window += 1) {
          await sleep(2_100);
          await createIn(0);
        }
        const thin = room.batches.length;
        await Promise.all([0, 1, 2, 3, 254, 255].map(createIn));
        expect(lanesOf(thin)).toEqual(new Set([0]));
        const heavy = room.batches.length;
        for (let wave = 0; wave < 4; wave += 1) {
          const shards = Array.from({ length: 600 }, (_, index) => (wave + index) % 256);
          await Promise.all(shards.map(createIn));
        }
        expect(lanesOf(heavy).size).toBe(home.db.laneCount);
      });

      test('another marketplace finds nothing (rule 11)', async () => {
        const { root } = await paidPayment(room);
        const stranger = { ...cancel(root), marketplace: freshId('marketplace', 0) };
        expect(await submit(stranger)).toMatchObject({ ok: false, error: { code: 'not_found' } });
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
