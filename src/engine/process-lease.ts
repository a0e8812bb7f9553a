/**
 * This process's number, leased in the database and renewed on wall time. If it is lost, another
 * process may generate the same ids: the stamp of every batch fences the engine, and the process
 * must exit.
 *
 * Each renewal returns which processes share the sweeps: one that missed a few renewals loses its
 * share long before its number may be reassigned. It also returns the database's time: a process
 * whose wall clock is far off does not sweep, since it would postpone what others must process.
 */

import type { Db } from '../database/db.ts';
import { assert } from '../kernel/assert.ts';
import { type Clock, wallClock } from '../runtime/clock.ts';
import type { Random } from '../runtime/random.ts';
import type { Share } from '../store/batch/due.ts';
import { acquireProcess, releaseProcess, renewProcess } from '../store/batch/engine-lanes.ts';

const RENEW_EVERY_MS = 2_000;
const SKEW_MS_MAX = 5_000;

export interface ProcessLease {
  readonly number: number;
  readonly holder: string;
  /** Every id generated under the number is above it. */
  readonly floor: bigint;
  /**
   * The rank of this process among the sweeping ones; null = its clock is wrong, it must not sweep.
   */
  readonly share: () => Share | null;
  readonly release: () => Promise<void>;
}

export interface LeaseOptions {
  /** Default: the machine's. Never a clock that is moved by hand. */
  readonly wall?: Clock;
  /** The clock has become wrong, or is right again. */
  readonly onSkew?: (isSkewed: boolean) => void;
  /** Of the map of cells that this process goes by: said with every renewal. */
  readonly mapVersion?: () => number;
  /** A process has one name in all its cells; default: a new one. */
  readonly holder?: string;
}

export async function leaseProcess(
  db: Db,
  random: Random,
  onLost: () => void,
  { wall = wallClock, onSkew, mapVersion, holder = newHolder(random) }: LeaseOptions = {},
): Promise<ProcessLease> {
  const acquired = await acquireProcess(db, holder);
  assert(acquired !== undefined, 'a process number is free (256 processes at most)');
  const { number, floor } = acquired;
  const clock = compareClocks(wall);
  let sweeping: readonly number[] = [number];
  let wasSkewed = false;
  const isSkewed = (): boolean => {
    const is = clock.isSkewed();
    if (is !== wasSkewed) onSkew?.(is);
    wasSkewed = is;
    return is;
  };
  const renew = async (): Promise<void> => {
    const own = { number, holder, sweeps: !isSkewed(), mapVersion: mapVersion?.() ?? null };
    const askedMs = performance.now();
    const renewal = await renewProcess(db, own, (nowMs) => clock.note(nowMs, askedMs));
    if (renewal === undefined) onLost();
    else sweeping = renewal.sweeping;
  };
  await renew();
  let renewing: Promise<void> | undefined;
  const timer = setInterval(() => {
    // An unreachable database says nothing about the lease; the next batch's stamp will.
    renewing ??= renew()
      .catch(() => undefined)
      .finally(() => {
        renewing = undefined;
      });
  }, RENEW_EVERY_MS);
  timer.unref();
  return {
    number,
    holder,
    floor,
    share: () => {
      if (isSkewed()) return null;
      // On PGlite there can be no other process, whatever the lease of a killed process says.
      if (db.kind === 'pglite') return { rank: 0, count: 1 };
      const rank = sweeping.indexOf(number);
      // The database has not seen a renewal of ours lately: meanwhile another process may have the
      // shards.
      return { rank: Math.max(0, rank), count: Math.max(1, sweeping.length) };
    },
    release: async () => {
      clearInterval(timer);
      await renewing;
      await releaseProcess(db, number, holder).catch(() => undefined);
    },
  };
}

export function newHolder(random: Random): string {
  return random.bytes(16).toString('hex');
}

/** The wall clock compared with the database's, which is extrapolated by a monotonic clock. */
function compareClocks(wall: Clock) {
  let databaseMs = wall.nowMs();
  let notedMs = performance.now();
  /** The uncertainty of the moment when its time was read. */
  let doubtMs = 0;
  return {
    note: (nowMs: number, askedMs: number): void => {
      databaseMs = nowMs;
      notedMs = performance.now();
      doubtMs = notedMs - askedMs;
    },
    isSkewed: (): boolean => {
      const aheadMs = wall.nowMs() - (databaseMs + performance.now() - notedMs);
      return aheadMs > SKEW_MS_MAX + doubtMs || aheadMs < -SKEW_MS_MAX;
    },
  };
}
