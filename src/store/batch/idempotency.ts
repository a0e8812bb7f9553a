/**
 * Idempotency keys (rule 12), in the shard of (marketplace, key). A key is claimed with the id of
 * the object to be created; it is leased while the request runs and then holds the answer, without
 * secrets. New ones go to the open day (key-days.ts); each is looked for in every day.
 */

import { idArray, smallintArray, textArray } from '../../database/arrays.ts';
import type { Session, Statement } from '../../database/db.ts';
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
import type { Aggregate, Claim } from './aggregate.ts';

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

function sortedByKey<T extends KeyParts>(rows: readonly T[]): T[] {
  return [...rows].sort(
    (a, b) =>
      a.shard - b.shard || compareTexts(a.marketplace, b.marketplace) || compareTexts(a.key, b.key),
  );
}
