/**
 * The bearer tokens of one payment. None is stored: each is a keyed digest of the intent's random
 * seed, so that a repeated request gets the same token, and a copy of the database alone opens
 * nothing. The seed names the master key that the tokens are derived under, so they survive its
 * rotation. The leading intent id only says which row to read.
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

/** Where an attempt was started: the wallet sends its buyer back there. */
export type HandOutOrigin = 'cashier' | 'marketplace';

export interface HandOutName {
  readonly attempt: Id<'payment_attempt'>;
  readonly origin: HandOutOrigin;
}

/**
 * Authorizes the wallet's form of one attempt and nothing else: it is part of `next_action`, which
 * a marketplace's server reads and whoever pays is shown.
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
 * The token inside an on-screen QR code: shorter than a pay_token, so that the code stays coarse
 * enough for any camera and fits an EMVCo template. 80 bits suffice, since it is only checked
 * online; it leads to the buyer's page.
 */
export function shortCodeOf(envelope: Envelope, payment: Payment): string {
  const digest = envelope.digest('short_code', payment.intent.tokenSeed);
  return `${body(payment.intent.id)}${digest.slice(0, SHORT_DIGITS)}`;
}

export function parseShortCode(code: string): Id<'payment_intent'> | undefined {
  const match = /^([0-9A-Z]{13})[0-9a-f]{20}$/.exec(code);
  return match === null ? undefined : parseId('payment_intent', `pi_${match[1] ?? ''}`);
}

/** Constant-time comparison. */
export function isSameSecret(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
