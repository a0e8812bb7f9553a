/** Reads for the edges: lists of payments, the books, events. Never decided upon. */
import { formatId, type Id, idValue } from '../core/id.ts';
import type { Payment } from '../core/payment.ts';
import type { Db, Row, Statement } from './db.ts';
import { readPayments } from './payments.ts';
import { toNumber } from './table.ts';

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

/** One list, both directions: each walks the index on (marketplace, id) and stops at the limit. */
interface PagedStatement {
  readonly older: Statement;
  readonly newer: Statement;
}

function paged(name: string, head: string): PagedStatement {
  const bounds = 'and ($2::bigint is null or p.id < $2) and ($3::bigint is null or p.id > $3)';
  return {
    older: { name: `${name}.older`, text: `${head} ${bounds} order by p.id desc limit $4` },
    newer: { name: `${name}.newer`, text: `${head} ${bounds} order by p.id asc limit $4` },
  };
}

const LIST_INTENTS: PagedStatement = paged(
  'payment_intents.list',
  `select p.shard, p.id from payment_intents p where p.marketplace = $1
    and ($5::text is null or p.status = $5) and ($6::text is null or p.merchant_order_no = $6)
    and ($7::bigint is null or p.created_at >= $7) and ($8::bigint is null or p.created_at < $8)
    and ($9::text is null or exists (select 1 from payment_legs l where l.wallet_transaction_id = $9
      and l.shard = p.shard and l.intent = p.id)) and ($10::bigint is null or p.id = $10)`,
);

/** Rows of one page plus whether there are more; `afterId` pages come back newest first too. */
export interface Listed<T> {
  readonly rows: readonly T[];
  readonly hasMore: boolean;
}

async function listed(
  db: Db,
  statement: PagedStatement,
  owner: bigint,
  page: IdPage,
  more: readonly unknown[],
): Promise<Listed<Row>> {
  const rows = await db.read(page.afterId === null ? statement.older : statement.newer, [
    owner,
    page.beforeId,
    page.afterId,
    page.limit + 1,
    ...more,
  ]);
  const kept = rows.slice(0, page.limit);
  return {
    rows: page.afterId === null ? kept : [...kept].reverse(),
    hasMore: rows.length > page.limit,
  };
}

export interface IntentQuery {
  readonly status: string | null;
  readonly merchantOrderNo: string | null;
  readonly createdAfterMs: number | null;
  readonly createdBeforeMs: number | null;
  readonly walletTransactionId: string | null;
  readonly intent: Id<'payment_intent'> | null;
}

export async function listPayments(
  db: Db,
  marketplace: Id<'marketplace'>,
  query: IntentQuery,
  page: IdPage,
): Promise<Listed<Payment>> {
  const { rows, hasMore } = await listed(db, LIST_INTENTS, idValue(marketplace), page, [
    query.status,
    query.merchantOrderNo,
    query.createdAfterMs,
    query.createdBeforeMs,
    query.walletTransactionId,
    query.intent === null ? null : idValue(query.intent),
  ]);
  const ids = rows.map((row) => formatId('payment_intent', row.id as bigint));
  const payments = await readPayments((statement, values) => db.read(statement, values), ids);
  return { rows: ids.flatMap((id) => payments.get(id) ?? []), hasMore };
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

const LIST_TRANSACTIONS: PagedStatement = paged(
  'ledger_transactions.list',
  `select p.*,
      (select jsonb_agg(jsonb_build_array(e.account, e.debit::text, e.credit::text) order by e.line)
      from ledger_entries e where e.shard = p.shard and e.transaction = p.id) as entries
    from ledger_transactions p where p.marketplace = $1 and ($5::bigint is null or p.intent = $5)`,
);

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
  const { rows, hasMore } = await listed(db, LIST_TRANSACTIONS, owner, page, [
    intent === null ? null : idValue(intent),
  ]);
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

const LIST_EVENTS: PagedStatement = paged(
  'events.list',
  `select p.* from events p where p.marketplace = $1 and ($5::text is null or p.type = $5)`,
);
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
  const { rows, hasMore } = await listed(db, LIST_EVENTS, idValue(marketplace), page, [type]);
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
