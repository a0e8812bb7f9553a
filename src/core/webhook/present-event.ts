/**
 * event as GET /v1/events and every webhook delivery show it: one shape, so that a receiver that
 * missed a delivery finds the same bytes' meaning in the list. The object inside was presented when
 * the event was made and is never presented again.
 */
import type { Id } from '../../kernel/id.ts';
import { rfc3339 } from '../../kernel/rfc3339.ts';

export interface PresentableEvent {
  readonly id: Id<'event'>;
  readonly type: string;
  readonly createdAtMs: number;
  readonly objectVersion: number;
  /** What presentPaymentIntent and its like made. */
  readonly object: unknown;
}

export function presentEvent(event: PresentableEvent): Record<string, unknown> {
  return {
    id: event.id,
    object: 'event',
    type: event.type,
    created_at: rfc3339(event.createdAtMs),
    object_version: event.objectVersion,
    data: { object: event.object },
  };
}
