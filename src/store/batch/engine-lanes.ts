/**
 * The engine's own state: which process holds which number (leased, fenced), and the last batch
 * that each of its lanes committed.
 */
import { type Db, DbFailure, type Session } from '../../database/db.ts';
import { statements } from '../../database/statements.ts';
import { toNumber } from '../../database/table.ts';

const PROCESS_COUNT = 256;
/** How long after its last renewal a number is not reassigned. */
const LEASE_SECONDS = 60;
/** A process that has not renewed for this long has no share of the sweeps. */
const SWEEPS_SECONDS = 6;
/** A renewal without a share of the sweeps expires this much earlier. */
const IDLE_SECONDS = LEASE_SECONDS - SWEEPS_SECONDS;

// Citus refuses what is volatile in a condition (clock_timestamp()), and in RETURNING whatever may
// depend on a session.
const EPOCH = "timestamptz '1970-01-01 00:00:00+00'";
const LEASES = statements('process_leases', {
  // The number that has been free longest, so that a number's ids lie as far apart as possible.
  free: `select n as number, l.number is null as is_new
    from generate_series(0, ${PROCESS_COUNT - 1}) n left join process_leases l on l.number = n
    where l.number is null or l.expires_at < statement_timestamp()
    order by l.expires_at nulls first, n limit 1`,
  acquireNew: `insert into process_leases (number, holder, expires_at)
    values ($1, $2, statement_timestamp() + interval '${LEASE_SECONDS} seconds')
    on conflict do nothing returning number`,
  acquireExpired: `update process_leases set holder = $2, map_version = null,
      expires_at = statement_timestamp() + interval '${LEASE_SECONDS} seconds'
    where number = $1 and expires_at < statement_timestamp() returning number`,
  renew: `update process_leases
    set expires_at = statement_timestamp() + make_interval(secs => $3), map_version = $4
    where number = $1 and holder = $2
    returning (extract(epoch from expires_at - ${EPOCH}) * 1000)::bigint as expires_ms`,
  release: `update process_leases
    set expires_at = statement_timestamp() where number = $1 and holder = $2`,
  sweeping: `select number from process_leases
    where expires_at > statement_timestamp() + interval '${IDLE_SECONDS} seconds' order by number`,
});
const LANES = statements('engine_lanes', {
  // Returns nothing if this batch was committed before, if the lease is no longer ours, or if
  // shards have moved since the map that it goes by.
  stamp: `insert into engine_lanes (process, lane, batch_id)
    select $1::int, $2::int, $3::bigint
    where exists (select 1 from process_leases where number = $1::int and holder = $4)
      and exists (select 1 from cell_epoch where epoch = $5::bigint)
    on conflict (process, lane) do update set batch_id = excluded.batch_id
      where engine_lanes.batch_id <> excluded.batch_id
    returning floor`,
  // Waits for a transaction of ours that the server is still ending.
  last: `select batch_id from engine_lanes where process = $1 and lane = $2 for no key update`,
  isCurrent: 'select 1 from cell_epoch where epoch = $1',
  isOurs: `select exists (select 1 from process_leases where number = $1 and holder = $2) as is_ours`,
  open: `insert into engine_lanes (process, lane, batch_id, floor)
    select $1::int, lane, 0, $3::bigint from one_row, generate_series(0, $2::int - 1) lane
    on conflict (process, lane)
      do update set floor = greatest(engine_lanes.floor, engine_lanes.batch_id, excluded.floor)
    returning floor`,
});

const FLOOR = statements('id_floor', {
  share: 'select floor from id_floor for share',
});

export interface AcquiredProcess {
  readonly number: number;
  /**
   * Every id it makes is above those of the number's previous holder, and above what readers have
   * seen.
   */
  readonly floor: bigint;
}

/** Takes a free process number; undefined if all 256 are held. */
export async function acquireProcess(db: Db, holder: string): Promise<AcquiredProcess | undefined> {
  for (let round = 0; round < 20; round += 1) {
    const process = await db.transaction(0, async (session) => {
      const [free] = await session.run(LEASES.free, []);
      if (free === undefined) return undefined;
      const number = toNumber(free.number);
      const acquire = free.is_new === true ? LEASES.acquireNew : LEASES.acquireExpired;
      const [acquired] = await session.run(acquire, [number, holder]);
      if (acquired === undefined) return undefined;
      // Shared with other processes, exclusive against readers: one of the two sees the other's
      // change.
      const [global] = await session.run(FLOOR.share, []);
      const lanes = await session.run(LANES.open, [number, db.laneCount, global?.floor ?? 0n]);
      if (lanes.length !== db.laneCount)
        throw new DbFailure('one_row has no row: insert into one_row values (1)');
      const floors = lanes.map((lane) => lane.floor as bigint);
      return { number, floor: floors.reduce((most, one) => (one > most ? one : most), 0n) };
    });
    if (process !== undefined) return process;
  }
  return undefined;
}

/** The database's answer to a renewal. */
export interface Renewal {
  /** Its own clock. */
  readonly nowMs: number;
  /** The numbers of the processes that share the sweeps, in order. */
  readonly sweeping: readonly number[];
}

/**
 * Renews a lease, with or without a share of the sweeps; undefined if it was lost: this process
 * must not write under its number again. `onNow` gets the database's clock as soon as it answers.
 */
export function renewProcess(
  db: Db,
  process: {
    readonly number: number;
    readonly holder: string;
    readonly sweeps: boolean;
    /** Of the map of cells that it goes by; null = it goes by none. */
    readonly mapVersion: number | null;
  },
  onNow: (databaseMs: number) => void,
): Promise<Renewal | undefined> {
  const seconds = process.sweeps ? LEASE_SECONDS : IDLE_SECONDS;
  return db.background(async (session) => {
    const { number, holder, mapVersion } = process;
    const [renewed] = await session.run(LEASES.renew, [number, holder, seconds, mapVersion]);
    if (renewed === undefined) return undefined;
    const nowMs = toNumber(renewed.expires_ms) - seconds * 1_000;
    onNow(nowMs);
    const sweeping = await session.run(LEASES.sweeping, []);
    return { nowMs, sweeping: sweeping.map((row) => toNumber(row.number)) };
  });
}

export async function releaseProcess(db: Db, number: number, holder: string): Promise<void> {
  await db.background((session) => session.run(LEASES.release, [number, holder]));
}

export interface BatchStamp {
  readonly process: number;
  readonly lane: number;
  readonly batchId: bigint;
  readonly holder: string;
  /** Of the cell's map. */
  readonly epoch: number;
}

/**
 * Stamps a new batch, which holds its lane's row from here to its end, and returns the floor of its
 * ids; undefined if it was committed before, the process is fenced, or shards have moved.
 */
export async function stampBatch(session: Session, stamp: BatchStamp): Promise<bigint | undefined> {
  const rows = await session.run(LANES.stamp, [
    stamp.process,
    stamp.lane,
    stamp.batchId,
    stamp.holder,
    stamp.epoch,
  ]);
  return rows[0]?.floor as bigint | undefined;
}

export async function wasCommitted(session: Session, stamp: BatchStamp): Promise<boolean> {
  const rows = await session.run(LANES.last, [stamp.process, stamp.lane]);
  return rows[0]?.batch_id === stamp.batchId;
}

/** False: another process has our number. */
export async function holdsNumber(
  session: Session,
  { process, holder }: BatchStamp,
): Promise<boolean> {
  const [row] = await session.run(LANES.isOurs, [process, holder]);
  return row?.is_ours === true;
}

/** False: shards have moved since the map of the batch. */
export async function isOfCurrentMap(session: Session, { epoch }: BatchStamp): Promise<boolean> {
  return (await session.run(LANES.isCurrent, [epoch])).length > 0;
}
