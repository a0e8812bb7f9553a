/**
 * Data keys, which seal secrets and are themselves sealed under the master key that their text
 * names. They are never deleted: a value may name one that is no longer current.
 */

import type { Db, Row } from '../../database/db.ts';
import { readRow, writesRow } from '../../database/one-row.ts';
import { statements } from '../../database/statements.ts';
import { toNumber } from '../../database/table.ts';
import { formatId, type Id, idValue } from '../../kernel/id.ts';

export type DataKeyPurpose = 'seal' | 'idempotency';

export interface DataKeyRow {
  readonly kid: string;
  /** null = of the whole platform. */
  readonly marketplace: Id<'marketplace'> | null;
  readonly purpose: DataKeyPurpose;
  readonly sealed: string;
}

const SQL = statements('data_keys', {
  byKid: 'select * from data_keys where kid = $1',
  current: `select * from data_keys
    where coalesce(marketplace, 0) = coalesce($1::bigint, 0) and purpose = $2 and is_current`,
  // Under the row's lock: a master key that is being replaced waits for it, or it sees the new one.
  add: `insert into data_keys (kid, marketplace, purpose, sealed, is_current, created_at)
    select $1, $2::bigint, $3, $4, true, $6::bigint from
      (select 1 from master_keys where kid = $5 and status = 'current' for share) master
    on conflict do nothing returning kid`,
  notUnder: `select * from data_keys where split_part(sealed, '.', 2) <> $1 and kid > $2
    order by kid limit $3`,
  reseal: 'update data_keys set sealed = $3 where kid = $1 and sealed = $2 returning kid',
  stepDown: `update data_keys set is_current = false
    where coalesce(marketplace, 0) = coalesce($1::bigint, 0) and purpose = $2 and is_current`,
  count: `select split_part(sealed, '.', 2) as kid, count(*) as count from data_keys
    group by 1 order by 1`,
});

function toDataKey(row: Row): DataKeyRow {
  return {
    kid: row.kid as string,
    marketplace:
      row.marketplace === null ? null : formatId('marketplace', row.marketplace as bigint),
    purpose: row.purpose as DataKeyPurpose,
    sealed: row.sealed as string,
  };
}

const rowIdOf = (marketplace: Id<'marketplace'> | null): bigint | null =>
  marketplace === null ? null : idValue(marketplace);

export function readDataKey(db: Db, kid: string): Promise<DataKeyRow | undefined> {
  return readRow(db, SQL.byKid, [kid], toDataKey);
}

export function readCurrentDataKey(
  db: Db,
  marketplace: Id<'marketplace'> | null,
  purpose: DataKeyPurpose,
): Promise<DataKeyRow | undefined> {
  return readRow(db, SQL.current, [rowIdOf(marketplace), purpose], toDataKey);
}

export interface NewDataKey {
  readonly row: DataKeyRow;
  /** Written only if the master key is the current one at that moment. */
  readonly masterKid: string;
  readonly createdAtMs: number;
  /** The previous one stays, for values that name it. */
  readonly replaces: boolean;
}

/** False if there is one already, or the master key is not the current one. */
export async function addDataKey(db: Db, key: NewDataKey): Promise<boolean> {
  const { kid, purpose, sealed } = key.row;
  const marketplace = rowIdOf(key.row.marketplace);
  const rows = await db.transaction(0, async (session) => {
    if (key.replaces) void session.run(SQL.stepDown, [marketplace, purpose]);
    const values = [kid, marketplace, purpose, sealed, key.masterKid, key.createdAtMs];
    const added = await session.run(SQL.add, values);
    if (key.replaces && added.length === 0)
      throw new Error('a data key was not replaced: the current master key changed meanwhile');
    return added;
  });
  return rows.length === 1;
}

/** By keyset: the next data keys that are sealed under another master key. */
export async function readDataKeysNotUnder(
  db: Db,
  masterKid: string,
  afterKid: string,
  limit: number,
): Promise<DataKeyRow[]> {
  return (await db.read(SQL.notUnder, [masterKid, afterKid, limit])).map(toDataKey);
}

/** False if it was written by someone else since it was read. */
export function resealDataKey(db: Db, before: DataKeyRow, sealed: string): Promise<boolean> {
  return writesRow(db, SQL.reseal, [before.kid, before.sealed, sealed]);
}

export async function countDataKeys(db: Db): Promise<ReadonlyMap<string, number>> {
  const rows = await db.read(SQL.count, []);
  return new Map(rows.map((row) => [row.kid as string, toNumber(row.count)]));
}
