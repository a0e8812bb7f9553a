/** Opens the databases that the settings name, and migrates them to this version. */
import path from 'node:path';
import { type Db, DbLost } from '../database/db.ts';
import { makeSchema, migrate } from '../database/migrate.ts';
import { openPglite } from '../database/pglite.ts';
import { openPostgres } from '../database/postgres.ts';
import { type CellAddress, hasCellMap, readCells } from '../store/cell/map.ts';
import { type Cell, type Cells, createCells, oneCell } from '../store/cells.ts';
import type { Settings } from './settings.ts';

type Where = Pick<Settings, 'databaseUrl' | 'dir' | 'lanes' | 'cellUrls'>;
type Print = (line: string) => void;

/** The home and every other cell that its map names. */
export async function openCells(where: Where, print: Print): Promise<Cells> {
  const home = await openHome(where, where.lanes);
  try {
    await reached('DATABASE_URL', () => migrate(home, { print }));
    const { map, addresses } = await readCells(home);
    if (addresses.length === 0) return createCells(home, map, []);
    await home.close();
    return await openAll(where, print);
  } catch (error) {
    await home.close();
    throw error;
  }
}

/** Anew: the home has only its share of the lanes where there are others. */
async function openAll(where: Where, print: Print): Promise<Cells> {
  const first = await openHome(where, 1);
  const { map, addresses } = await readCells(first).finally(() => first.close());
  const shared = { ...where, lanes: laneShare(where.lanes, addresses.length + 1) };
  const opened: Cell[] = [];
  try {
    for (const address of addresses) opened.push(await connectCell(shared, address, print));
    return createCells(await openHome(shared, shared.lanes), map, opened);
  } catch (error) {
    await Promise.all(opened.map(({ db }) => db.close()));
    throw error;
  }
}

/** The lanes of a process are shared by its cells; each has one at least. */
export function laneShare(lanes: number, cells: number): number {
  return Math.max(1, Math.floor(lanes / cells));
}

/** Opens a cell and migrates it. */
export async function connectCell(where: Where, address: CellAddress, print: Print): Promise<Cell> {
  const { name } = address;
  const db = openCell(where, address);
  try {
    await reached(address.urlSetting ?? 'DATABASE_URL', async () => {
      if (address.schema !== null) await makeSchema(db, address.schema);
      await migrate(db, { print: (line) => print(`cell ${name}: ${line}`) });
    });
    return { name, db };
  } catch (error) {
    await db.close();
    throw error;
  }
}

/** Without migrating anything: for reading. */
export async function openCellsAsTheyAre(where: Where): Promise<Cells> {
  const home = await openHome(where, where.lanes);
  try {
    if (!(await hasCellMap(home))) return oneCell(home);
    const { map, addresses } = await readCells(home);
    const opened = addresses.map((address) => ({
      name: address.name,
      db: openCell({ ...where, lanes: 1 }, address),
    }));
    return createCells(home, map, opened);
  } catch (error) {
    await home.close();
    throw error;
  }
}

async function openHome({ databaseUrl, dir }: Where, lanes: number): Promise<Db> {
  return databaseUrl === null
    ? openPglite({ dir: path.join(dir, 'db') })
    : openPostgres({ url: databaseUrl, lanes });
}

function openCell({ databaseUrl, cellUrls, lanes }: Where, address: CellAddress): Db {
  const { name, urlSetting, schema } = address;
  const url = urlSetting === null ? databaseUrl : cellUrls.get(urlSetting);
  if (url === undefined) throw new Error(`${urlSetting} is not set: it leads to the cell ${name}`);
  if (url === null) throw new Error(`the cell ${name} is on PostgreSQL: set DATABASE_URL`);
  return openPostgres({ url, lanes, ...(schema === null ? {} : { schema }) });
}

async function reached(setting: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof DbLost)) throw error;
    throw new Error(`the database of ${setting} cannot be reached: ${error.message}`);
  }
}
