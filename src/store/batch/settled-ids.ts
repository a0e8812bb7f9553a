/**
 * The watermark of settled ids. Ids are made before their commit, in many lanes of many processes:
 * a list may have a gap that fills later, and a reader that continues after the newest id would
 * never see it. So lists that are followed end at the watermark found here.
 *
 * A batch makes its ids after its stamp, and locks its lane's row from the stamp to its end. Lanes
 * whose row is free are given a floor, above which their next batch begins; those whose row is
 * locked are in flight, with ids above their last committed batch and the floor that they knew. No
 * lane waits for another, and no clock is trusted.
 */
import { type Db, DbRetry, type Session } from '../../database/db.ts';
import { statements } from '../../database/statements.ts';
import { toNumber } from '../../database/table.ts';

const FLOOR = statements('id_floor', {
  // At least to the newest commit anywhere: one call covers every page up to it.
  raise: `update id_floor
    set floor = greatest(floor, $1::bigint, (select max(batch_id) from engine_lanes))
    returning floor`,
  // Above the floor of every lane.
  step: `update id_floor
    set floor = greatest(floor + 1, (select max(batch_id) from engine_lanes))
    returning floor`,
});
const LANES = statements('engine_lanes', {
  raise: `with free as materialized (
      select process, lane from engine_lanes where floor < (select floor from id_floor)
      order by process, lane for no key update skip locked)
    update engine_lanes l set floor = (select floor from id_floor)
    from free f where l.process = f.process and l.lane = f.lane returning l.lane`,
  held: `select min(greatest(batch_id, floor)) as floor from engine_lanes
    where floor < (select floor from id_floor)`,
  pass: `with free as materialized (
      select process, lane from engine_lanes where floor < $1
      order by process, lane for no key update skip locked)
    update engine_lanes l set floor = $1
    from free f where l.process = f.process and l.lane = f.lane returning l.lane`,
  behind: 'select count(*)::integer as count from engine_lanes where floor < $1',
  epoch: 'select epoch from cell_epoch',
  hold: 'select floor from engine_lanes where process = $1 and lane = $2 for no key update',
});

/** By database: the highest watermark found. Once settled, ids stay settled. */
const known = new WeakMap<Db, bigint>();

/** What earlier calls found settled, without a query. */
export function knownSettled(db: Db): bigint {
  return known.get(db) ?? 0n;
}

/**
 * The watermark: no row with an id up to it will ever be committed any more, and every existing one
 * is visible to whatever is read from now on. At most about `wanted`; lower while a batch is in
 * flight that may hold a lower id. Holds for ids that are made in an engine's batch, or inside
 * `inOrder`. `epoch`: of the map of cells that the caller goes by; DbRetry where shards have moved
 * since, whose rows may be made in a cell that it does not read.
 */
export async function settledUpTo(db: Db, wanted: bigint, epoch: number): Promise<bigint> {
  const settled = await db.background(async (session) => {
    const [global, , held, current] = await Promise.all([
      session.run(FLOOR.raise, [wanted]),
      session.run(LANES.raise, []),
      session.run(LANES.held, []),
      session.run(LANES.epoch, []),
    ]);
    if (toNumber(current[0]?.epoch) !== epoch) throw new DbRetry('shards have moved');
    const floor = global[0]?.floor as bigint;
    const lowest = held[0]?.floor as bigint | null | undefined;
    return lowest === null || lowest === undefined || lowest > floor ? floor : lowest;
  });
  if (settled > knownSettled(db)) known.set(db, settled);
  return settled;
}

/** For `areBatchesOver`: a mark that no lane has passed yet. */
export async function markBatches(db: Db): Promise<bigint> {
  const [row] = await db.background((session) => session.run(FLOOR.step, []));
  return row?.floor as bigint;
}

/**
 * Has every batch ended that was in flight, in any process, when the mark was made? Asked again and
 * again: a lane passes the mark when it is free for a moment. Whatever its next batches read after
 * their stamp was committed before or is seen by them.
 */
export function areBatchesOver(db: Db, mark: bigint): Promise<boolean> {
  return db.background(async (session) => {
    await session.run(LANES.pass, [mark]);
    const [row] = await session.run(LANES.behind, [mark]);
    return row?.count === 0;
  });
}

/**
 * A transaction outside the engine whose ids are made inside it, while its lane's row is locked:
 * for rows whose list is followed. `raise` is called with the floor of its ids.
 */
export function inOrder<T>(
  db: Db,
  process: number,
  ids: { readonly raise: (floor: bigint) => void },
  work: (session: Session) => Promise<T>,
): Promise<T> {
  return db.transaction(0, async (session) => {
    const [row] = await session.run(LANES.hold, [process, 0]);
    ids.raise((row?.floor as bigint | undefined) ?? 0n);
    return work(session);
  });
}
