/**
 * Which merchants changed: noted in the transaction of the change and read by every process that
 * caches merchants. A reader asks for what its last snapshot did not see yet, so that a transaction
 * that commits late is not missed, whatever the order of the commits.
 */

import { bigintArray, idArray } from '../../database/arrays.ts';
import type { Db, Row, Session } from '../../database/db.ts';
import { statements } from '../../database/statements.ts';
import { toNumber } from '../../database/table.ts';
import { formatId, type Id } from '../../kernel/id.ts';

/** Beyond so many, they are not named. */
const NAMED_MAX = 1_000;
/** Stands for any of them. */
const ANY = 0n;

const SQL = statements('merchant_changes', {
  note: 'insert into merchant_changes (merchant) select * from unnest($1::bigint[])',
  since: `select s.snapshot, c.merchant
    from (select pg_current_snapshot()::text as snapshot) s left join (
      select distinct merchant from merchant_changes
      where txid >= pg_snapshot_xmin($1::text::pg_snapshot)
        and not pg_visible_in_snapshot(txid, $1::text::pg_snapshot)
      limit ${NAMED_MAX + 1}) c on true`,
  forget: `with gone as (delete from merchant_changes where at < now() - interval '10 minutes'
    returning 1) select count(*) as count from gone`,
});

/** In the transaction of the change. */
export function noteMerchants(
  session: Session,
  merchants: readonly Id<'merchant'>[] | 'any',
): Promise<readonly Row[]> {
  const values = merchants === 'any' ? bigintArray([ANY]) : idArray(merchants);
  return session.run(SQL.note, [values]);
}

export interface MerchantChanges {
  /** What the next question is to name. */
  readonly snapshot: string;
  /** null = any may have changed. */
  readonly changed: readonly Id<'merchant'>[] | null;
}

/** What was committed since `snapshot`; nothing for null, the first question. */
export async function readMerchantChanges(
  db: Db,
  snapshot: string | null,
): Promise<MerchantChanges> {
  const rows = await db.read(SQL.since, [snapshot]);
  const changed = rows.flatMap((row) => (row.merchant as bigint | null) ?? []);
  const isAny = changed.length > NAMED_MAX || changed.includes(ANY);
  return {
    snapshot: rows[0]?.snapshot as string,
    changed: isAny ? null : changed.map((merchant) => formatId('merchant', merchant)),
  };
}

/** Deletes what no process has to ask for any more; returns how many. */
export async function forgetMerchantChanges(db: Db): Promise<number> {
  const [row] = await db.background((session) => session.run(SQL.forget, []));
  return toNumber(row?.count ?? 0);
}
