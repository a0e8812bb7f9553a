/**
 * The audit log on both databases: a row stands with its change or not at all, and the chain
 * follows the order of commits, however late a transaction that began early commits (S8).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { verifyAudit } from '../../src/cli/audit.ts';
import { followChain } from '../../src/core/audit/audit.ts';
import type { Db, Statement } from '../../src/database/db.ts';
import { openPostgres } from '../../src/database/postgres.ts';
import { createIdSource } from '../../src/engine/ids.ts';
import { formatId, type Id, packId } from '../../src/kernel/id.ts';
import { wallClock } from '../../src/runtime/clock.ts';
import { appendAudit, listAudit, readChain, sealAudit } from '../../src/store/audit/audit-log.ts';
import { writeAudited } from '../../src/store/audit/audited.ts';
import { oneCell } from '../../src/store/cells.ts';
import { ENGINES, type TestHome } from './engines.ts';

const marketplaceAt = (sequence: number): Id<'marketplace'> =>
  formatId('marketplace', packId({ unixMs: Date.UTC(2026, 0, 1), shard: 1, process: 0, sequence }));
const [A, B] = [marketplaceAt(1), marketplaceAt(2)];
const ids = createIdSource(7, wallClock);
const NO_FILTER = { actor: null, action: null, object: null };
const FIRST_PAGE = { limit: 100, beforeId: null, afterId: null };

const fact = (marketplace: Id<'marketplace'> | null, object: string) => ({
  marketplace,
  actor: 'cli:test',
  action: 'thing.changed',
  object,
  before: null,
  after: { b: 1, a: '分' },
});
const row = (marketplace: Id<'marketplace'> | null, object: string) => ({
  id: ids.next('audit_entry', 0),
  atMs: wallClock.nowMs(),
  fact: fact(marketplace, object),
});
const seal = (db: Db) => sealAudit(db, { nowMs: wallClock.nowMs(), limit: 100 });
const COUNT_UNSEALED = `select count(*)::int as rows from audit_log where sequence is null`;
/**
 * Seals until every row is, and says how many it sealed. A transaction that is open anywhere on
 * the server holds it up, and tests of other databases are beside this one.
 */
async function sealAll(db: Db): Promise<number> {
  for (let count = 0; ; ) {
    count += await seal(db);
    const [left] = await db.read<{ rows: number }>(raw(COUNT_UNSEALED), []);
    if (left?.rows === 0) return count;
    await sleep(20);
  }
}
const raw = (text: string): Statement => ({
  name: `test.${text.length}.${text.slice(0, 40)}`,
  text,
});

const ignored = (_name: string, _body: () => Promise<void>): void => undefined;

for (const engine of ENGINES) {
  describe.skipIf(!engine.isAvailable)(`audit log on ${engine.name}`, () => {
    let home: TestHome;
    beforeAll(async () => {
      home = await engine.open();
    });
    afterAll(() => home.close());

    const append = (db: Db, entry: ReturnType<typeof row>) =>
      db.transaction(0, (session) => appendAudit(session, entry));
    const sealed = async (marketplace: Id<'marketplace'> | null) =>
      readChain(home.db, marketplace, { sequence: 0, limit: 1_000 });

    test('S8: rows are sealed into one chain a marketplace, and one for the platform', async () => {
      for (const marketplace of [A, B, null, A]) await append(home.db, row(marketplace, 'x'));
      const [newest] = (await listAudit(oneCell(home.db), A, NO_FILTER, FIRST_PAGE)).rows;
      expect(newest).toMatchObject({ sha256: null, sequence: null, after: { a: '分', b: 1 } });
      expect(await sealAll(home.db)).toBe(4);
      expect(await seal(home.db)).toBe(0);
      for (const [marketplace, count] of [
        [A, 2],
        [B, 1],
        [null, 1],
      ] as const) {
        const rows = await sealed(marketplace);
        expect(rows.length).toBe(count);
        expect(followChain(rows)).toMatchObject({ rows: count, problem: null });
      }
    });

    test('S8: is listed newest first, by who, what and which', async () => {
      const other = row(A, 'y');
      await append(home.db, { ...other, fact: { ...other.fact, actor: 'key_1', action: 'a.b' } });
      const list = async (filter: object) => {
        const found = await listAudit(oneCell(home.db), A, { ...NO_FILTER, ...filter }, FIRST_PAGE);
        return found.rows.map(({ object }) => object);
      };
      expect(await list({})).toEqual(['y', 'x', 'x']);
      expect(await list({ actor: 'key_1' })).toEqual(['y']);
      expect(await list({ action: 'thing.changed' })).toEqual(['x', 'x']);
      expect(await list({ object: 'z' })).toEqual([]);
      const page = await listAudit(oneCell(home.db), A, NO_FILTER, { ...FIRST_PAGE, limit: 1 });
      expect(page).toMatchObject({ hasMore: true });
    });

    test('S8: a change and its row are written together or not at all', async () => {
      await home.db.script('create table things (name text primary key, size int)');
      const change = (size: number, object: () => string) =>
        writeAudited(home.db, {
          note: {
            ...{ marketplace: B, actor: 'cli:test', action: 'thing.put' },
            ...{ id: ids.next('audit_entry', 0), atMs: wallClock.nowMs() },
          },
          before: {
            statement: raw("select * from things where name = 'a' for update"),
            values: [],
          },
          write: {
            statement: raw(
              `insert into things values ('a', $1) on conflict (name)
               do update set size = excluded.size returning *`,
            ),
            values: [size],
          },
          decode: ({ size: value }) => ({ size: value as number }),
          object,
          show: (thing) => thing,
        });
      await change(1, () => 'a');
      await change(2, () => 'a');
      const broken = (): string => {
        throw new Error('no name');
      };
      await expect(change(3, broken)).rejects.toThrow('no name');
      const [left] = await home.db.read<{ size: number }>(raw('select size from things'), []);
      expect(left?.size).toBe(2);
      const { rows } = await listAudit(
        oneCell(home.db),
        B,
        { ...NO_FILTER, action: 'thing.put' },
        FIRST_PAGE,
      );
      expect(rows.map(({ before, after }) => [before, after])).toEqual([
        [{ size: 1 }, { size: 2 }],
        [null, { size: 1 }],
      ]);
    });

    test('S8: verify follows every chain, and names the row that was changed', async () => {
      await sealAll(home.db);
      const lines: string[] = [];
      const print = (line: string) => void lines.push(line);
      await verifyAudit(oneCell(home.db), print);
      expect(lines.filter((line) => line.startsWith('✓')).length).toBe(3);
      await home.db.script("update audit_log set actor = 'nobody' where object = 'y'");
      await expect(verifyAudit(oneCell(home.db), print)).rejects.toThrow(
        'changed after it was sealed',
      );
      expect(lines.find((line) => line.startsWith('✗'))).toMatch(
        /^✗ .* row 3 \(al_.*its content is not what was sealed/,
      );
      await home.db.script("update audit_log set actor = 'key_1' where object = 'y'");
      await verifyAudit(oneCell(home.db), print);
    });

    // PGlite has one connection: there, no transaction is beside another.
    const isConcurrent = engine.name === 'postgres';
    (isConcurrent ? test : ignored)(
      'S8: nothing is sealed in front of a transaction that began before and commits later',
      async () => {
        const url = String(home.url);
        const writers = Array.from({ length: 3 }, () => openPostgres({ url, lanes: 1 }));
        const sealers = Array.from({ length: 2 }, () => openPostgres({ url, lanes: 1 }));
        const start = (await sealed(A)).length;
        let isOver = false;
        const seen: string[][] = [];
        const sealing = sealers.map(async (db) => {
          while (!isOver) {
            await seal(db);
            seen.push((await sealed(A)).map(({ sha256 }) => String(sha256)));
          }
        });
        await Promise.all(
          writers.map(async (db, number) => {
            for (let round = 0; round < 30; round += 1) {
              // Its id is made before or after the transaction got its place, and COMMIT waits.
              const early = row(A, `${number}.${round}`);
              await sleep(Math.random() * 4);
              await db.transaction(0, async (session) => {
                await appendAudit(session, early);
                await sleep(Math.random() * 12);
              });
            }
          }),
        );
        isOver = true;
        await Promise.all(sealing);
        await sealAll(home.db);
        const rows = await sealed(A);
        expect(rows.length).toBe(start + 90);
        expect(followChain(rows)).toMatchObject({ rows: start + 90, problem: null });
        const hashes = rows.map(({ sha256 }) => String(sha256));
        for (const prefix of seen) expect(hashes.slice(0, prefix.length)).toEqual(prefix);
        for (const db of [...writers, ...sealers]) await db.close();
      },
    );
  });
}
