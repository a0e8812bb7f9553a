/**
 * What the engine keeps of itself: which process holds which number (leased, fenced), and the last
 * batch that each lane of it committed.
 */
import type { Db, Session, Statement } from './db.ts';
import { toNumber } from './table.ts';

const PROCESS_COUNT = 256;
/** A number is not given again for so long after its last renewal. */
const LEASE_SECONDS = 60;
/** A process that has not renewed for so long has no share of the sweeps. */
const SWEEPS_SECONDS = 6;
/** A renewal that takes no part in the sweeps ends so much earlier. */
const IDLE_SECONDS = LEASE_SECONDS - SWEEPS_SECONDS;

const ACQUIRE: Statement = {
  name: 'process_leases.acquire',
  // The number that has been free for longest, so that a number's ids lie as far apart as can be.
  text: `insert into process_leases (number, holder, expires_at)
    select n, $1, clock_timestamp() + interval '${LEASE_SECONDS} seconds'
    from generate_series(0, ${PROCESS_COUNT - 1}) n left join process_leases l on l.number = n
    where l.number is null or l.expires_at < clock_timestamp()
    order by l.expires_at nulls first, n limit 1
    on conflict (number) do update set holder = excluded.holder, expires_at = excluded.expires_at
      where process_leases.expires_at < clock_timestamp()
    returning number`,
};
const RENEW: Statement = {
  name: 'process_leases.renew',
  text: `update process_leases set expires_at = clock_timestamp() + make_interval(secs => $3)
    where number = $1 and holder = $2
    returning (extract(epoch from clock_timestamp()) * 1000)::bigint as now_ms`,
};
const RELEASE: Statement = {
  name: 'process_leases.release',
  text: `update process_leases
    set expires_at = clock_timestamp() where number = $1 and holder = $2`,
};
const SWEEPING: Statement = {
  name: 'process_leases.sweeping',
  text: `select number from process_leases
    where expires_at > clock_timestamp() + interval '${IDLE_SECONDS} seconds' order by number`,
};
const STAMP: Statement = {
  name: 'engine_lanes.stamp',
  // Nothing is returned when this batch has been committed before, or the lease is no longer ours.
  text: `insert into engine_lanes (process, lane, batch_id)
    select $1::int, $2::int, $3::bigint
    where exists (select 1 from process_leases where number = $1::int and holder = $4)
    on conflict (process, lane) do update set batch_id = excluded.batch_id
      where engine_lanes.batch_id <> excluded.batch_id
    returning lane`,
};
const LAST: Statement = {
  name: 'engine_lanes.last',
  text: 'select batch_id from engine_lanes where process = $1 and lane = $2',
};

/** Takes a free process number; undefined when all 256 are held. */
export async function acquireProcess(db: Db, holder: string): Promise<number | undefined> {
  for (let round = 0; round < 20; round += 1) {
    const rows = await db.transaction(0, (session) => session.run(ACQUIRE, [holder]));
    const number = rows[0]?.number;
    if (number !== undefined) return toNumber(number);
  }
  return undefined;
}

/** What the database says to a renewal. */
export interface Renewal {
  /** Its own clock. */
  readonly nowMs: number;
  /** The numbers of the processes that share the sweeps, in order. */
  readonly sweeping: readonly number[];
}

/**
 * Renews a lease, with or without a share of the sweeps; undefined when it was lost: this process
 * must not write again under its number. `onNow` sees the database's clock as soon as it answers.
 */
export function renewProcess(
  db: Db,
  process: { readonly number: number; readonly holder: string; readonly sweeps: boolean },
  onNow: (databaseMs: number) => void,
): Promise<Renewal | undefined> {
  const seconds = process.sweeps ? LEASE_SECONDS : IDLE_SECONDS;
  return db.background(async (session) => {
    const [renewed] = await session.run(RENEW, [process.number, process.holder, seconds]);
    if (renewed === undefined) return undefined;
    const nowMs = toNumber(renewed.now_ms);
    onNow(nowMs);
    const sweeping = await session.run(SWEEPING, []);
    return { nowMs, sweeping: sweeping.map((row) => toNumber(row.number)) };
  });
}

export async function releaseProcess(db: Db, number: number, holder: string): Promise<void> {
  await db.background((session) => session.run(RELEASE, [number, holder]));
}

export interface BatchStamp {
  readonly process: number;
  readonly lane: number;
  readonly batchId: bigint;
  readonly holder: string;
}

/** True when the batch is new; false when it was committed before or the process is fenced. */
export async function stampBatch(session: Session, stamp: BatchStamp): Promise<boolean> {
  const rows = await session.run(STAMP, [stamp.process, stamp.lane, stamp.batchId, stamp.holder]);
  return rows.length === 1;
}

export async function wasCommitted(session: Session, stamp: BatchStamp): Promise<boolean> {
  const rows = await session.run(LAST, [stamp.process, stamp.lane]);
  return rows[0]?.batch_id === stamp.batchId;
}
