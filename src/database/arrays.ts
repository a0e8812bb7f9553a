/**
 * PostgreSQL arrays in the protocol's binary format. A batch saves a table with one statement:
 * every column is one array parameter, cast in the SQL (`unnest($1::bigint[], $2::text[])`), so
 * that both engines get the same bytes and no driver guesses a type. null and undefined are SQL
 * NULL. An element type that is not the cast's is refused by the server, never converted.
 *
 * Layout, all big-endian: dimensions (0 when empty, else 1), has-nulls, element type, length,
 * lower bound 1; then for each element its byte length (-1 for NULL) and its bytes.
 */
import { type Id, idWords } from '../kernel/id.ts';
import { DbRejected } from './db.ts';

export type Nullable<T> = T | null | undefined;

/** Element types by their number in pg_type, the same in every PostgreSQL. */
const TYPE = { bool: 16, int8: 20, int2: 21, int4: 23, text: 25, jsonb: 3802 } as const;
const HEADER_BYTES = 20;
const EMPTY_BYTES = 12;
const JSONB_VERSION = 1;
/** UTF-8 needs at most so many bytes for one UTF-16 unit. */
const UTF8_BYTES_MAX = 3;
/** Below this many characters, a loop over ASCII is faster than a call into the runtime. */
const SHORT_TEXT = 32;

/** Arrays are written here and copied out: only one is ever being written at a time. */
let scratch = Buffer.allocUnsafeSlow(1 << 20);
let position = 0;

/** One bigint seen as its two halves, without arithmetic on bigints. */
const wide = new BigInt64Array(1);
const halves = new Int32Array(wide.buffer);
const [LOW, HIGH] = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? [0, 1] : [1, 0];
const TWO_TO_32 = 2 ** 32;

function reserve(byteCount: number): void {
  if (position + byteCount <= scratch.length) return;
  const larger = Buffer.allocUnsafeSlow(Math.max(2 * scratch.length, position + byteCount));
  scratch.copy(larger, 0, 0, position);
  scratch = larger;
}

function putInt32(value: number): void {
  const bytes = scratch;
  bytes[position] = value >> 24;
  bytes[position + 1] = value >> 16;
  bytes[position + 2] = value >> 8;
  bytes[position + 3] = value;
  position += 4;
}

/** An array of what `pick` returns per row; `put` writes the values that are not null. */
function arrayOf<R, T>(
  type: number,
  rows: readonly R[],
  pick: (row: R) => Nullable<T>,
  put: (value: T) => void,
): Buffer {
  position = 0;
  if (rows.length === 0) {
    putInt32(0);
    putInt32(0);
    putInt32(type);
    return Buffer.from(scratch.subarray(0, EMPTY_BYTES));
  }
  reserve(HEADER_BYTES);
  position = HEADER_BYTES;
  let hasNulls = 0;
  for (const row of rows) {
    const value = pick(row);
    if (value === null || value === undefined) {
      hasNulls = 1;
      reserve(4);
      putInt32(-1);
    } else put(value);
  }
  const end = position;
  position = 0;
  for (const word of [1, hasNulls, type, rows.length, 1]) putInt32(word);
  return Buffer.from(scratch.subarray(0, end));
}

/** An element of fixed size. */
function fixed(byteCount: number): void {
  reserve(4 + byteCount);
  putInt32(byteCount);
}

/** The error that the server would give for such a number: the batch is bisected, not failed. */
function outOfRange(type: string): DbRejected {
  return new DbRejected(`encode: a number is out of range for ${type}`, { sqlState: '22003' });
}

function putSmallint(value: number): void {
  if ((value << 16) >> 16 !== value) throw outOfRange('smallint');
  fixed(2);
  scratch[position] = value >> 8;
  scratch[position + 1] = value;
  position += 2;
}

function putInt(value: number): void {
  if ((value | 0) !== value) throw outOfRange('integer');
  fixed(4);
  putInt32(value);
}

function putBool(value: boolean): void {
  fixed(1);
  scratch[position] = value ? 1 : 0;
  position += 1;
}

function putBigint(value: bigint | number): void {
  fixed(8);
  if (typeof value === 'bigint') {
    wide[0] = value;
    // The typed array truncates: a value beyond 64 bits reads back changed.
    if (wide[0] !== value) throw outOfRange('bigint');
    putInt32(halves[HIGH] as number);
    putInt32(halves[LOW] as number);
  } else {
    if (!Number.isSafeInteger(value)) throw outOfRange('bigint');
    const high = Math.floor(value / TWO_TO_32);
    putInt32(high);
    putInt32(value - high * TWO_TO_32);
  }
}

function putId(id: Id): void {
  fixed(8);
  const { high, low } = idWords(id);
  putInt32(high);
  putInt32(low);
}

function putText(text: string): void {
  reserve(4 + UTF8_BYTES_MAX * text.length);
  const start = position + 4;
  const byteCount =
    text.length < SHORT_TEXT ? putShortText(text, start) : scratch.write(text, start);
  putInt32(byteCount);
  position = start + byteCount;
}

/** Its byte length. Most columns are short ASCII texts; others take the slower path. */
function putShortText(text: string, start: number): number {
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit > 0x7f) return scratch.write(text, start);
    scratch[start + index] = unit;
  }
  return text.length;
}

function putJson(value: unknown): void {
  const text = JSON.stringify(value);
  reserve(5 + UTF8_BYTES_MAX * text.length);
  const start = position + 4;
  scratch[start] = JSONB_VERSION;
  const byteCount = 1 + scratch.write(text, start + 1);
  putInt32(byteCount);
  position = start + byteCount;
}

/** SQL types, and `id`: a bigint that is an id here. */
export type ColumnType = 'id' | 'bigint' | 'smallint' | 'integer' | 'boolean' | 'text' | 'jsonb';

/**
 * One column of `rows`. A null is SQL NULL in jsonb, too: a nullable jsonb column means "no value"
 * and never holds the JSON null. JSON.stringify refuses a bigint: whoever puts money into JSON
 * converts it to an integer first.
 */
export function columnArray<R>(
  type: ColumnType,
  rows: readonly R[],
  pick: (row: R) => unknown,
): Buffer {
  switch (type) {
    case 'id':
      return arrayOf(TYPE.int8, rows, pick as (row: R) => Nullable<Id>, putId);
    case 'bigint':
      return arrayOf(TYPE.int8, rows, pick as (row: R) => Nullable<bigint | number>, putBigint);
    case 'smallint':
      return arrayOf(TYPE.int2, rows, pick as (row: R) => Nullable<number>, putSmallint);
    case 'integer':
      return arrayOf(TYPE.int4, rows, pick as (row: R) => Nullable<number>, putInt);
    case 'boolean':
      return arrayOf(TYPE.bool, rows, pick as (row: R) => Nullable<boolean>, putBool);
    case 'text':
      return arrayOf(TYPE.text, rows, pick as (row: R) => Nullable<string>, putText);
    case 'jsonb':
      return arrayOf(TYPE.jsonb, rows, pick, putJson);
  }
}

function itself<T>(value: T): T {
  return value;
}

export function smallintArray(values: readonly Nullable<number>[]): Buffer {
  return columnArray('smallint', values, itself);
}

export function intArray(values: readonly Nullable<number>[]): Buffer {
  return columnArray('integer', values, itself);
}

export function bigintArray(values: readonly Nullable<bigint | number>[]): Buffer {
  return columnArray('bigint', values, itself);
}

/** bigint[] of the numbers inside ids. */
export function idArray(values: readonly Nullable<Id>[]): Buffer {
  return columnArray('id', values, itself);
}

export function textArray(values: readonly Nullable<string>[]): Buffer {
  return columnArray('text', values, itself);
}
