/** D15 of the money audit: old keys go until none is left; a known shard is said. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dropOldKeyDays, turnKeyDay } from '../../src/flows/base/key-day.ts';
import { shardOf } from '../../src/kernel/id.ts';
import { wallClock } from '../../src/runtime/clock.ts';
import { oneCell } from '../../src/store/cells.ts';
import { listTransactions } from '../../src/store/ledger/queries.ts';
import { listPayments } from '../../src/store/payment/queries.ts';
import {
  count,
  create,
  MARKETPLACE,
  openEngine,
  paidPayment,
  type TestEngineRoom,
  wantedPayment,
} from './engine-support.ts';
import { ENGINES, type TestHome } from './engines.ts';

const OLD = 120_000;
const DAY_MS = 86_400_000;

for (const { name, isAvailable, open } of ENGINES) {
  describe.skipIf(!isAvailable)(`keys and look-ups on ${name}`, () => {
    let home: TestHome;
    let room: TestEngineRoom;

    beforeAll(async () => {
      home = await open();
      room = await openEngine(home.db);
    });
    afterAll(async () => {
      await room.engine.drain();
      await room.lease.release();
      await home.close();
    });

    test('D15: however many keys a day has, they go at once, beside the engine', async () => {
      const old = name === 'postgres' ? OLD : 12_000;
      const nowMs = wallClock.nowMs();
      await turnKeyDay(home.db, nowMs);
      const today = Math.floor(nowMs / DAY_MS);
      await home.db.script(`insert into idempotency_keys (shard, marketplace, key, principal,
          method, path, body_hash, target, state, lease_until, created_at, day)
        select n % 256, 77, 'k' || n, 'p', 'POST', '/', 'h', 't', 'done', 0, 1000, ${today}
        from generate_series(1, ${old}) n`);
      await turnKeyDay(home.db, nowMs + DAY_MS);
      let longestMs = 0;
      let isOver = false;
      const busy = (async () => {
        while (!isOver) {
          const startedMs = performance.now();
          await room.engine.submit(create(wantedPayment()));
          longestMs = Math.max(longestMs, performance.now() - startedMs);
        }
      })();
      // A key of the last minute of its day is kept for seven days, too.
      await dropOldKeyDays(home.db, nowMs + 8 * DAY_MS - 1);
      expect(await count(home.db, 'idempotency_keys')).toBe(old);
      await dropOldKeyDays(home.db, nowMs + 8 * DAY_MS + 1);
      isOver = true;
      await busy;
      expect(await count(home.db, 'idempotency_keys')).toBe(0);
      // One step of 50,000 held the lane for more than half a second.
      expect(longestMs).toBeLessThan(2_000);
    });

    test('D15: an order number, an intent and its entries are looked up in their shard', async () => {
      const orderNo = 'LOOKUP-1';
      const shard = shardOf(MARKETPLACE, orderNo);
      const { root } = await paidPayment(room, wantedPayment({ shard, orderNo }));
      const sent: string[] = [];
      const db = {
        ...home.db,
        read: (...[statement, values]: Parameters<typeof home.db.read>) => {
          sent.push(statement.text);
          return home.db.read(statement, values);
        },
      } as typeof home.db;
      const page = { limit: 5, beforeId: null, afterId: null };
      const any = {
        status: null,
        merchantOrderNo: null,
        createdAfterMs: null,
        createdBeforeMs: null,
        walletTransactionId: null,
        intent: null,
      };
      const found = [
        await listPayments(oneCell(db), MARKETPLACE, { ...any, merchantOrderNo: orderNo }, page),
        await listPayments(oneCell(db), MARKETPLACE, { ...any, intent: root }, page),
      ];
      for (const { rows } of found) expect(rows.map(({ intent }) => intent.id)).toEqual([root]);
      expect((await listTransactions(oneCell(db), MARKETPLACE, root, page)).rows).toHaveLength(1);
      const lists = sent.filter((text) => text.includes('p.marketplace = $1'));
      expect(lists).toHaveLength(3);
      for (const text of lists) expect(text).toContain('p.shard = $2');
      const byWallet = { ...any, walletTransactionId: '420000', status: 'succeeded' };
      expect((await listPayments(oneCell(db), MARKETPLACE, byWallet, page)).rows).toHaveLength(1);
    });
  });
}
