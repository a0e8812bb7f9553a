/** Events, deliveries and notifications by time: made ahead, found by one partition, dropped. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { plainly } from '../../src/core/draft.ts';
import { DbRetry } from '../../src/database/db.ts';
import { openPostgres } from '../../src/database/postgres.ts';
import { keepPartitions } from '../../src/flows/base/retention.ts';
import { formatId, type Id, idValue, shardOfId } from '../../src/kernel/id.ts';
import { wallClock } from '../../src/runtime/clock.ts';
import {
  detachPartitions,
  EVENTS,
  idAt,
  readPartitions,
  TIME_TABLES,
} from '../../src/store/batch/partitions.ts';
import { oneCell } from '../../src/store/cells.ts';
import { DELIVERY, deliveryId } from '../../src/store/webhook/delivery.ts';
import { oweDeliveries } from '../../src/store/webhook/events.ts';
import { readEvent } from '../../src/store/webhook/queries.ts';
import {
  books,
  count,
  freshId,
  MARKETPLACE,
  openEngine,
  paidPayment,
  refund,
  refunded,
  reported,
  rows,
  type TestEngineRoom,
  wantedPayment,
} from './engine-support.ts';
import { ENGINES, type TestHome } from './engines.ts';
import { CITUS_URL } from './test-citus.ts';

const DAY_MS = 86_400_000;
const ENDPOINT = freshId('webhook_endpoint', 0);
/** PostgreSQL plans a prepared statement again for each of its first five runs. */
const RUNS = 12;
const KEEPS_ALL = null;

for (const { name, isAvailable, open } of ENGINES) {
  describe.skipIf(!isAvailable)(`partitions on ${name}`, () => {
    let home: TestHome;
    let room: TestEngineRoom;
    const startMs = wallClock.nowMs();

    beforeAll(async () => {
      home = await open();
      room = await openEngine(home.db);
      await home.db.script(`
        insert into marketplaces (id, name, display_name, created_at)
          values (${idValue(MARKETPLACE)}, 'taobao', 'Taobao', 0);
        insert into webhook_endpoints
            (id, marketplace, url, enabled_events, status, sealed, created_at)
          values (${idValue(ENDPOINT)}, ${idValue(MARKETPLACE)}, 'https://a.example/',
            '{*}', 'enabled', 'x', 0);`);
    });
    afterAll(async () => {
      await room.engine.drain();
      await room.lease.release();
      await home.close();
    });

    /** Its id is of this moment, as in the product. */
    const payNow = (shard = 0) =>
      paidPayment(room, wantedPayment({ shard, id: room.ids.next('payment_intent', shard) }));
    const eventsOf = async (root: Id<'payment_intent'>): Promise<Id<'event'>[]> => {
      const found = await rows(home.db, `select id from events where object_id = '${root}'`);
      return found.map((row) => formatId('event', row.id as bigint));
    };
    const delivered = (event: Id<'event'>) => {
      const status = 'delivered' as const;
      const ends = { status, tries: 1, dueAtMs: null, lastStatus: 200, lastError: null };
      const result = { shard: shardOfId(event), event, endpoint: ENDPOINT, ...ends };
      return room.engine.submit({
        aggregate: DELIVERY,
        name: 'record_delivery',
        shard: shardOfId(event),
        marketplace: null,
        root: deliveryId(result),
        decide: (delivery) => plainly({ ...delivery, result }, null),
      });
    };
    const deliverAll = async () => {
      const due = await rows(home.db, 'select event from deliveries where due_at is not null');
      for (const row of due) await delivered(formatId('event', row.event as bigint));
    };
    /** Reads of each partition of these tables so far: by an index or whole. */
    const readsOf = async (): Promise<Map<string, number>> => {
      const flush = { name: 'flush', text: 'select pg_stat_force_next_flush()' };
      // Each connection counts for itself until it is idle for a while.
      for (let lane = 0; lane < home.db.laneCount; lane += 1)
        await home.db.transaction(lane, (session) => session.run(flush, []));
      await home.db.background((session) => session.run(flush, []));
      const found = await home.db.transaction(0, (session) =>
        session.run(
          {
            name: 'partition_reads',
            text: `select relname::text as name, (seq_scan + coalesce(idx_scan, 0))::integer as n
              from pg_stat_user_tables where relname ~ '^(events|deliveries|notifications)_'`,
          },
          [],
        ),
      );
      return new Map(found.map((row) => [String(row.name), Number(row.n)]));
    };

    test('are made ahead, without a gap, whatever time an id has', async () => {
      await keepPartitions(home.db, { nowMs: startMs + 200 * DAY_MS, days: KEEPS_ALL });
      for (const table of TIME_TABLES) {
        const all = await readPartitions(home.db, table.name);
        expect(all.length).toBeGreaterThan(7);
        expect([all.at(0)?.from, all.at(-1)?.to]).toEqual([null, null]);
        for (const [index, { from }] of all.entries())
          if (index > 0) expect(from).toBe(all[index - 1]?.to);
        expect(all.at(-1)?.from).toBeGreaterThan(idAt(startMs + 206 * DAY_MS));
      }
      // Once more changes nothing.
      const before = await readPartitions(home.db, 'events');
      await keepPartitions(home.db, { nowMs: startMs + 200 * DAY_MS, days: KEEPS_ALL });
      expect(await readPartitions(home.db, 'events')).toEqual(before);
    });

    test('a row that came before its partition moves into it', async () => {
      const nowMs = startMs + 300 * DAY_MS;
      const id = idAt(nowMs);
      await home.db.script(`insert into events (shard, id, marketplace, type, object_id,
          object_version, object, created_at)
        values (0, ${id}, ${idValue(MARKETPLACE)}, 'refund.created', 'x', 1, '{}', 0)`);
      const [before] = await rows(
        home.db,
        `select tableoid::regclass::text as name from events
        where id = ${id}`,
      );
      // On Citus, as its worker names it.
      expect(before?.name).toMatch(/^(?:\w+\.)?events_later(?:_\d+)?$/);
      await keepPartitions(home.db, { nowMs, days: KEEPS_ALL });
      const [after] = await rows(
        home.db,
        `select tableoid::regclass::text as name from events
        where id = ${id}`,
      );
      expect(after?.name).toMatch(/^(?:\w+\.)?events_\d{8}(?:_\d+)?$/);
      await home.db.script(`delete from events where id = ${id}`);
    });

    // The counts of a worker's tables are the worker's.
    test('a batch and a look-up read no partition but their own', async () => {
      if (CITUS_URL !== undefined) return;
      // Whatever comes first: what a connection reads when it plans for the first time.
      await payNow();
      const before = await readsOf();
      for (let run = 0; run < RUNS; run += 1) {
        const { root } = await payNow();
        const id = room.ids.next('refund', 0);
        await room.engine.submit(refund(root, id, 100n));
        await room.engine.submit(refunded(root, id, 'succeeded'));
        for (const event of await eventsOf(root)) {
          await delivered(event);
          expect((await readEvent(oneCell(home.db), event))?.id).toBe(event);
          await oweDeliveries(oneCell(home.db), { shard: 0, id: event, nowMs: startMs });
          await delivered(event);
        }
      }
      const after = await readsOf();
      // `eventsOf` and what counts here read whole tables: only deliveries and notifications count.
      const read = [...after].filter(([table, n]) => n > (before.get(table) ?? 0));
      const names = read.map(([table]) => table).filter((table) => !table.startsWith('events_'));
      expect(names.sort()).toEqual(['deliveries_first', 'notifications_first']);
    });

    test('a list of events reads the newest partitions first', async () => {
      const plan = await home.db.transaction(0, (session) =>
        session.run(
          {
            name: 'explain_list',
            text: `explain (costs off) select p.* from events p
              where p.marketplace = 1 order by p.id desc limit 10`,
          },
          [],
        ),
      );
      const text = plan.map((row) => String(row['QUERY PLAN'])).join('\n');
      expect(text).toContain('Append');
      expect(text).not.toMatch(/Sort|Merge Append/);
    });

    describe('dropped', () => {
      const nowMs = startMs + 500 * DAY_MS;
      const drop = () => keepPartitions(home.db, { nowMs, days: 400 });
      let paid: Awaited<ReturnType<typeof paidPayment>>;
      const refundId = freshId('refund', 7);
      const refundReported = () => ({
        ...refunded(paid.root, refundId, 'succeeded'),
        notification: { wallet: 'wechatpay', id: 'n-refund' } as const,
      });

      beforeEach(async () => {
        await deliverAll();
      });

      test('not while a delivery in it is still due; then whole, and nothing else', async () => {
        paid = await payNow(7);
        await room.engine.submit(refund(paid.root, refundId, 100n));
        await room.engine.submit(refundReported());
        const [first, ...others] = await eventsOf(paid.root);
        for (const event of others) await delivered(event);
        expect((await drop()).filter((one) => one.startsWith('events'))).toEqual([]);
        expect(await eventsOf(paid.root)).toHaveLength(others.length + 1);
        await deliverAll();
        const ended = (await readPartitions(home.db, 'events')).filter(
          ({ to }) => to !== null && to <= idAt(startMs + 100 * DAY_MS),
        );
        const dropped = await drop();
        expect(dropped.filter((one) => one.startsWith('events'))).toEqual(
          ended.map((partition) => partition.name),
        );
        expect(await eventsOf(paid.root)).toEqual([]);
        expect(await count(home.db, 'deliveries')).toBe(0);
        expect(await count(home.db, 'pg_class', `relname like '%dropped'`)).toBe(0);
        expect(await count(home.db, 'payment_intents')).toBeGreaterThan(0);
        // A new one takes what is late, and is no reason to drop again.
        expect((await readPartitions(home.db, 'events')).at(0)?.name).toMatch(/^events_before_/);
        expect(await drop()).toEqual([]);
        expect(first).toBeDefined();
      });

      test('an event that is gone is not sent again', async () => {
        const event = room.ids.next('event', 0);
        expect(await readEvent(oneCell(home.db), event)).toBeUndefined();
        expect(await oweDeliveries(oneCell(home.db), { shard: 0, id: event, nowMs: startMs })).toBe(
          0,
        );
        expect(await count(home.db, 'deliveries')).toBe(0);
      });

      test('a callback that comes again after that changes, books and emits nothing', async () => {
        const notifications = (text: string) =>
          text.split('\n').filter((line) => line.startsWith('notifications'));
        const others = (text: string) =>
          text.split('\n').filter((line) => !line.startsWith('notifications'));
        const before = await books(home.db, 7);
        expect(notifications(before)).toEqual([]);
        for (let time = 0; time < 2; time += 1)
          for (const again of [reported(paid.root, paid.attempt, 'succeeded'), refundReported()])
            expect(await room.engine.submit<unknown, unknown, unknown>(again)).toMatchObject({
              ok: true,
            });
        const after = await books(home.db, 7);
        expect(others(after)).toEqual(others(before));
        // Each is kept again, once, among what is late.
        expect(notifications(after)).toHaveLength(2);
        expect(await count(home.db, 'deliveries')).toBe(0);
      });

      test('what another process took out and did not drop is dropped', async () => {
        await home.db.script('create table events_20200101_dropped (like events)');
        await drop();
        expect(await count(home.db, 'pg_class', `relname like '%dropped'`)).toBe(0);
      });
    });

    if (name === 'postgres') {
      test('a long reader puts off the drop, and batches wait for neither', async () => {
        const reader = openPostgres({ url: home.url!, lanes: 1, readers: 1 });
        await payNow(9);
        let isOver = false;
        const reading = reader.transaction(0, async (session) => {
          await session.run({ name: 'long_read', text: 'select count(*) from events' }, []);
          while (!isOver) {
            await session.run({ name: 'busy', text: 'select 1' }, []);
            await sleep(20);
          }
        });
        let longestMs = 0;
        const busy = (async () => {
          while (!isOver) {
            const sinceMs = performance.now();
            await payNow(9);
            longestMs = Math.max(longestMs, performance.now() - sinceMs);
          }
        })();
        await sleep(200);
        const end = idAt(startMs + 3_000 * DAY_MS);
        await expect(detachPartitions(home.db, EVENTS, end)).rejects.toBeInstanceOf(DbRetry);
        await sleep(200);
        isOver = true;
        await Promise.all([reading, busy]);
        await reader.close();
        // Four commands, of which one may have queued behind the lock.
        expect(longestMs).toBeLessThan(1_000);
        expect(room.defects).toEqual([]);
      });
    }
  });
}
