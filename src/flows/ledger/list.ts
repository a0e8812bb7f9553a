/** A marketplace's ledger, as the API shows it. */

import { accountId, normalSide } from '../../core/ledger/chart.ts';
import type { Id } from '../../kernel/id.ts';
import type { Fen } from '../../kernel/money.ts';
import { ok } from '../../kernel/result.ts';
import { listTransactions, readBalances, type TransactionRow } from '../../store/ledger/queries.ts';
import type { Outcome } from '../base/outcome.ts';
import { listPage, type Page, type PageRequest } from '../base/page.ts';
import type { Platform } from '../base/platform.ts';
import { attemptRead } from '../base/read-payment.ts';

export interface LedgerAccount {
  readonly id: string;
  readonly name: string;
  readonly currency: 'cny';
  /** In the account's normal direction. */
  readonly balanceFen: Fen;
  readonly normal: 'debit' | 'credit';
}

export type LedgerTransaction = TransactionRow;

export async function listLedgerAccounts(
  platform: Platform,
  marketplace: Id<'marketplace'>,
): Outcome<readonly LedgerAccount[]> {
  const balances = await attemptRead(() => readBalances(platform.db, marketplace));
  if (!balances.ok) return balances;
  return ok(
    balances.value.map(({ account: name, currency, debitFen, creditFen }) => {
      const normal = normalSide(name);
      const balanceFen = normal === 'debit' ? debitFen - creditFen : creditFen - debitFen;
      return { id: accountId(marketplace, name, currency), name, currency, balanceFen, normal };
    }),
  );
}

export function listLedgerTransactions(
  platform: Platform,
  marketplace: Id<'marketplace'>,
  filter: { readonly paymentIntent: Id<'payment_intent'> | null },
  request: PageRequest,
): Outcome<Page<LedgerTransaction>> {
  return listPage(request, (ids) =>
    listTransactions(platform.db, marketplace, filter.paymentIntent, ids),
  );
}
