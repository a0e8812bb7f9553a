/**
 * The order and refund numbers that we send to wallets, `[0-9A-Z]{8,30}`, never reused. They are
 * built from ids, so that every number a wallet reports leads to its payment, attempt and shard
 * without a lookup.
 *
 *   order number   <intent body 13><attempt body 13><leg 2 digits>   28; leg 00 = the whole attempt
 *   refund number  <intent body 13><refund body 13>R1                28; R2 = its second number
 */
import { assert } from '../../kernel/assert.ts';
import { type Id, parseId } from '../../kernel/id.ts';

const BODY = 13;

function body(id: Id): string {
  return id.slice(id.indexOf('_') + 1);
}

export function orderNumber(
  intent: Id<'payment_intent'>,
  attempt: Id<'payment_attempt'>,
  leg: number,
): string {
  assert(Number.isInteger(leg) && leg >= 0 && leg <= 99, 'a leg number is 0 to 99');
  return `${body(intent)}${body(attempt)}${String(leg).padStart(2, '0')}`;
}

/**
 * A refund whose number was closed by its wallet continues under the next: R1 to RZ, S0 to SZ, to
 * ZZ.
 */
export function refundNumber(
  intent: Id<'payment_intent'>,
  refund: Id<'refund'>,
  ordinal: number,
): string {
  assert(Number.isInteger(ordinal) && isRefundOrdinal(ordinal), 'a refund has numbers left');
  const suffix = (FIRST_ORDINAL + ordinal).toString(36).toUpperCase();
  return `${body(intent)}${body(refund)}${suffix}`;
}

/** R0 in base 36. */
const FIRST_ORDINAL = Number.parseInt('R0', 36);
const ORDINAL_MAX = Number.parseInt('ZZ', 36) - FIRST_ORDINAL;

export function isRefundOrdinal(ordinal: number): boolean {
  return ordinal >= 1 && ordinal <= ORDINAL_MAX;
}

export interface OrderNumberParts {
  readonly intent: Id<'payment_intent'>;
  readonly attempt: Id<'payment_attempt'>;
}

export function parseOrderNumber(text: string): OrderNumberParts | undefined {
  if (!/^[0-9A-Z]{26}[0-9]{2}$/.test(text)) return undefined;
  const intent = parseId('payment_intent', `pi_${text.slice(0, BODY)}`);
  const attempt = parseId('payment_attempt', `pa_${text.slice(BODY, 2 * BODY)}`);
  return intent === undefined || attempt === undefined ? undefined : { intent, attempt };
}

export interface RefundNumberParts {
  readonly intent: Id<'payment_intent'>;
  readonly refund: Id<'refund'>;
  /** The ordinal of the refund's number, from 1. */
  readonly ordinal: number;
}

export function parseRefundNumber(text: string): RefundNumberParts | undefined {
  if (!/^[0-9A-Z]{26}(?:R[1-9A-Z]|[S-Z][0-9A-Z])$/.test(text)) return undefined;
  const intent = parseId('payment_intent', `pi_${text.slice(0, BODY)}`);
  const refund = parseId('refund', `re_${text.slice(BODY, 2 * BODY)}`);
  const ordinal = Number.parseInt(text.slice(2 * BODY), 36) - FIRST_ORDINAL;
  return intent === undefined || refund === undefined ? undefined : { intent, refund, ordinal };
}
