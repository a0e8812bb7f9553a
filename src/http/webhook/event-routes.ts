/** /v1/events: the source of truth behind webhooks; list, read, resend. */
import { presentEvent } from '../../core/webhook/present-event.ts';
import { EventListShape, EventShape } from '../../core/webhook/shape.ts';
import { ok } from '../../kernel/result.ts';
import { pageOf } from '../parse.ts';
import { presentList } from '../present-list.ts';
import { type AnyRoute, defineRoute } from '../route.ts';
import { EventList } from './schema.ts';

const TAG = 'Events';

const list = defineRoute({
  method: 'GET',
  path: '/v1/events',
  operationId: 'listEvents',
  tag: TAG,
  summary: 'List events, newest first',
  scope: 'events:read',
  query: EventList,
  answers: { 200: EventListShape },
  handle: async (deps, { query, principal }) => {
    const page = pageOf(query);
    if (!page.ok) return page;
    const filter = { type: query.type ?? null };
    const found = await deps.useCases.listEvents(principal.marketplace, filter, page.value);
    return found.ok ? ok({ status: 200, body: presentList(found.value, presentEvent) }) : found;
  },
});

const read = defineRoute({
  method: 'GET',
  path: '/v1/events/{id}',
  operationId: 'getEvent',
  tag: TAG,
  summary: 'Read an event',
  scope: 'events:read',
  pathIds: { id: 'event' },
  answers: { 200: EventShape },
  errors: ['not_found'],
  handle: async (deps, { path, principal }) => {
    const found = await deps.useCases.getEvent(principal.marketplace, path.id);
    return found.ok ? ok({ status: 200, body: presentEvent(found.value) }) : found;
  },
});

const resend = defineRoute({
  method: 'POST',
  path: '/v1/events/{id}/resend',
  operationId: 'resendEvent',
  tag: TAG,
  summary: 'Deliver an event again to every endpoint that wants it',
  scope: 'events:write',
  pathIds: { id: 'event' },
  answers: { 200: EventShape },
  errors: ['not_found'],
  handle: async (deps, { path, principal }) => {
    const sent = await deps.useCases.resendEvent(principal.marketplace, path.id);
    if (!sent.ok) return sent;
    const found = await deps.useCases.getEvent(principal.marketplace, path.id);
    return found.ok ? ok({ status: 200, body: presentEvent(found.value) }) : found;
  },
});

export const EVENT_ROUTES: readonly AnyRoute[] = [list, read, resend];
