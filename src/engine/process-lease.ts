/**
 * This process's number, leased in the database and renewed on wall time. Losing it means that
 * another process may make the same ids: the engine is fenced by the stamp of every batch, and the
 * process must end.
 */
import { assert } from '../core/assert.ts';
import type { Random } from '../runtime/random.ts';
import type { Db } from '../store/db.ts';
import {
  acquireProcess,
  liveProcesses,
  releaseProcess,
  renewProcess,
} from '../store/engine-lanes.ts';

const RENEW_EVERY_MS = 15_000;

export interface ProcessLease {
  readonly number: number;
  readonly holder: string;
  /** Which of the live processes this one is: shares out the shards of the sweeps. */
  readonly share: () => { readonly rank: number; readonly count: number };
  readonly release: () => Promise<void>;
}

export async function leaseProcess(
  db: Db,
  random: Random,
  onLost: () => void,
): Promise<ProcessLease> {
  const holder = random.bytes(16).toString('hex');
  const number = await acquireProcess(db, holder);
  assert(number !== undefined, 'a process number is free (256 processes at most)');
  let share = { rank: 0, count: 1 };
  const look = async (): Promise<void> => {
    const live = await liveProcesses(db);
    share = { rank: Math.max(0, live.indexOf(number)), count: Math.max(1, live.length) };
  };
  await look();
  const renew = async (): Promise<void> => {
    // A database that is away says nothing about the lease; the next batch's stamp will.
    const isOurs = await renewProcess(db, number, holder).catch(() => true);
    if (isOurs) await look().catch(() => undefined);
    else onLost();
  };
  const timer = setInterval(() => void renew(), RENEW_EVERY_MS);
  timer.unref();
  return {
    number,
    holder,
    // Nobody else can be there on PGlite, whatever the lease of a killed process says.
    share: () => (db.kind === 'pglite' ? { rank: 0, count: 1 } : share),
    release: async () => {
      clearInterval(timer);
      await releaseProcess(db, number, holder).catch(() => undefined);
    },
  };
}
