/** `hutong.refunds`: refunds to the buyer, full or partial, up to the paid sum. */
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
