/**
 * A table as data: columns with their SQL type and how to get a row's value. From it are built the
 * one statement that inserts or updates a whole batch (arrays through unnest) and its parameters.
 */
import { assert } from '../kernel/assert.ts';
import { type ColumnType, columnArray } from './arrays.ts';
import type { Row, Session, Statement } from './db.ts';

/**
 * `from one_row, unnest(...) as u`: a table beside the parameters, so that Citus gives an insert to
 * the worker that has the schema, instead of reading the parameters' rows into the coordinator.
 */
export const ROWS_OF = 'one_row, unnest';

export interface Column<T> {
  readonly name: string;
  readonly type: ColumnType;
  readonly value: (row: T) => unknown;
  /** Never written again after the insert. */
  readonly fixed?: boolean;
}

export interface Table<T> {
  readonly name: string;
  readonly insert: Statement;
  /** Inserts, skipping rows that exist; returns the keys that were inserted. */
  readonly claim: Statement;
  readonly upsert: Statement;
  /** Updates existing rows: sends their key and the columns that may change. */
  readonly update: Statement;
  readonly columns: readonly Column<T>[];
  readonly mutable: readonly Column<T>[];
  /** The parameters of an insert, for a statement of one's own. */
  readonly casts: string;
}

export function table<T>(
  name: string,
  key: readonly string[],
  columns: readonly Column<T>[],
): Table<T> {
  const names = columns.map((column) => column.name).join(', ');
  const casts = columns.map(arrayParameter).join(', ');
  const insert = `insert into ${name} (${names}) select u.* from ${ROWS_OF}(${casts}) as u`;
  const mutable = columns.filter(({ name, fixed }) => fixed !== true || key.includes(name));
  const changing = mutable.filter((column) => !key.includes(column.name));
  const updates = changing.map((column) => `${column.name} = excluded.${column.name}`);
  const conflict = `on conflict (${key.join(', ')})`;
  return {
    name,
    columns,
    mutable,
    casts,
    insert: { name: `${name}.insert`, text: insert },
    claim: {
      name: `${name}.claim`,
      text: `${insert} on conflict do nothing returning ${key.join(', ')}`,
    },
    upsert: {
      name: `${name}.upsert`,
      text:
        updates.length === 0
          ? `${insert} ${conflict} do nothing`
          : `${insert} ${conflict} do update set ${updates.join(', ')}`,
    },
    update: {
      name: `${name}.update`,
      // If a row is missing, the statement fails, and so does its transaction.
      text: `with changed as (update ${name} t set ${changing.map((column) => `${column.name} = u.${column.name}`).join(', ')}
        from unnest(${mutable.map(arrayParameter).join(', ')})
          as u (${mutable.map((column) => column.name).join(', ')})
        where ${key.map((column) => `t.${column} = u.${column}`).join(' and ')} returning 1)
        select case when count(*) = cardinality($1::${mutable[0]?.type}[]) then 1
          else (count(*) || ' of the rows that were to be updated are there')::integer end as done
        from changed`,
    },
  };
}

/** `$3::bigint[]`: the parameter of a column. */
export function arrayParameter({ type }: { readonly type: ColumnType }, index: number): string {
  return `$${index + 1}::${type === 'id' ? 'bigint' : type}[]`;
}

export function tableValues<T>(from: Pick<Table<T>, 'columns'>, rows: readonly T[]): Buffer[] {
  return from.columns.map(({ type, value }) => columnArray(type, rows, value));
}

/*
 * None of these is async: a row that cannot be encoded throws at once, before COMMIT is sent. As a
 * rejection it would be seen after a COMMIT that was already sent without this statement.
 */

const NOTHING: Promise<readonly Row[]> = Promise.resolve([]);

/** Sends one statement for all rows; nothing if there are none. */
export function upsertAll<T>(
  session: Session,
  into: Table<T>,
  rows: readonly T[],
): Promise<readonly Row[]> {
  return rows.length === 0 ? NOTHING : session.run(into.upsert, tableValues(into, rows));
}

/** Changes existing rows; if one is missing, the transaction fails. */
export function updateAll<T>(
  session: Session,
  into: Table<T>,
  rows: readonly T[],
): Promise<readonly Row[]> {
  if (rows.length === 0) return NOTHING;
  return session.run(into.update, tableValues({ columns: into.mutable }, rows));
}

export function insertAll<T>(
  session: Session,
  into: Table<T>,
  rows: readonly T[],
): Promise<readonly Row[]> {
  return rows.length === 0 ? NOTHING : session.run(into.insert, tableValues(into, rows));
}

/** Several statements as one promise that need not be awaited: COMMIT reports a failure. */
export function together<T extends readonly unknown[]>(
  sent: readonly [...{ [K in keyof T]: Promise<T[K]> }],
): Promise<T> {
  const all = Promise.all(sent) as Promise<unknown> as Promise<T>;
  all.catch(() => undefined);
  return all;
}

/** A bigint column that fits a JavaScript number: times, counts. */
export function toNumber(value: unknown): number {
  const number = Number(value);
  assert(Number.isSafeInteger(number), 'a stored number is a safe integer');
  return number;
}

export function toNumberOrNull(value: unknown): number | null {
  return value === null ? null : toNumber(value);
}
