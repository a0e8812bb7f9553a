/** `hutong cells`: which database holds which shards, and moves of shards between them. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { newHolder } from '../engine/process-lease.ts';
import { moveShards } from '../flows/cell/move.ts';
import { must } from '../kernel/assert.ts';
import { wallClock } from '../runtime/clock.ts';
import { systemRandom } from '../runtime/random.ts';
import { readPlace, readWorkers } from '../store/cell/citus.ts';
import { countBehind, readLiveHolders } from '../store/cell/live.ts';
import { addCell, type CellAddress, nameCell, readCells, readOwnName } from '../store/cell/map.ts';
import { type Move, readMoves } from '../store/cell/moves.ts';
import { parseRanges, rangesOf } from '../store/cell/ranges.ts';
import { type Cell, type Cells, HOME_CELL } from '../store/cells.ts';
import { repairEndpointCopies } from '../store/webhook/endpoint-copies.ts';
import { cliNote } from './actor.ts';
import type { Print } from './admin-names.ts';
import type { AdminContext, LeasedSession } from './admin-session.ts';
import { checkCells } from './cells-check.ts';
import { distributeCell, moveToWorker, mustHaveWorkers, parseWorker } from './cells-citus.ts';
import { connectCell } from './open-database.ts';
import type { Settings } from './settings.ts';

const CELLS_HELP = `
The home is the database of DATABASE_URL: it has the map, and all that belongs to no shard. Another
cell is a schema of the same database (hutong cells add NAME), or a database of its own, whose
address every process has in a setting (hutong cells add NAME --url-setting DATABASE_URL_NAME).
Shards are 0 to 255, such as 0-127,200.`;

interface AddFlags {
  readonly urlSetting?: string;
  readonly schema?: string;
  readonly citus?: true;
}

export function addCellsCommands(program: Command, { print, inSession }: AdminContext): void {
  const cells = program
    .command('cells')
    .description('the databases that hold the shards between them')
    .addHelpText('after', CELLS_HELP);
  cells
    .command('list')
    .description('every cell, where it is, and its shards')
    .action(() => inSession((session) => listCells(session.cells, print)));
  cells
    .command('add <name>')
    .description('make a cell: it is migrated, opened by the running processes, and has no shards')
    .option('--url-setting <setting>', 'its address is in this setting, such as DATABASE_URL_EAST')
    .option('--schema <schema>', 'its schema there (with no --url-setting: the name)')
    .option('--citus', 'a worker of the Citus cluster of that database gets the schema')
    .action((name: string, flags: AddFlags) =>
      inSession((session, settings) =>
        addNewCell(session, settings, { ...addressOf(name, flags), isOnCitus: flags.citus }, print),
      ),
    );
  cells
    .command('move <what> <where>')
    .description(
      'move shards to a cell while payments go on (0-127 east; cut off, it is run again), or a ' +
        'cell to another worker of its Citus cluster (east worker-2:5432)',
    )
    .action((what: string, where: string) =>
      inSession((session) =>
        parseWorker(where) !== undefined || isCell(session.cells, what)
          ? moveToWorker(session.cells, what, where, print)
          : moveToCell(session, what, where, print),
      ),
    );
  cells
    .command('check')
    .description(
      'is every cell there, current, followed by all processes, and free of others’ rows',
    )
    .action(() =>
      inSession(async (session) => {
        if (!(await checkCells(session.cells, print))) throw new Error('not every cell is sound');
      }),
    );
}

async function listCells(cells: Cells, print: Print): Promise<void> {
  const { map, addresses } = await readCells(cells.home);
  for (const { name, db } of cells.everywhere) {
    const shards = map.cellOf.flatMap((cell, shard) => (cell === name ? [shard] : []));
    const worker = await readPlace(db);
    const where =
      whereOf(addresses.find((address) => address.name === name)) +
      (worker === undefined ? '' : ` on ${worker}`);
    const held = shards.length === 0 ? 'no shards' : `${shards.length} shards: ${rangesOf(shards)}`;
    print(`${name.padEnd(12)} ${where.padEnd(28)} ${held}`);
  }
  const moves = await readMoves(cells.home);
  const [first] = moves;
  if (first !== undefined) print(describeMove(moves, first));
}

function whereOf(address: CellAddress | undefined): string {
  if (address === undefined) return 'DATABASE_URL';
  const { urlSetting, schema } = address;
  return `${urlSetting ?? 'DATABASE_URL'}${schema === null ? '' : `, schema ${schema}`}`;
}

function describeMove(moves: readonly Move[], { source, target, stage }: Move): string {
  const shards = rangesOf(moves.map(({ shard }) => shard));
  const how = `hutong cells move ${shards} ${target}`;
  return stage === 'moved'
    ? `! shards ${shards} have moved from ${source} to ${target}, and still stand in both: ${how} ends it`
    : `! shards ${shards} are being moved from ${source} to ${target} (${stage}); cut off? ${how}`;
}

/** Longer than a process takes to say it with the renewal of its lease. */
const FOLLOW_TRIES = 20;
const FOLLOW_EVERY_MS = 250;

const NAME = /^[a-z][a-z0-9_]{0,39}$/;
const NOT_NAMES = [HOME_CELL, 'public', 'information_schema'];

function addressOf(name: string, { urlSetting, schema }: AddFlags): CellAddress {
  for (const word of [name, schema ?? name])
    if (!NAME.test(word) || NOT_NAMES.includes(word) || word.startsWith('pg_'))
      throw new Error(`${word} cannot name a cell: a to z, 0 to 9 and _, such as east`);
  if (urlSetting === undefined) return { name, urlSetting: null, schema: schema ?? name };
  if (!/^DATABASE_URL_[A-Z0-9_]+$/.test(urlSetting))
    throw new Error(`--url-setting is DATABASE_URL_ and a name, such as DATABASE_URL_EAST`);
  return { name, urlSetting, schema: schema ?? null };
}

export async function addNewCell(
  { cells, ids }: LeasedSession,
  settings: Settings,
  address: CellAddress & { readonly isOnCitus?: true | undefined },
  print: Print,
): Promise<void> {
  const { name } = address;
  if (cells.home.kind === 'pglite')
    throw new Error('PGlite is one database: cells need PostgreSQL (DATABASE_URL)');
  if (cells.everywhere.some((cell) => cell.name === name))
    throw new Error(`there is a cell ${name} already: hutong cells list`);
  if (address.isOnCitus === true && address.urlSetting === null)
    mustHaveWorkers(await readWorkers(cells.home), 'DATABASE_URL');
  await nameCell(cells.home, HOME_CELL);
  const { db } = await connectCell({ ...settings, lanes: 1 }, address, print);
  try {
    const own = await readOwnName(db);
    if (own.name !== null && own.name !== name)
      throw new Error(
        `this is the cell ${own.name} already: each has a database or schema of its own`,
      );
    if (address.isOnCitus === true) await distributeCell(db, address, print);
    await nameCell(db, name);
    const note = cliNote(ids, null, 'cell.added');
    await addCell(cells.home, address, { epoch: own.epoch, note });
  } finally {
    await db.close();
  }
  print(
    `${name} is a cell without shards (${whereOf(address)}); processes open it within a second`,
  );
  print(`next: hutong cells move 0-127 ${name}`);
}

export async function moveToCell(
  session: LeasedSession,
  text: string,
  to: string,
  print: Print,
): Promise<void> {
  const { cells } = session;
  const shards = parseRanges(text);
  if (shards === undefined) throw new Error(`${text} are not shards: 0 to 255, such as 0-127,200`);
  const target = cellNamed(cells, to);
  const moves = await readMoves(cells.home);
  const [unfinished] = moves;
  if (unfinished !== undefined) {
    const isSame =
      unfinished.target === to && rangesOf(moves.map(({ shard }) => shard)) === rangesOf(shards);
    if (!isSame) throw new Error(`finish what is under way: ${describeMove(moves, unfinished)}`);
  }
  const from = unfinished?.source ?? sourceOf(cells, shards, to);
  const source = cellNamed(cells, from);
  await refuseFromCitus(source);
  const isForGood = (await readPlace(target.db)) !== undefined;
  await everyoneFollows(cells, target);
  await repairEndpointCopies(cells);
  print(`shards ${rangesOf(shards)}: from ${from} to ${to}`);
  if (isForGood) print(`${to} is on Citus: they do not come back, but move with their cell`);
  await moveShards({
    ...{ home: cells.home, source, target, shards, print },
    name: newHolder(systemRandom),
    note: cliNote(session.ids, null, 'cell.shards_moved'),
    nowMs: () => wallClock.nowMs(),
  });
  if (!isForGood) print(`a mistake? hutong cells move ${rangesOf(shards)} ${from}`);
}

const isCell = ({ everywhere }: Cells, name: string): boolean =>
  everywhere.some((cell) => cell.name === name);

function cellNamed({ everywhere }: Cells, name: string): Cell {
  const cell = everywhere.find((one) => one.name === name);
  if (cell !== undefined) return cell;
  const names = everywhere.map((one) => one.name).join(', ');
  throw new Error(`no cell ${name}; there are: ${names}`);
}

/** A move notes changes by triggers, which a distributed table has none of. */
async function refuseFromCitus({ name, db }: Cell): Promise<void> {
  if ((await readPlace(db)) !== undefined)
    throw new Error(
      `${name} is on Citus: its shards do not leave it one by one, but the whole cell moves to ` +
        `another worker (hutong cells move ${name} HOST:PORT)`,
    );
}

function sourceOf({ map }: Cells, shards: readonly number[], to: string): string {
  const sources = [...new Set(shards.map((shard) => must(map.cellOf[shard], 'a shard')))];
  const [from, another] = sources;
  if (from === undefined || another !== undefined)
    throw new Error(
      `these shards are in ${sources.join(' and ')}: move those of one cell at a time`,
    );
  if (from === to) throw new Error(`they are in ${to} already: hutong cells list`);
  return from;
}

/**
 * A process that does not work in the target, or cannot follow the map, would send its shards
 * nowhere. Their leases say so with every renewal.
 */
async function everyoneFollows({ home }: Cells, target: Cell): Promise<void> {
  const { map } = await readCells(home);
  for (let tries = 0; ; tries += 1) {
    const [here, there] = [await readLiveHolders(home), await readLiveHolders(target.db)];
    const missing = [...here].filter((holder) => !there.has(holder)).length;
    const behind = Math.max(missing, await countBehind(home, map.version));
    if (behind === 0) return;
    if (tries === FOLLOW_TRIES)
      throw new Error(
        `${behind} running processes do not follow to ${target.name}: are they of this version, ` +
          'and do they have its setting? Their logs say why; one that ended counts for a minute',
      );
    await sleep(FOLLOW_EVERY_MS);
  }
}
