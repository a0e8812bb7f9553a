/** `hutong.balances`: one per account of a merchant at a wallet. */
import type { CallOptions, Transport, WithResponse } from '../transport.ts';
import type { Balance, BalanceListParams, List } from '../types.ts';

export function balances({ read }: Transport) {
  return {
    /** All of them, on one page. */
    retrieve: (options?: CallOptions): Promise<WithResponse<List<Balance>>> =>
      read('GET /v1/balances', {}, options),
    /** Of one merchant. */
    list: (
      query: BalanceListParams = {},
      options?: CallOptions,
    ): Promise<WithResponse<List<Balance>>> => read('GET /v1/balances', { query }, options),
  };
}

export type Balances = ReturnType<typeof balances>;
