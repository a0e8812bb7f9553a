/**
 * Which payments have an attempt at which wallet configuration: queried for many at once, by the
 * children's own key, before a callback is worth verifying.
 */

import { idArray, smallintArray } from '../../database/arrays.ts';
import type { Db, Statement } from '../../database/db.ts';
import { formatId, type Id, shardOfId } from '../../kernel/id.ts';

const OF_CONFIGS: Statement = {
  name: 'payment_attempts.configs',
  text: `select distinct a.intent, a.config
    from unnest($1::smallint[], $2::bigint[]) as k (shard, id)
    join payment_attempts a on a.shard = k.shard and a.intent = k.id`,
};

export interface PaymentOfConfig {
  readonly intent: Id<'payment_intent'>;
  readonly config: Id<'wallet_config'>;
}

export async function readConfigsOf(
  db: Db,
  intents: readonly Id<'payment_intent'>[],
): Promise<PaymentOfConfig[]> {
  const rows = await db.read(OF_CONFIGS, [smallintArray(intents.map(shardOfId)), idArray(intents)]);
  return rows.map((row) => ({
    intent: formatId('payment_intent', row.intent as bigint),
    config: formatId('wallet_config', row.config as bigint),
  }));
}
