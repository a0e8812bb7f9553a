/**
 * Canceling: attempts are closed as confirmed by their wallets; only then is the intent canceled.
 */

import { paymentModeRefusal } from '../../core/key/mode.ts';
import { cancelPayment } from '../../core/payment/close.ts';
import type { Payment } from '../../core/payment/model.ts';
import type { Id } from '../../kernel/id.ts';
import { err, ok } from '../../kernel/result.ts';
import { modesOf } from '../base/directory.ts';
import { lastSender, type RequestKey } from '../base/key-claim.ts';
import type { Outcome } from '../base/outcome.ts';
import type { Platform } from '../base/platform.ts';
import { readOwnPayment } from '../base/read-payment.ts';
import type { Principal } from '../key/authenticate.ts';
import { decideOn } from './decide-on.ts';
import { closeLeftBehind } from './settle.ts';

/** The caller: must own the payment and have its mode. */
export type Canceler = Pick<Principal, 'marketplace' | 'isLivemode'> & {
  /** The key of the request; left out = it has none. */
  readonly requestKey?: RequestKey<Payment>;
};

export async function cancelPaymentIntent(
  platform: Platform,
  { marketplace, isLivemode, requestKey }: Canceler,
  id: Id<'payment_intent'>,
): Outcome<Payment> {
  const modeOf = modesOf(await platform.directory.marketplace(marketplace));
  // Where no attempt is to be closed first.
  const sender = lastSender(platform, requestKey, (payment: Payment) =>
    isCanceled(payment) ? ok(payment) : undefined,
  );
  const root = { id, marketplace, sender };
  const canceled = await decideOn<Payment>(
    platform,
    root,
    'cancel_payment_intent',
    (payment, context) => {
      const refusal = paymentModeRefusal(payment, isLivemode, modeOf);
      return refusal === undefined ? cancelPayment(payment, context) : err(refusal);
    },
  );
  if (!canceled.ok || isCanceled(canceled.value)) return canceled;
  await closeLeftBehind(platform, canceled.value);
  return readOwnPayment(platform, marketplace, id);
}

function isCanceled({ intent }: Payment): boolean {
  return intent.status === 'canceled';
}
