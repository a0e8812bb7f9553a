/**
 * Turns the day of idempotency keys and drops days that ended long ago; any process may, at any
 * time. A day that another process closed and did not follow up is taken over.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Db } from '../../database/db.ts';
import {
  addKeyDay,
  closeKeyDay,
  dropKeyDay,
  type KeyDay,
  openKeyDay,
  readKeyDays,
  reopenKeyDay,
} from '../../store/batch/key-days.ts';
import { areBatchesOver, markBatches } from '../../store/batch/settled-ids.ts';

const DAY_MS = 86_400_000;
/** A key is kept for this long at least, whatever hour it was first used in. */
const KEPT_MS = 7 * DAY_MS;
/** How long new keys may wait for the batches that are in flight; then the day before goes on. */
const PATIENCE_MS = 1_000;
const LOOK_EVERY_MS = 10;
/** A day that is closed for this long was left by its process. */
const ABANDONED_MS = 3 * PATIENCE_MS;

/** True if new keys go to the day of `nowMs`, now or before. */
export async function turnKeyDay(db: Db, nowMs: number): Promise<boolean> {
  const days = await readKeyDays(db);
  const today = Math.floor(nowMs / DAY_MS);
  const open = days.find(({ closedAtMs }) => closedAtMs === null);
  if (open !== undefined && open.day >= today) return true;
  const newest = days.at(-1)?.day ?? 0;
  const next = Math.max(today, newest + 1);
  // Beforehand, so that no key waits for it.
  await addKeyDay(db, next);
  const closed = open === undefined ? abandoned(days, nowMs) : await closeKeyDay(db, next, nowMs);
  if (closed === undefined) return false;
  if (await haveBatchesEnded(db)) return openKeyDay(db, closed, next, nowMs);
  await reopenKeyDay(db, closed);
  return false;
}

function abandoned(days: readonly KeyDay[], nowMs: number): KeyDay | undefined {
  const newest = days.at(-1);
  const closedAtMs = newest?.closedAtMs ?? nowMs;
  // Closed in the future: by a clock that was set back since.
  const isOld = Math.abs(nowMs - closedAtMs) > ABANDONED_MS;
  return isOld ? newest : undefined;
}

async function haveBatchesEnded(db: Db): Promise<boolean> {
  const mark = await markBatches(db);
  for (let waitedMs = 0; waitedMs < PATIENCE_MS; waitedMs += LOOK_EVERY_MS) {
    if (await areBatchesOver(db, mark)) return true;
    await sleep(LOOK_EVERY_MS);
  }
  return false;
}

/** The number of days that were dropped. */
export async function dropOldKeyDays(db: Db, nowMs: number): Promise<number> {
  let dropped = 0;
  for (const { day, closedAtMs } of await readKeyDays(db)) {
    if (closedAtMs === null || closedAtMs >= nowMs - KEPT_MS) continue;
    if (await dropKeyDay(db, day, nowMs - KEPT_MS)) dropped += 1;
  }
  return dropped;
}
