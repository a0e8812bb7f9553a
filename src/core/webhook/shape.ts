/** The event object that the API and every webhook delivery show. */
import { type Static, Type } from 'typebox';
import { EVENT_TYPES, type EventType } from '../../kernel/event-types.ts';
import { anything, closed, idField, page, shape, time } from '../shape.ts';

export const EventShape = shape('event', {
  id: idField('event', ''),
  object: Type.Literal('event'),
  type: Type.Enum(Object.keys(EVENT_TYPES) as EventType[]),
  created_at: time,
  object_version: Type.Integer({ description: 'Drop an event older than the one you have.' }),
  data: closed({ object: anything('The object as it was at that moment.') }),
});

export const EventListShape = page(EventShape);

export type ShownEvent = Static<typeof EventShape>;
