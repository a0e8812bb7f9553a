/** What the engine does with a command that cannot be written, and with the database’s trouble. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { assert } from '../../src/kernel/assert.ts';
import {
  cancel,
  count,
  create,
  openEngine,
  type PaymentCommand,
  paidPayment,
  rows,
  type TestEngineRoom,
  wantedPayment,
} from './engine-support.ts';
import { ENGINES, type TestHome } from './engines.ts';
import { type RaisingDb, raisingDb } from './raising-db.ts';

for (const { name, isAvailable, open } of ENGINES) {
  describe.skipIf(!isAvailable)(`poison for the engine on ${name}`, () => {
    let home: TestHome;
    let faulty: RaisingDb;
    let room: TestEngineRoom;

    beforeAll(async () => {
      home = await open();
      faulty = raisingDb(home.db);
      room = await openEngine(faulty.db);
    });
    afterAll(async () => {
      await room.engine.drain();
      await room.lease.release();
      await home.close();
    });

    const submit = <A>(command: PaymentCommand<A>) => room.engine.submit(command);
    const batchesSince = (from: number) =>
      room.batches.slice(from).map(({ commands }) => commands.length);

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
              state: {
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
              state: {
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

    describe("the database's own messages", () => {
      const raise = (orderNo: string, sqlState: string, times?: number): void =>
        faulty.raise({
          ...{ statement: 'payment_intents.claim', holding: orderNo, sqlState },
          ...(times === undefined ? {} : { times }),
        });

      for (const sqlState of ['40001', '40P01', '55P03']) {
        test(`${sqlState} is tried again until it passes, and written once`, async () => {
          const orderNo = `r${sqlState.toLowerCase()}`;
          raise(orderNo, sqlState, 2);
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

      test('when it never passes, every command in the batch gets busy and nothing is written', async () => {
        raise('rforever', '40001');
        const hasty = await openEngine(faulty.db, { patienceMs: 200 });
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

      test('anything else is our own defect, and one command is its culprit at most', async () => {
        raise('rdefect', '42P01');
        room.defects.length = 0;
        const answers = await Promise.all([
          submit(create(wantedPayment())),
          submit(create(wantedPayment({ orderNo: 'rdefect' }))),
        ]);
        expect(answers).toMatchObject([{ ok: true }, { ok: false, error: { code: 'internal' } }]);
        expect(room.defects).toHaveLength(1);
        expect(room.defects[0]?.error).toMatchObject({ name: 'DbFailure', sqlState: '42P01' });
      });
    });
  });
}
