/**
 * The event object of GET /v1/events and of every webhook delivery: one shape, so that a receiver
 * that missed a delivery finds the same content in the list. The object inside was presented when
 * the event was made and is never presented again.
 */
import type { EventType } from '../../kernel/event-types.ts';
import type { Id } from '../../kernel/id.ts';
import { rfc3339 } from '../../kernel/rfc3339.ts';
import type { ShownEvent } from './shape.ts';

export interface PresentableEvent {
  readonly id: Id<'event'>;
  /** As a decision emitted it: of the event types that the draft allows. */
  readonly type: string;
  readonly createdAtMs: number;
  readonly objectVersion: number;
  /** The output of presentPaymentIntent and its like. */
  readonly object: unknown;
}

export function presentEvent(event: PresentableEvent): ShownEvent {
  return {
    id: event.id,
    object: 'event',
    type: event.type as EventType,
    created_at: rfc3339(event.createdAtMs),
    object_version: event.objectVersion,
    data: { object: event.object },
  };
}
