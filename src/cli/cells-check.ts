/** `hutong cells check`: what must hold of every cell, read only. */
import { MIGRATIONS_FOLDER, readMigrations } from '../database/migrate.ts';
import { readLiveHolders } from '../store/cell/live.ts';
import { readCells, readOwnName } from '../store/cell/map.ts';
import { readMoves } from '../store/cell/moves.ts';
import { rangesOf } from '../store/cell/ranges.ts';
import { readShardsOf, readShardTables } from '../store/cell/tables.ts';
import { type Cell, type Cells, HOME_CELL } from '../store/cells.ts';
import { readSchemaVersion } from '../store/health.ts';
import type { Print } from './admin-names.ts';

/** Rows that a cell may have of any shard: what is known of a shard that has none yet. */
const OF_EVERY_SHARD = ['buyer_retention', 'due_backoffs'];

export async function checkCells(cells: Cells, print: Print): Promise<boolean> {
  let isSound = true;
  for (const cell of cells.everywhere) {
    const problems = await problemsOf(cells, cell).catch((error: unknown) => [
      `cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    ]);
    for (const problem of problems) print(`✗ ${cell.name.padEnd(12)} ${problem}`);
    if (problems.length === 0) print(`✓ ${cell.name.padEnd(12)} sound`);
    else isSound = false;
  }
  return isSound;
}

async function problemsOf(cells: Cells, { name, db }: Cell): Promise<string[]> {
  const { map } = await readCells(cells.home);
  const problems: string[] = [];
  const [here, there] = [readMigrations(MIGRATIONS_FOLDER).length, await readSchemaVersion(db)];
  if (here !== there) problems.push(`its schema is ${there}, this version's is ${here}`);
  const own = await readOwnName(db);
  const epoch = map.epochs.get(name);
  if (own.epoch !== epoch) problems.push(`its epoch is ${own.epoch}, the map's is ${epoch}`);
  if (name !== HOME_CELL && own.name !== name) problems.push(`it is named ${own.name}`);
  const live = [...(await readLiveHolders(cells.home))];
  const followers = await readLiveHolders(db);
  const missing = live.filter((holder) => !followers.has(holder)).length;
  if (missing > 0) problems.push(`${missing} of ${live.length} processes do not work in it`);
  const moving = new Set((await readMoves(cells.home)).map(({ shard }) => shard));
  const foreign = map.cellOf.flatMap((cell, shard) =>
    cell === name || moving.has(shard) ? [] : [shard],
  );
  for (const table of await readShardTables(db)) {
    if (OF_EVERY_SHARD.includes(table.name)) continue;
    const found = await readShardsOf(db, table, foreign);
    if (found.length > 0)
      problems.push(`${table.name} has rows of shards that are elsewhere: ${rangesOf(found)}`);
  }
  return problems;
}
