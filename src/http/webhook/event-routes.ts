/** /v1/events: the source of truth behind webhooks; list, read, resend. */
import { presentEvent } from '../../core/webhook/present-event.ts';
import { EventListShape, EventShape } from '../../core/webhook/shape.ts';
import { answerOf, pageAnswerOf } from '../answers.ts';
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
  handle: async ({ useCases }, { query, principal: { marketplace } }) => {
    const filter = { type: query.type ?? null };
    return pageAnswerOf(query, presentEvent, (page) =>
      useCases.listEvents(marketplace, filter, page),
    );
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
  handle: async ({ useCases }, { path, principal: { marketplace } }) =>
    answerOf(await useCases.getEvent(marketplace, path.id), presentEvent),
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
  handle: async ({ useCases }, { path, principal: { marketplace } }) => {
    const sent = await useCases.resendEvent(marketplace, path.id);
    return sent.ok ? answerOf(await useCases.getEvent(marketplace, path.id), presentEvent) : sent;
  },
});

export const EVENT_ROUTES: readonly AnyRoute[] = [list, read, resend];
