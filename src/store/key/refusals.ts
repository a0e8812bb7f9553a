/**
 * How often callers were refused, over all processes: a row a caller, for the length of its window.
 * The database's clock says when that ends. Written in one statement that returns the sums.
 */

import { bigintArray, intArray, textArray } from '../../database/arrays.ts';
import type { Db, Row, Statement } from '../../database/db.ts';
import { statements } from '../../database/statements.ts';
import { toNumber } from '../../database/table.ts';
import { compareTexts } from '../../kernel/order.ts';

const NOW_MS = '(extract(epoch from clock_timestamp()) * 1000)::bigint';
const SQL = statements('refusal_counts', {
  // A window that is over begins again. Nothing volatile in the conflict's own part.
  sum: `insert into refusal_counts as r (caller, count, until_at, written_at)
    select u.caller, u.count, now.ms + u.left_ms, now.ms
    from (select ${NOW_MS} as ms offset 0) now,
      unnest($1::text[], $2::integer[], $3::bigint[]) as u (caller, count, left_ms)
    on conflict (caller) do update set
      count = case when r.until_at <= excluded.written_at then 0 else r.count end + excluded.count,
      until_at = case when r.until_at <= excluded.written_at then excluded.until_at
        else r.until_at end,
      written_at = excluded.written_at
    returning caller, count, until_at - written_at as left_ms`,
  forget: `delete from refusal_counts where caller = any(array(
    select caller from refusal_counts where until_at < ${NOW_MS} for update skip locked))`,
});

/** What one process has counted since it wrote last. */
export interface RefusalCount {
  readonly caller: string;
  readonly count: number;
  /** To the end of its window. */
  readonly leftMs: number;
}

/** By all processes, in the window that is stored. */
export interface RefusalSum {
  readonly count: number;
  readonly leftMs: number;
}

/** By caller. */
export async function sumRefusals(
  db: Db,
  counts: readonly RefusalCount[],
): Promise<ReadonlyMap<string, RefusalSum>> {
  // In one order in every process: two of them never wait for each other in a circle.
  const rows = [...counts].sort((a, b) => compareTexts(a.caller, b.caller));
  const summed = await alone(db, SQL.sum, [
    textArray(rows.map(({ caller }) => caller)),
    intArray(rows.map(({ count }) => count)),
    bigintArray(rows.map(({ leftMs }) => leftMs)),
  ]);
  return new Map(
    summed.map((row) => [
      row.caller as string,
      { count: toNumber(row.count), leftMs: toNumber(row.left_ms) },
    ]),
  );
}

/** Deletes the windows that are over. */
export async function forgetRefusals(db: Db): Promise<void> {
  await alone(db, SQL.forget, []);
}

/** Sent together with COMMIT: a process that stops in between holds no lock. */
async function alone(
  db: Db,
  statement: Statement,
  values: readonly unknown[],
): Promise<readonly Row[]> {
  let rows: Promise<readonly Row[]> = Promise.resolve([]);
  await db.background(async (session) => {
    rows = session.run(statement, values);
  });
  return rows;
}
