/**
 * The event types: what is emitted, what an endpoint may subscribe to. `npm run openapi` writes
 * openapi.json, the SDK's types and the table of docs/guides/webhooks.md from this list. A
 * published type never changes its meaning. A pattern stays a pattern where it is stored, so that
 * `refund.*` covers a type that a later version adds.
 */
export const EVENT_TYPES = Object.freeze({
  'payment_intent.created': 'A checkout was created.',
  'payment_intent.requires_action': 'The buyer has something to do: scan, open, confirm.',
  'payment_intent.succeeded': 'The checkout is paid.',
  'payment_intent.canceled': 'It was canceled and can no longer be paid.',
  'payment_intent.expired': 'Its time ran out unpaid.',
  'payment_intent.conflicted': 'A wallet took something else than was asked; an operator decides.',
  'payment_intent.resolved': 'An operator ended the conflict: accepted it or refunded it.',
  'payment_attempt.succeeded': 'The attempt was paid.',
  'payment_attempt.failed': 'The attempt failed; the buyer may start another.',
  'payment_attempt.closed': 'The attempt can no longer be paid.',
  'payment_attempt.superseded': 'It was a second success and is refunded automatically.',
  'payment_attempt.conflicted': 'What its wallet took is not what was asked.',
  'payment_attempt.requires_attention': 'An operator must look; `failure.code` says why.',
  'refund.created':
    'A refund was created, by you or by Hutong itself (`reason`: `duplicate`, `late`, ' +
    '`conflicted`, `partial_payment`, `reversed`).',
  'refund.succeeded': 'The wallet returned the money to the buyer.',
  'refund.failed': 'The wallet refused, and nothing was returned.',
  'refund.requires_attention': 'An operator must look at it, at the wallet itself.',
});

export type EventType = keyof typeof EVENT_TYPES;
type FamilyOf<T extends EventType> = T extends `${infer Noun}.${string}` ? Noun : never;
/** What `enabled_events` may name: everything, a family or one type. */
export type EventPattern = '*' | `${FamilyOf<EventType>}.*` | EventType;

const TYPES = Object.keys(EVENT_TYPES) as EventType[];

export const EVENT_PATTERNS: readonly EventPattern[] = Object.freeze([
  '*',
  ...new Set(TYPES.map(familyPattern)),
  ...TYPES,
]);

/** `refund.created` -> `refund.*`. */
function familyPattern(type: EventType): EventPattern {
  return `${type.slice(0, type.indexOf('.')) as FamilyOf<EventType>}.*`;
}
