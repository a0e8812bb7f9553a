/**
 * What stands in the ledger's accounts, with what is on its way between payments and balances: of a
 * whole marketplace, or of one merchant's accounts. Both are read by one statement, since a
 * transfer that is settled between two reads would be in neither. (Between two cells it may be, for
 * as long as it takes: their statements see two moments.)
 */
import { textArray } from '../../database/arrays.ts';
import { statements } from '../../database/statements.ts';
import { formatId, type Id, idValue } from '../../kernel/id.ts';
import type { Fen } from '../../kernel/money.ts';
import { type Cells, inEachCell, ofShards } from '../cells.ts';
import { type BalanceRow, sumByAccount, toBalanceRow } from '../ledger/queries.ts';

const besideTransfers = (which: string): string => `select 'ledger' as side, account, currency,
      sum(debit)::bigint as debit, sum(credit)::bigint as credit, null as id, null as in_transit
    from ledger_balances where marketplace = $1 and ${ofShards('$2')} ${which}
    group by account, currency
    union all
    select 'transfers', null, null, null, null, wallet_account, sum(case kind
      when 'release' then amount when 'give_back' then amount when 'charge' then -amount
      else 0 end)::bigint
    from transfers where marketplace = $1 and due_at is not null and ${ofShards('$2')}
    group by wallet_account`;

const SQL = statements('standings', {
  all: besideTransfers(''),
  named: besideTransfers('and account collate "C" = any($3::text[])'),
});

export interface Standings {
  readonly balances: readonly BalanceRow[];
  /** What is on its way to each account, less what is about to be taken from it. */
  readonly inTransit: ReadonlyMap<Id<'wallet_account'>, Fen>;
}

/** `accounts`: those of the ledger, by name; null = all. */
export async function readStandings(
  cells: Cells,
  marketplace: Id<'marketplace'>,
  accounts: readonly string[] | null,
): Promise<Standings> {
  const owner = idValue(marketplace);
  const parts = await inEachCell(cells, (db, shards) =>
    accounts === null
      ? db.read(SQL.all, [owner, shards])
      : db.read(SQL.named, [owner, shards, textArray(accounts)]),
  );
  const balances = parts.map((rows) =>
    rows.filter(({ side }) => side === 'ledger').map(toBalanceRow),
  );
  const inTransit = new Map<Id<'wallet_account'>, Fen>();
  for (const row of parts.flat()) {
    if (row.side === 'ledger') continue;
    const account = formatId('wallet_account', row.id as bigint);
    inTransit.set(account, (inTransit.get(account) ?? 0n) + (row.in_transit as bigint));
  }
  return { balances: sumByAccount(balances), inTransit };
}
