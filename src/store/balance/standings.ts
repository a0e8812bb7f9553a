/**
 * What stands in the ledger's accounts, with what is on its way between payments and balances: of a
 * whole marketplace, or of one merchant's accounts. Both are read by one statement, since a
 * transfer that is settled between two reads would be in neither.
 */
import { textArray } from '../../database/arrays.ts';
import type { Db } from '../../database/db.ts';
import { statements } from '../../database/statements.ts';
import { formatId, type Id, idValue } from '../../kernel/id.ts';
import type { Fen } from '../../kernel/money.ts';
import { type BalanceRow, toBalanceRow } from '../ledger/queries.ts';

const besideTransfers = (which: string): string => `select 'ledger' as side, account, currency,
      sum(debit)::bigint as debit, sum(credit)::bigint as credit, null as id, null as in_transit
    from ledger_balances where marketplace = $1 ${which} group by account, currency
    union all
    select 'transfers', null, null, null, null, wallet_account, sum(case kind
      when 'release' then amount when 'give_back' then amount when 'charge' then -amount
      else 0 end)::bigint
    from transfers where marketplace = $1 and due_at is not null group by wallet_account`;

const SQL = statements('standings', {
  all: besideTransfers(''),
  named: besideTransfers('and account = any($2::text[])'),
});

export interface Standings {
  readonly balances: readonly BalanceRow[];
  /** What is on its way to each account, less what is about to be taken from it. */
  readonly inTransit: ReadonlyMap<Id<'wallet_account'>, Fen>;
}

/** `accounts`: those of the ledger, by name; null = all. */
export async function readStandings(
  db: Db,
  marketplace: Id<'marketplace'>,
  accounts: readonly string[] | null,
): Promise<Standings> {
  const owner = idValue(marketplace);
  const rows =
    accounts === null
      ? await db.read(SQL.all, [owner])
      : await db.read(SQL.named, [owner, textArray(accounts)]);
  const balances: BalanceRow[] = [];
  const inTransit = new Map<Id<'wallet_account'>, Fen>();
  for (const row of rows) {
    if (row.side === 'ledger') balances.push(toBalanceRow(row));
    else inTransit.set(formatId('wallet_account', row.id as bigint), row.in_transit as bigint);
  }
  return { balances, inTransit };
}
