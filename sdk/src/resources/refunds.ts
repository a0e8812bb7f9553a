/** `hutong.refunds`: money back to the buyer, whole or in part, as often as the paid sum allows. */
import type { CallOptions, Transport, WithResponse } from '../transport.ts';
import type { Refund, RefundCreateParams } from '../types.ts';

export interface Refunds {
  readonly create: (
    params: RefundCreateParams,
    options?: CallOptions,
  ) => Promise<WithResponse<Refund>>;
  readonly retrieve: (id: string, options?: CallOptions) => Promise<WithResponse<Refund>>;
}

export function refunds({ client, send }: Transport): Refunds {
  return {
    create: (body, options) =>
      send('money', (init) => client.POST('/v1/refunds', { ...init, body }), options),
    retrieve: (id, options) =>
      send(
        'read',
        (init) => client.GET('/v1/refunds/{id}', { ...init, params: { path: { id } } }),
        options,
      ),
  };
}
