/**
 * A table as data: columns with their SQL type and how a row gives their value. From it come the
 * one statement that inserts or updates a whole batch (arrays through unnest) and its parameters.
 */
import { assert } from '../core/assert.ts';
import { bigintArray, boolArray, intArray, jsonbArray, textArray } from './arrays.ts';
import type { Session, Statement } from './db.ts';

type ColumnType = 'bigint' | 'smallint' | 'integer' | 'text' | 'jsonb' | 'boolean';

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
  /** Insert, leaving rows that exist alone; returns the keys that were inserted. */
  readonly claim: Statement;
  readonly upsert: Statement;
  readonly columns: readonly Column<T>[];
}

export function table<T>(
  name: string,
  key: readonly string[],
  columns: readonly Column<T>[],
): Table<T> {
  const names = columns.map((column) => column.name).join(', ');
  const casts = columns.map((column, index) => `$${index + 1}::${column.type}[]`).join(', ');
  const insert = `insert into ${name} (${names}) select * from unnest(${casts})`;
  const updates = columns
    .filter((column) => column.fixed !== true && !key.includes(column.name))
    .map((column) => `${column.name} = excluded.${column.name}`);
  const conflict = `on conflict (${key.join(', ')})`;
  return {
    name,
    columns,
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
  };
}

export function tableValues<T>(from: Pick<Table<T>, 'columns'>, rows: readonly T[]): string[] {
  return from.columns.map((column) => encode(column.type, rows.map(column.value)));
}

function encode(type: ColumnType, values: readonly unknown[]): string {
  switch (type) {
    case 'bigint':
      return bigintArray(values as readonly (bigint | number | null)[]);
    case 'smallint':
    case 'integer':
      return intArray(values as readonly (number | null)[]);
    case 'boolean':
      return boolArray(values as readonly (boolean | null)[]);
    case 'text':
      return textArray(values as readonly (string | null)[]);
    case 'jsonb':
      return jsonbArray(values);
  }
}

/** Sends one statement for all rows; nothing for none. */
export async function upsertAll<T>(
  session: Session,
  into: Table<T>,
  rows: readonly T[],
): Promise<void> {
  if (rows.length > 0) await session.run(into.upsert, tableValues(into, rows));
}

export async function insertAll<T>(
  session: Session,
  into: Table<T>,
  rows: readonly T[],
): Promise<void> {
  if (rows.length > 0) await session.run(into.insert, tableValues(into, rows));
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
