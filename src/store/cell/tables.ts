/**
 * The tables whose rows belong to a shard, as the catalogue has them, and whole rows of them: read
 * as PostgreSQL's own text of a row and written from it, so that nothing is lost on the way.
 */
import { smallintArray, textArray } from '../../database/arrays.ts';
import type { Db, Row, Session, Statement } from '../../database/db.ts';
import { statements } from '../../database/statements.ts';
import { ROWS_OF } from '../../database/table.ts';

export interface ShardTable {
  readonly name: string;
  /** The primary key; `shard` is one of its columns. */
  readonly key: readonly { readonly name: string; readonly type: string }[];
  /** Without those that the server computes. */
  readonly columns: readonly string[];
}

/** A row, as `text`, and the values of its key, as JSON. */
export interface RowText {
  readonly key: string;
  readonly row: string;
}

const CATALOGUE = statements('cell_tables', {
  // Reference data and the map itself have shards in another sense.
  all: `select c.relname::text as name,
      (select jsonb_agg(jsonb_build_array(k.attname, format_type(k.atttypid, k.atttypmod))
          order by array_position(i.indkey::int2[], k.attnum))
        from pg_index i join pg_attribute k on k.attrelid = c.oid and k.attnum = any (i.indkey)
        where i.indrelid = c.oid and i.indisprimary) as key,
      (select jsonb_agg(k.attname order by k.attnum) from pg_attribute k
        where k.attrelid = c.oid and k.attnum > 0 and not k.attisdropped
          and k.attgenerated = '') as columns
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'shard'
    where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p')
      and not c.relispartition
      and c.relname not in ('buyer_erasures', 'cell_shards', 'cell_moves')
    order by c.relname`,
});

export async function readShardTables(db: Db): Promise<readonly ShardTable[]> {
  return (await db.read(CATALOGUE.all, [])).map((row) => ({
    name: row.name as string,
    key: (row.key as [string, string][]).map(([name, type]) => ({ name, type })),
    columns: row.columns as string[],
  }));
}

/** Those of the shards that have rows in the table: most have none in most tables. */
export async function readShardsOf(
  db: Db,
  { name }: ShardTable,
  shards: readonly number[],
): Promise<readonly number[]> {
  const statement = {
    name: `cell_rows.${name}.shards`,
    text: `select s.shard from unnest($1::smallint[]) as s (shard)
      where exists (select from ${name} t where t.shard = s.shard) order by 1`,
  };
  const rows = await db.read(statement, [smallintArray(shards)]);
  return rows.map(({ shard }) => shard as number);
}

const keyOf = ({ key }: ShardTable): string =>
  `jsonb_build_array(${key.map(({ name }) => `t.${name}`).join(', ')})`;

/** A page of one shard's rows in the order of their key, behind `after`. */
export function readRowTexts(
  db: Db,
  table: ShardTable,
  page: { readonly shard: number; readonly after: string | null; readonly limit: number },
): Promise<readonly RowText[]> {
  const { name, key } = table;
  const columns = key.map((column) => `t.${column.name}`).join(', ');
  const last = key.map(({ type }, index) => `($3::jsonb ->> ${index})::${type}`).join(', ');
  const behind = page.after === null ? '' : `and (${columns}) > (${last})`;
  const statement = {
    name: `cell_rows.${name}.${page.after === null ? 'first' : 'next'}`,
    text: `select ${keyOf(table)}::text as key, t::text as row from ${name} t
      where t.shard = $1 ${behind} order by ${columns} limit $2`,
  };
  const values = [page.shard, page.limit, ...(page.after === null ? [] : [page.after])];
  return db.read(statement, values).then((rows) => rows.map(toRowText));
}

/** As they are now; one that is gone is left out. */
export function readRowsByKey(
  db: Db,
  table: ShardTable,
  keys: readonly string[],
): Promise<readonly RowText[]> {
  const statement = {
    name: `cell_rows.${table.name}.by_key`,
    text: `select ${keyOf(table)}::text as key, t::text as row
      from unnest($1::text[]) as k (key) join ${table.name} t on ${isKey(table)}`,
  };
  return db.read(statement, [textArray(keys)]).then((rows) => rows.map(toRowText));
}

function toRowText({ key, row }: Row): RowText {
  return { key: key as string, row: row as string };
}

const isKey = ({ key }: ShardTable): string =>
  key
    .map(({ name, type }, index) => `t.${name} = (k.key::jsonb ->> ${index})::${type}`)
    .join(' and ');

export function putRowTexts(
  session: Session,
  table: ShardTable,
  rows: readonly RowText[],
): Promise<unknown> {
  if (rows.length === 0) return Promise.resolve();
  return session.run(putStatement(table), [arrayLiteral(rows.map(({ row }) => row))]);
}

function putStatement({ name, key, columns }: ShardTable): Statement {
  const keys = key.map((column) => column.name);
  const rest = columns.filter((column) => !keys.includes(column));
  const set = rest.map((column) => `${column} = excluded.${column}`).join(', ');
  return {
    name: `cell_rows.${name}.put`,
    text: `insert into ${name} (${columns.join(', ')})
      select ${columns.map((column) => `(s.r).${column}`).join(', ')}
      from (select u as r from ${ROWS_OF}($1::${name}[]) as u) s
      on conflict (${keys.join(', ')}) do ${rest.length === 0 ? 'nothing' : `update set ${set}`}`,
  };
}

/** Of texts that the server wrote: an array of rows, as the server reads it. */
function arrayLiteral(texts: readonly string[]): string {
  return `{${texts.map((text) => `"${text.replaceAll(/["\\]/g, '\\$&')}"`).join(',')}}`;
}

export function dropRowsByKey(
  session: Session,
  table: ShardTable,
  keys: readonly string[],
): Promise<unknown> {
  const statement = {
    name: `cell_rows.${table.name}.drop`,
    text: `delete from ${table.name} t using unnest($1::text[]) as k (key) where ${isKey(table)}`,
  };
  return session.run(statement, [textArray(keys)]);
}
