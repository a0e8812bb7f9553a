/**
 * The numbers we give wallets, `[0-9A-Z]{8,30}`, never reused: they are made of ids, so that any
 * number a wallet ever says back finds its payment, its attempt and its shard without a lookup.
 *
 *   order number   <intent body 13><attempt body 13><leg 2 digits>   28; leg 00 = the whole attempt
 *   refund number  <intent body 13><refund body 13>R1                28
 */
import { assert } from './assert.ts';
import { type Id, parseId } from './id.ts';

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

export function refundNumber(intent: Id<'payment_intent'>, refund: Id<'refund'>): string {
  return `${body(intent)}${body(refund)}R1`;
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
}

export function parseRefundNumber(text: string): RefundNumberParts | undefined {
  if (!/^[0-9A-Z]{26}R1$/.test(text)) return undefined;
  const intent = parseId('payment_intent', `pi_${text.slice(0, BODY)}`);
  const refund = parseId('refund', `re_${text.slice(BODY, 2 * BODY)}`);
  return intent === undefined || refund === undefined ? undefined : { intent, refund };
}
