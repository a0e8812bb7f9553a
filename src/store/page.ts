/**
 * Pages of lists ordered by id, newest first, for HTTP and CLI; each area's queries select the
 * rows. No decision is based on them.
 */

import type { Db, Row, Statement } from '../database/db.ts';
import { knownSettled, settledUpTo } from './batch/settled-ids.ts';

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

export async function listed(
  db: Db,
  list: List,
  owner: bigint,
  page: IdPage,
  filters: readonly Filter[],
): Promise<Listed<Row>> {
  const read = async (bounded: IdPage): Promise<readonly Row[]> => {
    const [statement, values] = statementOf(list, bounded, filters);
    return db.read(statement, [owner, ...values, page.limit + 1]);
  };
  const isFollowed = page.afterId !== null && list.hasOwnIds !== true;
  const rows = isFollowed ? await readSettled(db, page, read) : await read(page);
  const kept = rows.slice(0, page.limit);
  return {
    rows: page.afterId === null ? kept : [...kept].reverse(),
    hasMore: rows.length > page.limit,
  };
}

/**
 * A page of newer rows ends at the watermark of settled ids: a reader that follows a list continues
 * after its last row, and would miss a lower id that is committed later.
 */
async function readSettled(
  db: Db,
  page: IdPage,
  read: (bounded: IdPage) => Promise<readonly Row[]>,
): Promise<readonly Row[]> {
  const settled = knownSettled(db);
  const rows = await read(page);
  const newest = rows.at(-1)?.list_id as bigint | undefined;
  if (newest === undefined || newest <= settled) return rows;
  const end = await settledUpTo(db, newest);
  const beforeId = page.beforeId !== null && page.beforeId <= end ? page.beforeId : end + 1n;
  return read({ ...page, beforeId });
}
