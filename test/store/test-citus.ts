/**
 * HUTONG_TEST_CITUS_URL: the coordinator of a Citus cluster with workers. Suites of PostgreSQL run
 * there then: what is one database's in a schema that a worker has, a platform with its home on the
 * coordinator and one such schema as its cell.
 */
import { randomBytes } from 'node:crypto';
import { openPostgres } from '../../src/database/postgres.ts';
import { must } from '../../src/kernel/assert.ts';
import { distributeSchema, readPlace } from '../../src/store/cell/citus.ts';
import { HOME_CELL } from '../../src/store/cells.ts';
import { inSchemas, makeMigratedSchema, nameTheCell } from './test-cells.ts';

export const CITUS_URL = process.env.HUTONG_TEST_CITUS_URL;

export interface CitusHome {
  readonly url: string;
  readonly drop: () => Promise<void>;
}

const newName = (): string => `t_${randomBytes(6).toString('hex')}`;

/** A migrated schema of a worker, as if it were a database. */
export async function makeCitusSchema(coordinator: string): Promise<CitusHome> {
  const schema = newName();
  await makeMigratedSchema(coordinator, schema, (db) => distributeSchema(db, schema));
  return { url: inSchemas(coordinator, schema), drop: () => dropSchemas(coordinator, [schema]) };
}

/** A home whose shards are all in a cell of a worker. */
export async function makeCitusCell(
  coordinator: string,
): Promise<CitusHome & { readonly everyCellUrl: string; readonly worker: string }> {
  const home = newName();
  const cell = `${home}_c1`;
  let worker: string | undefined;
  await makeMigratedSchema(coordinator, cell, async (db) => {
    await db.script(nameTheCell(cell));
    await distributeSchema(db, cell);
    worker = await readPlace(db);
  });
  await makeMigratedSchema(coordinator, home, (db) =>
    db.script(`
      insert into cells (name, schema, epoch, created_at) values ('${cell}', '${cell}', 1, 0);
      insert into cell_shards (shard, cell)
        select shard, '${cell}' from generate_series(0, 255) shard;
      update cell_map set version = 1;
      update cell_epoch set name = '${HOME_CELL}'`),
  );
  return {
    url: inSchemas(coordinator, home),
    everyCellUrl: inSchemas(coordinator, `${cell},${home}`),
    worker: must(worker, 'the worker of a cell'),
    drop: () => dropSchemas(coordinator, [cell, home]),
  };
}

async function dropSchemas(coordinator: string, names: readonly string[]): Promise<void> {
  const db = openPostgres({ url: coordinator, lanes: 1, readers: 1 });
  try {
    for (const name of names) await db.script(`drop schema ${name} cascade`);
  } finally {
    await db.close();
  }
}
