/** What is done in the two cells while a shard is fenced: as little as possible. */
import { smallintArray } from '../../database/arrays.ts';
import { statements } from '../../database/statements.ts';
import { asMover, defineAsMover, type MovedCell } from './mover.ts';
import type { ShardTable } from './tables.ts';

const SQL = statements('cell_fence', {
  // Above every id that was made here, in any lane, and every one that a reader has seen settled.
  floor: `select greatest((select floor from id_floor), (select max(batch_id) from engine_lanes),
      (select max(floor) from engine_lanes)) as floor`,
  raiseFloor: 'update id_floor set floor = greatest(floor, $1::bigint)',
  raiseLanes: 'update engine_lanes set floor = greatest(floor, $1::bigint)',
  sums: `select shard, marketplace::text, account, currency, sum(debit)::text as debit,
      sum(credit)::text as credit
    from ledger_balances where shard = any($1::smallint[]) group by 1, 2, 3, 4
    order by shard, marketplace, account collate "C", currency`,
});

/**
 * Every batch is over that may have been stamped under the epoch before: a stamp locks its table
 * from its planning to the end of the batch, and takes its snapshot behind that lock.
 */
export async function awaitBatches(source: MovedCell): Promise<void> {
  await defineAsMover(
    source,
    `set local lock_timeout = '1s'; lock table engine_lanes in share mode;`,
  );
}

/** The target makes higher ids for the shards than the source ever has. */
export async function carryIdFloor(source: MovedCell, target: MovedCell): Promise<void> {
  const [row] = await asMover(source, (session) => session.run(SQL.floor, []));
  const floor = (row?.floor as bigint | null | undefined) ?? 0n;
  await asMover(target, async (session) => {
    await session.run(SQL.raiseFloor, [floor]);
    await session.run(SQL.raiseLanes, [floor]);
  });
}

/** The balances of every account in the shards, as text: equal in two cells or not. */
export async function readSums(cell: MovedCell, shards: readonly number[]): Promise<string> {
  const rows = await asMover(cell, (session) => session.run(SQL.sums, [smallintArray(shards)]));
  return JSON.stringify(rows);
}

/** What has moved is not due here any more: the sweeps pass it over until it is dropped. */
export async function endDueWork(
  source: MovedCell,
  tables: readonly ShardTable[],
  shards: readonly number[],
): Promise<void> {
  for (const { name, columns } of tables) {
    if (!columns.includes('due_at')) continue;
    const text = `update ${name} set due_at = null where shard = $1 and due_at is not null`;
    const statement = { name: `cell_fence.${name}.not_due`, text };
    for (const shard of shards) await asMover(source, (session) => session.run(statement, [shard]));
  }
}
