/** `hutong archive`: files that hold what the database held, and are dropped from it only then. */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AdminContext, LeasedSession } from '../../src/cli/admin-session.ts';
import { addArchiveCommand } from '../../src/cli/archive.ts';
import type { Settings } from '../../src/cli/settings.ts';
import { keepPartitions } from '../../src/flows/base/retention.ts';
import { formatId } from '../../src/kernel/id.ts';
import { wallClock } from '../../src/runtime/clock.ts';
import { idAt, readPartitions } from '../../src/store/batch/partitions.ts';
import { oneCell } from '../../src/store/cells.ts';
import { count, MARKETPLACE } from '../store/engine-support.ts';
import { ENGINES, type TestHome } from '../store/engines.ts';

const DAY_MS = 86_400_000;
const ROWS = 2_500;
const TABLES = ['events', 'deliveries', 'notifications'];

for (const { name, isAvailable, open } of ENGINES) {
  describe.skipIf(!isAvailable)(`hutong archive on ${name}`, () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hutong-archive-'));
    const lines: string[] = [];
    const nowMs = wallClock.nowMs();
    let home: TestHome;

    /** Of the migrated database's first partition, which ends in days, a past is made. */
    beforeAll(async () => {
      home = await open();
      const { db } = home;
      for (const [table, key] of [
        ['events', 'id'],
        ['deliveries', 'event'],
        ['notifications', 'intent'],
      ]) {
        const [first, second] = [idAt(nowMs - 60 * DAY_MS), idAt(nowMs - 30 * DAY_MS)];
        await db.script(`
          alter table ${table} detach partition ${table}_first;
          alter table ${table} detach partition ${table}_later;
          alter table ${table} attach partition ${table}_first
            for values from (minvalue) to (${first});
          create table ${table}_second (like ${table} including all);
          alter table ${table} attach partition ${table}_second
            for values from (${first}) to (${second});
          alter table ${table} attach partition ${table}_later
            for values from (${second}) to (maxvalue);`);
        expect(key).toBeDefined();
      }
      const id = (n: string) =>
        `${idAt(nowMs - 90 * DAY_MS)} + ${n}::bigint * ${idAt(nowMs) - idAt(nowMs - DAY_MS / 25)}`;
      await db.script(`
        insert into events select n % 256, ${id('n')}, 77, 'refund.created', 're_1', 3,
          '{"id": "re_1", "text": "中文\\n"}', ${nowMs} from generate_series(1, ${ROWS}) n;
        insert into deliveries select n % 256, ${id('n')}, 5, 'delivered', 1, null, 200, null, n
          from generate_series(1, ${ROWS}) n;
        insert into notifications select n % 256, ${id('n')}, 'alipay', 'm' || n % 7, n
          from generate_series(1, ${ROWS}) n;`);
    });
    afterAll(async () => {
      await home.close();
      fs.rmSync(folder, { recursive: true, force: true });
    });

    const run = async (...argv: string[]): Promise<void> => {
      lines.length = 0;
      const context: AdminContext = {
        print: (line) => void lines.push(line),
        aside: () => undefined,
        inSession: (work) => work({ cells: oneCell(home.db) } as LeasedSession, {} as Settings),
        cwd: folder,
      };
      const program = new Command('hutong').exitOverride().configureOutput({ writeErr: () => {} });
      addArchiveCommand(program, context);
      await program.parseAsync(['archive', ...argv], { from: 'user' });
    };
    const before = new Date(nowMs - 29 * DAY_MS).toISOString().slice(0, 10);
    const here = (file: string) => path.join(folder, 'out', file);
    const manifest = () =>
      (
        JSON.parse(fs.readFileSync(here('manifest.json'), 'utf8')) as {
          readonly files: { readonly file: string; readonly rows: number; sha256: string }[];
        }
      ).files;

    test('refuses what it cannot mean', async () => {
      const ahead = new Date(nowMs + 2 * DAY_MS).toISOString().slice(0, 10);
      await expect(run('payments', '--before', before, '--to', 'out')).rejects.toThrow('events');
      await expect(run('all', '--before', 'soon', '--to', 'out')).rejects.toThrow('2027-01-31');
      await expect(run('all', '--before', ahead, '--to', 'out')).rejects.toThrow('past');
      await expect(run('all', '--to', 'out')).rejects.toThrow('--before');
    });

    test('writes a file a partition, whole, listed with rows and hash', async () => {
      await run('all', '--before', before, '--to', 'out');
      expect(manifest().map(({ file }) => file)).toEqual([
        'deliveries_first.ndjson',
        'deliveries_second.ndjson',
        'events_first.ndjson',
        'events_second.ndjson',
        'notifications_first.ndjson',
        'notifications_second.ndjson',
      ]);
      for (const { file, rows, sha256 } of manifest()) {
        const bytes = fs.readFileSync(here(file));
        expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256);
        expect(bytes.toString('utf8').split('\n')).toHaveLength(rows + 1);
        expect(rows).toBe(await count(home.db, file.replace('.ndjson', '')));
        expect(rows).toBeGreaterThan(300);
      }
      expect(fs.readdirSync(path.join(folder, 'out'))).toHaveLength(7);
      const [line = ''] = fs.readFileSync(here('events_first.ndjson'), 'utf8').split('\n');
      expect(JSON.parse(line)).toEqual({
        id: expect.stringMatching(/^evt_/),
        object: 'event',
        type: 'refund.created',
        created_at: new Date(nowMs).toISOString(),
        object_version: 3,
        data: { object: { id: 're_1', text: '中文\n' } },
        marketplace: MARKETPLACE,
      });
      const [first = ''] = fs.readFileSync(here('deliveries_first.ndjson'), 'utf8').split('\n');
      expect(JSON.parse(first)).toMatchObject({
        webhook_endpoint: formatId('webhook_endpoint', 5n),
        status: 'delivered',
        due_at: null,
      });
      for (const table of TABLES) expect(await count(home.db, table)).toBe(ROWS);
    });

    test('goes on where it was stopped: only what is not listed or not whole is written', async () => {
      const { ino } = fs.statSync(here('events_first.ndjson'));
      fs.appendFileSync(here('events_second.ndjson'), '{}\n');
      fs.writeFileSync(here('deliveries_first.ndjson.partial'), 'half a li');
      fs.rmSync(here('deliveries_first.ndjson'));
      await run('all', '--before', before, '--to', 'out');
      expect(fs.statSync(here('events_first.ndjson')).ino).toBe(ino);
      expect(lines.filter((line) => line.includes('already there'))).toHaveLength(4);
      expect(fs.readdirSync(path.join(folder, 'out'))).toHaveLength(7);
    });

    test('drops nothing that has changed since, and nothing that is due', async () => {
      await home.db.script(`update events_first set object = '{}'
        where id = (select min(id) from events_first)`);
      const argv = ['events', '--before', before, '--to', 'out', '--drop'];
      await expect(run(...argv)).rejects.toThrow('has changed since');
      expect(await count(home.db, 'events')).toBe(ROWS);
      await home.db.script(`update deliveries_first set status = 'pending', due_at = 1
        where event = (select min(event) from deliveries_first)`);
      await expect(run(...argv)).rejects.toThrow('still due');
      expect(await count(home.db, 'events')).toBe(ROWS);
    });

    test('drops what it has written, and that alone', async () => {
      await home.db.script(`update deliveries_first set status = 'failed', due_at = null
        where due_at is not null`);
      fs.rmSync(here('deliveries_first.ndjson'));
      await run('all', '--before', before, '--to', 'out', '--drop');
      expect(lines.filter((line) => line.startsWith('✓ dropped'))).toHaveLength(3);
      for (const table of TABLES) {
        const written = manifest().filter(({ file }) => file.startsWith(table));
        const sum = written.reduce((total, { rows }) => total + rows, 0);
        expect(await count(home.db, table)).toBe(ROWS - sum);
        const [late] = await readPartitions(home.db, table);
        expect(late?.name).toMatch(new RegExp(`^${table}_before_`));
      }
      await run('all', '--before', before, '--to', 'out', '--drop');
      expect(lines).toHaveLength(3);
      await keepPartitions(home.db, { nowMs, days: 7 });
    });
  });
}
