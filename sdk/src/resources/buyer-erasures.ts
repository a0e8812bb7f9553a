/** `hutong.buyerErasures`: erasure of one buyer's data. It runs in the background. */
import type { CallOptions, Transport, WithResponse } from '../transport.ts';
import type { BuyerErasure, BuyerErasureCreateParams } from '../types.ts';

export function buyerErasures({ read, write }: Transport) {
  return {
    create: (
      body: BuyerErasureCreateParams,
      options?: CallOptions,
    ): Promise<WithResponse<BuyerErasure>> => write('POST /v1/buyer_erasures', { body }, options),

    /** Its progress. */
    retrieve: (id: string, options?: CallOptions): Promise<WithResponse<BuyerErasure>> =>
      read('GET /v1/buyer_erasures/{id}', { path: { id } }, options),
  };
}

export type BuyerErasures = ReturnType<typeof buyerErasures>;
