/**
 * A database whose shards are in cells, each a schema of it, and whose home has none: whoever reads
 * what belongs to a shard at home finds nothing. A test looks at them all through a schema of its
 * own, whose tables have the cells' as children (and views where those are partitioned).
 */
import type { Db } from '../../src/database/db.ts';
import { makeSchema, migrate } from '../../src/database/migrate.ts';
import { openPostgres } from '../../src/database/postgres.ts';
import { SHARD_COUNT } from '../../src/kernel/id.ts';
import { readCells } from '../../src/store/cell/map.ts';
import { type Cell, type Cells, createCells } from '../../src/store/cells.ts';

/**
 * HUTONG_TEST_CELLS=8: on PostgreSQL, a whole platform works in so many cells, and what belongs to
 * one database is in the schema of a cell, beside a home that is empty. 0 = all is at home.
 */
export const CELL_COUNT = Number(process.env.HUTONG_TEST_CELLS ?? '0');
/** Where a test looks: at all cells, and at home for what is there (as a quoted search path). */
export const EVERY_CELL = 'every_cell","public';

const SHARD_TABLES = `select c.relname::text as name, c.relkind = 'p' as is_partitioned
  from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'shard'
  where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
    and not c.relispartition and c.relname not in ('buyer_erasures', 'buyer_retention',
      'cell_shards', 'cell_moves') order by 1`;

/** An empty database, which is migrated, and whose shards go to HUTONG_TEST_CELLS cells. */
export async function migrateTestCells(url: string): Promise<void> {
  const home = openPostgres({ url, lanes: 1, readers: 1 });
  try {
    await migrate(home);
    if (CELL_COUNT > 0) await makeTestCells(home, url, CELL_COUNT);
  } finally {
    await home.close();
  }
}

/** As `hutong cells add` makes one. */
export async function makeMigratedSchema(
  url: string,
  schema: string,
  work: (db: Db) => Promise<unknown> = async () => undefined,
): Promise<void> {
  const db = openPostgres({ url, lanes: 1, readers: 1, schema });
  try {
    await makeSchema(db, schema);
    await migrate(db);
    await work(db);
  } finally {
    await db.close();
  }
}

/** For clients of a test's own, which look at the rows of every cell. */
export function everyCellUrl(url: string): string {
  return CELL_COUNT === 0 ? url : inSchemas(url, 'every_cell,public');
}

/** The address with a search path. */
export function inSchemas(url: string, schemas: string): string {
  const address = new URL(url);
  address.searchParams.set('options', `-csearch_path=${schemas}`);
  return address.href;
}

/** `home` is migrated, and is left with a map that gives every shard to one of the cells. */
export async function makeTestCells(home: Db, url: string, count: number): Promise<void> {
  const names = Array.from({ length: count }, (_, index) => `c${index + 1}`);
  for (const name of names)
    await makeMigratedSchema(url, name, (db) => db.script(nameTheCell(name)));
  const shards = Array.from(
    { length: SHARD_COUNT },
    (_, shard) => `(${shard}, 'c${(shard % count) + 1}')`,
  );
  await home.script(`
    insert into cells (name, schema, epoch, created_at)
      values ${names.map((name) => `('${name}', '${name}', 1, 0)`).join(', ')};
    insert into cell_shards (shard, cell) values ${shards.join(', ')};
    update cell_map set version = 1;
    update cell_epoch set name = 'home';
    ${await allOfThem(home, names)}`);
}

export const nameTheCell = (name: string): string =>
  `update cell_epoch set epoch = 1, name = '${name}'`;

async function allOfThem(home: Db, names: readonly string[]): Promise<string> {
  const tables = await home.read({ name: 'test_cells.tables', text: SHARD_TABLES }, []);
  const made = tables.map(({ name: table, is_partitioned: isPartitioned }) => {
    if (isPartitioned === true) {
      const parts = names.map((name) => `select * from ${name}.${table}`);
      return `create view every_cell.${table} as ${parts.join(' union all ')};`;
    }
    const children = names.map(
      (name) => `alter table ${name}.${table} inherit every_cell.${table};`,
    );
    return `create table every_cell.${table} (like public.${table} including generated);
      ${children.join(' ')}`;
  });
  return `create schema every_cell; ${made.join('\n')}`;
}

/** As a platform opens them; `connections` are the home's, a cell has one of each. */
export async function openTestCells(
  url: string,
  connections = { lanes: 1, readers: 1 },
): Promise<Cells> {
  const home = openPostgres({ url, ...connections });
  const { map, addresses } = await readCells(home);
  const cells = addresses.map(
    ({ name }): Cell => ({ name, db: openPostgres({ url, lanes: 1, readers: 1, schema: name }) }),
  );
  return createCells(home, map, cells);
}
