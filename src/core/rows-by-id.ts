/**
 * Rows of a state by their id. Short lists are searched; a long one gets an index when it is first
 * asked, which its copies share, so that a decision on many rows is linear. Rows may be appended to
 * a list and replaced in place under the same id, never moved or removed.
 */

export interface Identified {
  readonly id: string;
}

/** Up to here a search is faster than an index. */
const SHORT_LENGTH = 8;

interface Index {
  /** Shared by a list and its copies: each has these rows at these places, and its own beyond. */
  readonly places: Map<string, number>;
  /** How many rows of this very list are in it. */
  count: number;
}

const INDEXES = new WeakMap<readonly Identified[], Index>();

/** Where the row stands; -1: it is not there. */
export function placeOf(rows: readonly Identified[], id: string): number {
  if (rows.length <= SHORT_LENGTH) return rows.findIndex((row) => row.id === id);
  const place = placesOf(rows).get(id);
  if (place === undefined) return -1;
  // Another copy may have appended a row of this id at another place.
  return rows[place]?.id === id ? place : rows.findIndex((row) => row.id === id);
}

function placesOf(rows: readonly Identified[]): ReadonlyMap<string, number> {
  let index = INDEXES.get(rows);
  if (index === undefined) {
    index = { places: new Map(), count: 0 };
    INDEXES.set(rows, index);
  }
  for (; index.count < rows.length; index.count += 1) {
    const row = rows[index.count];
    if (row !== undefined) index.places.set(row.id, index.count);
  }
  return index.places;
}

export function rowOf<T extends Identified>(rows: readonly T[], id: string): T | undefined {
  const place = placeOf(rows, id);
  return place < 0 ? undefined : rows[place];
}

/** To be changed in place. */
export function copyOf<T extends Identified>(rows: readonly T[]): T[] {
  const copy = [...rows];
  const index = INDEXES.get(rows);
  if (index !== undefined) INDEXES.set(copy, { ...index });
  return copy;
}
