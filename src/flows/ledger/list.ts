/** A marketplace's ledger, as the API shows it. */

import {
  ACCOUNT_PREFIX,
  accountId,
  available,
  escrow,
  formerAccounts,
  merchantAccountIn,
  normalSide,
  owed,
} from '../../core/ledger/chart.ts';
import type { Db } from '../../database/db.ts';
import { must } from '../../kernel/assert.ts';
import type { Id } from '../../kernel/id.ts';
import type { Currency, Fen } from '../../kernel/money.ts';
import { compareTexts } from '../../kernel/order.ts';
import { ok } from '../../kernel/result.ts';
import type { WalletName } from '../../kernel/wallet-names.ts';
import { readStandings } from '../../store/balance/standings.ts';
import {
  type BalanceRow,
  type BalancesWanted,
  listTransactions,
  readBalances,
  type TransactionRow,
} from '../../store/ledger/queries.ts';
import { type AccountOwner, readAccounts, readOwners } from '../../store/merchant/merchants.ts';
import type { Outcome } from '../base/outcome.ts';
import { listPage, type Page, type PageRequest } from '../base/page.ts';
import type { Platform } from '../base/platform.ts';
import { attemptRead } from '../base/read-payment.ts';

const ALL = { of: 'all' } as const;

export interface LedgerAccount {
  readonly id: string;
  readonly name: string;
  readonly currency: Currency;
  /** In the account's normal direction. */
  readonly balanceFen: Fen;
  readonly normal: 'debit' | 'credit';
}

export type LedgerTransaction = TransactionRow;

export interface LedgerAccountFilter {
  /** Only what went through this configuration; null = everything. */
  readonly config: Id<'wallet_config'> | null;
  /** The page behind this account, by its id or name; null = the first. */
  readonly after: string | null;
  readonly limit: number;
}

/** A page by name. Behind an id all accounts are looked through for it; behind a name none is. */
export async function listLedgerAccounts(
  platform: Platform,
  marketplace: Id<'marketplace'>,
  { config, after, limit }: LedgerAccountFilter,
): Outcome<Page<LedgerAccount>> {
  const isById = after?.startsWith(ACCOUNT_PREFIX) === true;
  if (config === null && !isById) {
    const wanted = { of: 'page', after: after ?? '', limit: limit + 1 } as const;
    const found = await readAccountsOf(platform, marketplace, wanted);
    return found.ok ? ok(pageOf(found.value, limit)) : found;
  }
  const wanted = config === null ? ALL : ({ of: 'config', config } as const);
  const found = await readAccountsOf(platform, marketplace, wanted);
  if (!found.ok) return found;
  const isAfter = (account: LedgerAccount): boolean =>
    account.id === after || account.name === after;
  return ok(pageOf(found.value.slice(found.value.findIndex(isAfter) + 1), limit));
}

function pageOf(accounts: readonly LedgerAccount[], limit: number): Page<LedgerAccount> {
  return { data: accounts.slice(0, limit), hasMore: accounts.length > limit };
}

async function readAccountsOf(
  platform: Platform,
  marketplace: Id<'marketplace'>,
  wanted: BalancesWanted,
): Outcome<readonly LedgerAccount[]> {
  const balances = await attemptRead(() => readBalances(platform.cells, marketplace, wanted));
  if (!balances.ok) return balances;
  return ok(
    balances.value.map((row) => ({
      ...{ id: accountId(marketplace, row.account, row.currency), name: row.account },
      ...{ currency: row.currency, balanceFen: normally(row), normal: normalSide(row.account) },
    })),
  );
}

/** In the account's normal direction. */
const normally = ({ account, debitFen, creditFen }: BalanceRow): Fen =>
  normalSide(account) === 'debit' ? debitFen - creditFen : creditFen - debitFen;

export function listLedgerTransactions(
  platform: Platform,
  marketplace: Id<'marketplace'>,
  filter: { readonly paymentIntent: Id<'payment_intent'> | null },
  request: PageRequest,
): Outcome<Page<LedgerTransaction>> {
  return listPage(request, (ids) =>
    listTransactions(platform.cells, marketplace, filter.paymentIntent, ids),
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

/** By merchant, wallet and account; of one merchant, or of all. */
export async function listBalances(
  platform: Platform,
  marketplace: Id<'marketplace'>,
  merchant: Id<'merchant'> | null,
): Outcome<readonly MerchantBalance[]> {
  const wanted = await attemptRead(() => accountsOf(platform.db, merchant));
  if (!wanted.ok) return wanted;
  const found = await attemptRead(() => readStandings(platform.cells, marketplace, wanted.value));
  if (!found.ok) return found;
  const { inTransit } = found.value;
  const own = found.value.balances.flatMap((row) => {
    const named = merchantAccountIn(row.account);
    const balanceFen = normally(row);
    // An old account is at zero once its money has moved.
    const isOver = named?.walletAccount === null && balanceFen === 0n;
    return named === undefined || isOver ? [] : [{ ...named, ...row, balanceFen }];
  });
  const ids = new Set(own.flatMap(({ walletAccount }) => walletAccount ?? []));
  const owners = await attemptRead(() => readOwners(platform.db, [...ids]));
  if (!owners.ok) return owners;
  const balances = new Map<string, MerchantBalance>();
  for (const { owner: named, walletAccount, kind, account, currency, balanceFen } of own) {
    const known = walletAccount === null ? named : owners.value.get(walletAccount);
    const owner = must(known, `the owner of ${account}`);
    const key = keyOf(owner, walletAccount, currency);
    const inTransitFen = walletAccount === null ? 0n : (inTransit.get(walletAccount) ?? 0n);
    const empty = emptyBalance(owner, walletAccount, currency);
    const sums = balances.get(key) ?? { ...empty, inTransitFen };
    balances.set(key, { ...sums, [kind]: sums[kind] + balanceFen });
  }
  const sorted = [...balances].sort(([a], [b]) => compareTexts(a, b));
  return ok(sorted.map(([, balance]) => balance));
}

/** Of the ledger, those that are one merchant's; null = all. */
async function accountsOf(
  db: Db,
  merchant: Id<'merchant'> | null,
): Promise<readonly string[] | null> {
  if (merchant === null) return null;
  const own = await readAccounts(db, [merchant]);
  return [
    ...own.flatMap(({ id }) => [escrow(id), available(id), owed(id)]),
    ...formerAccounts(merchant),
  ];
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
