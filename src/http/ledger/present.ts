/** The ledger as the API shows it; balances are another view of the same accounts. */

import type { LedgerAccount, LedgerTransaction, MerchantBalance } from '../../flows/ledger/list.ts';
import { fenToJson } from '../../kernel/money.ts';
import { rfc3339 } from '../../kernel/rfc3339.ts';
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
    source: transaction.object,
    payment_intent: transaction.intent,
    currency: transaction.currency,
    occurred_at: rfc3339(transaction.occurredAtMs),
    created_at: rfc3339(transaction.createdAtMs),
    entries: transaction.entries.map((entry) => ({
      account: entry.account,
      debit: fenToJson(entry.debitFen),
      credit: fenToJson(entry.creditFen),
      wallet_config: entry.config,
    })),
  };
}

export function presentBalance(balance: MerchantBalance): ShownBalance {
  const escrow = fenToJson(balance.escrowFen);
  return {
    object: 'balance',
    merchant: balance.merchant,
    wallet: balance.wallet,
    wallet_account: balance.walletAccount,
    currency: balance.currency,
    escrow,
    pending: escrow,
    available: fenToJson(balance.availableFen),
    owed: fenToJson(balance.owedFen),
    in_transit: fenToJson(balance.inTransitFen),
  };
}
