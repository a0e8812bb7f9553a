/**
 * Reads and lists of payments, without a lock: no decision is based on them. Each filter has its
 * own way to its rows, and none reads all payments.
 */

import type { Payment } from '../../core/payment/model.ts';
import { idArray, intArray, smallintArray } from '../../database/arrays.ts';
import type { Statement } from '../../database/db.ts';
import { statements } from '../../database/statements.ts';
import { toNumberOrNull } from '../../database/table.ts';
import {
  formatId,
  ID_EPOCH_MS,
  type Id,
  idFloorOf,
  idValue,
  shardOf,
  shardOfId,
  unpackId,
} from '../../kernel/id.ts';
import { byCell, type Cells, inEachCell } from '../cells.ts';
import { type Filter, type IdPage, type List, type Listed, listed } from '../page.ts';
import { readPayments } from './payments.ts';

export async function readPayment(
  cells: Cells,
  id: Id<'payment_intent'>,
): Promise<Payment | undefined> {
  const db = cells.of(shardOfId(id));
  const payments = await readPayments((statement, values) => db.read(statement, values), [id]);
  return payments.get(id);
}

const MOVED: Statement = {
  name: 'payment_intents.moved',
  // One look-up by the key for each, whatever the planner thinks of the table.
  text: `select k.place::integer, p.version
    from unnest($1::smallint[], $2::bigint[], $3::integer[])
      with ordinality as k (shard, id, version, place)
    cross join lateral (select i.version from payment_intents i
      where i.shard = k.shard and i.id = k.id offset 0) p
    where p.version > k.version`,
};

interface Versioned {
  readonly id: Id<'payment_intent'>;
  readonly version: number;
}

/** Those of the payments that are past the version given, with the version that they have. */
export function readMoved(cells: Cells, seen: readonly Versioned[]): Promise<readonly Versioned[]> {
  const shardOfSeen = ({ id }: Versioned) => shardOfId(id);
  return byCell(cells, seen, shardOfSeen, async (db, part) => {
    const rows = await db.read(MOVED, [
      smallintArray(part.map(shardOfSeen)),
      idArray(part.map(({ id }) => id)),
      intArray(part.map(({ version }) => version)),
    ]);
    return rows.flatMap(({ place, version }) => {
      const known = part[(place as number) - 1];
      return known === undefined ? [] : [{ id: known.id, version: version as number }];
    });
  });
}

const INTENT_PLACE = 'coalesce(p.place, p.id)';
const LIST_INTENTS: List = {
  name: 'payment_intents.list',
  head: `select p.shard, p.id, ${INTENT_PLACE} as list_id from payment_intents p
    where p.marketplace = $1`,
  order: INTENT_PLACE,
};
/** How long after its business time a payment got its place, in ms; the texts are the index's. */
const SKEW = `((coalesce(place, id) >> 23) + ${ID_EPOCH_MS} - created_at)`;
/** Rows that differ by no more are not looked for. */
const SKEW_MS = 600_000;
const SQL = statements('payment_intents', {
  place: `select ${INTENT_PLACE} as list_id from payment_intents p where p.shard = $1 and p.id = $2`,
  skew: `select min(${SKEW}) as least, max(${SKEW}) as most from payment_intents
    where marketplace = $1 and abs${SKEW} > ${SKEW_MS}`,
});
/** One word in the index of statuses: what is open is few. */
const OPEN: readonly string[] = ['requires_wallet', 'requires_action', 'processing'];

export interface IntentQuery {
  readonly status: string | null;
  readonly merchantOrderNo: string | null;
  readonly createdAfterMs: number | null;
  readonly createdBeforeMs: number | null;
  readonly walletTransactionId: string | null;
  readonly intent: Id<'payment_intent'> | null;
}

function intentFilters(marketplace: Id<'marketplace'>, query: IntentQuery): Filter[] {
  const { status, merchantOrderNo: orderNo, intent, walletTransactionId } = query;
  const filters: (Filter | false)[] = [
    status !== null && statusFilter(status),
    // The number gives the shard: one row by its key, however many there are.
    orderNo !== null && {
      name: 'order_no',
      where: 'p.shard = $? and p.merchant_order_no = $?',
      values: [shardOf(marketplace, orderNo), orderNo],
    },
    intent !== null && {
      name: 'id',
      where: 'p.shard = $? and p.id = $?',
      values: [shardOfId(intent), idValue(intent)],
    },
    walletTransactionId !== null && {
      name: 'transaction',
      where: `(p.shard, p.id) in
        (select l.shard, l.intent from payment_legs l where l.wallet_transaction_id = $?)`,
      values: [walletTransactionId],
    },
  ];
  return filters.filter((filter) => filter !== false);
}

function statusFilter(status: string): Filter {
  return OPEN.includes(status)
    ? { name: 'open', where: "p.list_status = 'open' and p.status = $?", values: [status] }
    : { name: 'status', where: 'p.list_status = $?', values: [status] };
}

/**
 * By business time, and by a range of places that cannot leave one out: wall time and business time
 * may be apart, by a clock that is moved by hand or by one that is wrong.
 */
async function createdFilters(
  cells: Cells,
  marketplace: Id<'marketplace'>,
  { createdAfterMs: fromMs, createdBeforeMs: toMs }: IntentQuery,
): Promise<Filter[]> {
  if (fromMs === null && toMs === null) return [];
  const owner = [idValue(marketplace)];
  const rows = (await inEachCell(cells, (db) => db.read(SQL.skew, owner))).flat();
  const leastMs = Math.min(...rows.map(({ least }) => toNumberOrNull(least) ?? 0), -SKEW_MS);
  const mostMs = Math.max(...rows.map(({ most }) => toNumberOrNull(most) ?? 0), SKEW_MS);
  const filters: (Filter | false)[] = [
    fromMs !== null && {
      name: 'from',
      where: `p.created_at >= $? and ${INTENT_PLACE} >= $?`,
      values: [fromMs, idFloorOf(fromMs + leastMs)],
    },
    toMs !== null && {
      name: 'to',
      where: `p.created_at < $? and ${INTENT_PLACE} < $?`,
      values: [toMs, idFloorOf(toMs + mostMs + 1)],
    },
  ];
  return filters.filter((filter) => filter !== false);
}

export async function listPayments(
  cells: Cells,
  marketplace: Id<'marketplace'>,
  query: IntentQuery,
  page: IdPage,
): Promise<Listed<Payment>> {
  const filters = [
    ...intentFilters(marketplace, query),
    ...(await createdFilters(cells, marketplace, query)),
  ];
  const placed = {
    ...page,
    beforeId: await placeOf(cells, page.beforeId),
    afterId: await placeOf(cells, page.afterId),
  };
  const owner = idValue(marketplace);
  const { rows, hasMore } = await listed(cells, LIST_INTENTS, owner, placed, filters);
  const ids = rows.map((row) => formatId('payment_intent', row.id as bigint));
  const read = await byCell(cells, ids, shardOfId, async (db, part) => [
    ...(await readPayments((statement, values) => db.read(statement, values), part)),
  ]);
  const payments = new Map(read);
  return { rows: ids.flatMap((id) => payments.get(id) ?? []), hasMore };
}

/** The position of a cursor's intent; an unknown cursor is its own position. */
async function placeOf(cells: Cells, cursor: bigint | null): Promise<bigint | null> {
  if (cursor === null) return null;
  const { shard } = unpackId(cursor);
  const [row] = await cells.of(shard).read(SQL.place, [shard, cursor]);
  return (row?.list_id as bigint | undefined) ?? cursor;
}
