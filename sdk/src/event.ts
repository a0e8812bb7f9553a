/**
 * Events, told apart by `type`: `switch (event.type)` narrows `event.data.object`.
 *
 * Deliveries repeat and overtake. `object_version` only grows for one object, so a receiver keeps
 * the highest it has seen per `data.object.id` and drops what is lower.
 */
import type { PaymentAttempt, PaymentIntent, Refund } from './types.ts';

interface EventOf<Type extends string, Object> {
  id: string;
  object: 'event';
  type: Type;
  created_at: string;
  object_version: number;
  data: { object: Object };
}

export type PaymentIntentEvent = EventOf<
  | 'payment_intent.created'
  | 'payment_intent.requires_action'
  | 'payment_intent.succeeded'
  | 'payment_intent.canceled'
  | 'payment_intent.resolved'
  | 'payment_intent.expired'
  | 'payment_intent.conflicted',
  PaymentIntent
>;

export type PaymentAttemptEvent = EventOf<
  | 'payment_attempt.succeeded'
  | 'payment_attempt.failed'
  | 'payment_attempt.closed'
  | 'payment_attempt.superseded'
  | 'payment_attempt.conflicted'
  | 'payment_attempt.requires_attention',
  PaymentAttempt
>;

export type RefundEvent = EventOf<
  'refund.created' | 'refund.succeeded' | 'refund.failed' | 'refund.requires_attention',
  Refund
>;

export type HutongEvent = PaymentIntentEvent | PaymentAttemptEvent | RefundEvent;
export type EventType = HutongEvent['type'];

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
