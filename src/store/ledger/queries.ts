/** Reads of the ledger: balances and transactions. */

import type { Db, Row, Statement } from '../../database/db.ts';
import { toNumber } from '../../database/table.ts';
import { formatId, type Id, idValue, shardOfId } from '../../kernel/id.ts';
import type { LedgerMoment } from '../../kernel/ledger-moments.ts';
import { type IdPage, type List, type Listed, listed } from '../page.ts';

const BALANCES: Statement = {
  name: 'ledger_balances.of',
  text: `select account, currency, sum(debit)::bigint as debit, sum(credit)::bigint as credit
    from ledger_balances where marketplace = $1 group by account, currency order by account`,
};

export interface BalanceRow {
  readonly account: string;
  readonly currency: 'cny';
  readonly debitFen: bigint;
  readonly creditFen: bigint;
}

export async function readBalances(db: Db, marketplace: Id<'marketplace'>): Promise<BalanceRow[]> {
  return (await db.read(BALANCES, [idValue(marketplace)])).map((row) => ({
    account: row.account as string,
    currency: row.currency as 'cny',
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
  readonly moment: LedgerMoment;
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
    moment: row.moment as LedgerMoment,
    intent: row.intent === null ? null : formatId('payment_intent', row.intent as bigint),
    createdAtMs: toNumber(row.created_at),
    entries: entries.map(([account, debit, credit]) => ({
      account,
      debitFen: BigInt(debit),
      creditFen: BigInt(credit),
    })),
  };
}
