/**
 * Idempotency keys (rule 12), in the shard of (marketplace, key). A key is claimed with the id of
 * the object to be created; it is leased while the request runs and then holds the answer, without
 * secrets. New ones go to the open day (key-days.ts); each is looked for in every day.
 */

import { bigintArray, idArray, intArray, smallintArray, textArray } from '../../database/arrays.ts';
import type { Row, Session, Statement } from '../../database/db.ts';
import {
  columnsOf,
  type Fields,
  id,
  integer,
  moment,
  readerOf,
  smallint,
  text,
} from '../../database/row.ts';
import { type Table, table, tableValues, toNumber, upsertAll } from '../../database/table.ts';
import { type Id, idValue } from '../../kernel/id.ts';
import { compareTexts } from '../../kernel/order.ts';
import type { Aggregate, Change, Claim } from './aggregate.ts';

export interface IdempotencyRow {
  readonly shard: number;
  readonly marketplace: Id<'marketplace'>;
  readonly key: string;
  readonly principal: string;
  readonly method: string;
  readonly path: string;
  readonly bodyHash: string;
  readonly target: string;
  readonly state: 'in_flight' | 'done' | 'released';
  readonly leaseUntilMs: number;
  readonly status: number | null;
  readonly answer: string | null;
  readonly createdAtMs: number;
  /** The day that it was claimed in; whatever is wanted, the claim decides. */
  readonly day: number;
}

const KEY: Fields<IdempotencyRow> = {
  shard: smallint('shard'),
  marketplace: id('marketplace', 'marketplace'),
  key: text('key'),
  principal: text('principal'),
  method: text('method'),
  path: text('path'),
  bodyHash: text('body_hash'),
  target: text('target'),
  state: text('state'),
  leaseUntilMs: moment('lease_until'),
  status: integer('status'),
  answer: text('answer'),
  createdAtMs: moment('created_at'),
  day: integer('day'),
};

const KEYS: Table<IdempotencyRow> = table(
  'idempotency_keys',
  ['shard', 'marketplace', 'key', 'day'],
  columnsOf(KEY, (row: IdempotencyRow) => row),
);
const toRow = readerOf(KEY);

const CLAIMED = KEYS.columns.map(({ name }) => name).filter((name) => name !== 'day');

/** No day is open: nothing is inserted, no row is found afterwards, and the batch runs again. */
const CLAIM: Statement = {
  name: 'idempotency_keys.claim',
  text: `insert into idempotency_keys (${CLAIMED.join(', ')}, day)
    select ${CLAIMED.map((name) => `u.${name}`).join(', ')}, d.day
    from (select day from idempotency_days where closed_at is null) d
    cross join unnest(${KEYS.casts}) as u (${KEYS.columns.map(({ name }) => name).join(', ')})
    where not exists (select 1 from idempotency_keys k
      where k.shard = u.shard and k.marketplace = u.marketplace and k.key = u.key)
    on conflict do nothing returning shard, marketplace, key, day`,
};
/** From the newest day on, and no further than to the day that has it. */
const LOCK: Statement = {
  name: 'idempotency_keys.lock',
  text: `select i.*
    from unnest($1::smallint[], $2::bigint[], $3::text[]) as k (shard, marketplace, key)
    cross join lateral (select * from idempotency_keys i
      where i.shard = k.shard and i.marketplace = k.marketplace and i.key = k.key
      order by i.day desc limit 1 for update) i`,
};

type KeyParts = Pick<IdempotencyRow, 'shard' | 'marketplace' | 'key'>;

/** Identifies a key: all that is needed to find its row. */
export function idempotencyKeyId(row: KeyParts) {
  return `${row.shard} ${row.marketplace} ${row.key}`;
}

function partsOfId(id: string): KeyParts {
  const first = id.indexOf(' ');
  const second = id.indexOf(' ', first + 1);
  return {
    shard: Number(id.slice(0, first)),
    marketplace: id.slice(first + 1, second) as Id<'marketplace'>,
    key: id.slice(second + 1),
  };
}

/** Its row is its whole state; claimed by inserting it, with the id of the object to be created. */
export const IDEMPOTENCY_KEY: Aggregate<IdempotencyRow, IdempotencyRow> = {
  name: 'idempotency_key',
  opensFirst: true,
  events: new Set(),
  moments: new Set(),
  claim: claimKeys,
  lock: lockKeys,
  save: (session, changes) =>
    upsertAll(session, KEYS, sortedByKey(changes.map(({ after }) => after))),
  root: (row) => ({
    id: idempotencyKeyId(row),
    shard: row.shard,
    marketplace: row.marketplace,
    version: null,
  }),
};

async function claimKeys(
  session: Session,
  wanted: readonly IdempotencyRow[],
): Promise<readonly Claim<IdempotencyRow>[]> {
  const inserted = await session.run(CLAIM, tableValues(KEYS, sortedByKey(wanted)));
  const days = new Map(
    inserted.map((row) => [`${row.shard} ${row.marketplace} ${row.key}`, toNumber(row.day)]),
  );
  return wanted.map((row) => {
    const id = idempotencyKeyId(row);
    const day = days.get(`${row.shard} ${idValue(row.marketplace)} ${row.key}`);
    if (day === undefined) return { id };
    const claimed = { ...row, day };
    return { id, inserted: { before: claimed, after: claimed } };
  });
}

async function lockKeys(
  session: Session,
  ids: readonly string[],
): Promise<ReadonlyMap<string, IdempotencyRow>> {
  // Locked in this order, which is that of claims.
  const rows = sortedByKey(ids.map(partsOfId));
  const locked = await session.run(LOCK, [
    smallintArray(rows.map((row) => row.shard)),
    idArray(rows.map((row) => row.marketplace)),
    textArray(rows.map((row) => row.key)),
  ]);
  return new Map(locked.map(toRow).map((row) => [idempotencyKeyId(row), row]));
}

/** What becomes of a key when its request has ended; null: it stays as it is. */
export interface KeyOutcome {
  readonly state: 'done' | 'released' | null;
  /** null: the lease stays. */
  readonly leaseUntilMs: number | null;
  readonly status: number | null;
  readonly answer: string | null;
}

/** The end of the request that claimed a key for `target`, as far as a batch knows it. */
export interface KeyEnd extends KeyParts {
  readonly target: string;
  readonly outcome: KeyOutcome | null;
}

/**
 * Noting the end of a request reads nothing: the row was claimed with the request's own target, and
 * one that has another by now, or an answer, stays as it is.
 */
export const KEY_END: Aggregate<KeyEnd, never> = {
  name: 'idempotency_key',
  endsLast: true,
  events: new Set(),
  moments: new Set(),
  lock: (_session, ids) => Promise.resolve(new Map(ids.map((id) => [id, openEnd(id)]))),
  save: saveEnds,
  root: (end) => ({
    id: keyEndId(end),
    shard: end.shard,
    marketplace: end.marketplace,
    version: null,
  }),
};

/** Targets have no spaces; keys may. */
export function keyEndId(end: KeyParts & Pick<KeyEnd, 'target'>): string {
  return `${end.target} ${idempotencyKeyId(end)}`;
}

function openEnd(id: string): KeyEnd {
  const space = id.indexOf(' ');
  return { ...partsOfId(id.slice(space + 1)), target: id.slice(0, space), outcome: null };
}

const SAVE_ENDS: Statement = {
  name: 'idempotency_keys.end',
  text: `update idempotency_keys k set state = coalesce(u.state, k.state),
      lease_until = coalesce(u.lease_until, k.lease_until), status = u.status, answer = u.answer
    from unnest($1::smallint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::bigint[],
        $7::integer[], $8::text[])
      as u (shard, marketplace, key, target, state, lease_until, status, answer)
    where k.shard = u.shard and k.marketplace = u.marketplace and k.key = u.key
      and k.target = u.target and k.state <> 'done'`,
};

function saveEnds(session: Session, changes: readonly Change<KeyEnd>[]): Promise<readonly Row[]> {
  const ends = sortedByKey(changes.map(({ after }) => after));
  return session.run(SAVE_ENDS, [
    smallintArray(ends.map((end) => end.shard)),
    idArray(ends.map((end) => end.marketplace)),
    textArray(ends.map((end) => end.key)),
    textArray(ends.map((end) => end.target)),
    textArray(ends.map(({ outcome }) => outcome?.state)),
    bigintArray(ends.map(({ outcome }) => outcome?.leaseUntilMs)),
    intArray(ends.map(({ outcome }) => outcome?.status)),
    textArray(ends.map(({ outcome }) => outcome?.answer)),
  ]);
}

function sortedByKey<T extends KeyParts>(rows: readonly T[]): T[] {
  return [...rows].sort(
    (a, b) =>
      a.shard - b.shard || compareTexts(a.marketplace, b.marketplace) || compareTexts(a.key, b.key),
  );
}
