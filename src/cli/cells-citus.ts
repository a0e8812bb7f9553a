/** `hutong cells` on a Citus cluster: a cell is a schema that one of its workers has. */
import type { Db } from '../database/db.ts';
import {
  distributeSchema,
  moveSchema,
  readPlace,
  readWorkers,
  type Worker,
} from '../store/cell/citus.ts';
import { type CellAddress, readCells } from '../store/cell/map.ts';
import type { Cells } from '../store/cells.ts';
import type { Print } from './admin-names.ts';

export function mustHaveWorkers(workers: readonly Worker[], setting: string): readonly Worker[] {
  if (workers.length > 0) return workers;
  throw new Error(
    `${setting} is no coordinator of a Citus cluster with workers: create extension citus there, ` +
      'and citus_add_node for each of them',
  );
}

/** Its tables, which stand at the coordinator, are given to a worker; nothing if one has them. */
export async function distributeCell(db: Db, address: CellAddress, print: Print): Promise<void> {
  const { schema } = address;
  if (schema === null) throw new Error('--citus wants a schema of the cluster: --schema');
  const workers = mustHaveWorkers(await readWorkers(db), address.urlSetting ?? 'DATABASE_URL');
  if ((await readPlace(db)) !== undefined) return;
  print(`${schema} is given to one of ${workers.length} workers`);
  await distributeSchema(db, schema);
}

/** `host:port`; undefined: it is none. */
export function parseWorker(text: string): Worker | undefined {
  const [, host, port] = /^([\w.-]+):(\d{1,5})$/.exec(text) ?? [];
  return host === undefined ? undefined : { host, port: Number(port) };
}

export async function moveToWorker(
  cells: Cells,
  name: string,
  where: string,
  print: Print,
): Promise<void> {
  const cell = cells.everywhere.find((one) => one.name === name);
  if (cell === undefined) {
    const names = cells.everywhere.map((one) => one.name).join(', ');
    throw new Error(`no cell ${name}; there are: ${names}`);
  }
  const { db } = cell;
  const { addresses } = await readCells(cells.home);
  const schema = addresses.find((address) => address.name === name)?.schema ?? '';
  const from = await readPlace(db);
  if (from === undefined)
    throw new Error(`${name} is not on Citus: move its shards (hutong cells)`);
  const workers = await readWorkers(db);
  const to = parseWorker(where);
  const isKnown = workers.some(({ host, port }) => host === to?.host && port === to.port);
  if (to === undefined || !isKnown) {
    const names = workers.map(({ host, port }) => `${host}:${port}`).join(', ');
    throw new Error(`${where} is no worker of the cluster; there are: ${names}`);
  }
  if (from === where) throw new Error(`${name} is on ${where} already`);
  print(`${name}: from ${from} to ${where}`);
  const startedMs = performance.now();
  await moveSchema(db, schema, to);
  print(`${name} is on ${where}, after ${Math.round(performance.now() - startedMs)} ms`);
  print(`a mistake? hutong cells move ${name} ${from}`);
}
