/**
 * `hutong.counters`: a merchant's printed codes, on which the buyer types the amount, and the
 * sheets to print them on.
 */
import { type PageList, pageList } from '../pages.ts';
import type { CallOptions, Transport, WithResponse } from '../transport.ts';
import type { Counter, CounterCreateParams, CounterUpdateParams, PageParams } from '../types.ts';

export type CounterSheet = 'stand.svg' | 'stand.pdf' | 'tap_card.svg' | 'tap_card.pdf';

export interface Counters {
  /** The same name of the same merchant gives the counter that exists. */
  readonly create: (
    merchant: string,
    params: CounterCreateParams,
    options?: CallOptions,
  ) => Promise<WithResponse<Counter>>;
  readonly list: (
    merchant: string,
    params?: PageParams,
    options?: CallOptions,
  ) => PageList<Counter>;
  readonly retrieve: (
    merchant: string,
    id: string,
    options?: CallOptions,
  ) => Promise<WithResponse<Counter>>;
  readonly update: (
    merchant: string,
    id: string,
    params: CounterUpdateParams,
    options?: CallOptions,
  ) => Promise<WithResponse<Counter>>;
  /** The bytes of a sheet to print. */
  readonly sheet: (
    merchant: string,
    id: string,
    name: CounterSheet,
    options?: CallOptions,
  ) => Promise<WithResponse<ArrayBuffer>>;
}

const ALL = '/v1/merchants/{id}/counters';
const ONE = '/v1/merchants/{id}/counters/{counter}';

export function counters({ client, send }: Transport): Counters {
  return {
    create: (id, body, options) =>
      send(
        'write',
        (init) => client.POST(ALL, { ...init, params: { path: { id } }, body }),
        options,
      ),
    list: (id, params, options) =>
      pageList(params ?? {}, (query) =>
        send(
          'read',
          (init) => client.GET(ALL, { ...init, params: { path: { id }, query } }),
          options,
        ),
      ),
    retrieve: (id, counter, options) =>
      send(
        'read',
        (init) => client.GET(ONE, { ...init, params: { path: { id, counter } } }),
        options,
      ),
    update: (id, counter, body, options) =>
      send(
        'write',
        (init) => client.POST(ONE, { ...init, params: { path: { id, counter } }, body }),
        options,
      ),
    sheet: (id, counter, name, options) =>
      send(
        'read',
        (init) =>
          client.GET(`${ONE}/${name}`, {
            ...init,
            params: { path: { id, counter } },
            parseAs: 'arrayBuffer',
          }),
        options,
      ),
  };
}
