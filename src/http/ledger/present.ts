/** The ledger as the API shows it; balances are another view of the same accounts. */

import type { LedgerAccount, LedgerTransaction } from '../../flows/ledger/list.ts';
import { fenToJson } from '../../kernel/money.ts';
import { rfc3339 } from '../../kernel/rfc3339.ts';
import { WALLET_NAMES, type WalletName } from '../../kernel/wallet-names.ts';
import type { ShownBalance, ShownLedgerAccount, ShownLedgerTransaction } from './shape.ts';

export function presentLedgerAccount(account: LedgerAccount): ShownLedgerAccount {
  return {
    id: account.id,
    object: 'ledger_account',
    name: account.name,
    currency: account.currency,
    balance: fenToJson(account.balanceFen),
    normal: account.normal,
  };
}

export function presentLedgerTransaction(transaction: LedgerTransaction): ShownLedgerTransaction {
  return {
    id: transaction.id,
    object: 'ledger_transaction',
    moment: transaction.moment,
    payment_intent: transaction.intent,
    created_at: rfc3339(transaction.createdAtMs),
    entries: transaction.entries.map((entry) => ({
      account: entry.account,
      debit: fenToJson(entry.debitFen),
      credit: fenToJson(entry.creditFen),
    })),
  };
}

interface BalanceSums {
  readonly merchant: string;
  readonly wallet: WalletName | null;
  readonly currency: 'cny';
  escrow: bigint;
  available: bigint;
  owed: bigint;
}

/** One balance per merchant and wallet, from `merchant:{id}:{wallet}:{kind}` accounts. */
export function balancesOf(accounts: readonly LedgerAccount[]): ShownBalance[] {
  const balances = new Map<string, BalanceSums>();
  for (const account of accounts) {
    const parts = account.name.split(':');
    const [owner, merchant, third, fourth] = parts;
    if (owner !== 'merchant' || merchant === undefined) continue;
    const wallet = WALLET_NAMES.find((name) => parts.length === 4 && name === third) ?? null;
    const key = `${merchant}:${wallet}:${account.currency}`;
    const sums = balances.get(key) ?? {
      merchant,
      wallet,
      currency: account.currency,
      escrow: 0n,
      available: 0n,
      owed: 0n,
    };
    const kind = parts.length === 4 ? fourth : third;
    if (kind === 'escrow' || kind === 'available' || kind === 'owed') {
      sums[kind] += account.balanceFen;
    }
    balances.set(key, sums);
  }
  return [...balances.values()].map((sums) => ({
    object: 'balance',
    merchant: sums.merchant,
    wallet: sums.wallet,
    currency: sums.currency,
    escrow: fenToJson(sums.escrow),
    available: fenToJson(sums.available),
    owed: fenToJson(sums.owed),
  }));
}
