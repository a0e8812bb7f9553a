/** Cancelling: attempts are closed by their wallets' word; only then is the intent canceled. */
import { cancelPayment } from '../core/closing.ts';
import type { HutongError } from '../core/errors.ts';
import type { Id } from '../core/id.ts';
import { paymentModeRefusal } from '../core/key-mode.ts';
import type { Payment } from '../core/payment.ts';
import { err, type Result } from '../core/result.ts';
import { rootOf } from './attempt-order.ts';
import { modesOf } from './directory.ts';
import type { Platform } from './platform.ts';
import { readOwnPayment } from './read-payment.ts';
import { closeLeftBehind } from './settle-attempt.ts';
import type { Canceler } from './use-cases.ts';

export async function cancelPaymentIntent(
  platform: Platform,
  { marketplace, isLivemode }: Canceler,
  id: Id<'payment_intent'>,
): Promise<Result<Payment, HutongError>> {
  const modeOf = modesOf(await platform.directory.marketplace(marketplace));
  const canceled = await platform.engine.submit({
    book: 'payment',
    name: 'cancel_payment_intent',
    ...rootOf(id),
    marketplace,
    decide: (payment, context) => {
      const refusal = paymentModeRefusal(payment, isLivemode, modeOf);
      return refusal === undefined ? cancelPayment(payment, context) : err(refusal);
    },
  });
  if (!canceled.ok || canceled.value.intent.status === 'canceled') return canceled;
  await closeLeftBehind(platform, canceled.value);
  return readOwnPayment(platform, marketplace, id);
}
