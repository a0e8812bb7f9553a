/** `hutong.events`: what was told to webhook endpoints, to be read again or sent again. */
import type { HutongEvent } from '../event.ts';
import { type PageList, pageList } from '../pages.ts';
import type { CallOptions, Transport, WithResponse } from '../transport.ts';
import type { EventListParams } from '../types.ts';

export interface Events {
  readonly list: (params?: EventListParams, options?: CallOptions) => PageList<HutongEvent>;
  readonly retrieve: (id: string, options?: CallOptions) => Promise<WithResponse<HutongEvent>>;
  readonly resend: (id: string, options?: CallOptions) => Promise<WithResponse<HutongEvent>>;
}

export function events({ client, send }: Transport): Events {
  return {
    list: (params, options) =>
      pageList(params ?? {}, (query) =>
        send('read', (init) => client.GET('/v1/events', { ...init, params: { query } }), options),
      ),
    retrieve: (id, options) =>
      send(
        'read',
        (init) => client.GET('/v1/events/{id}', { ...init, params: { path: { id } } }),
        options,
      ),
    // Deliveries are at least once anyway, so sending again twice is safe to repeat.
    resend: (id, options) =>
      send(
        'read',
        (init) =>
          client.POST('/v1/events/{id}/resend', { ...init, params: { path: { id } }, body: {} }),
        options,
      ),
  };
}
