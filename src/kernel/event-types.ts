/**
 * The one list of event types: what is told, what may be subscribed to, what the documents name. A
 * published type never changes its meaning. A pattern stays a pattern where it is stored, so that
 * `refund.*` covers a type that a later version adds.
 */
export const EVENT_TYPES = Object.freeze({
  'payment_intent.created': 'A checkout was made.',
  'payment_intent.requires_action': 'The buyer has something to do: scan, open, confirm.',
  'payment_intent.succeeded': 'The checkout is paid.',
  'payment_intent.canceled': 'It was canceled, and nothing can be paid any more.',
  'payment_intent.expired': 'Its time ran out unpaid.',
  'payment_intent.conflicted': 'A wallet took something else than was asked; a person decides.',
  'payment_intent.resolved': 'A person ended the conflict, accepting it or giving it back.',
  'payment_attempt.succeeded': 'This try was paid.',
  'payment_attempt.failed': 'This try failed; the buyer may try another.',
  'payment_attempt.closed': 'This try can no longer be paid.',
  'payment_attempt.superseded': 'It was a second success, and is refunded by itself.',
  'payment_attempt.conflicted': 'What its wallet took is not what was asked.',
  'payment_attempt.requires_attention': 'A person must look; `failure.code` says why.',
  'refund.created': 'A refund was made, by you or by Hutong itself.',
  'refund.succeeded': 'The wallet gave the money back.',
  'refund.failed': 'The wallet refused, and nothing was given back.',
  'refund.requires_attention': 'A person must look at it, at the wallet itself.',
});

export type EventType = keyof typeof EVENT_TYPES;

const TYPES = Object.keys(EVENT_TYPES);
const FAMILIES = [...new Set(TYPES.map(familyOf))];

/** Everything, a family, one type: what `enabled_events` may name. */
export const EVENT_PATTERNS: readonly string[] = Object.freeze(['*', ...FAMILIES, ...TYPES]);

/** `refund.created` -> `refund.*`. */
function familyOf(type: string): string {
  return `${type.slice(0, type.indexOf('.'))}.*`;
}
