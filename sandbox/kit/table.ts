/**
 * The rows of a gateway, by their keys and by their other numbers. Rows are in the journal; indexes
 * and due times are rebuilt from them at start and follow every put. A row is read in its current
 * state: an expired one ends at the next access. A read and the put after it are one synchronous
 * step, so that of a concurrent close and payment exactly one comes first.
 */
import type { DueIndex } from './due-index.ts';
import type { CityKit } from './kit.ts';

export interface Table<T, I extends string> {
  readonly get: (key: string) => T | undefined;
  readonly values: () => Iterable<T>;
  readonly put: (row: T) => T;
  /** The newest row with that value in an index. */
  readonly find: (index: I, name: string) => T | undefined;
  /** Every row with that value, oldest first. */
  readonly list: (index: I, name: string) => T[];
}

/** When work on a row is due; null = never, or no longer. */
type DueTime<T> = (row: T) => number | null;

interface Shape<T, I extends string> {
  readonly keyOf: (row: T) => string;
  readonly indexes: Readonly<Record<I, (row: T) => readonly string[]>>;
  /** When a row expires, and the expired row. */
  readonly expiry?: { readonly at: DueTime<T>; readonly ended: (row: T) => T };
  /** Other due work on a row (a refund settles); `run` puts the new row. */
  readonly work?: { readonly at: DueTime<T>; readonly run: (row: T) => void };
}

export function openTable<T, I extends string>(
  { kit, due }: { readonly kit: CityKit; readonly due: DueIndex },
  collection: string,
  { keyOf, indexes, expiry, work }: Shape<T, I>,
): Table<T, I> {
  const rows = kit.journal.collection<T>(collection);
  const keysByName = new Map<string, string[]>();

  function watch(row: T, at: DueTime<T>, run: (row: T) => void): void {
    const [key, dueMs] = [keyOf(row), at(row)];
    if (dueMs === null) return;
    const owed = () => {
      const kept = rows.get(key);
      return kept !== undefined && at(kept) === dueMs ? () => run(kept) : undefined;
    };
    due.watch({ dueMs, owed });
  }

  function index(row: T): void {
    for (const name of Object.keys(indexes) as I[]) {
      for (const text of indexes[name](row)) {
        const keys = keysByName.get(`${name} ${text}`) ?? [];
        if (!keys.includes(keyOf(row))) keys.push(keyOf(row));
        keysByName.set(`${name} ${text}`, keys);
      }
    }
    if (expiry !== undefined) watch(row, expiry.at, (open) => put(expiry.ended(open)));
    if (work !== undefined) watch(row, work.at, work.run);
  }

  function put(row: T): T {
    rows.put(keyOf(row), row);
    index(row);
    return row;
  }

  function get(key: string): T | undefined {
    const row = rows.get(key);
    const endsMs = row === undefined ? null : (expiry?.at(row) ?? null);
    const isOver = endsMs !== null && kit.clock.nowMs() >= endsMs;
    return isOver && row !== undefined && expiry !== undefined ? put(expiry.ended(row)) : row;
  }

  const list = (name: I, text: string): T[] =>
    (keysByName.get(`${name} ${text}`) ?? []).flatMap((key) => get(key) ?? []);
  for (const row of rows.values()) index(row);
  return {
    ...{ get, put, list },
    find: (name, text) => list(name, text).at(-1),
    values: function* () {
      for (const row of rows.values()) yield get(keyOf(row)) ?? row;
    },
  };
}
