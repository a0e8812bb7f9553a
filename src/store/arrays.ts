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
  return textArray(
    values.map((value) => (value === null || value === undefined ? null : JSON.stringify(value))),
  );
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

// Letters, digits and the signs that ids, order numbers and states are made of stand bare: most
// cells take this path. The empty string and the word NULL must be quoted to stay themselves.
const BARE = /^[0-9A-Za-z_.:/+=@-]+$/;
const SPECIAL = /["\\]/;
const SPECIALS = /["\\]/g;

function quoted(value: string): string {
  if (BARE.test(value) && !isNullWord(value)) return value;
  return SPECIAL.test(value) ? `"${value.replace(SPECIALS, '\\$&')}"` : `"${value}"`;
}

function isNullWord(value: string): boolean {
  return value.length === 4 && value.toUpperCase() === 'NULL';
}
