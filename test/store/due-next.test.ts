/**
 * When a share next has work: the first rows of each index and the rows with a back-off give what
 * all rows together would.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DUE_TABLES } from '../../src/flows/sweeps.ts';
import { type DueTable, nextDueIn } from '../../src/store/batch/due.ts';
import { oneCell } from '../../src/store/cells.ts';
import { readOverdue } from '../../src/store/health.ts';
import { rows } from './engine-support.ts';
import { ENGINES, type TestHome } from './engines.ts';

const ORPHANED_MS = 20_000;
const ROUNDS = 25;

/** From all rows, one by one. */
function everyRow({ name, table, columns: { id, part } }: DueTable<unknown>): string {
  return `select t.shard, t.due_at, b.retry_at from ${table} t
    left join due_backoffs b on b.kind = '${name}' and b.shard = t.shard and b.id = t.${id}
      and b.part = ${part === null ? '0' : `t.${part}`}
    where t.due_at is not null`;
}

/** Deliveries, attempts of three configurations, and back-offs of some of both. */
function fill(round: number): string {
  const size = round % 4 === 0 ? 0 : 5 * round;
  return `select setseed(0.${round + 10});
    truncate deliveries, payment_attempts, due_backoffs;
    insert into deliveries (shard, event, endpoint, status, tries, due_at, created_at)
    select floor(random() * 7), n, 1, 'pending', 0,
      case when random() < 0.2 then null else floor(random() * 100000) end, 1
    from generate_series(1, ${size}) n;
    insert into payment_attempts (shard, id, intent, wallet, product, config, payer_wallet_chosen,
      status, created_at, expires_at, due_at, tries)
    select floor(random() * 7), n, n, 'wechatpay', 'native', 1 + floor(random() * 3), 'wechatpay',
      'pending', 1, 1, case when random() < 0.2 then null else floor(random() * 100000) end, 0
    from generate_series(1, ${size}) n;
    insert into due_backoffs (kind, shard, id, part, failures, retry_at)
    select 'delivery', shard, event, endpoint, 1, floor(random() * 200000)
    from deliveries where random() < 0.4;
    insert into due_backoffs (kind, shard, id, part, failures, retry_at)
    select 'attempt', shard, id, 0, 1, floor(random() * 200000)
    from payment_attempts where random() < 0.4`;
}

for (const { name, isAvailable, open } of ENGINES) {
  describe.skipIf(!isAvailable)(`the next due row on ${name}`, () => {
    let home: TestHome;
    beforeAll(async () => {
      home = await open({ lanes: 1 });
    });
    afterAll(() => home.close());

    test('is what all rows together say, for every share', async () => {
      const next = nextDueIn(DUE_TABLES);
      for (let round = 0; round < ROUNDS; round += 1) {
        await home.db.script(fill(round));
        const all = await rows(home.db, DUE_TABLES.map(everyRow).join(' union all '));
        for (const [count, rank] of [
          [1, 0],
          [2, 1],
          [3, 0],
          [256, 9],
        ] as const) {
          const moments = all.map((row) => {
            const orphanMs = Number(row.shard) % count === rank ? 0 : ORPHANED_MS;
            return Math.max(Number(row.retry_at ?? 0), Number(row.due_at) + orphanMs);
          });
          const expected = moments.length === 0 ? null : Math.min(...moments);
          expect(await next(home.db, { count, rank })).toBe(expected);
        }
      }
    });

    test('what is late is counted in every group', async () => {
      await home.db.script(fill(11));
      const [counted] = await rows(
        home.db,
        `select (select count(*) from deliveries where due_at < 50000)::integer as deliveries,
          (select count(*) from payment_attempts where due_at < 50000)::integer as attempts`,
      );
      const late = await readOverdue(oneCell(home.db), DUE_TABLES, 50_000);
      const byTable = new Map(late.map(({ what, rows: count }) => [what, count]));
      expect(byTable.get('deliveries')).toBe(counted?.deliveries);
      expect(byTable.get('payment_attempts')).toBe(counted?.attempts);
    });
  });
}
