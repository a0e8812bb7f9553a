/**
 * A batch finds every row by a key, whatever the planner knew when its statements were prepared:
 * on an empty table, never analysed, it would rather read all of it, and keep that plan for ever.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Db, Statement } from '../../src/database/db.ts';
import {
  freshId,
  openEngine,
  paidPayment,
  refund,
  refunded,
  wantedPayment,
} from './engine-support.ts';
import { ENGINES, type TestHome } from './engines.ts';

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
  });
}
