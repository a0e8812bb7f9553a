/** What still depends on a wallet configuration: for an operator who wants to remove it. */

import { type Db, DbRetry, type Statement } from '../../database/db.ts';
import { statements } from '../../database/statements.ts';
import { toNumber } from '../../database/table.ts';
import { type Id, idValue } from '../../kernel/id.ts';
import { type Cells, inEachCell, ofShards } from '../cells.ts';

/** Above this, only "more" is reported. */
export const USE_COUNTED_MAX = 100_000;

const SQL = statements('wallet_config_use', {
  open: `select count(*) as count from payment_attempts
  where due_at is not null and config = $1 and status in ('created', 'pending', 'unknown')
    and ${ofShards('$2')}`,
  refundable: `select count(*) as count from (select 1 from payment_attempts a
    join payment_legs l on l.shard = a.shard and l.intent = a.intent and l.attempt = a.id
    where a.config = $1 and l.status = 'succeeded' and l.refunded < coalesce(l.disputed, l.amount)
      and ${ofShards('$2', 'a.shard')}
    limit ${USE_COUNTED_MAX}) paid`,
  merchants: `select count(*) as count from wallet_accounts
  where wallet_config = $1 and status in ('active', 'restricted', 'paused')`,
});

export interface ConfigUse {
  readonly openPaymentCount: number;
  /** Paid orders not refunded in full; null = not counted within the statement timeout. */
  readonly refundableLegCount: number | null;
  readonly merchantCount: number;
}

export async function readConfigUse(cells: Cells, config: Id<'wallet_config'>): Promise<ConfigUse> {
  const countIn = async (db: Db, of: Statement, more: readonly unknown[] = []): Promise<number> =>
    toNumber((await db.read(of, [idValue(config), ...more]))[0]?.count ?? 0n);
  const count = async (of: Statement): Promise<number> => {
    const counts = await inEachCell(cells, (db, shards) => countIn(db, of, [shards]));
    return counts.reduce((sum, one) => sum + one, 0);
  };
  return {
    openPaymentCount: await count(SQL.open),
    merchantCount: await countIn(cells.home, SQL.merchants),
    refundableLegCount: await count(SQL.refundable).catch((error: unknown) => {
      if (error instanceof DbRetry) return null;
      throw error;
    }),
  };
}
