/** Counters: reference data, one row per printed code; read by id, by merchant and by token. */
import type { Counter } from '../../core/merchant/counter.ts';
import type { Db, Row } from '../../database/db.ts';
import { readRow, writeRow } from '../../database/one-row.ts';
import { statements } from '../../database/statements.ts';
import { toNumber } from '../../database/table.ts';
import { formatId, type Id, idValue } from '../../kernel/id.ts';

const SQL = statements('counters', {
  add: `insert into counters (id, marketplace, merchant, name, token, status, created_at, livemode)
  values ($1, $2, $3, $4, $5, 'enabled', $6, $7)
  on conflict (merchant, name) do update set name = excluded.name returning *`,
  change: `update counters set name = coalesce($4, name), status = coalesce($5, status)
  where marketplace = $1 and merchant = $2 and id = $3
    and not exists (select 1 from counters other
      where other.merchant = $2 and other.name = $4 and other.id <> $3)
  returning *`,
  of: 'select * from counters where marketplace = $1 and merchant = $2 order by id',
  read: 'select * from counters where marketplace = $1 and merchant = $2 and id = $3',
  byToken: 'select * from counters where token = $1',
});

function toCounter(row: Row): Counter {
  return {
    id: formatId('counter', row.id as bigint),
    marketplace: formatId('marketplace', row.marketplace as bigint),
    merchant: formatId('merchant', row.merchant as bigint),
    name: row.name as string,
    token: row.token as string,
    status: row.status as Counter['status'],
    createdAtMs: toNumber(row.created_at),
    isLivemode: row.livemode as boolean | null,
  };
}

/** The owner: required for every read and write. */
export interface CounterOwner {
  readonly marketplace: Id<'marketplace'>;
  readonly merchant: Id<'merchant'>;
}

const ownerValues = ({ marketplace, merchant }: CounterOwner): bigint[] => [
  idValue(marketplace),
  idValue(merchant),
];

/** The same name again returns the counter that has it. */
export function addCounter(db: Db, row: Omit<Counter, 'status'>): Promise<Counter | undefined> {
  const { name, token, createdAtMs, isLivemode } = row;
  const values = [idValue(row.id), ...ownerValues(row), name, token, createdAtMs, isLivemode];
  return writeRow(db, SQL.add, values, toCounter);
}

/** Undefined if there is no such counter, or if another one has the new name. */
export function changeCounter(
  db: Db,
  owner: CounterOwner,
  id: Id<'counter'>,
  change: { readonly name?: string; readonly status?: Counter['status'] },
): Promise<Counter | undefined> {
  const values = [...ownerValues(owner), idValue(id), change.name ?? null, change.status ?? null];
  return writeRow(db, SQL.change, values, toCounter);
}

/** Oldest first. */
export async function listCounters(db: Db, owner: CounterOwner): Promise<Counter[]> {
  return (await db.read(SQL.of, ownerValues(owner))).map(toCounter);
}

export function readCounter(
  db: Db,
  owner: CounterOwner,
  id: Id<'counter'>,
): Promise<Counter | undefined> {
  return readRow(db, SQL.read, [...ownerValues(owner), idValue(id)], toCounter);
}

export function counterOfToken(db: Db, token: string): Promise<Counter | undefined> {
  return readRow(db, SQL.byToken, [token], toCounter);
}
