/**
 * Cells: databases that hold the 256 shards between them. Whatever belongs to a shard stands in one
 * cell, and no transaction spans two. Reference data (marketplaces, merchants, credentials, keys)
 * stands in the home, which is where `DATABASE_URL` leads: written once, and read from there.
 *
 * With one database there is one cell, and all of this is a look-up in an array.
 */
import { smallintArray } from '../database/arrays.ts';
import type { Db } from '../database/db.ts';
import { must } from '../kernel/assert.ts';
import { SHARD_COUNT } from '../kernel/id.ts';

export interface Cell {
  /** `home` for the home's own. */
  readonly name: string;
  readonly db: Db;
}

/** Which cell holds which shard, at one moment. */
export interface CellMap {
  /** Grows with every change. */
  readonly version: number;
  /** By shard, the name of its cell. */
  readonly cellOf: readonly string[];
  /** By name; a batch is stamped only under its cell's current one. */
  readonly epochs: ReadonlyMap<string, number>;
  /** Shards that are being moved at this moment: what they are sent waits. */
  readonly moving: ReadonlySet<number>;
}

export interface Cells {
  readonly home: Db;
  /** Those that hold shards, in the order of their first shard. */
  readonly all: readonly Cell[];
  /** The home and all others, whether they hold shards or not. */
  readonly everywhere: readonly Cell[];
  readonly map: CellMap;
  readonly of: (shard: number) => Db;
  readonly at: (shard: number) => Cell;
  /** From now on; every cell that the map names is open. */
  readonly use: (map: CellMap, opened?: readonly Cell[]) => void;
  readonly close: () => Promise<void>;
}

export const HOME_CELL = 'home';
const ALL_AT_HOME: CellMap = {
  version: 0,
  cellOf: Array.from({ length: SHARD_COUNT }, () => HOME_CELL),
  epochs: new Map([[HOME_CELL, 0]]),
  moving: new Set(),
};

/** Everything in one database. */
export function oneCell(home: Db): Cells {
  return createCells(home, ALL_AT_HOME, []);
}

export function createCells(home: Db, map: CellMap, opened: readonly Cell[]): Cells {
  const known = new Map<string, Cell>([[HOME_CELL, { name: HOME_CELL, db: home }]]);
  let placed = place(map, opened);

  function place(wanted: CellMap, more: readonly Cell[]) {
    for (const cell of more) known.set(cell.name, cell);
    const shards = wanted.cellOf.map((name) => must(known.get(name), `the open cell ${name}`));
    return { map: wanted, shards, all: [...new Set(shards)], everywhere: [...known.values()] };
  }

  return {
    home,
    get all() {
      return placed.all;
    },
    get everywhere() {
      return placed.everywhere;
    },
    get map() {
      return placed.map;
    },
    of: (shard) => must(placed.shards[shard], 'a shard is 0 to 255').db,
    at: (shard) => must(placed.shards[shard], 'a shard is 0 to 255'),
    use: (wanted, more = []) => {
      if (wanted.version >= placed.map.version) placed = place(wanted, more);
    },
    close: async () => {
      await Promise.all(placed.everywhere.map(({ db }) => db.close()));
    },
  };
}

/** For lists of reference data. */
export function homeOnly({ everywhere, map }: Cells): Pick<Cells, 'all' | 'map'> {
  return { all: everywhere.slice(0, 1), map };
}

/** The shards of a cell; null = all of them are there. While they move, rows of others are, too. */
export function shardsIn({ all, map }: Pick<Cells, 'all' | 'map'>, name: string): Buffer | null {
  if (all.length === 1) return null;
  return smallintArray(map.cellOf.flatMap((cell, shard) => (cell === name ? [shard] : [])));
}

/** As SQL: the row is of one of the shards that are given by `parameter`, or all are. */
export const ofShards = (parameter: string, shard = 'shard'): string =>
  `(${parameter}::smallint[] is null or ${shard} = any(${parameter}))`;

/** What every cell answers of its own shards, in their order. */
export function inEachCell<T>(
  cells: Pick<Cells, 'all' | 'map'>,
  read: (db: Db, shards: Buffer | null) => Promise<T>,
): Promise<T[]> {
  return Promise.all(cells.all.map(({ name, db }) => read(db, shardsIn(cells, name))));
}

/** Asks each cell for those of the items that are in it, at once; nobody is asked for nothing. */
export async function byCell<I, T>(
  cells: Cells,
  items: readonly I[],
  shardOf: (item: I) => number,
  read: (db: Db, items: readonly I[]) => Promise<readonly T[]>,
): Promise<readonly T[]> {
  const [only, another] = cells.all;
  if (only !== undefined && another === undefined) return read(only.db, items);
  const parts = new Map<Db, I[]>();
  for (const item of items) {
    const db = cells.of(shardOf(item));
    const part = parts.get(db);
    if (part === undefined) parts.set(db, [item]);
    else part.push(item);
  }
  const answers = [...parts].map(([db, part]) => read(db, part));
  return (await Promise.all(answers)).flat();
}
