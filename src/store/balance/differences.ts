/**
 * What `hutong doctor` compares: balances with the ledger's accounts of the same names, and what
 * stands in transit with the transfers that are not settled. Each is one statement, since a batch
 * writes both sides together. Between cells there is no such moment: see transit-between-cells.ts.
 */
import { available, owed, transferInTransit } from '../../core/ledger/chart.ts';
import type { Db } from '../../database/db.ts';
import { statements } from '../../database/statements.ts';
import { formatId, type Id } from '../../kernel/id.ts';
import type { Fen } from '../../kernel/money.ts';
import { type Cells, inEachCell, ofShards } from '../cells.ts';
import { idText } from '../id-text.ts';
import { readTransitBetweenCells } from './transit-between-cells.ts';

const SQL = statements('merchant_balances', {
  besideLedger: `select 'balance' as side, id, null as account, available, owed, null as net
    from merchant_balances where ${ofShards('$1')}
    union all
    select 'ledger', null, account, null, null, sum(credit - debit)::bigint from ledger_balances
    where account like 'wallet_account:%' and account not like '%:escrow' and ${ofShards('$1')}
    group by account`,
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

/** A balance and its accounts are booked in one cell. */
export async function readDifferences(cells: Cells): Promise<readonly Difference[]> {
  return (await inEachCell(cells, differencesIn)).flat();
}

async function differencesIn(db: Db, shards: Buffer | null): Promise<readonly Difference[]> {
  const ledger = new Map<string, Fen>();
  const balances = new Map<string, Fen>();
  for (const row of await db.read(SQL.besideLedger, [shards])) {
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

export async function readTransitDifferences(cells: Cells): Promise<readonly TransitDifference[]> {
  if (cells.all.length > 1) return readTransitBetweenCells(cells);
  return (await inEachCell(cells, (db) => db.read(SQL.inTransit, []))).flat().map((row) => ({
    marketplace: formatId('marketplace', row.marketplace as bigint),
    ledgerFen: row.booked as bigint,
    owedFen: row.owed as bigint,
  }));
}
