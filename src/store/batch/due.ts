/**
 * Due rows: rows with work due at a moment of business time, by shard; and when the next is due.
 *
 * It does not know which tables these are. Rows are read in groups, page by page with a cursor, so
 * that one group's backlog never hides another's rows. A row whose claim failed has a back-off in a
 * table of its own, which needs nothing of the row itself.
 */

import { bigintArray, intArray, smallintArray, textArray } from '../../database/arrays.ts';
import type { Db, Row, Statement } from '../../database/db.ts';
import { statements } from '../../database/statements.ts';
import { ROWS_OF, toNumber, toNumberOrNull } from '../../database/table.ts';
import { hashOf } from '../../kernel/hash.ts';

/**
 * Every process sweeps the shards with `shard % count = rank`; what nobody has claimed for a while
 * may be claimed by any process.
 */
export interface Share {
  readonly rank: number;
  readonly count: number;
}

const ORPHANED_MS = 20_000;

/** Identifies a due row; `part` is the rest of its key beside the id, else 0. */
export interface DueKey {
  readonly kind: string;
  readonly shard: number;
  readonly id: bigint;
  readonly part: bigint;
}

/** The row of its group after which a page begins; in the order of (dueAtMs, id, part). */
export interface DueCursor {
  readonly dueAtMs: number;
  readonly id: bigint;
  readonly part: bigint;
}

export const FIRST: DueCursor = { dueAtMs: -1, id: -1n, part: -1n };

export interface DuePage {
  readonly group: bigint;
  readonly after: DueCursor;
  readonly limit: number;
}

export interface Due<T> {
  readonly group: bigint;
  readonly key: DueKey;
  readonly cursor: DueCursor;
  /** How often its claim has failed in a row. */
  readonly failures: number;
  readonly row: T;
}

/** A table with due rows: the columns that identify a row, and what its claim is given. */
export interface DueTable<T> {
  /** The name of one of its rows; back-offs are stored under it. */
  readonly name: string;
  readonly table: string;
  readonly columns: {
    /** Rows are read in turns by this value; null = all rows are one group. */
    readonly group: string | null;
    readonly id: string;
    /** The rest of the key; null = the id is enough. */
    readonly part: string | null;
    /** Further columns that `decode` reads. */
    readonly more: readonly string[];
  };
  /** The row has `shard`, `due_id`, `due_part` and the columns of `more`. */
  decode(row: Row): T;
}

export interface DueSource<T> {
  /** The groups with open rows, due or not. */
  readonly groups: (db: Db) => Promise<readonly bigint[]>;
  readonly read: (
    db: Db,
    pages: readonly DuePage[],
    at: { readonly nowMs: number; readonly share: Share },
  ) => Promise<readonly Due<T>[]>;
}

const ONE_GROUP: readonly bigint[] = [0n];

export function dueSource<T>(of: DueTable<T>): DueSource<T> {
  const { group } = of.columns;
  const groups = group === null ? undefined : groupsStatement(of.table, group);
  const page = pageStatement(of);
  return {
    groups: async (db) =>
      groups === undefined
        ? ONE_GROUP
        : (await db.read(groups, [])).map((row) => row.due_group as bigint),
    read: async (db, pages, { nowMs, share }) => {
      const rows = await db.read(page, [
        nowMs,
        share.count,
        share.rank,
        bigintArray(pages.map(({ group }) => group)),
        bigintArray(pages.map(({ after }) => after.dueAtMs)),
        bigintArray(pages.map(({ after }) => after.id)),
        bigintArray(pages.map(({ after }) => after.part)),
        intArray(pages.map(({ limit }) => limit)),
      ]);
      return rows.map((row) => toDue(of, row));
    },
  };
}

/** Skips from group to group through the index, without reading the rows between. */
function groupsOf(table: string, group: string): string {
  const next = (where: string): string =>
    `(select t.${group} from ${table} t where t.due_at is not null ${where} order by 1 limit 1)`;
  return `with recursive g (due_group) as (
        ${next('')}
        union all
        select ${next(`and t.${group} > g.due_group`)} from g where g.due_group is not null)
      select due_group from g where due_group is not null`;
}

function groupsStatement(table: string, group: string): Statement {
  return { name: `${table}.due_groups`, text: groupsOf(table, group) };
}

/** What `rows` selects of each group, where `ofGroup` stands: its index leads with the group. */
export function ofEachGroup(
  { table, columns: { group } }: DueTable<unknown>,
  rows: (ofGroup: string) => string,
): string {
  if (group === null) return `(${rows('')})`;
  return `(select d.* from (${groupsOf(table, group)}) g
    cross join lateral (${rows(`and t.${group} = g.due_group`)}) d)`;
}

/** The part of a row's key as SQL. */
function partOf({ columns: { part } }: DueTable<unknown>): string {
  return part === null ? '0::bigint' : `t.${part}`;
}

function isBackoffOf(of: DueTable<unknown>): string {
  return `b.kind = '${of.name}' and b.shard = t.shard
    and b.id = t.${of.columns.id} and b.part = ${partOf(of)}`;
}

/** Its back-off, if it has one. */
function backoffOf(of: DueTable<unknown>): string {
  return `left join due_backoffs b on ${isBackoffOf(of)}`;
}

function pageStatement(of: DueTable<unknown>): Statement {
  const { table } = of;
  const { group, id, more } = of.columns;
  const part = partOf(of);
  const ofGroup = group === null ? '' : `and t.${group} = g.due_group`;
  return {
    name: `${table}.due`,
    text: `select g.due_group, d.*
      from unnest($4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::integer[])
        as g (due_group, after_at, after_id, after_part, row_limit)
      cross join lateral (
        select t.shard, t.due_at, t.${id} as due_id, ${part} as due_part,
          coalesce(b.failures, 0) as failures ${more.map((column) => `, t.${column}`).join('')}
        from ${table} t ${backoffOf(of)}
        where t.due_at <= $1 ${ofGroup} and t.due_at >= g.after_at
          and (t.due_at, t.${id}, ${part}) > (g.after_at, g.after_id, g.after_part)
          and (t.shard % $2 = $3 or t.due_at <= $1 - ${ORPHANED_MS})
          and (b.retry_at is null or b.retry_at <= $1)
        order by t.due_at, t.${id}, ${part} limit g.row_limit) d`,
  };
}

function toDue<T>(of: DueTable<T>, row: Row): Due<T> {
  const [id, part] = [row.due_id as bigint, row.due_part as bigint];
  return {
    group: row.due_group as bigint,
    key: { kind: of.name, shard: toNumber(row.shard), id, part },
    cursor: { dueAtMs: toNumber(row.due_at), id, part },
    failures: toNumber(row.failures),
    row: of.decode(row),
  };
}

const BACKOFF_MS_FIRST = 5_000;
const BACKOFF_MS_MAX = 600_000;

const SQL = statements('due_backoffs', {
  putOff: `insert into due_backoffs (kind, shard, id, part, failures, retry_at)
    select kind, shard, id, part, 1, $5::bigint + ${BACKOFF_MS_FIRST}
    from ${ROWS_OF}($1::text[], $2::smallint[], $3::bigint[], $4::bigint[])
      as u (kind, shard, id, part) order by 1, 2, 3, 4
    on conflict (kind, shard, id, part) do update set failures = due_backoffs.failures + 1,
      retry_at = $5::bigint + least(${BACKOFF_MS_MAX},
        ${BACKOFF_MS_FIRST} * (1 << least(due_backoffs.failures, 10)))`,
  forget: `delete from due_backoffs b
    using unnest($1::text[], $2::smallint[], $3::bigint[], $4::bigint[])
      as u (kind, shard, id, part)
    where b.kind = u.kind and b.shard = u.shard and b.id = u.id and b.part = u.part`,
});

function keyArrays(keys: readonly DueKey[]): Buffer[] {
  return [
    textArray(keys.map(({ kind }) => kind)),
    smallintArray(keys.map(({ shard }) => shard)),
    bigintArray(keys.map(({ id }) => id)),
    bigintArray(keys.map(({ part }) => part)),
  ];
}

/** Their claims failed: they are not tried for a while, doubled each time. */
export async function putOff(db: Db, keys: readonly DueKey[], nowMs: number): Promise<void> {
  if (keys.length === 0) return;
  await db.background((session) => session.run(SQL.putOff, [...keyArrays(keys), nowMs]));
}

/** Their claims passed after all. */
export async function forgetBackoffs(db: Db, keys: readonly DueKey[]): Promise<void> {
  if (keys.length === 0) return;
  await db.background((session) => session.run(SQL.forget, keyArrays(keys)));
}

/**
 * When a row of it may be claimed by the process whose share it is in, and by any other: the first
 * of each through the index of due rows, which nothing else is read of, and those with a back-off.
 */
function nextOf(of: DueTable<unknown>, isAlone: boolean): string {
  const first = (whose: string): string =>
    ofEachGroup(
      of,
      (ofGroup) => `select t.due_at from ${of.table} t
        where t.due_at is not null ${ofGroup} and ${whose}
          and not exists (select 1 from due_backoffs b where ${isBackoffOf(of)})
        order by t.due_at limit 1`,
    );
  const own = `select min(due_at) as due_at from ${first('t.shard % $1 = $2')} own`;
  const others = `select min(due_at) + ${ORPHANED_MS} from ${first('t.shard % $1 <> $2')} others`;
  const backedOff = `select min(greatest(b.retry_at,
      t.due_at + case when t.shard % $1 = $2 then 0 else ${ORPHANED_MS} end))
    from due_backoffs b join ${of.table} t on ${isBackoffOf(of)} where t.due_at is not null`;
  // Who is alone would read all rows for one of another's.
  return [own, ...(isAlone ? [] : [others]), backedOff].join(' union all ');
}

/** When a share next has work in these tables, in business time; null: never. */
export function nextDueIn(
  tables: readonly DueTable<unknown>[],
): (db: Db, share: Share) => Promise<number | null> {
  const statement = (isAlone: boolean): Statement => {
    const all = tables.map((of) => nextOf(of, isAlone)).join(' union all ');
    const text = `select min(due_at)::bigint as due_at from (${all}) due`;
    return { name: `due.next.${hashOf(text).toString(36)}`, text };
  };
  const [alone, shared] = [statement(true), statement(false)];
  return async (db, share) => {
    const values = [share.count, share.rank];
    const [row] = await db.read(share.count === 1 ? alone : shared, values);
    return toNumberOrNull(row?.due_at ?? null);
  };
}
