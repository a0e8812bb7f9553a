/**
 * What is old is dropped whole: partitions of events, deliveries and notifications after the days
 * of the setting, days of idempotency keys after seven. Further partitions are made ahead. Any
 * number of processes may do it; each step is one short transaction that gives up rather than make
 * batches wait, and is tried again.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Db, DbRetry } from '../../database/db.ts';
import { unpackId } from '../../kernel/id.ts';
import { type Chore, startChore } from '../../runtime/chore.ts';
import {
  addPartition,
  detachPartitions,
  dropDetached,
  endedBy,
  idAt,
  readPartitions,
  TIME_TABLES,
  type TimeTable,
} from '../../store/batch/partitions.ts';
import type { Cell } from '../../store/cells.ts';
import { dropOldKeyDays, turnKeyDay } from './key-day.ts';
import type { Platform } from './platform.ts';
import { describe } from './wallet-call.ts';

const DAY_MS = 86_400_000;
/** About so many partitions hold what is kept. */
const PARTS = 14;
const DAYS_AHEAD = 7;
/** The days of one partition where nothing is ever dropped. */
const DAYS_OF_ONE = 28;

const PARTITIONS_EVERY_MS = 10 * 60_000;
const KEY_DAY_EVERY_MS = 5_000;
/** A lock that is not had at once is asked for again. */
const TRIES = 3;
const BETWEEN_TRIES_MS = 1_000;

type Seams = Pick<Platform, 'cells' | 'wall' | 'log' | 'share'>;
type Turn = (db: Db, nowMs: number) => Promise<void>;

export interface Retention {
  readonly nowMs: number;
  /** null = nothing is dropped. */
  readonly days: number | null;
}

/** Partitions are made, and dropped, where it is time; returns the names of the dropped ones. */
export async function keepPartitions(db: Db, retention: Retention): Promise<readonly string[]> {
  const dropped: string[] = [];
  for (const table of TIME_TABLES) {
    await insistently(() => addAhead(db, table, retention));
    dropped.push(...(await dropOld(db, table, retention)));
  }
  return dropped;
}

async function addAhead(db: Db, table: TimeTable, { nowMs, days }: Retention): Promise<void> {
  const width = days === null ? DAYS_OF_ONE : Math.max(1, Math.floor(days / PARTS));
  const wanted = idAt(nowMs + DAYS_AHEAD * DAY_MS);
  for (;;) {
    const { from } = (await readPartitions(db, table.name)).at(-1) ?? { from: null };
    if (from === null || from > wanted) return;
    await addPartition(db, table, idAt(unpackId(from).unixMs + width * DAY_MS));
  }
}

async function dropOld(
  db: Db,
  table: TimeTable,
  { nowMs, days }: Retention,
): Promise<readonly string[]> {
  await dropDetached(db, table.name);
  if (days === null) return [];
  const end = idAt(nowMs - days * DAY_MS);
  if (endedBy(await readPartitions(db, table.name), table, end).length === 0) return [];
  const names = await insistently(() => detachPartitions(db, table, end));
  await dropDetached(db, table.name);
  return names;
}

async function insistently<T>(step: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await step();
    } catch (error) {
      if (!(error instanceof DbRetry) || tries === TRIES) throw error;
      await sleep(BETWEEN_TRIES_MS);
    }
  }
}

async function keepKeyDays(db: Db, nowMs: number): Promise<void> {
  await insistently(() => turnKeyDay(db, nowMs));
  await dropOldKeyDays(db, nowMs);
  await dropDetached(db, 'idempotency_keys');
}

/** The first turn ends before it returns: today's partitions are there when requests come. */
export async function startRetention(seams: Seams, days: number | null): Promise<Chore> {
  const partitions: Turn = async (db, nowMs) => void (await keepPartitions(db, { nowMs, days }));
  const turns = [
    { everyMs: PARTITIONS_EVERY_MS, turn: () => carefully(seams, partitions) },
    { everyMs: KEY_DAY_EVERY_MS, turn: () => carefully(seams, keepKeyDays) },
  ];
  for (const { turn } of turns) await turn();
  const chores = turns.map(({ everyMs, turn }) => startChore(everyMs, turn));
  return {
    stop: async () => {
      await Promise.all(chores.map((chore) => chore.stop()));
    },
  };
}

/** Never with a clock that is wrong; a failure is made up for by the next turn. */
async function carefully({ cells, wall, log, share }: Seams, turn: Turn): Promise<void> {
  if (share() === null) return;
  const inCell = async ({ name, db }: Cell): Promise<void> => {
    try {
      await turn(db, wall.nowMs());
    } catch (error) {
      const noted = { cell: name, defect: describe(error) };
      log.warn(noted, 'partitions were not kept; the next turn goes on');
    }
  };
  await Promise.all(cells.everywhere.map(inCell));
}
