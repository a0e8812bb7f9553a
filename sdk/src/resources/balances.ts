/** `hutong.balances`: one per merchant and wallet. */
import type { CallOptions, Transport, WithResponse } from '../transport.ts';
import type { Balance, List } from '../types.ts';

export interface BalancesResource {
  /** All of them, on one page. */
  readonly retrieve: (options?: CallOptions) => Promise<WithResponse<List<Balance>>>;
}

export function balances({ client, send }: Transport): BalancesResource {
  return {
    retrieve: (options) => send('read', (init) => client.GET('/v1/balances', { ...init }), options),
  };
}
