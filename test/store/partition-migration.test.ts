/** Tables full of rows become partitioned ones: the rows stay where they are, and are found. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { MIGRATIONS_FOLDER, migrate, readMigrations } from '../../src/database/migrate.ts';
import { claimIdempotency } from '../../src/flows/base/idempotency.ts';
import type { Platform } from '../../src/flows/base/platform.ts';
import { keepPartitions } from '../../src/flows/base/retention.ts';
import { formatId } from '../../src/kernel/id.ts';
import { wallClock } from '../../src/runtime/clock.ts';
import { idAt, readPartitions } from '../../src/store/batch/partitions.ts';
import {
  count,
  envelopeOf,
  freshId,
  MARKETPLACE,
  openEngine,
  paidPayment,
  rows,
} from './engine-support.ts';
import { ENGINES } from './engines.ts';

const DAY_MS = 86_400_000;
const ROWS = 500;
const FIRST = readMigrations(MIGRATIONS_FOLDER).findIndex(({ name }) =>
  name.endsWith('partition-bounds'),
);

/** The migrations in front of the partitions. */
function folderBefore(): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hutong-before-'));
  for (const { name } of readMigrations(MIGRATIONS_FOLDER).slice(0, FIRST))
    for (const ext of ['sql', 'md'])
      fs.copyFileSync(`${MIGRATIONS_FOLDER}/${name}.${ext}`, path.join(folder, `${name}.${ext}`));
  return folder;
}

/** Four rows a day and table, over ${ROWS} quarter days. */
function filled(nowMs: number): string {
  const id = (n: string) => `${idAt(nowMs - ROWS * (DAY_MS / 4))} + ${n}::bigint
    * ${idAt(nowMs) - idAt(nowMs - DAY_MS / 4)} + (${n} % 256) * 32768`;
  return `
    insert into events select n % 256, ${id('n')}, 77, 'refund.created', 'o' || n, 1, '{}', n
      from generate_series(1, ${ROWS}) n;
    insert into deliveries
      select n % 256, ${id('n')}, 5, case when n = 9 then 'pending' else 'delivered' end, 1,
        case when n = 9 then 9 end, 200, null, n from generate_series(1, ${ROWS}) n;
    insert into notifications select n % 256, ${id('n')}, 'alipay', 'm' || n, n
      from generate_series(1, ${ROWS}) n;
    insert into idempotency_keys select n % 256, 77, 'k' || n, 'key_1', 'POST', '/', 'h', 't',
      'done', 0, 200, '{}', n from generate_series(1, ${ROWS}) n;`;
}

for (const { name, isAvailable, open } of ENGINES) {
  describe.skipIf(!isAvailable)(`partitions of old tables on ${name}`, () => {
    test('the rows stay, are found, go on and go', async () => {
      const home = await open({ isMigrated: false });
      const { db } = home;
      const folder = folderBefore();
      await migrate(db, { folder });
      fs.rmSync(folder, { recursive: true });
      const nowMs = wallClock.nowMs();
      await db.script(filled(nowMs));
      const tables = ['events', 'deliveries', 'notifications', 'idempotency_keys'];
      const files = async (names: readonly string[]) =>
        (
          await rows(
            db,
            `select n, pg_relation_filenode(n::regclass)::text as file
              from unnest('{${names.join()}}'::text[]) n order by 1`,
          )
        ).map((row) => row.file);
      const filesBefore = await files(tables);
      const contents = async () => {
        const all = tables.map((table) =>
          rows(db, `select (to_jsonb(t) - 'day')::text as row from ${table} t order by 1`),
        );
        return JSON.stringify(await Promise.all(all));
      };
      const before = await contents();
      await migrate(db);
      expect(await contents()).toBe(before);
      expect(
        await files([
          'events_first',
          'deliveries_first',
          'notifications_first',
          'idempotency_keys_0',
        ]),
      ).toEqual(filesBefore);
      const [first, later] = await readPartitions(db, 'events');
      expect(first?.to).toBeGreaterThan(idAt(nowMs + 7 * DAY_MS));
      expect(later).toMatchObject({ from: first?.to, to: null });

      const room = await openEngine(db);
      const platform = {
        engine: room.engine,
        wall: wallClock,
        envelope: await envelopeOf(db),
      } as Platform;
      const asked = {
        ...{ marketplace: MARKETPLACE, principal: 'key_1', method: 'POST', path: '/' },
        ...{ bodyHash: 'h', targetId: freshId('payment_intent', 0) },
      };
      // In the shard of the key, whatever the others stand in.
      await paidPayment(room);
      expect(await claimIdempotency(platform, { ...asked, key: 'new' })).toMatchObject({
        ok: true,
      });
      expect(await count(db, 'events', `marketplace = 77`)).toBeGreaterThan(ROWS);
      await room.engine.drain();
      await room.lease.release();

      // The pending delivery of the ninth row holds the partition and its events.
      const later500 = { nowMs: nowMs + 500 * DAY_MS, days: 400 };
      expect((await keepPartitions(db, later500)).filter((one) => !/^notif/.test(one))).toEqual([]);
      await db.script('update deliveries set due_at = null');
      expect(await keepPartitions(db, later500)).toContain('events_first');
      expect(await count(db, 'events')).toBe(0);
      expect(formatId('event', idAt(nowMs))).toMatch(/^evt_/);
      await home.close();
    });

    test('a status that is none is refused in every partition', async () => {
      const home = await open();
      const add = (status: string) =>
        home.db.script(`insert into deliveries (shard, event, endpoint, status, tries, created_at)
          values (0, ${idAt(wallClock.nowMs())}, 1, '${status}', 0, 0)`);
      await expect(add('lost')).rejects.toThrow('deliveries_status_check');
      await keepPartitions(home.db, { nowMs: wallClock.nowMs() + 60 * DAY_MS, days: null });
      await expect(
        home.db.script(`insert into deliveries (shard, event, endpoint, status, tries, created_at)
          values (0, ${idAt(wallClock.nowMs() + 40 * DAY_MS)}, 1, 'lost', 0, 0)`),
      ).rejects.toThrow('deliveries_status_check');
      await home.close();
    });
  });
}
