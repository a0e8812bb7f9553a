/**
 * How an operator resolves a conflicted payment. The wallet is queried one last time first: if it
 * has corrected its figure since, that figure counts, or is refunded. The janitor sends the refund.
 */

import { paymentModeRefusal } from '../../core/key/mode.ts';
import { resolveConflict as decide } from '../../core/payment/conflict.ts';
import type { Payment } from '../../core/payment/model.ts';
import type { Id } from '../../kernel/id.ts';
import { err } from '../../kernel/result.ts';
import { CAPABILITIES } from '../../wallets/registry.ts';
import { modesOf } from '../base/directory.ts';
import type { Outcome } from '../base/outcome.ts';
import type { Platform } from '../base/platform.ts';
import { readOwnPayment } from '../base/read-payment.ts';
import { decideOn } from './decide-on.ts';
import { queryAttempt } from './settle.ts';

/** How an operator resolves a conflicted payment. */
export interface ResolveConflictInput {
  readonly marketplace: Id<'marketplace'>;
  readonly intent: Id<'payment_intent'>;
  readonly outcome: 'accept' | 'refund';
  readonly reason: string;
  readonly by: Id<'api_key'>;
  readonly isLivemode: boolean;
}

export async function resolveConflict(
  platform: Platform,
  input: ResolveConflictInput,
): Outcome<Payment> {
  const { marketplace, intent, outcome, reason, by } = input;
  const stored = await readOwnPayment(platform, marketplace, intent);
  if (!stored.ok) return stored;
  const modeOf = modesOf(await platform.directory.marketplace(marketplace));
  const refusal = paymentModeRefusal(stored.value, input.isLivemode, modeOf);
  if (refusal !== undefined) return err(refusal);
  await queryDisputed(platform, stored.value);
  const root = { id: intent, marketplace };
  return decideOn(platform, root, 'resolve_conflict', (payment, context) =>
    decide(payment, { outcome, reason, by, capabilities: CAPABILITIES }, context),
  );
}

/** If it does not answer, the operator decides by its last report. */
async function queryDisputed(platform: Platform, payment: Payment): Promise<void> {
  for (const attempt of payment.attempts) {
    if (attempt.status !== 'conflicted') continue;
    const opened = await platform.directory.wallet(attempt.config);
    if (opened !== undefined) await queryAttempt(platform, opened, payment, attempt);
  }
}
