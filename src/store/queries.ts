/** Reads for the edges: lists of payments, the books, events. Never decided upon. */

import type { Payment } from '../core/payment/model.ts';
import type { Db, Row, Statement } from '../database/db.ts';
import { toNumber } from '../database/table.ts';
import { formatId, type Id, idValue, shardOf, shardOfId, unpackId } from '../kernel/id.ts';
import { knownSettled, settledUpTo } from './batch/settled-ids.ts';
import { readPayments } from './payment/payments.ts';

/** A page in either direction of an id-ordered list, newest first. */
export interface IdPage {
  readonly limit: number;
  /** Older than this id. */
  readonly beforeId: bigint | null;
  /** Newer than this id. */
  readonly afterId: bigint | null;
}

export async function readPayment(db: Db, id: Id<'payment_intent'>): Promise<Payment | undefined> {
  const payments = await readPayments((statement, values) => db.read(statement, values), [id]);
  return payments.get(id);
}

/** One condition of a list; `$?` stands for its values, in order. */
interface Filter {
  readonly name: string;
  readonly where: string;
  readonly values: readonly unknown[];
}

interface List {
  readonly name: string;
  /** Up to `where p.marketplace = $1`. */
  readonly head: string;
  /** By what it is ordered: an id, or what stands for one. */
  readonly order: string;
}

/** Rows of one page plus whether there are more; `afterId` pages come back newest first too. */
export interface Listed<T> {
  readonly rows: readonly T[];
  readonly hasMore: boolean;
}

/** A statement for each set of conditions: what is not asked for is not in the plan either. */
function statementOf(list: List, page: IdPage, filters: readonly Filter[]): [Statement, unknown[]] {
  const isNewer = page.afterId !== null;
  const bounds: Filter[] = [];
  if (page.beforeId !== null) {
    bounds.push({ name: 'before', where: `${list.order} < $?`, values: [page.beforeId] });
  }
  if (isNewer) bounds.push({ name: 'after', where: `${list.order} > $?`, values: [page.afterId] });
  const all = [...filters, ...bounds];
  const values: unknown[] = [];
  const conditions = all.map((filter) =>
    filter.where.replaceAll('$?', () => {
      values.push(filter.values[values.length - countBefore(all, filter)]);
      return `$${values.length + 1}`;
    }),
  );
  const where = conditions.map((condition) => ` and ${condition}`).join('');
  const order = `order by ${list.order} ${isNewer ? 'asc' : 'desc'} limit $${values.length + 2}`;
  const name = [list.name, ...all.map((filter) => filter.name), isNewer ? 'asc' : 'desc'];
  return [{ name: name.join('.'), text: `${list.head}${where} ${order}` }, values];
}

function countBefore(all: readonly Filter[], filter: Filter): number {
  let count = 0;
  for (const one of all) {
    if (one === filter) break;
    count += one.values.length;
  }
  return count;
}

async function listed(
  db: Db,
  list: List,
  owner: bigint,
  page: IdPage,
  filters: readonly Filter[],
): Promise<Listed<Row>> {
  const read = async (bounded: IdPage): Promise<readonly Row[]> => {
    const [statement, values] = statementOf(list, bounded, filters);
    return db.read(statement, [owner, ...values, page.limit + 1]);
  };
  const rows = page.afterId === null ? await read(page) : await readSettled(db, page, read);
  const kept = rows.slice(0, page.limit);
  return {
    rows: page.afterId === null ? kept : [...kept].reverse(),
    hasMore: rows.length > page.limit,
  };
}

/**
 * A page of what is newer than an id ends where every row is there for good: who follows a list
 * goes on behind its last row, and would miss what is committed below it later.
 */
async function readSettled(
  db: Db,
  page: IdPage,
  read: (bounded: IdPage) => Promise<readonly Row[]>,
): Promise<readonly Row[]> {
  const settled = knownSettled(db);
  const rows = await read(page);
  const newest = rows.at(-1)?.list_id as bigint | undefined;
  if (newest === undefined || newest <= settled) return rows;
  const end = await settledUpTo(db, newest);
  const beforeId = page.beforeId !== null && page.beforeId <= end ? page.beforeId : end + 1n;
  return read({ ...page, beforeId });
}

const INTENT_PLACE = 'coalesce(p.place, p.id)';
const LIST_INTENTS: List = {
  name: 'payment_intents.list',
  head: `select p.shard, p.id, ${INTENT_PLACE} as list_id from payment_intents p
    where p.marketplace = $1`,
  order: INTENT_PLACE,
};
const READ_PLACE: Statement = {
  name: 'payment_intents.place',
  text: `select ${INTENT_PLACE} as list_id from payment_intents p where p.shard = $1 and p.id = $2`,
};

export interface IntentQuery {
  readonly status: string | null;
  readonly merchantOrderNo: string | null;
  readonly createdAfterMs: number | null;
  readonly createdBeforeMs: number | null;
  readonly walletTransactionId: string | null;
  readonly intent: Id<'payment_intent'> | null;
}

function intentFilters(marketplace: Id<'marketplace'>, query: IntentQuery): Filter[] {
  const { status, merchantOrderNo: orderNo, intent } = query;
  const { createdAfterMs, createdBeforeMs, walletTransactionId } = query;
  const filters: (Filter | false)[] = [
    status !== null && { name: 'status', where: 'p.status = $?', values: [status] },
    // Whoever knows a number knows the shard: one row by its key, however many there are.
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
    createdAfterMs !== null && {
      name: 'from',
      where: 'p.created_at >= $?',
      values: [createdAfterMs],
    },
    createdBeforeMs !== null && {
      name: 'to',
      where: 'p.created_at < $?',
      values: [createdBeforeMs],
    },
  ];
  return filters.filter((filter) => filter !== false);
}

export async function listPayments(
  db: Db,
  marketplace: Id<'marketplace'>,
  query: IntentQuery,
  page: IdPage,
): Promise<Listed<Payment>> {
  const filters = intentFilters(marketplace, query);
  const placed = {
    ...page,
    beforeId: await placeOf(db, page.beforeId),
    afterId: await placeOf(db, page.afterId),
  };
  const { rows, hasMore } = await listed(db, LIST_INTENTS, idValue(marketplace), placed, filters);
  const ids = rows.map((row) => formatId('payment_intent', row.id as bigint));
  const payments = await readPayments((statement, values) => db.read(statement, values), ids);
  return { rows: ids.flatMap((id) => payments.get(id) ?? []), hasMore };
}

/** Where the intent of a cursor stands; a cursor that is nobody's stands by itself. */
async function placeOf(db: Db, cursor: bigint | null): Promise<bigint | null> {
  if (cursor === null) return null;
  const [row] = await db.read(READ_PLACE, [unpackId(cursor).shard, cursor]);
  return (row?.list_id as bigint | undefined) ?? cursor;
}

const REFUND_ROOT: Statement = {
  name: 'refunds.root',
  text: 'select intent from refunds where shard = $1 and id = $2',
};

export async function findRefundIntent(
  db: Db,
  shard: number,
  refund: Id<'refund'>,
): Promise<bigint | undefined> {
  const [row] = await db.read(REFUND_ROOT, [shard, idValue(refund)]);
  return row?.intent as bigint | undefined;
}

const BALANCES: Statement = {
  name: 'ledger_balances.of',
  text: `select account, currency, sum(debit)::bigint as debit, sum(credit)::bigint as credit
    from ledger_balances where marketplace = $1 group by account, currency order by account`,
};

export interface BalanceRow {
  readonly account: string;
  readonly currency: string;
  readonly debitFen: bigint;
  readonly creditFen: bigint;
}

export async function readBalances(db: Db, marketplace: Id<'marketplace'>): Promise<BalanceRow[]> {
  return (await db.read(BALANCES, [idValue(marketplace)])).map((row) => ({
    account: row.account as string,
    currency: row.currency as string,
    debitFen: row.debit as bigint,
    creditFen: row.credit as bigint,
  }));
}

const LIST_TRANSACTIONS: List = {
  name: 'ledger_transactions.list',
  head: `select p.*, p.id as list_id,
      (select jsonb_agg(jsonb_build_array(e.account, e.debit::text, e.credit::text) order by e.line)
      from ledger_entries e where e.shard = p.shard and e.transaction = p.id) as entries
    from ledger_transactions p where p.marketplace = $1`,
  order: 'p.id',
};

const OF_INTENT = 'p.shard = $? and p.intent = $?';

export interface TransactionRow {
  readonly id: Id<'ledger_transaction'>;
  readonly moment: string;
  readonly intent: Id<'payment_intent'> | null;
  readonly createdAtMs: number;
  readonly entries: readonly {
    readonly account: string;
    readonly debitFen: bigint;
    readonly creditFen: bigint;
  }[];
}

export async function listTransactions(
  db: Db,
  marketplace: Id<'marketplace'>,
  intent: Id<'payment_intent'> | null,
  page: IdPage,
): Promise<Listed<TransactionRow>> {
  const owner = idValue(marketplace);
  const filters =
    intent === null
      ? []
      : [{ name: 'intent', where: OF_INTENT, values: [shardOfId(intent), idValue(intent)] }];
  const { rows, hasMore } = await listed(db, LIST_TRANSACTIONS, owner, page, filters);
  return { rows: rows.map(toTransaction), hasMore };
}

function toTransaction(row: Row): TransactionRow {
  const entries = (row.entries ?? []) as readonly (readonly [string, string, string])[];
  return {
    id: formatId('ledger_transaction', row.id as bigint),
    moment: row.moment as string,
    intent: row.intent === null ? null : formatId('payment_intent', row.intent as bigint),
    createdAtMs: toNumber(row.created_at),
    entries: entries.map(([account, debit, credit]) => ({
      account,
      debitFen: BigInt(debit),
      creditFen: BigInt(credit),
    })),
  };
}

const LIST_EVENTS: List = {
  name: 'events.list',
  head: 'select p.*, p.id as list_id from events p where p.marketplace = $1',
  order: 'p.id',
};
const READ_EVENT: Statement = {
  name: 'events.read',
  text: 'select * from events where shard = $1 and id = $2',
};

export interface StoredEventRow {
  readonly id: Id<'event'>;
  readonly marketplace: Id<'marketplace'>;
  readonly type: string;
  readonly objectVersion: number;
  readonly object: unknown;
  readonly createdAtMs: number;
}

function toEvent(row: Row): StoredEventRow {
  return {
    id: formatId('event', row.id as bigint),
    marketplace: formatId('marketplace', row.marketplace as bigint),
    type: row.type as string,
    objectVersion: toNumber(row.object_version),
    object: row.object,
    createdAtMs: toNumber(row.created_at),
  };
}

export async function listEvents(
  db: Db,
  marketplace: Id<'marketplace'>,
  type: string | null,
  page: IdPage,
): Promise<Listed<StoredEventRow>> {
  const filters = type === null ? [] : [{ name: 'type', where: 'p.type = $?', values: [type] }];
  const { rows, hasMore } = await listed(db, LIST_EVENTS, idValue(marketplace), page, filters);
  return { rows: rows.map(toEvent), hasMore };
}

export async function readEvent(
  db: Db,
  shard: number,
  id: Id<'event'>,
): Promise<StoredEventRow | undefined> {
  const [row] = await db.read(READ_EVENT, [shard, idValue(id)]);
  return row === undefined ? undefined : toEvent(row);
}
