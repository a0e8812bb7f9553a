/** `hutong.ledger`: the double-entry books, to read. */
import { type PageList, pageList } from '../pages.ts';
import type { CallOptions, Transport } from '../transport.ts';
import type {
  LedgerAccount,
  LedgerTransaction,
  LedgerTransactionListParams,
  PageParams,
} from '../types.ts';

export interface Ledger {
  readonly accounts: {
    readonly list: (params?: PageParams, options?: CallOptions) => PageList<LedgerAccount>;
  };
  readonly transactions: {
    readonly list: (
      params?: LedgerTransactionListParams,
      options?: CallOptions,
    ) => PageList<LedgerTransaction>;
  };
}

export function ledger({ client, send }: Transport): Ledger {
  return {
    accounts: {
      list: (params, options) =>
        pageList(params ?? {}, (query) =>
          send(
            'read',
            (init) => client.GET('/v1/ledger/accounts', { ...init, params: { query } }),
            options,
          ),
        ),
    },
    transactions: {
      list: (params, options) =>
        pageList(params ?? {}, (query) =>
          send(
            'read',
            (init) => client.GET('/v1/ledger/transactions', { ...init, params: { query } }),
            options,
          ),
        ),
    },
  };
}
