/**
 * Moves shards from one cell to another while payments go on: copy; catch up with what changed
 * meanwhile; fence (no batch of the shards is taken anywhere); catch up for the last time; compare
 * the balances; switch the map; look through what was copied; drop it where it was. Payments of the
 * shards wait from the fence to the switch, those of others do not.
 *
 * Whoever comes after a crash goes on where the rows say: before the switch nothing has moved and
 * all is copied once more; after it the source only has to be dropped.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Db, DbRetry } from '../../database/db.ts';
import { must } from '../../kernel/assert.ts';
import type { AuditNote } from '../../store/audit/audited.ts';
import { adoptKeyDay, readKeyDays } from '../../store/batch/key-days.ts';
import {
  catchUp,
  forgetChanges,
  noteChanges,
  readLateChanges,
  stopNoting,
} from '../../store/cell/changes.ts';
import { awaitBatches, carryIdFloor, endDueWork, readSums } from '../../store/cell/fence.ts';
import { countBehind } from '../../store/cell/live.ts';
import { readCells } from '../../store/cell/map.ts';
import { asMover, type MovedCell, MoveLost, nameMover } from '../../store/cell/mover.ts';
import {
  endMove,
  fence,
  type Mover,
  type MoveStage,
  markCopied,
  raiseEpoch,
  renewMove,
  switchOver,
  takeFenceBack,
  undertake,
} from '../../store/cell/moves.ts';
import {
  dropRowsByKey,
  putRowTexts,
  type RowText,
  readRowsByKey,
  readRowTexts,
  readShardsOf,
  readShardTables,
  type ShardTable,
} from '../../store/cell/tables.ts';
import type { Cell } from '../../store/cells.ts';
import { turnKeyDay } from '../base/key-day.ts';

export interface MoveOptions {
  readonly home: Db;
  readonly source: Cell;
  readonly target: Cell;
  readonly shards: readonly number[];
  /** Unique to this run. */
  readonly name: string;
  /** One plain line. */
  readonly print: (line: string) => void;
  readonly note: AuditNote;
  readonly nowMs: () => number;
}

export interface Moved {
  readonly rows: number;
  /** From the fence to the switch; null: it was switched before. */
  readonly pausedMs: number | null;
}

interface Moving extends Omit<MoveOptions, 'source' | 'target'> {
  readonly source: MovedCell;
  readonly target: MovedCell;
  readonly move: Mover;
  readonly tables: readonly ShardTable[];
  /** Where it stood when it was undertaken. */
  readonly stage: MoveStage;
}

const ROWS_A_STEP = 1_000;
const RENEW_EVERY_MS = 3_000;
const PROGRESS_EVERY_MS = 2_000;
const TRIES = 20;
const BETWEEN_TRIES_MS = 250;
/** So few changes left that the rest is done within the fence. */
const FEW = 200;
const FOLLOWED_EVERY_MS = 250;

export async function moveShards(options: MoveOptions): Promise<Moved> {
  const { home, shards, name, print } = options;
  const [source, target] = [options.source, options.target].map((cell) => ({
    ...cell,
    mover: name,
  })) as [MovedCell, MovedCell];
  const move = { home, name, shards };
  const stage = await undertake(move, source.name, target.name);
  if (stage === undefined)
    throw new Error(
      'another move is under way (its mover ended less than 15 s ago, if it did), or the shards ' +
        `are not in ${source.name} any more: hutong cells list`,
    );
  return whileRenewed(move, async () => {
    for (const cell of [source, target]) await insistently(() => nameMover(cell));
    // It may have stood still since: whoever has taken over is in charge, named or not.
    if (!(await renewMove(move))) throw new MoveLost();
    const tables = await readShardTables(source.db);
    const moving = { ...options, source, target, move, tables, stage };
    if (stage === 'fenced') await unfence(moving);
    const pausedMs = stage === 'moved' ? null : await copyAndSwitch(moving);
    await followed(moving);
    const rows = await dropCopied(moving);
    await endMove(move);
    print(`✓ ${rows} rows stand in ${target.name}, and are dropped in ${source.name}`);
    return { rows, pausedMs };
  });
}

/** As long as the work goes on; a mover that is not heard of has its fence taken back. */
async function whileRenewed<T>(move: Mover, work: () => Promise<T>): Promise<T> {
  const timer = setInterval(() => void renewMove(move).catch(() => undefined), RENEW_EVERY_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}

async function copyAndSwitch(moving: Moving): Promise<number> {
  const { source, target, shards, move, stage, print } = moving;
  if (stage === 'copying') await copyAll(moving);
  else print('its rows are there already; catching up');
  await markCopied(move);
  await catchUpUntilFew(moving);
  const fencedMs = performance.now();
  try {
    await fence(move, source.name);
    await raiseToMap(moving);
    await insistently(() => awaitBatches(source));
    await catchUpAll(moving);
    const [here, there] = [await readSums(source, shards), await readSums(target, shards)];
    if (here !== there) throw new Error('the balances differ from what was copied: not moved');
    await carryIdFloor(source, target);
    await switchOver(move, { source: source.name, target: target.name, note: moving.note });
  } catch (error) {
    // Where even this fails, the processes take the fence back: its mover is not heard of any more.
    await unfence(moving).catch(() => undefined);
    throw error;
  }
  const pausedMs = Math.round(performance.now() - fencedMs);
  await raiseToMap(moving);
  print(`switched: ${shards.length} shards are in ${target.name}, after a pause of ${pausedMs} ms`);
  return pausedMs;
}

async function unfence(moving: Moving): Promise<void> {
  await takeFenceBack(moving.move, moving.source.name);
  await raiseToMap(moving);
}

/** Every cell has the epoch that the map says: the fence holds from here on. */
async function raiseToMap(moving: Moving): Promise<void> {
  for (const cell of [moving.source, moving.target]) {
    const epoch = await epochOf(moving, cell);
    await insistently(() => raiseEpoch(cell.db, epoch));
  }
}

async function epochOf({ home }: Moving, { name }: MovedCell): Promise<number> {
  const { map } = await readCells(home);
  return must(map.epochs.get(name), `the epoch of ${name}`);
}

async function copyAll(moving: Moving): Promise<void> {
  const { source, target, shards, tables, print, nowMs } = moving;
  await insistently(() => forgetChanges(source));
  for (const table of tables) await insistently(() => noteChanges(source, table, shards));
  // Both on today's, so that no day is open here and over there.
  for (const { db } of [source, target]) await turnKeyDay(db, nowMs());
  await adoptKeyDays(moving);
  for (const table of tables) {
    const progress = progressOf(print, `copying ${table.name}`);
    let rows = 0;
    await dropRows(target, table, shards, () => undefined);
    for await (const page of pagesOf(source, table, shards)) {
      await asMover(target, (session) => putRowTexts(session, table, page));
      rows += page.length;
      progress(rows);
    }
    if (rows > 0) print(`copied ${table.name}: ${rows} rows`);
  }
}

async function* pagesOf(
  { db }: MovedCell,
  table: ShardTable,
  shards: readonly number[],
): AsyncGenerator<readonly RowText[]> {
  for (const shard of await readShardsOf(db, table, shards)) {
    let after: string | null = null;
    do {
      const asked = { shard, after, limit: ROWS_A_STEP };
      const page: readonly RowText[] = await readRowTexts(db, table, asked);
      if (page.length > 0) yield page;
      after = page.length < ROWS_A_STEP ? null : (page.at(-1)?.key ?? null);
    } while (after !== null);
  }
}

async function dropRows(
  cell: MovedCell,
  table: ShardTable,
  shards: readonly number[],
  onPage: (rows: number) => void,
): Promise<void> {
  for await (const page of pagesOf(cell, table, shards)) {
    const keys = page.map(({ key }) => key);
    await asMover(cell, (session) => dropRowsByKey(session, table, keys));
    onPage(page.length);
  }
}

/** Keys are stored by day: their days are there before they come. */
async function adoptKeyDays({ source, target, nowMs }: Moving): Promise<void> {
  const there = new Set((await readKeyDays(target.db)).map(({ day }) => day));
  for (const { day, closedAtMs } of await readKeyDays(source.db))
    if (!there.has(day))
      await insistently(() => adoptKeyDay(target.db, day, closedAtMs ?? nowMs()));
}

async function catchUpUntilFew(moving: Moving): Promise<void> {
  const { source, target, tables, print } = moving;
  const progress = progressOf(print, 'catching up');
  let sum = 0;
  for (;;) {
    await adoptKeyDays(moving);
    const found = await catchUp(source, target, tables);
    sum += found;
    progress(sum);
    if (found < FEW) return;
  }
}

async function catchUpAll(moving: Moving): Promise<void> {
  const { source, target, tables } = moving;
  await adoptKeyDays(moving);
  while ((await catchUp(source, target, tables)) > 0);
}

/** Until every process that is alive reads by the new map: what is dropped is asked of nobody. */
async function followed({ home, print }: Moving): Promise<void> {
  const { map } = await readCells(home);
  const progress = progressOf(print, 'waiting for processes to take up the map');
  for (;;) {
    const behind = await countBehind(home, map.version);
    if (behind === 0) return;
    progress(behind);
    await sleep(FOLLOWED_EVERY_MS);
  }
}

/** Rows of these never change: what was copied is compared whole before it is dropped. */
const FIXED: readonly string[] = ['ledger_transactions', 'ledger_entries', 'balance_movements'];
/** Rows of these may be dropped by the target meanwhile. */
const PASSING: readonly string[] = [
  ...['events', 'deliveries', 'notifications'],
  ...['due_backoffs', 'buyer_retention', 'idempotency_keys'],
];

async function dropCopied(moving: Moving): Promise<number> {
  const { source, shards, tables, print } = moving;
  const late = await readLateChanges(source, PASSING);
  if (late.length > 0)
    throw new Error(
      `${source.name} was written to after the last catching up (${late.join(', ')}): nothing is ` +
        'dropped, look at both cells',
    );
  for (const table of tables) await lookThrough(moving, table);
  for (const table of tables) await insistently(() => stopNoting(source, table));
  await endDueWork(source, tables, shards);
  let rows = 0;
  for (const table of tables) {
    const progress = progressOf(print, `dropping ${table.name} in ${source.name}`);
    await dropRows(source, table, shards, (dropped) => {
      rows += dropped;
      progress(rows);
    });
  }
  return rows;
}

/** Nothing is dropped that the target does not have. */
async function lookThrough({ source, target, shards }: Moving, table: ShardTable): Promise<void> {
  if (PASSING.includes(table.name)) return;
  const isFixed = FIXED.includes(table.name);
  for await (const page of pagesOf(source, table, shards)) {
    const keys = page.map(({ key }) => key);
    const there = new Map(
      (await readRowsByKey(target.db, table, keys)).map(({ key, row }) => [key, row]),
    );
    const wrong = page.find(
      ({ key, row }) => !there.has(key) || (isFixed && there.get(key) !== row),
    );
    if (wrong !== undefined)
      throw new Error(
        `${table.name} ${wrong.key} is not in ${target.name} as it was in ${source.name}: ` +
          'nothing is dropped, look at both',
      );
  }
}

async function insistently(work: () => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await work();
      return;
    } catch (error) {
      if (!(error instanceof DbRetry) || tries === TRIES) throw error;
      await sleep(BETWEEN_TRIES_MS);
    }
  }
}

function progressOf(print: (line: string) => void, what: string): (count: number) => void {
  let lastMs = performance.now();
  return (count) => {
    if (performance.now() - lastMs < PROGRESS_EVERY_MS) return;
    lastMs = performance.now();
    print(`  ${what}: ${count}`);
  };
}
