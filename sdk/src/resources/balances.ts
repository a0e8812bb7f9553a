/** `hutong.balances`: what the marketplace and its merchants have, by wallet. */
import type { CallOptions, Transport, WithResponse } from '../transport.ts';
import type { Balances } from '../types.ts';

export interface BalancesResource {
  readonly retrieve: (options?: CallOptions) => Promise<WithResponse<Balances>>;
}

export function balances({ client, send }: Transport): BalancesResource {
  return {
    retrieve: (options) => send('read', (init) => client.GET('/v1/balances', { ...init }), options),
  };
}
