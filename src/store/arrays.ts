/**
 * PostgreSQL array literals. A batch saves a table with one statement: every column is one text
 * parameter, cast in the SQL (`unnest($1::bigint[], $2::text[])`), so that both engines get the
 * same bytes and no driver guesses a type. null and undefined are SQL NULL.
 */
export type Nullable<T> = T | null | undefined;

export function bigintArray(values: readonly Nullable<bigint | number>[]): string {
  return plainArray(values);
}

export function intArray(values: readonly Nullable<number>[]): string {
  return plainArray(values);
}

export function boolArray(values: readonly Nullable<boolean>[]): string {
  return plainArray(values);
}

export function textArray(values: readonly Nullable<string>[]): string {
  let literal = '{';
  for (let index = 0; index < values.length; index += 1) {
    if (index > 0) literal += ',';
    const value = values[index];
    literal += value === null || value === undefined ? 'NULL' : quoted(value);
  }
  return `${literal}}`;
}

/**
 * jsonb[]: null and undefined are SQL NULL, since a nullable jsonb column means "nothing here" and
 * never the JSON null. A bigint is refused by JSON.stringify: money in JSON is put there as an
 * integer by its owner.
 */
export function jsonbArray(values: readonly unknown[]): string {
  let literal = '{';
  for (let index = 0; index < values.length; index += 1) {
    if (index > 0) literal += ',';
    const value = values[index];
    // JSON text has no raw control characters, so its JSON string escapes what an array must.
    literal +=
      value === null || value === undefined ? 'NULL' : JSON.stringify(JSON.stringify(value));
  }
  return `${literal}}`;
}

/** Digits and true/false never need quotes. */
function plainArray(values: readonly Nullable<bigint | number | boolean>[]): string {
  let literal = '{';
  for (let index = 0; index < values.length; index += 1) {
    if (index > 0) literal += ',';
    const value = values[index];
    literal += value === null || value === undefined ? 'NULL' : value;
  }
  return `${literal}}`;
}

const SPECIAL = /["\\]/;
const SPECIALS = /["\\]/g;

/** Always in quotes: so the empty string and the word NULL stay themselves. */
function quoted(value: string): string {
  return SPECIAL.test(value) ? `"${value.replace(SPECIALS, '\\$&')}"` : `"${value}"`;
}
