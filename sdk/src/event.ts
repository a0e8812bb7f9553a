/**
 * Events, discriminated by `type`: `switch (event.type)` narrows `event.data.object`.
 *
 * Deliveries may repeat and overtake one another. `object_version` only grows per object, so a
 * receiver keeps the highest version seen per `data.object.id` and drops lower ones.
 */
import type { Schemas } from './types.ts';

export type EventType = Schemas['event']['type'];
type Family = EventType extends `${infer Noun}.${string}` ? Noun : never;

/** Its object has the schema of the noun before the dot; one without a schema does not compile. */
interface EventOf<F extends Family> {
  id: string;
  object: 'event';
  type: Extract<EventType, `${F}.${string}`>;
  created_at: string;
  object_version: number;
  data: { object: Schemas[F] };
}

export type PaymentIntentEvent = EventOf<'payment_intent'>;
export type PaymentAttemptEvent = EventOf<'payment_attempt'>;
export type RefundEvent = EventOf<'refund'>;
export type HutongEvent = { [F in Family]: EventOf<F> }[Family];

/** Whether an event's object is a payment intent: true for later event types too. */
export function isPaymentIntentEvent(event: HutongEvent): event is PaymentIntentEvent {
  return event.type.startsWith('payment_intent.');
}

/** Whether an event's object is a payment attempt: true for later event types too. */
export function isPaymentAttemptEvent(event: HutongEvent): event is PaymentAttemptEvent {
  return event.type.startsWith('payment_attempt.');
}

/** Whether an event's object is a refund: true for later event types too. */
export function isRefundEvent(event: HutongEvent): event is RefundEvent {
  return event.type.startsWith('refund.');
}
