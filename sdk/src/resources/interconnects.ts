/** `hutong.interconnects`: which wallets may pay another wallet's codes. */
import type { CallOptions, Transport, WithResponse } from '../transport.ts';
import type { Interconnect, InterconnectSetParams, List } from '../types.ts';

export function interconnects({ read, write }: Transport) {
  return {
    /** All pairs, on one page. */
    list: (options?: CallOptions): Promise<WithResponse<List<Interconnect>>> =>
      read('GET /v1/interconnects', {}, options),

    /** Activates or pauses a pair. */
    set: (
      body: InterconnectSetParams,
      options?: CallOptions,
    ): Promise<WithResponse<Interconnect>> => write('POST /v1/interconnects', { body }, options),
  };
}

export type Interconnects = ReturnType<typeof interconnects>;
