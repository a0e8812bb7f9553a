/**
 * The bearer tokens of one payment. None is stored: each is a keyed digest of the intent's random
 * seed, so that the same request can be told the same token again, and a copy of the database
 * alone opens nothing. The seed names the master key that they are derived under, so they outlive
 * its rotation. The intent's id in front only says where to look.
 */
import { timingSafeEqual } from 'node:crypto';
import type { Payment } from '../../core/payment/model.ts';
import { type Id, parseId } from '../../kernel/id.ts';
import type { Envelope } from '../key/envelope.ts';

const SHORT_DIGITS = 20;

export type PayTokenKind = 'buyer' | 'friend';

const body = (id: Id): string => id.slice(id.indexOf('_') + 1);

export function clientSecretOf(envelope: Envelope, payment: Payment): string {
  return `${payment.intent.id}_secret_${envelope.digest('client_secret', payment.intent.tokenSeed)}`;
}

export function payTokenOf(envelope: Envelope, payment: Payment, kind: PayTokenKind): string {
  const digest = envelope.digest(`pay_token.${kind}`, payment.intent.tokenSeed);
  return `${kind === 'buyer' ? 'b' : 'f'}${body(payment.intent.id)}${digest}`;
}

export function parsePayToken(
  token: string,
): { readonly kind: PayTokenKind; readonly intent: Id<'payment_intent'> } | undefined {
  const match = /^([bf])([0-9A-Z]{13})[0-9a-f]{40}$/.exec(token);
  const intent = parseId('payment_intent', `pi_${match?.[2] ?? ''}`);
  if (match === null || intent === undefined) return undefined;
  return { kind: match[1] === 'b' ? 'buyer' : 'friend', intent };
}

/** Where an attempt was started: from there the wallet sends its buyer back. */
export type HandOutOrigin = 'cashier' | 'marketplace';

export interface HandOutName {
  readonly attempt: Id<'payment_attempt'>;
  readonly origin: HandOutOrigin;
}

/**
 * Hands out the wallet's form of one attempt, and opens nothing else: it stands in `next_action`,
 * which a marketplace's server reads and whoever pays is shown.
 */
export function handOutTokenOf(envelope: Envelope, payment: Payment, name: HandOutName): string {
  const { id, tokenSeed } = payment.intent;
  const text = `${tokenSeed}\n${name.attempt}`;
  const digest = envelope.digest(`hand_out.${name.origin}`, tokenSeed, text);
  return `${name.origin === 'cashier' ? 'c' : 'm'}${body(id)}${body(name.attempt)}${digest}`;
}

export function parseHandOutToken(
  token: string,
): (HandOutName & { readonly intent: Id<'payment_intent'> }) | undefined {
  const match = /^([cm])([0-9A-Z]{13})([0-9A-Z]{13})[0-9a-f]{40}$/.exec(token);
  const intent = parseId('payment_intent', `pi_${match?.[2] ?? ''}`);
  const attempt = parseId('payment_attempt', `pa_${match?.[3] ?? ''}`);
  if (match === null || intent === undefined || attempt === undefined) return undefined;
  return { intent, attempt, origin: match[1] === 'c' ? 'cashier' : 'marketplace' };
}

/**
 * What a code on a screen holds: shorter than a pay_token, so that its picture is coarse enough for
 * any camera and fits an EMVCo template. 80 bits, asked for online only; it leads to the buyer's
 * page.
 */
export function shortCodeOf(envelope: Envelope, payment: Payment): string {
  const digest = envelope.digest('short_code', payment.intent.tokenSeed);
  return `${body(payment.intent.id)}${digest.slice(0, SHORT_DIGITS)}`;
}

export function parseShortCode(code: string): Id<'payment_intent'> | undefined {
  const match = /^([0-9A-Z]{13})[0-9a-f]{20}$/.exec(code);
  return match === null ? undefined : parseId('payment_intent', `pi_${match[1] ?? ''}`);
}

/** Compares without telling by time how much was right. */
export function isSameSecret(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
