/** Balances compared with the ledger's accounts of the same names, as `hutong doctor` does it. */
import { available, owed } from '../../core/ledger/chart.ts';
import type { Db } from '../../database/db.ts';
import { statements } from '../../database/statements.ts';
import { formatId } from '../../kernel/id.ts';
import type { Fen } from '../../kernel/money.ts';

// Both sides in one statement: a batch writes them together.
const SQL = statements('merchant_balances', {
  besideLedger: `select 'balance' as side, id, null as account, available, owed, null as net
    from merchant_balances
    union all
    select 'ledger', null, account, null, null, sum(credit - debit)::bigint from ledger_balances
    where account like 'wallet_account:%' and account not like '%:escrow' group by account`,
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
