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

/** HUTONG_TEST_CELLS=8: suites that see only the API run on so many cells. 0 = all is at home. */
export const CELL_COUNT = Number(process.env.HUTONG_TEST_CELLS ?? '0');
/** Where a test looks: at all cells, and at home for what is there (as a quoted search path). */
export const EVERY_CELL = 'every_cell","public';

const SHARD_TABLES = `select c.relname::text as name, c.relkind = 'p' as is_partitioned
  from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'shard'
  where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
    and not c.relispartition and c.relname not in ('buyer_erasures', 'buyer_retention',
      'cell_shards', 'cell_moves') order by 1`;

/** `home` is migrated, and is left with a map that gives every shard to one of the cells. */
export async function makeTestCells(home: Db, url: string, count: number): Promise<void> {
  const names = Array.from({ length: count }, (_, index) => `c${index + 1}`);
  for (const name of names) {
    const db = openPostgres({ url, lanes: 1, readers: 1, schema: name });
    await makeSchema(db, name);
    await migrate(db);
    await db.script(`update cell_epoch set epoch = 1, name = '${name}'`);
    await db.close();
  }
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

export async function openTestCells(url: string): Promise<Cells> {
  const home = openPostgres({ url, lanes: 1, readers: 1 });
  const { map, addresses } = await readCells(home);
  const cells = addresses.map(
    ({ name }): Cell => ({ name, db: openPostgres({ url, lanes: 1, readers: 1, schema: name }) }),
  );
  return createCells(home, map, cells);
}
