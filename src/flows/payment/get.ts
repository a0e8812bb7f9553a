/** One payment or attempt, by its marketplace (rule 11) or by its buyer. */
import type { Attempt, Payment } from '../../core/payment/model.ts';
import { hutongError } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/id.ts';
import { err, ok } from '../../kernel/result.ts';
import { readPayment } from '../../store/payment/queries.ts';
import type { Outcome } from '../base/outcome.ts';
import type { Platform } from '../base/platform.ts';
import { attemptFind, readOwnPayment } from '../base/read-payment.ts';
import { clientSecretOf, isSameSecret } from '../base/tokens.ts';

export function getPaymentIntent(
  platform: Platform,
  marketplace: Id<'marketplace'>,
  id: Id<'payment_intent'>,
): Outcome<Payment> {
  return readOwnPayment(platform, marketplace, id);
}

/** The buyer's own view, by client_secret alone; any other gives `client_secret_invalid`. */
export async function getPaymentIntentAsBuyer(
  { cells, envelope }: Platform,
  id: Id<'payment_intent'>,
  clientSecret: string,
): Outcome<Payment> {
  const message = 'the client_secret does not belong to this payment_intent';
  const refusal = hutongError('client_secret_invalid', message);
  const payment = await attemptFind(() => readPayment(cells, id), refusal);
  if (!payment.ok) return payment;
  const isOwn = isSameSecret(clientSecret, clientSecretOf(envelope, payment.value));
  return isOwn ? payment : err(refusal);
}

export async function getAttempt(
  platform: Platform,
  marketplace: Id<'marketplace'>,
  id: Id<'payment_attempt'>,
  intent: Id<'payment_intent'>,
): Outcome<{ readonly payment: Payment; readonly attempt: Attempt }> {
  const payment = await readOwnPayment(platform, marketplace, intent);
  if (!payment.ok) return payment;
  const attempt = payment.value.attempts.find((row) => row.id === id);
  if (attempt === undefined) return err(hutongError('not_found', 'no such payment_attempt'));
  return ok({ payment: payment.value, attempt });
}
