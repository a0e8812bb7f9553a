/** A marketplace's ledger, as the API shows it. */

import { accountId, merchantAccountIn, normalSide } from '../../core/ledger/chart.ts';
import { must } from '../../kernel/assert.ts';
import type { Id } from '../../kernel/id.ts';
import type { Currency, Fen } from '../../kernel/money.ts';
import { compareTexts } from '../../kernel/order.ts';
import { ok } from '../../kernel/result.ts';
import type { WalletName } from '../../kernel/wallet-names.ts';
import { readInTransit } from '../../store/balance/transfers.ts';
import { listTransactions, readBalances, type TransactionRow } from '../../store/ledger/queries.ts';
import { type AccountOwner, readOwners } from '../../store/merchant/merchants.ts';
import type { Outcome } from '../base/outcome.ts';
import { listPage, type Page, type PageRequest } from '../base/page.ts';
import type { Platform } from '../base/platform.ts';
import { attemptRead } from '../base/read-payment.ts';

export interface LedgerAccount {
  readonly id: string;
  readonly name: string;
  readonly currency: Currency;
  /** In the account's normal direction. */
  readonly balanceFen: Fen;
  readonly normal: 'debit' | 'credit';
}

export type LedgerTransaction = TransactionRow;

/** `config`: only what went through this configuration; null = everything. */
export async function listLedgerAccounts(
  platform: Platform,
  marketplace: Id<'marketplace'>,
  config: Id<'wallet_config'> | null,
): Outcome<readonly LedgerAccount[]> {
  const balances = await attemptRead(() => readBalances(platform.db, marketplace, config));
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

/** What a merchant has in one account at a wallet. */
export interface MerchantBalance {
  readonly merchant: Id<'merchant'>;
  /** null: booked by 0.2.0 or before, and not attributable to an account there. */
  readonly walletAccount: Id<'wallet_account'> | null;
  /** null: neither is its wallet known. */
  readonly wallet: WalletName | null;
  readonly currency: Currency;
  readonly escrowFen: Fen;
  readonly availableFen: Fen;
  readonly owedFen: Fen;
  /** On its way to what is available, less what is still to be taken for refunds that moved. */
  readonly inTransitFen: Fen;
}

/** By merchant, wallet and account. */
export async function listBalances(
  platform: Platform,
  marketplace: Id<'marketplace'>,
): Outcome<readonly MerchantBalance[]> {
  const accounts = await listLedgerAccounts(platform, marketplace, null);
  if (!accounts.ok) return accounts;
  const own = accounts.value.flatMap((account) => {
    const named = merchantAccountIn(account.name);
    // An old account is at zero once its money has moved.
    const isOver = named?.walletAccount === null && account.balanceFen === 0n;
    return named === undefined || isOver ? [] : [{ ...named, account }];
  });
  const ids = new Set(own.flatMap(({ walletAccount }) => walletAccount ?? []));
  const owners = await attemptRead(() => readOwners(platform.db, [...ids]));
  if (!owners.ok) return owners;
  const inTransit = await attemptRead(() => readInTransit(platform.db, marketplace));
  if (!inTransit.ok) return inTransit;
  const balances = new Map<string, MerchantBalance>();
  for (const { owner: named, walletAccount, kind, account } of own) {
    const found = walletAccount === null ? named : owners.value.get(walletAccount);
    const owner = must(found, `the owner of ${account.name}`);
    const key = keyOf(owner, walletAccount, account.currency);
    const inTransitFen = walletAccount === null ? 0n : (inTransit.value.get(walletAccount) ?? 0n);
    const empty = emptyBalance(owner, walletAccount, account.currency);
    const sums = balances.get(key) ?? { ...empty, inTransitFen };
    balances.set(key, { ...sums, [kind]: sums[kind] + account.balanceFen });
  }
  const sorted = [...balances].sort(([a], [b]) => compareTexts(a, b));
  return ok(sorted.map(([, balance]) => balance));
}

type Owner = Pick<AccountOwner, 'merchant'> & { readonly wallet: WalletName | null };

const keyOf = ({ merchant, wallet }: Owner, account: string | null, currency: Currency): string =>
  [merchant, wallet ?? '', account ?? '', currency].join(' ');

const emptyBalance = (
  { merchant, wallet }: Owner,
  walletAccount: Id<'wallet_account'> | null,
  currency: Currency,
): MerchantBalance => ({
  ...{ merchant, wallet, walletAccount, currency },
  ...{ escrowFen: 0n, availableFen: 0n, owedFen: 0n, inTransitFen: 0n },
});
