/** `hutong.ledger`: the double-entry ledger, read-only. */
import type { PageList } from '../pages.ts';
import type { CallOptions, Transport } from '../transport.ts';
import type {
  LedgerAccount,
  LedgerAccountListParams,
  LedgerTransaction,
  LedgerTransactionListParams,
} from '../types.ts';

export function ledger({ pages }: Transport) {
  return {
    accounts: {
      list: (query: LedgerAccountListParams = {}, options?: CallOptions): PageList<LedgerAccount> =>
        pages('GET /v1/ledger/accounts', { query }, options),
    },
    transactions: {
      list: (
        query: LedgerTransactionListParams = {},
        options?: CallOptions,
      ): PageList<LedgerTransaction> => pages('GET /v1/ledger/transactions', { query }, options),
    },
  };
}

export type Ledger = ReturnType<typeof ledger>;
