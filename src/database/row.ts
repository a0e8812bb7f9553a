/**
 * The columns of an object's rows as one list: for each of its fields the column that holds it, and
 * its encoding. The same list writes and reads; a field without a column, or with a column of
 * another type, does not compile. Columns come in the order of the list.
 *
 * SQL NULL is null both ways; whether a column allows it is declared by the table (`not null`).
 */
import { formatId, type Id, type IdKind } from '../kernel/id.ts';
import type { ColumnType } from './arrays.ts';
import type { Row } from './db.ts';
import { type Column, toNumber } from './table.ts';

/** One column and the type of its values. */
export interface Field<V> {
  readonly name: string;
  readonly type: ColumnType;
  readonly fixed: boolean;
  /** Converts to what arrays.ts encodes; absent: the value as it is. */
  readonly write?: (value: V) => unknown;
  /** Converts from what db.ts returns; absent: the value as it is. */
  readonly read?: (stored: unknown) => V;
}

export type Fields<T> = { readonly [K in keyof T]-?: Field<T[K]> };

/** Never written again after the insert. */
type Fixed = 'fixed';

function field<V>(
  name: string,
  type: ColumnType,
  fixed: Fixed | undefined,
  ways: Pick<Field<V>, 'read' | 'write'> = {},
): Field<V> {
  return { name, type, fixed: fixed === 'fixed', ...ways };
}

function orNull<V>(read: (stored: unknown) => unknown): (stored: unknown) => V {
  return (stored) => (stored === null ? null : read(stored)) as V;
}

export function id<K extends IdKind, V extends Id<K> | null>(
  kind: K,
  name: string,
  fixed?: Fixed,
): Field<V> {
  return field(name, 'id', fixed, { read: orNull((stored) => formatId(kind, stored as bigint)) });
}

/** As it is, or read as one of a set. */
export function text<V extends string | null>(
  name: string,
  fixed?: Fixed,
  read?: (stored: unknown) => V,
): Field<V> {
  return field(name, 'text', fixed, read === undefined ? {} : { read });
}

export function flag<V extends boolean | null>(name: string, fixed?: Fixed): Field<V> {
  return field(name, 'boolean', fixed);
}

export function fen<V extends bigint | null>(name: string, fixed?: Fixed): Field<V> {
  return field(name, 'bigint', fixed);
}

/** A time in milliseconds: bigint in the database, number here. */
export function moment<V extends number | null>(name: string, fixed?: Fixed): Field<V> {
  return field(name, 'bigint', fixed, { read: orNull(toNumber) });
}

export function integer<V extends number | null>(name: string, fixed?: Fixed): Field<V> {
  return field(name, 'integer', fixed, { read: orNull(toNumber) });
}

export function smallint<V extends number | null>(name: string, fixed?: Fixed): Field<V> {
  return field(name, 'smallint', fixed, { read: orNull(toNumber) });
}

/** As it is, or with its own conversion: JSON cannot hold a bigint. */
export function json<V>(
  name: string,
  fixed?: Fixed,
  ways?: Required<Pick<Field<V>, 'read' | 'write'>>,
): Field<V> {
  return field(name, 'jsonb', fixed, ways);
}

/** The list for writing: `R` is what is saved, `of` gets the object from it. */
export function columnsOf<T, R>(fields: Fields<T>, of: (row: R) => T): Column<R>[] {
  return entriesOf(fields).map(([key, { name, type, fixed, write }]) => ({
    name,
    type,
    fixed,
    value: write === undefined ? (row) => of(row)[key] : (row) => write(of(row)[key]),
  }));
}

/** The list for reading. */
export function readerOf<T>(fields: Fields<T>): (row: Row) => T {
  const entries = entriesOf(fields);
  return (row) => {
    const object: Partial<Record<keyof T, unknown>> = {};
    for (const [key, { name, read }] of entries) {
      object[key] = read === undefined ? row[name] : read(row[name]);
    }
    return object as T;
  };
}

function entriesOf<T>(fields: Fields<T>): [keyof T, Field<T[keyof T]>][] {
  return Object.entries(fields) as [keyof T, Field<T[keyof T]>][];
}
