/** Reads of the ledger: balances and transactions. */

import type { Row, Statement } from '../../database/db.ts';
import { statements } from '../../database/statements.ts';
import { toNumber } from '../../database/table.ts';
import { unreachable } from '../../kernel/assert.ts';
import { formatId, type Id, idValue, shardOfId } from '../../kernel/id.ts';
import type { LedgerMoment } from '../../kernel/ledger-moments.ts';
import { type Currency, currencyOf } from '../../kernel/money.ts';
import { compareTexts } from '../../kernel/order.ts';
import { type Cells, inEachCell, ofShards } from '../cells.ts';
import { type IdPage, type List, type Listed, listed } from '../page.ts';

/**
 * By code units, as the index has them and pages of several cells are merged. Grouped so too: of
 * names grouped in another order, all would be summed before a page is cut off.
 */
const NAME = 'account collate "C"';
const SUMS = `select ${NAME} as account, currency,
    sum(debit)::bigint as debit, sum(credit)::bigint as credit
    from ledger_balances`;
const BY_ACCOUNT = `group by ${NAME}, currency order by ${NAME}, currency`;
const BALANCES = statements('ledger_balances', {
  of: `${SUMS} where marketplace = $1 and ${ofShards('$2')} ${BY_ACCOUNT}`,
  ofConfig: `${SUMS} where marketplace = $1 and ${ofShards('$2')} and config = $3 ${BY_ACCOUNT}`,
  page: `${SUMS} where marketplace = $1 and ${ofShards('$2')} and ${NAME} > $3
    ${BY_ACCOUNT} limit $4`,
  // What 0020 could not attribute to an account at a wallet: names of before, not at zero.
  unattributed: `select account, sum(credit - debit)::bigint as net from ledger_balances
    where account like 'merchant:%' and ${ofShards('$1')} group by marketplace, account
    having sum(credit - debit) <> 0 order by account`,
});

export interface BalanceRow {
  readonly account: string;
  readonly currency: Currency;
  readonly debitFen: bigint;
  readonly creditFen: bigint;
}

/** Which balances: all, what a configuration's entries moved, or a page by name. */
export type BalancesWanted =
  | { readonly of: 'all' }
  | { readonly of: 'config'; readonly config: Id<'wallet_config'> }
  | { readonly of: 'page'; readonly after: string; readonly limit: number };

/** By the account's name. */
export async function readBalances(
  cells: Cells,
  marketplace: Id<'marketplace'>,
  wanted: BalancesWanted,
): Promise<BalanceRow[]> {
  const [statement, ...values] = balancesStatement(wanted);
  const owner = idValue(marketplace);
  const parts = await inEachCell(cells, async (db, shards) =>
    (await db.read(statement, [owner, shards, ...values])).map(toBalanceRow),
  );
  const sums = sumByAccount(parts);
  return wanted.of === 'page' ? sums.slice(0, wanted.limit) : sums;
}

/** An account has a balance in each cell; a page of each has all that the page of them all has. */
export function sumByAccount(parts: readonly (readonly BalanceRow[])[]): BalanceRow[] {
  const [only, another] = parts;
  if (only !== undefined && another === undefined) return [...only];
  const sums = new Map<string, BalanceRow>();
  for (const row of parts.flat()) {
    const key = `${row.account} ${row.currency}`;
    const { debitFen = 0n, creditFen = 0n } = sums.get(key) ?? {};
    const sum = { debitFen: debitFen + row.debitFen, creditFen: creditFen + row.creditFen };
    sums.set(key, { ...row, ...sum });
  }
  return [...sums.values()].sort(
    (a, b) => compareTexts(a.account, b.account) || compareTexts(a.currency, b.currency),
  );
}

export function toBalanceRow(row: Row): BalanceRow {
  return {
    account: row.account as string,
    currency: currencyOf(row.currency),
    debitFen: row.debit as bigint,
    creditFen: row.credit as bigint,
  };
}

function balancesStatement(wanted: BalancesWanted): [Statement, ...unknown[]] {
  switch (wanted.of) {
    case 'all':
      return [BALANCES.of];
    case 'config':
      return [BALANCES.ofConfig, idValue(wanted.config)];
    case 'page':
      return [BALANCES.page, wanted.after, wanted.limit];
    default:
      return unreachable(wanted);
  }
}

/** Balances that still stand under a merchant and wallet, and not under an account there. */
export async function readUnattributed(
  cells: Cells,
): Promise<readonly { readonly account: string; readonly netFen: bigint }[]> {
  const rows = (
    await inEachCell(cells, (db, shards) => db.read(BALANCES.unattributed, [shards]))
  ).flat();
  return rows.map((row) => ({
    account: row.account as string,
    netFen: row.net as bigint,
  }));
}

const LIST_TRANSACTIONS: List = {
  name: 'ledger_transactions.list',
  head: `select p.*, p.id as list_id,
      (select jsonb_agg(jsonb_build_array(e.account, e.debit::text, e.credit::text, e.config::text)
        order by e.line)
      from ledger_entries e where e.shard = p.shard and e.transaction = p.id) as entries
    from ledger_transactions p where p.marketplace = $1`,
  order: 'p.id',
};

const OF_INTENT = 'p.shard = $? and p.intent = $?';

export interface TransactionRow {
  readonly id: Id<'ledger_transaction'>;
  readonly moment: LedgerMoment;
  readonly intent: Id<'payment_intent'> | null;
  /** What it books; null = booked before this was kept, and not known. */
  readonly object: string | null;
  readonly currency: Currency;
  readonly occurredAtMs: number;
  readonly createdAtMs: number;
  readonly entries: readonly {
    readonly account: string;
    readonly debitFen: bigint;
    readonly creditFen: bigint;
    readonly config: Id<'wallet_config'> | null;
  }[];
}

export async function listTransactions(
  cells: Cells,
  marketplace: Id<'marketplace'>,
  intent: Id<'payment_intent'> | null,
  page: IdPage,
): Promise<Listed<TransactionRow>> {
  const owner = idValue(marketplace);
  const filters =
    intent === null
      ? []
      : [{ name: 'intent', where: OF_INTENT, values: [shardOfId(intent), idValue(intent)] }];
  const { rows, hasMore } = await listed(cells, LIST_TRANSACTIONS, owner, page, filters);
  return { rows: rows.map(toTransaction), hasMore };
}

type StoredEntry = readonly [account: string, debit: string, credit: string, config: string | null];

function toTransaction(row: Row): TransactionRow {
  const entries = (row.entries ?? []) as readonly StoredEntry[];
  return {
    id: formatId('ledger_transaction', row.id as bigint),
    moment: row.moment as LedgerMoment,
    intent: row.intent === null ? null : formatId('payment_intent', row.intent as bigint),
    object: row.object as string | null,
    currency: currencyOf(row.currency),
    occurredAtMs: toNumber(row.occurred_at),
    createdAtMs: toNumber(row.created_at),
    entries: entries.map(([account, debit, credit, config]) => ({
      account,
      debitFen: BigInt(debit),
      creditFen: BigInt(credit),
      config: config === null ? null : formatId('wallet_config', BigInt(config)),
    })),
  };
}
