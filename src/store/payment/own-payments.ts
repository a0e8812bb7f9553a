/**
 * What is known of payments before they are read: whose merchants their carts name, and at which
 * wallet configurations they have attempts. Queried for many at once, by the children's own key.
 */

import { idArray, smallintArray } from '../../database/arrays.ts';
import { statements } from '../../database/statements.ts';
import { formatId, type Id, shardOfId } from '../../kernel/id.ts';
import { byCell, type Cells } from '../cells.ts';

const KEYS = 'unnest($1::smallint[], $2::bigint[]) as k (shard, id)';
const SQL = statements('own_payments', {
  // Laterally: key by key, however small the table was when this was planned.
  configs: `select k.id as intent, a.config from ${KEYS} cross join lateral (
    select distinct config from payment_attempts a where a.shard = k.shard and a.intent = k.id) a`,
  merchants: `select k.id as intent, s.merchant from ${KEYS} cross join lateral (
    select distinct merchant from sub_orders s where s.shard = k.shard and s.intent = k.id) s`,
});

type Intents = readonly Id<'payment_intent'>[];

const keyValues = (intents: Intents): Buffer[] => [
  smallintArray(intents.map(shardOfId)),
  idArray(intents),
];

export interface PaymentOfConfig {
  readonly intent: Id<'payment_intent'>;
  readonly config: Id<'wallet_config'>;
}

export async function readConfigsOf(cells: Cells, intents: Intents): Promise<PaymentOfConfig[]> {
  const rows = await byCell(cells, intents, shardOfId, (db, part) =>
    db.read(SQL.configs, keyValues(part)),
  );
  return rows.map((row) => ({
    intent: formatId('payment_intent', row.intent as bigint),
    config: formatId('wallet_config', row.config as bigint),
  }));
}

export async function readMerchantsOf(
  cells: Cells,
  intents: Intents,
): Promise<Map<Id<'payment_intent'>, Id<'merchant'>[]>> {
  const carts = new Map<Id<'payment_intent'>, Id<'merchant'>[]>();
  const rows = await byCell(cells, intents, shardOfId, (db, part) =>
    db.read(SQL.merchants, keyValues(part)),
  );
  for (const row of rows) {
    const intent = formatId('payment_intent', row.intent as bigint);
    const merchant = formatId('merchant', row.merchant as bigint);
    const cart = carts.get(intent);
    if (cart === undefined) carts.set(intent, [merchant]);
    else cart.push(merchant);
  }
  return carts;
}
