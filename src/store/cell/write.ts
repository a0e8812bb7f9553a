/** Writes to a shard's rows outside the engine, whose batches have their stamp. */
import { type Db, DbRetry, type Session } from '../../database/db.ts';
import { statements } from '../../database/statements.ts';
import type { Cells } from '../cells.ts';

const SQL = statements('cell_write', {
  // Whoever fences the shard waits for it, or is seen.
  hold: 'select epoch from cell_epoch where epoch = $1 for share',
});

/** One transaction in the shard's cell; DbRetry where the shard is on its way to another. */
export function writeInShard<T>(
  cells: Cells,
  shard: number,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const db = cells.of(shard);
  return db.background(async (session) => {
    await holdShard(session, cells, { db, shard });
    return work(session);
  });
}

/** Within a transaction of the cell that has the shard, before it writes. */
export async function holdShard(
  session: Session,
  cells: Cells,
  { db, shard }: { readonly db: Db; readonly shard: number },
): Promise<void> {
  const cell = cells.at(shard);
  // It may have moved since the transaction was asked for.
  const isHere = cell.db === db && !cells.map.moving.has(shard);
  const held = isHere ? await session.run(SQL.hold, [cells.map.epochs.get(cell.name) ?? 0]) : [];
  if (held.length === 0) throw new DbRetry('its shard is being moved');
}
