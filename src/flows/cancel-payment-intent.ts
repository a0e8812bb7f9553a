/** Cancelling: attempts are closed by their wallets' word; only then is the intent canceled. */
import { cancelPayment } from '../core/closing.ts';
import type { HutongError } from '../core/errors.ts';
import type { Id } from '../core/id.ts';
import type { Payment } from '../core/payment.ts';
import type { Result } from '../core/result.ts';
import { rootOf } from './attempt-order.ts';
import type { Platform } from './platform.ts';
import { readOwnPayment } from './read-payment.ts';
import { closeLeftBehind } from './settle-attempt.ts';

export async function cancelPaymentIntent(
  platform: Platform,
  marketplace: Id<'marketplace'>,
  id: Id<'payment_intent'>,
): Promise<Result<Payment, HutongError>> {
  const canceled = await platform.engine.submit({
    book: 'payment',
    name: 'cancel_payment_intent',
    ...rootOf(id),
    marketplace,
    decide: cancelPayment,
  });
  if (!canceled.ok || canceled.value.intent.status === 'canceled') return canceled;
  await closeLeftBehind(platform, canceled.value);
  return readOwnPayment(platform, marketplace, id);
}
