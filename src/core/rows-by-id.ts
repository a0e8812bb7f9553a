/**
 * Rows of a state by their id. Short lists are searched; a long one gets an index when it is first
 * asked, so that a decision on many rows is linear. Rows may be appended to a list and replaced in
 * place under the same id, never moved or removed: their places stay right.
 */

export interface Identified {
  readonly id: string;
}

/** Up to here a search is faster than an index. */
const SHORT_LENGTH = 8;

const PLACES = new WeakMap<readonly Identified[], Map<string, number>>();

/** Where the row stands; -1: it is not there. */
export function placeOf(rows: readonly Identified[], id: string): number {
  if (rows.length <= SHORT_LENGTH) return rows.findIndex((row) => row.id === id);
  let places = PLACES.get(rows);
  if (places === undefined) {
    places = new Map();
    PLACES.set(rows, places);
  }
  // Those that were appended since.
  for (let place = places.size; place < rows.length; place += 1) {
    const row = rows[place];
    if (row !== undefined) places.set(row.id, place);
  }
  return places.get(id) ?? -1;
}

export function rowOf<T extends Identified>(rows: readonly T[], id: string): T | undefined {
  const place = placeOf(rows, id);
  return place < 0 ? undefined : rows[place];
}
