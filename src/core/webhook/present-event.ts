/**
 * event as GET /v1/events and every webhook delivery show it: one shape, so that a receiver that
 * missed a delivery finds the same bytes' meaning in the list. The object inside was presented when
 * the event was made and is never presented again.
 */
import type { EventType } from '../../kernel/event-types.ts';
import type { Id } from '../../kernel/id.ts';
import { rfc3339 } from '../../kernel/rfc3339.ts';
import type { ShownEvent } from './shape.ts';

export interface PresentableEvent {
  readonly id: Id<'event'>;
  /** As a decision emitted it: of the list, by the draft's own type. */
  readonly type: string;
  readonly createdAtMs: number;
  readonly objectVersion: number;
  /** What presentPaymentIntent and its like made. */
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
