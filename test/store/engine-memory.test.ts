/**
 * D4 of the money audit: what a process remembers of a payment is believed only where the very
 * batch that it remembers wrote the row, and nothing that was not written is answered as done.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Db } from '../../src/database/db.ts';
import { openPostgres } from '../../src/database/postgres.ts';
import type { Id } from '../../src/kernel/id.ts';
import {
  cancel,
  claim,
  count,
  create,
  freshId,
  openEngine,
  refund,
  rows,
  start,
  started,
  stored,
  type TestEngineRoom,
  wantedPayment,
} from './engine-support.ts';
import { ENGINES, type TestHome } from './engines.ts';

const TABLES = ['payment_intents', 'sub_orders', 'payment_attempts', 'payment_legs'] as const;

for (const { name, isAvailable, open } of ENGINES) {
  describe.skipIf(!isAvailable)(`what an engine remembers on ${name}`, () => {
    let home: TestHome;
    let room: TestEngineRoom;
    let other: TestEngineRoom;

    beforeAll(async () => {
      home = await open();
      room = await openEngine(home.db);
      other = await openEngine(home.db);
    });
    afterAll(async () => {
      for (const { engine, lease } of [room, other]) {
        await engine.drain();
        await lease.release();
      }
      await home.close();
    });

    const where = (table: string, orderNo: string): string =>
      table === 'payment_intents'
        ? `merchant_order_no = '${orderNo}'`
        : `intent = (select id from payment_intents where merchant_order_no = '${orderNo}')`;

    /** Without those that the database generates. */
    async function columnsOf(table: string): Promise<unknown> {
      const [row] = await rows(
        home.db,
        `select string_agg(column_name, ', ') as all from information_schema.columns
         where table_schema = current_schema() and table_name = '${table}'
           and is_generated = 'NEVER'`,
      );
      return row?.all;
    }

    /** Every row of a payment, and how to have them again: what was committed later is lost. */
    async function snapshot(orderNo: string): Promise<() => Promise<void>> {
      const kept = await Promise.all(
        TABLES.map(async (table) => ({
          table,
          columns: await columnsOf(table),
          text: (
            await rows(
              home.db,
              `select coalesce(jsonb_agg(to_jsonb(t)), '[]')::text as all from ${table} t
               where ${where(table, orderNo)}`,
            )
          )[0]?.all,
        })),
      );
      return async () => {
        const undone = [...TABLES]
          .reverse()
          .map((t) => `delete from ${t} where ${where(t, orderNo)}`);
        const redone = kept.map(
          ({ table, columns, text }) =>
            `insert into ${table} (${columns}) select ${columns}
             from jsonb_populate_recordset(null::${table}, $x$${text}$x$)`,
        );
        await home.db.script([...undone, ...redone].join(';\n'));
      };
    }

    async function opened(): Promise<{ id: Id<'payment_intent'>; orderNo: string }> {
      const wanted = wantedPayment();
      expect(await room.engine.submit(create(wanted))).toMatchObject({ ok: true });
      return { id: wanted.intent.id, orderNo: wanted.intent.merchantOrderNo };
    }

    test('D4: a version that was given twice is not believed: what is canceled stays canceled', async () => {
      for (let round = 0; round < 10; round += 1) {
        const { id, orderNo } = await opened();
        const lose = await snapshot(orderNo);
        const lost = freshId('payment_attempt', 0);
        expect(await room.engine.submit(start(id, lost))).toMatchObject({ ok: true });
        await lose();
        const canceled = await other.engine.submit(cancel(id));
        expect(canceled).toMatchObject({ ok: true });
        const known = await stored(home.db, id);
        expect(known?.intent).toMatchObject({ status: 'canceled', version: 2 });
        const answer = await room.engine.submit(start(id, freshId('payment_attempt', 0)));
        expect(answer.ok).toBe(false);
        expect(await stored(home.db, id)).toEqual(known);
      }
    });

    test('D4: an attempt that was lost is not updated into nothing', async () => {
      const { id, orderNo } = await opened();
      const attempt = freshId('payment_attempt', 0);
      await room.engine.submit(start(id, attempt));
      await home.db.script(`delete from payment_attempts where ${where('', orderNo)}`);
      const before = await stored(home.db, id);
      room.defects.length = 0;
      const neighbour = create(wantedPayment());
      const [answer, ok] = await Promise.all([
        room.engine.submit(started(id, attempt)),
        room.engine.submit(neighbour),
      ]);
      expect(answer).toMatchObject({ ok: false, error: { code: 'internal' } });
      expect(ok).toMatchObject({ ok: true });
      expect(room.defects.at(-1)?.error.message).toContain('payment_attempts.update');
      expect(await stored(home.db, id)).toEqual(before);
    });

    test('D4: a batch that wrote last is believed, and no child is read again', async () => {
      const { id } = await opened();
      const attempt = freshId('payment_attempt', 0);
      await room.engine.submit(start(id, attempt));
      // No real process does this: it shows that the rows were not read.
      await home.db.script(`update payment_attempts set tries = 7 where due_at is not null
        and ${where('', (await stored(home.db, id))!.intent.merchantOrderNo)}`);
      await room.engine.submit(started(id, attempt));
      expect((await stored(home.db, id))?.attempts[0]?.tries).toBe(0);
    });

    test('D4: what one lane committed is believed in another', async () => {
      if (home.url === null) return;
      const db = openPostgres({ url: home.url, lanes: 2, readers: 1 });
      let turn = 0;
      const turning: Db = {
        ...db,
        kind: 'postgres',
        laneCount: 1,
        read: (statement, values) => db.read(statement, values),
        background: (work) => db.background(work),
        transaction: (_lane, work) => {
          turn += 1;
          return db.transaction(turn % 2, work);
        },
      };
      const own = await openEngine(turning);
      const wanted = wantedPayment();
      const { id, merchantOrderNo } = wanted.intent;
      const attempt = freshId('payment_attempt', 0);
      await own.engine.submit(create(wanted));
      await own.engine.submit(start(id, attempt));
      await home.db.script(`update payment_attempts set tries = 7 where due_at is not null
        and ${where('', merchantOrderNo)}`);
      await own.engine.submit(started(id, attempt));
      expect((await stored(home.db, id))?.attempts[0]?.tries).toBe(0);
      await own.engine.drain();
      await own.lease.release();
      await db.close();
    });

    test('D4: behind a reconnect everything is read again', async () => {
      // PGlite's one connection ends with the process.
      if (home.url === null) return;
      const db = openPostgres({ url: home.url, lanes: 1, readers: 1 });
      const own = await openEngine(db);
      for (let round = 0; round < 5; round += 1) {
        const wanted = wantedPayment();
        const { id, merchantOrderNo } = wanted.intent;
        const attempt = freshId('payment_attempt', 0);
        await own.engine.submit(create(wanted));
        await own.engine.submit(start(id, attempt));
        await own.engine.submit(started(id, attempt));
        // As after a failover: the server that answers now knows something else.
        await home.db.script(`update payment_attempts set tries = 7, due_at = 1
          where ${where('', merchantOrderNo)}`);
        await db
          .transaction(0, async (session) => {
            const [row] = await session.run(
              { name: 'pid', text: 'select pg_backend_pid() as pid' },
              [],
            );
            await home.db.script(`select pg_terminate_backend(${Number(row?.pid)})`);
          })
          .catch(() => undefined);
        const answer = await own.engine.submit(claim(id, attempt));
        expect(answer).toMatchObject({ ok: true, value: { attempt: { tries: 8 } } });
      }
      await own.engine.drain();
      await own.lease.release();
      await db.close();
    });

    test('D4: a batch names itself on every intent that it writes', async () => {
      const { id, orderNo } = await opened();
      const writers = async () =>
        (
          await rows(
            home.db,
            `select written_by from payment_intents
           where ${where('payment_intents', orderNo)}`,
          )
        )[0]?.written_by;
      const first = await writers();
      expect(first).toBeTypeOf('bigint');
      await other.engine.submit(cancel(id));
      expect(await writers()).not.toBe(first);
      expect(await count(home.db, 'payment_intents', 'written_by is null')).toBe(0);
      expect(await room.engine.submit(refund(id, freshId('refund', 0), 1n))).toMatchObject({
        ok: false,
      });
    });
  });
}
