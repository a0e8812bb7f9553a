/** `hutong.events`: what was sent to webhook endpoints, to be read or resent. */
import type { HutongEvent } from '../event.ts';
import type { PageList } from '../pages.ts';
import type { CallOptions, Transport, WithResponse } from '../transport.ts';
import type { EventListParams } from '../types.ts';

type EventResult = Promise<WithResponse<HutongEvent>>;

/** The schema does not define an event's object by type: `HutongEvent` does. */
export function events({ read, write, pages }: Transport) {
  return {
    list: (query: EventListParams = {}, options?: CallOptions): PageList<HutongEvent> =>
      pages('GET /v1/events', { query }, options) as PageList<HutongEvent>,

    retrieve: (id: string, options?: CallOptions): EventResult =>
      read('GET /v1/events/{id}', { path: { id } }, options) as EventResult,

    /** Delivers it again to every subscribed endpoint. */
    resend: (id: string, options?: CallOptions): EventResult =>
      write('POST /v1/events/{id}/resend', { path: { id } }, options) as EventResult,
  };
}

export type Events = ReturnType<typeof events>;
