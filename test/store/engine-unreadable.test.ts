/**
 * D3 of the money audit: a payment that cannot be read, written or decided fails its own commands
 * and no others; nothing of it is half written.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Payment } from '../../src/core/payment/model.ts';
import {
  books,
  cancel,
  create,
  freshId,
  openEngine,
  type PaymentCommand,
  paidPayment,
  reported,
  start,
  type TestEngineRoom,
  wantedPayment,
} from './engine-support.ts';
import { ENGINES, type TestHome } from './engines.ts';
import { type RaisingDb, raisingDb } from './raising-db.ts';

for (const { name, isAvailable, open } of ENGINES) {
  describe.skipIf(!isAvailable)(`what cannot be read on ${name}`, () => {
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
    const neighbours = () => Array.from({ length: 8 }, () => create(wantedPayment()));

    async function together(commands: readonly PaymentCommand<unknown>[]) {
      room.defects.length = 0;
      return Promise.all(commands.map((command) => submit(command)));
    }

    /** As a newer version might have written it, or a hand that repaired a row. */
    async function spoil(table: string, change: string, root: string): Promise<void> {
      await home.db.script(`update ${table} set ${change}
        where intent = (select id from payment_intents where merchant_order_no = '${root}')`);
    }

    const SPOILED = [
      ['payment_legs', `parts = '[{"merchant":"mer_1","amount":{"cny":"1"},"fee_bps":1}]'`],
      ['payment_legs', `parts = '{"of":"a newer version"}'`],
      ['payment_attempts', 'created_at = 9223372036854775807'],
      // Money of another currency is never read as ours.
      ['payment_legs', `currency = 'usd'`],
      ['escrows', `currency = 'hkd'`],
    ] as const;

    for (const [table, change] of SPOILED) {
      test(`D3: ${table} with ${change} fails its own commands, in the batch of 16 others`, async () => {
        const wanted = wantedPayment();
        await paidPayment(room, wanted);
        await spoil(table, change, wanted.intent.merchantOrderNo);
        // Another process, which remembers nothing of it.
        const other = await openEngine(home.db);
        const before = await books(home.db, 0);
        const [bad, again, ...good] = await Promise.all(
          [
            cancel(wanted.intent.id),
            cancel(wanted.intent.id),
            ...neighbours(),
            ...neighbours(),
          ].map((command) => other.engine.submit(command as PaymentCommand<unknown>)),
        );
        expect(good.filter((answer) => answer.ok)).toHaveLength(16);
        expect([bad, again]).toMatchObject([
          { ok: false, error: { code: 'internal' } },
          { ok: false, error: { code: 'internal' } },
        ]);
        expect(other.defects).toHaveLength(2);
        expect(other.defects[0]?.error).toMatchObject({ name: 'AssertionError' });
        expect(String(other.defects[0]?.error.message)).toContain(wanted.intent.id);
        // Known to be its own fault, no other command is run again.
        expect(other.batches).toHaveLength(1);
        const ofIt = (text: string) => text.split('\n').filter((row) => row.includes(`"${table}`));
        expect(ofIt(await books(home.db, 0))).toEqual(ofIt(before));
        await other.lease.release();
      });
    }

    test('D3: a decision that throws anything fails alone', async () => {
      const { root } = await paidPayment(room);
      const broken: PaymentCommand<unknown> = {
        ...cancel(root),
        name: 'broken',
        decide: (payment) => {
          const { nothing } = payment as unknown as { nothing: Payment };
          return cancel(nothing.intent.id).decide(payment, {} as never, false);
        },
      };
      const answers = await together([...neighbours(), broken, ...neighbours()]);
      expect(answers.filter((answer) => answer.ok)).toHaveLength(16);
      expect(room.defects).toMatchObject([{ name: 'broken' }]);
    });

    test('D3: whatever the database says against one command, its neighbours pass', async () => {
      faulty.raise({ statement: 'payment_intents.claim', holding: 'refused', sqlState: '42P01' });
      const refused = create(wantedPayment({ orderNo: 'refused' }));
      const answers = await together([...neighbours(), refused, ...neighbours()]);
      expect(answers.filter((answer) => answer.ok)).toHaveLength(16);
      expect(answers[8]).toMatchObject({ ok: false, error: { code: 'internal' } });
      expect(room.defects).toMatchObject([{ error: { name: 'DbFailure', sqlState: '42P01' } }]);
    });

    test('D3: a row that cannot be encoded leaves nothing behind, and its neighbours pass', async () => {
      const wanted = wantedPayment();
      const { id } = wanted.intent;
      const attempt = freshId('payment_attempt', 0);
      await submit(create(wanted));
      await submit(start(id, attempt));
      const before = await books(home.db, 0);
      const tooMany: PaymentCommand<unknown> = {
        ...cancel(id),
        name: 'too_many',
        decide: (payment) => ({
          ok: true,
          value: {
            state: {
              ...payment,
              intent: { ...payment.intent, version: payment.intent.version + 1 },
              attempts: payment.attempts.map((row) => ({ ...row, tries: 2 ** 40 })),
            },
            postings: [],
            events: [],
            answer: null,
          },
        }),
      };
      expect(await submit(tooMany)).toMatchObject({ ok: false, error: { code: 'internal' } });
      expect(await books(home.db, 0)).toBe(before);
      const answers = await together([...neighbours(), tooMany, ...neighbours()]);
      expect(answers.filter((answer) => answer.ok)).toHaveLength(16);
      expect(await submit(reported(id, attempt, 'succeeded'))).toMatchObject({ ok: true });
    });
  });
}
