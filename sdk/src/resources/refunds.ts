/** `hutong.refunds`: money back to the buyer, whole or in part, as often as the paid sum allows. */
import type { CallOptions, Transport, WithResponse } from '../transport.ts';
import type { Refund, RefundCreateParams } from '../types.ts';

export function refunds({ read, money }: Transport) {
  return {
    create: (body: RefundCreateParams, options?: CallOptions): Promise<WithResponse<Refund>> =>
      money('POST /v1/refunds', { body }, options),

    retrieve: (id: string, options?: CallOptions): Promise<WithResponse<Refund>> =>
      read('GET /v1/refunds/{id}', { path: { id } }, options),
  };
}

export type Refunds = ReturnType<typeof refunds>;
