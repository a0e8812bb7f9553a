/**
 * What `hutong doctor` compares: balances with the ledger's accounts of the same names, and what
 * stands in transit with the transfers that are not settled. Each is one statement, since a batch
 * writes both sides together.
 */
import { available, owed, transferInTransit } from '../../core/ledger/chart.ts';
import type { Db } from '../../database/db.ts';
import { statements } from '../../database/statements.ts';
import { formatId, type Id } from '../../kernel/id.ts';
import type { Fen } from '../../kernel/money.ts';

/** An id as it is written: its prefix, and 13 digits of 5 bits. */
const idText = (prefix: string, column: string): string => `'${prefix}_' || (select string_agg(
    substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', ((${column} >> (60 - 5 * n)) & 31)::integer + 1, 1),
    '' order by n) from generate_series(0, 12) n)`;

const SQL = statements('merchant_balances', {
  besideLedger: `select 'balance' as side, id, null as account, available, owed, null as net
    from merchant_balances
    union all
    select 'ledger', null, account, null, null, sum(credit - debit)::bigint from ledger_balances
    where account like 'wallet_account:%' and account not like '%:escrow' group by account`,
  // A reservation leaves the balance as it is applied, and reaches its refund with the answer.
  inTransit: `select marketplace, sum(booked)::bigint as booked, sum(owed)::bigint as owed from (
      select marketplace, credit - debit as booked, 0 as owed from ledger_balances
      where account = '${transferInTransit}'
      union all
      select marketplace, 0, case
        when kind = 'reserve' then
          case when outcome = 'applied' and is_awaited then amount else 0 end
        when outcome is not null then 0
        when kind = 'charge' then -amount else amount end
      from (select t.marketplace, t.kind, t.amount,
          (select m.outcome from balance_movements m where m.shard = b.shard and m.balance = b.id
            and m.id = ${idText('tr', 't.id')}) as outcome,
          exists (select from refunds r where r.shard = t.shard and r.intent = t.intent
            and r.awaits_balance and t.source = ${idText('re', 'r.id')}) as is_awaited
        from transfers t left join merchant_balances b on b.id = t.wallet_account
        where t.due_at is not null) unsettled) sides
    group by marketplace having sum(booked) <> sum(owed) order by marketplace`,
});

export interface Difference {
  readonly account: string;
  /** Credits less debits. */
  readonly ledgerFen: Fen;
  readonly balanceFen: Fen;
}

export async function readDifferences(db: Db): Promise<readonly Difference[]> {
  const ledger = new Map<string, Fen>();
  const balances = new Map<string, Fen>();
  for (const row of await db.read(SQL.besideLedger, [])) {
    if (row.side === 'ledger') {
      ledger.set(row.account as string, row.net as bigint);
      continue;
    }
    const id = formatId('wallet_account', row.id as bigint);
    balances.set(available(id), row.available as bigint);
    balances.set(owed(id), -(row.owed as bigint));
  }
  return [...new Set([...ledger.keys(), ...balances.keys()])]
    .map((account) => ({
      account,
      ledgerFen: ledger.get(account) ?? 0n,
      balanceFen: balances.get(account) ?? 0n,
    }))
    .filter(({ ledgerFen, balanceFen }) => ledgerFen !== balanceFen);
}

export interface TransitDifference {
  readonly marketplace: Id<'marketplace'>;
  /** What stands in transit, in the books. */
  readonly ledgerFen: Fen;
  /** What its transfers say. */
  readonly owedFen: Fen;
}

export async function readTransitDifferences(db: Db): Promise<readonly TransitDifference[]> {
  return (await db.read(SQL.inTransit, [])).map((row) => ({
    marketplace: formatId('marketplace', row.marketplace as bigint),
    ledgerFen: row.booked as bigint,
    owedFen: row.owed as bigint,
  }));
}
