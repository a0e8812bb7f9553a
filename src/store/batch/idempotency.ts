/**
 * Idempotency keys (rule 12), in the shard of (marketplace, key). A key is claimed with the id of
 * the object to be created; it is leased while the request runs and then holds the answer, without
 * secrets.
 */

import { idArray, smallintArray, textArray } from '../../database/arrays.ts';
import type { Db, Session } from '../../database/db.ts';
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
import { statements } from '../../database/statements.ts';
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
};

const KEYS: Table<IdempotencyRow> = table(
  'idempotency_keys',
  ['shard', 'marketplace', 'key'],
  columnsOf(KEY, (row: IdempotencyRow) => row),
);
const toRow = readerOf(KEY);

const SQL = statements('idempotency_keys', {
  lock: `select i.*
    from unnest($1::smallint[], $2::bigint[], $3::text[]) as k (shard, marketplace, key)
    join idempotency_keys i on i.shard = k.shard and i.marketplace = k.marketplace and i.key = k.key
    order by i.shard, i.marketplace, i.key for update of i`,
  expire: `with gone as (delete from idempotency_keys where ctid = any(array(
      select ctid from idempotency_keys where shard = $1 and created_at < $2 limit $3))
    returning 1) select count(*) as count from gone`,
});

/** Identifies a key: all that is needed to find its row. */
export function idempotencyKeyId(row: Pick<IdempotencyRow, 'shard' | 'marketplace' | 'key'>) {
  return `${row.shard} ${row.marketplace} ${row.key}`;
}

function partsOfId(id: string): { shard: number; marketplace: Id<'marketplace'>; key: string } {
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
  const inserted = await session.run(KEYS.claim, tableValues(KEYS, sortedByKey(wanted)));
  const ours = new Set(inserted.map((row) => `${row.shard} ${row.marketplace} ${row.key}`));
  return wanted.map((row) => {
    const id = idempotencyKeyId(row);
    const isOurs = ours.has(`${row.shard} ${idValue(row.marketplace)} ${row.key}`);
    return isOurs ? { id, inserted: { before: row, after: row } } : { id };
  });
}

async function lockKeys(
  session: Session,
  ids: readonly string[],
): Promise<ReadonlyMap<string, IdempotencyRow>> {
  const rows = ids.map(partsOfId);
  const locked = await session.run(SQL.lock, [
    smallintArray(rows.map((row) => row.shard)),
    idArray(rows.map((row) => row.marketplace)),
    textArray(rows.map((row) => row.key)),
  ]);
  return new Map(locked.map(toRow).map((row) => [idempotencyKeyId(row), row]));
}

function sortedByKey(rows: readonly IdempotencyRow[]): IdempotencyRow[] {
  return [...rows].sort(
    (a, b) =>
      a.shard - b.shard || compareTexts(a.marketplace, b.marketplace) || compareTexts(a.key, b.key),
  );
}

/** Deletes some old keys and returns how many. */
export async function expireKeys(
  db: Db,
  old: { readonly shard: number; readonly beforeMs: number; readonly countMax: number },
): Promise<number> {
  const values = [old.shard, old.beforeMs, old.countMax];
  const [row] = await db.background((session) => session.run(SQL.expire, values));
  return toNumber(row?.count ?? 0);
}
