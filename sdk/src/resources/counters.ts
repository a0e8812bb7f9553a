/**
 * `hutong.counters`: a merchant's printed codes, on which the buyer types the amount, and the
 * sheets to print them on.
 */
import type { PageList } from '../pages.ts';
import type { CallOptions, Transport, WithResponse } from '../transport.ts';
import type { Counter, CounterCreateParams, CounterUpdateParams, PageParams } from '../types.ts';

export type CounterSheet = 'stand.svg' | 'stand.pdf' | 'tap_card.svg' | 'tap_card.pdf';

const ALL = '/v1/merchants/{id}/counters';
const ONE = `${ALL}/{counter}` as const;

export function counters({ read, write, pages, file }: Transport) {
  return {
    /** The same name of the same merchant returns the existing counter. */
    create: (
      merchant: string,
      body: CounterCreateParams,
      options?: CallOptions,
    ): Promise<WithResponse<Counter>> =>
      write(`POST ${ALL}`, { path: { id: merchant }, body }, options),

    list: (merchant: string, query: PageParams = {}, options?: CallOptions): PageList<Counter> =>
      pages(`GET ${ALL}`, { path: { id: merchant }, query }, options),

    retrieve: (
      merchant: string,
      counter: string,
      options?: CallOptions,
    ): Promise<WithResponse<Counter>> =>
      read(`GET ${ONE}`, { path: { id: merchant, counter } }, options),

    update: (
      merchant: string,
      counter: string,
      body: CounterUpdateParams,
      options?: CallOptions,
    ): Promise<WithResponse<Counter>> =>
      write(`POST ${ONE}`, { path: { id: merchant, counter }, body }, options),

    /** The bytes of a sheet to print. */
    sheet: (
      merchant: string,
      counter: string,
      name: CounterSheet,
      options?: CallOptions,
    ): Promise<WithResponse<ArrayBuffer>> =>
      file(`GET ${ONE}/${name}`, { path: { id: merchant, counter } }, options),
  };
}

export type Counters = ReturnType<typeof counters>;
