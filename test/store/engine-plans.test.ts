/**
 * A batch finds every row by a key, whatever the planner knew when its statements were prepared:
 * on an empty table, never analysed, it would rather read all of it, and keep that plan for ever.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Db, Session, Statement } from '../../src/database/db.ts';
import {
  freshId,
  openEngine,
  paidPayment,
  refund,
  refunded,
  wantedPayment,
} from './engine-support.ts';
import { ENGINES, type TestHome } from './engines.ts';
import { CITUS_URL } from './test-citus.ts';

/** PostgreSQL plans a prepared statement again for each of its first five runs. */
const RUNS = 12;

const FLUSH: Statement = { name: 'flush', text: 'select pg_stat_force_next_flush()' };
const SCANS: Statement = {
  name: 'scans',
  text: `select relname, seq_scan::integer as scans from pg_stat_user_tables
    where relname ~ '^(payment_|sub_orders|refunds|escrows|events|deliveries|ledger_|idempotency_)'`,
};

async function scansOf(db: Db): Promise<Map<string, number>> {
  await db.transaction(0, (session) => session.run(FLUSH, []));
  const rows = await db.transaction(0, (session) => session.run(SCANS, []));
  return new Map(rows.map((row) => [row.relname as string, row.scans as number]));
}

interface Sent {
  readonly statement: Statement;
  readonly values: readonly unknown[];
}

/** Keeps every statement of a batch, with the values of its last run. */
function keeping(db: Db, sent: Map<string, Sent>): Db {
  const kept = (session: Session): Session => ({
    losses: session.losses,
    run: (statement, values) => {
      sent.set(statement.name, { statement, values });
      return session.run(statement, values);
    },
  });
  return {
    ...{ kind: db.kind, laneCount: db.laneCount },
    transaction: (lane, work) => db.transaction(lane, (session) => work(kept(session))),
    background: (work) => db.background(work),
    read: (statement, values) => db.read(statement, values),
    script: (text) => db.script(text),
    close: () => db.close(),
  };
}

for (const { name, isAvailable, open } of ENGINES) {
  describe.skipIf(!isAvailable)(`plans on ${name}`, () => {
    let home: TestHome;
    beforeAll(async () => {
      home = await open({ lanes: 1 });
    });
    afterAll(() => home.close());

    test('no batch reads a whole table', async () => {
      const room = await openEngine(home.db);
      const before = await scansOf(home.db);
      for (let run = 0; run < RUNS; run += 1) {
        const { root } = await paidPayment(room, wantedPayment());
        const id = freshId('refund', 0);
        await room.engine.submit(refund(root, id, 100n));
        await room.engine.submit(refunded(root, id, 'succeeded'));
      }
      await room.engine.drain();
      const after = await scansOf(home.db);
      await room.lease.release();
      const scanned = [...after].filter(([table, scans]) => scans > (before.get(table) ?? 0));
      expect(after.size).toBeGreaterThan(8);
      expect(scanned).toEqual([]);
    });

    if (CITUS_URL !== undefined && name === 'postgres')
      test('on Citus, every statement of a batch is one task', async () => {
        const sent = new Map<string, Sent>();
        const room = await openEngine(keeping(home.db, sent));
        const { root } = await paidPayment(room, wantedPayment());
        const id = freshId('refund', 0);
        await room.engine.submit(refund(root, id, 100n));
        await room.engine.submit(refunded(root, id, 'succeeded'));
        await room.engine.drain();
        await room.lease.release();
        const counts: (readonly [string, readonly number[]])[] = [];
        for (const [statementName, { statement, values }] of sent) {
          const explain = {
            name: `explain.${statementName}`,
            text: `explain (costs off) ${statement.text}`,
          };
          const rows = await home.db.transaction(0, (session) => session.run(explain, values));
          const plan = rows.map((row) => String(row['QUERY PLAN'])).join('\n');
          const tasks = [...plan.matchAll(/Task Count: (\d+)/g)].map(([, count]) => Number(count));
          counts.push([statementName, [...new Set(tasks)]]);
        }
        expect(counts.length).toBeGreaterThan(12);
        expect(counts).toEqual(counts.map(([statementName]) => [statementName, [1]]));
      });
  });
}
