/** The map of cells as the home keeps it, with their addresses. */
import type { Db } from '../../database/db.ts';
import { statements } from '../../database/statements.ts';
import { toNumber } from '../../database/table.ts';
import { SHARD_COUNT } from '../../kernel/id.ts';
import { type AuditNote, noteChange } from '../audit/audited.ts';
import { type CellMap, HOME_CELL } from '../cells.ts';

const SQL = statements('cells', {
  // One statement: a map of one moment.
  map: `select (select version from cell_map) as version, c.name, c.url_setting, c.schema, c.epoch,
      (select array_agg(s.shard::integer) from cell_shards s where s.cell = c.name) as shards,
      (select array_agg(m.shard::integer) from cell_moves m
        where m.source = c.name and m.stage = 'fenced') as moving
    from cells c order by c.created_at, c.name`,
  isThere: "select to_regclass('cell_map') is not null as is_there",
  add: `insert into cells (name, url_setting, schema, epoch, created_at)
    values ($1, $2, $3, $4, $5)`,
  raiseVersion: 'update cell_map set version = version + 1',
});
const OWN_NAME = statements('cell_epoch', {
  read: 'select epoch, name from cell_epoch',
  set: 'update cell_epoch set name = $1 where name is null',
});

/** Where a cell is. */
export interface CellAddress {
  readonly name: string;
  /** The setting with its address; null = in the home's database. */
  readonly urlSetting: string | null;
  /** null = what the address leads to. */
  readonly schema: string | null;
}

export interface StoredCells {
  readonly map: CellMap;
  /** Without the home. */
  readonly addresses: readonly CellAddress[];
}

export async function readCells(home: Db): Promise<StoredCells> {
  const rows = await home.read(SQL.map, []);
  const cellOf = Array.from({ length: SHARD_COUNT }, () => HOME_CELL);
  const epochs = new Map<string, number>();
  const moving = new Set<number>();
  const addresses: CellAddress[] = [];
  for (const row of rows) {
    const name = row.name as string;
    epochs.set(name, toNumber(row.epoch));
    for (const shard of (row.shards ?? []) as readonly number[]) cellOf[shard] = name;
    for (const shard of (row.moving ?? []) as readonly number[]) moving.add(shard);
    if (name === HOME_CELL) continue;
    const [urlSetting, schema] = [row.url_setting as string | null, row.schema as string | null];
    addresses.push({ name, urlSetting, schema });
  }
  return { map: { version: toNumber(rows[0]?.version), cellOf, epochs, moving }, addresses };
}

/** A database of before cells, or an empty one, has no map. */
export async function hasCellMap(home: Db): Promise<boolean> {
  const [row] = await home.read(SQL.isThere, []);
  return row?.is_there === true;
}

/** The cell's own epoch, and what a home calls it; null = none does. */
export async function readOwnName(
  cell: Db,
): Promise<{ readonly epoch: number; readonly name: string | null }> {
  const [row] = await cell.read(OWN_NAME.read, []);
  return { epoch: toNumber(row?.epoch), name: (row?.name ?? null) as string | null };
}

/** A database is one cell only, whatever addresses lead to it. */
export async function nameCell(cell: Db, name: string): Promise<void> {
  await cell.background((session) => session.run(OWN_NAME.set, [name]));
}

/** It has no shards yet; processes open it as soon as they look at the map. */
export async function addCell(
  home: Db,
  { name, urlSetting, schema }: CellAddress,
  { epoch, note }: { readonly epoch: number; readonly note: AuditNote },
): Promise<void> {
  await home.transaction(0, async (session) => {
    await session.run(SQL.add, [name, urlSetting, schema, epoch, note.atMs]);
    await session.run(SQL.raiseVersion, []);
    const after = { url_setting: urlSetting, schema };
    await noteChange(session, note, { object: name, before: null, after });
  });
}
