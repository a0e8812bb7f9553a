/** What still depends on a wallet configuration: for an operator who wants to remove it. */

import { type Db, DbRetry, type Statement } from '../../database/db.ts';
import { statements } from '../../database/statements.ts';
import { toNumber } from '../../database/table.ts';
import { type Id, idValue } from '../../kernel/id.ts';

/** Above this, only "more" is reported. */
export const USE_COUNTED_MAX = 100_000;

const SQL = statements('wallet_config_use', {
  open: `select count(*) as count from payment_attempts
  where due_at is not null and config = $1 and status in ('created', 'pending', 'unknown')`,
  refundable: `select count(*) as count from (select 1 from payment_attempts a
    join payment_legs l on l.shard = a.shard and l.intent = a.intent and l.attempt = a.id
    where a.config = $1 and l.status = 'succeeded' and l.refunded < coalesce(l.disputed, l.amount)
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

export async function readConfigUse(db: Db, config: Id<'wallet_config'>): Promise<ConfigUse> {
  const count = async (of: Statement): Promise<number> =>
    toNumber((await db.read(of, [idValue(config)]))[0]?.count ?? 0n);
  return {
    openPaymentCount: await count(SQL.open),
    merchantCount: await count(SQL.merchants),
    refundableLegCount: await count(SQL.refundable).catch((error: unknown) => {
      if (error instanceof DbRetry) return null;
      throw error;
    }),
  };
}
