/** The ledger as the API shows it; balances are another view of the same accounts. */

import type { LedgerAccount, LedgerTransactionView } from '../../flows/ledger/list.ts';
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

export function presentLedgerTransaction(
  transaction: LedgerTransactionView,
): ShownLedgerTransaction {
  return {
    id: transaction.id,
    object: 'ledger_transaction',
    moment: transaction.moment,
    payment_intent: transaction.paymentIntent,
    created_at: rfc3339(transaction.createdAtMs),
    entries: transaction.entries.map((entry) => ({
      account: entry.account,
      debit: fenToJson(entry.debitFen),
      credit: fenToJson(entry.creditFen),
    })),
  };
}

interface Pockets {
  readonly merchant: string;
  readonly wallet: WalletName | null;
  readonly currency: 'cny';
  escrow: bigint;
  available: bigint;
  owed: bigint;
}

/** One balance per merchant and wallet, from `merchant:{id}:{wallet}:{kind}` accounts. */
export function balancesOf(accounts: readonly LedgerAccount[]): ShownBalance[] {
  const balances = new Map<string, Pockets>();
  for (const account of accounts) {
    const parts = account.name.split(':');
    const [owner, merchant, third, fourth] = parts;
    if (owner !== 'merchant' || merchant === undefined) continue;
    const wallet = WALLET_NAMES.find((name) => parts.length === 4 && name === third) ?? null;
    const key = `${merchant}:${wallet}:${account.currency}`;
    const pockets = balances.get(key) ?? {
      merchant,
      wallet,
      currency: account.currency,
      escrow: 0n,
      available: 0n,
      owed: 0n,
    };
    const pocket = parts.length === 4 ? fourth : third;
    if (pocket === 'escrow' || pocket === 'available' || pocket === 'owed') {
      pockets[pocket] += account.balanceFen;
    }
    balances.set(key, pockets);
  }
  return [...balances.values()].map((pockets) => ({
    object: 'balance',
    merchant: pockets.merchant,
    wallet: pockets.wallet,
    currency: pockets.currency,
    escrow: fenToJson(pockets.escrow),
    available: fenToJson(pockets.available),
    owed: fenToJson(pockets.owed),
  }));
}
