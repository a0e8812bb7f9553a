/**
 * Every column that holds a sealed value, and how many values name which key: for resealing them,
 * and for proving that none was left. A column that is not listed here would be missed by a
 * rotation: `sealed-values.test` compares the list with the schema.
 */

import { idArray } from '../../database/arrays.ts';
import type { Db, Row, Statement } from '../../database/db.ts';
import { writesRow } from '../../database/one-row.ts';
import { statements } from '../../database/statements.ts';
import { toNumber } from '../../database/table.ts';
import { formatId, type Id } from '../../kernel/id.ts';
import { type Cells, inEachCell, ofShards } from '../cells.ts';
import { readMarketplaces } from '../merchant/marketplaces.ts';

export interface SealedColumn {
  readonly table: 'wallet_configs' | 'webhook_endpoints';
  readonly column: 'sealed' | 'sealed_before';
}

export const SEALED_COLUMNS: readonly SealedColumn[] = [
  { table: 'wallet_configs', column: 'sealed' },
  { table: 'webhook_endpoints', column: 'sealed' },
  { table: 'webhook_endpoints', column: 'sealed_before' },
];

export interface SealedValue {
  readonly id: bigint;
  readonly marketplace: Id<'marketplace'>;
  /** The wallet of a wallet configuration. */
  readonly wallet: string | null;
  readonly sealed: string;
}

function statementsOf({ table, column }: SealedColumn) {
  const wallet = table === 'wallet_configs' ? 't.wallet' : 'null';
  return statements(`${table}.${column}`, {
    // v1 names no key; all others name one of their marketplace's data keys.
    stale: `select t.id, t.marketplace, ${wallet} as wallet, t.${column} as sealed from ${table} t
      where t.id > $1 and t.${column} is not null and not exists (select 1 from data_keys k
        where k.marketplace = t.marketplace and k.purpose = 'seal' and k.is_current
          and t.${column} like 'v2.' || k.kid || '.%')
      order by t.id limit $2`,
    replace: `update ${table} set ${column} = $3 where id = $1 and ${column} = $2 returning id`,
    count: `select split_part(${column}, '.', 1) as version, count(*) as count from ${table}
      where ${column} is not null group by 1`,
  });
}

/** By keyset: the next values that are not sealed under their marketplace's current data key. */
export async function readStaleValues(
  db: Db,
  column: SealedColumn,
  afterId: bigint,
  limit: number,
): Promise<SealedValue[]> {
  const rows = await db.read(statementsOf(column).stale, [afterId, limit]);
  return rows.map((row: Row) => ({
    id: row.id as bigint,
    marketplace: formatId('marketplace', row.marketplace as bigint),
    wallet: row.wallet as string | null,
    sealed: row.sealed as string,
  }));
}

/** False if it was written by someone else since it was read. */
export function replaceSealed(
  db: Db,
  column: SealedColumn,
  before: SealedValue,
  sealed: string,
): Promise<boolean> {
  return writesRow(db, statementsOf(column).replace, [before.id, before.sealed, sealed]);
}

/** By version: `v1` names no key. */
export async function countSealedValues(db: Db): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  for (const column of SEALED_COLUMNS) {
    for (const row of await db.read(statementsOf(column).count, [])) {
      const version = row.version as string;
      counts.set(version, (counts.get(version) ?? 0) + toNumber(row.count));
    }
  }
  return counts;
}

const OPEN_BY_KEY: Statement = {
  name: 'payment_intents.open_by_key',
  text: `select case when position('.' in p.token_seed) = 0 then ''
      else split_part(p.token_seed, '.', 1) end as kid, count(*) as count
    from unnest($1::bigint[]) as m (id) join payment_intents p on p.marketplace = m.id
      and p.list_status in ('open', 'conflicted') and ${ofShards('$2', 'p.shard')}
    group by 1`,
};

/** Open payments by the key of their tokens ('' = the original key). */
export async function countOpenPayments(cells: Cells): Promise<ReadonlyMap<string, number>> {
  const marketplaces = idArray((await readMarketplaces(cells.home)).map(({ id }) => id));
  const counts = new Map<string, number>();
  for (const row of (
    await inEachCell(cells, (db, shards) => db.read(OPEN_BY_KEY, [marketplaces, shards]))
  ).flat()) {
    const kid = row.kid as string;
    counts.set(kid, (counts.get(kid) ?? 0) + toNumber(row.count));
  }
  return counts;
}
