/**
 * Pages of lists ordered by id, newest first, for HTTP and CLI; each area's queries select the
 * rows. No decision is based on them.
 */

import { DbRetry, type Row, type Statement } from '../database/db.ts';
import { knownSettled, settledUpTo } from './batch/settled-ids.ts';
import { type Cells, inEachCell } from './cells.ts';

/** A page in either direction of an id-ordered list, newest first. */
export interface IdPage {
  readonly limit: number;
  /** Older than this id. */
  readonly beforeId: bigint | null;
  /** Newer than this id. */
  readonly afterId: bigint | null;
}

/** One condition of a list; `$?` stands for its values, in order. */
export interface Filter {
  readonly name: string;
  readonly where: string;
  readonly values: readonly unknown[];
}

export interface List {
  readonly name: string;
  /** The text up to `where p.marketplace = $1`. */
  readonly head: string;
  /** The sort key: an id, or an expression in its place. */
  readonly order: string;
  /** Its ids are not made in batches, which the watermark is about: pages end at its newest row. */
  readonly hasOwnIds?: true;
}

/**
 * The rows of one page, and whether there are more; `afterId` pages come back newest first, too.
 */
export interface Listed<T> {
  readonly rows: readonly T[];
  readonly hasMore: boolean;
}

/** One statement per set of conditions: an unused condition is not in the plan either. */
function statementOf(list: List, page: IdPage, filters: readonly Filter[]): [Statement, unknown[]] {
  const isNewer = page.afterId !== null;
  const bounds: Filter[] = [];
  if (page.beforeId !== null) {
    bounds.push({ name: 'before', where: `${list.order} < $?`, values: [page.beforeId] });
  }
  if (isNewer) bounds.push({ name: 'after', where: `${list.order} > $?`, values: [page.afterId] });
  const all = [...filters, ...bounds];
  const values: unknown[] = [];
  const conditions = all.map((filter) =>
    filter.where.replaceAll('$?', () => {
      values.push(filter.values[values.length - countBefore(all, filter)]);
      return `$${values.length + 1}`;
    }),
  );
  const where = conditions.map((condition) => ` and ${condition}`).join('');
  const order = `order by ${list.order} ${isNewer ? 'asc' : 'desc'} limit $${values.length + 2}`;
  const name = [list.name, ...all.map((filter) => filter.name), isNewer ? 'asc' : 'desc'];
  return [{ name: name.join('.'), text: `${list.head}${where} ${order}` }, values];
}

function countBefore(all: readonly Filter[], filter: Filter): number {
  let count = 0;
  for (const one of all) {
    if (one === filter) break;
    count += one.values.length;
  }
  return count;
}

/** Of all cells as of one: their pages are merged in the list's order. */
export async function listed(
  cells: Pick<Cells, 'all' | 'map'>,
  list: List,
  owner: bigint,
  page: IdPage,
  filters: readonly Filter[],
): Promise<Listed<Row>> {
  const read = async (bounded: IdPage): Promise<readonly Row[]> => {
    const parts = await inEachCell(cells, (db, shards) => {
      const [statement, values] = statementOf(list, bounded, [...filters, ...own(list, shards)]);
      return db.read(statement, [owner, ...values, page.limit + 1]);
    });
    return merged(parts, bounded);
  };
  const isFollowed = page.afterId !== null && list.hasOwnIds !== true;
  const rows = isFollowed ? await readSettled(cells, page, read) : await read(page);
  const kept = rows.slice(0, page.limit);
  return {
    rows: page.afterId === null ? kept : [...kept].reverse(),
    hasMore: rows.length > page.limit,
  };
}

/** While shards move, two cells have their rows: each is asked for its own. */
function own({ hasOwnIds }: List, shards: Buffer | null): readonly Filter[] {
  if (shards === null || hasOwnIds === true) return [];
  return [{ name: 'own', where: 'p.shard = any($?::smallint[])', values: [shards] }];
}

/** The first rows of them all, in the order that each part has. */
function merged(parts: readonly (readonly Row[])[], { limit, afterId }: IdPage): readonly Row[] {
  const [only, another] = parts;
  if (only !== undefined && another === undefined) return only;
  const older = afterId === null ? 1 : -1;
  const place = (row: Row) => row.list_id as bigint;
  const rows = parts.flat().sort((a, b) => (place(a) < place(b) ? older : -older));
  // A row of the audit log stands in two for the moment in which it is taken home.
  const once = rows.filter((row, index) => row.list_id !== rows[index - 1]?.list_id);
  return once.slice(0, limit + 1);
}

/**
 * A page of newer rows ends at the watermark of settled ids, the lowest of any cell: a reader that
 * follows a list continues after its last row, and would miss a lower id that is committed later.
 */
async function readSettled(
  cells: Pick<Cells, 'all' | 'map'>,
  page: IdPage,
  read: (bounded: IdPage) => Promise<readonly Row[]>,
): Promise<readonly Row[]> {
  // Its rows may be made in a cell by now that this process does not read yet.
  if (cells.map.moving.size > 0) throw new DbRetry('shards are being moved');
  const settled = lowest(cells.all.map(({ db }) => knownSettled(db)));
  const rows = await read(page);
  const newest = rows.at(-1)?.list_id as bigint | undefined;
  if (newest === undefined || newest <= settled) return rows;
  const { epochs } = cells.map;
  const ends = cells.all.map(({ name, db }) => settledUpTo(db, newest, epochs.get(name) ?? 0));
  const end = lowest(await Promise.all(ends));
  const beforeId = page.beforeId !== null && page.beforeId <= end ? page.beforeId : end + 1n;
  return read({ ...page, beforeId });
}

function lowest(values: readonly bigint[]): bigint {
  return values.reduce((least, value) => (value < least ? value : least));
}
