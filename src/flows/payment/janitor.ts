/**
 * The janitor claims due rows, then acts on them with the numbers stored in the rows. Two janitors
 * can at worst send the same query twice.
 */
import { alertOverdue, isOverdue } from '../../core/payment/attention.ts';
import { claimAttempt, lookDelaysMs } from '../../core/payment/claim.ts';
import { expirePayment } from '../../core/payment/close.ts';
import { isLive } from '../../core/payment/intent-status.ts';
import type { Attempt, Payment } from '../../core/payment/model.ts';
import { isProvisionallyClosed } from '../../core/payment/provisional-close.ts';
import { mustReverse } from '../../core/payment/reverse.ts';
import { claimed, type Work } from '../../engine/due.ts';
import type { HutongError } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/id.ts';
import type { Result } from '../../kernel/result.ts';
import { worksOnce } from '../../kernel/wallet-names.ts';
import type { DueChild } from '../../store/payment/due.ts';
import { CAPABILITIES } from '../../wallets/registry.ts';
import type { OpenedWallet } from '../base/directory.ts';
import type { Platform } from '../base/platform.ts';
import { attemptOf } from './attempt-order.ts';
import { decideOn } from './decide-on.ts';
import { closeAttempt, queryAttempt, reverseAttempt } from './settle.ts';

export async function claimDueAttempt(
  platform: Platform,
  due: DueChild<'payment_attempt'>,
): Promise<Work> {
  const nowMs = platform.clock.nowMs();
  const root = { id: due.intent, marketplace: null };
  const claim = await decideOn(platform, root, 'claim_attempt', (payment, context) =>
    claimAttempt(payment, { attempt: due.id, capabilities: CAPABILITIES }, context),
  );
  const { payment, attempt } = claimed(claim);
  if (attempt === null) return null;
  return async () => {
    const asked = await queryOrClose(platform, payment, attempt, nowMs);
    await alertIfOverdue(platform, asked, attempt, nowMs);
  };
}

const HOUR_MS = 3_600_000;

/**
 * Stuck attempt: still open long after the wallet's answer is final, and a poll just now did not
 * help. Emits one alert; logs hourly.
 */
async function alertIfOverdue(
  platform: Platform,
  asked: Payment,
  attempt: Attempt,
  nowMs: number,
): Promise<void> {
  const capabilities = CAPABILITIES.get(attempt.wallet);
  const finalAfterMs = capabilities?.notFoundIsFinalAfterMs ?? 0;
  if (!isOverdue(attemptOf(asked, attempt.id), finalAfterMs, nowMs)) return;
  const root = { id: asked.intent.id, marketplace: null };
  await decideOn(platform, root, 'note_overdue', (stored, context) =>
    alertOverdue(stored, { attempt: attempt.id, finalAfterMs }, context),
  );
  const lastDelayMs = lookDelaysMs(attempt, capabilities?.pollDelaysMs ?? []).at(-1) ?? HOUR_MS;
  const looksAnHour = Math.max(1, Math.round(HOUR_MS / lastDelayMs));
  if (attempt.tries % looksAnHour !== 0) return;
  platform.log.error(
    { wallet: attempt.wallet, wallet_config: attempt.config, attempt: attempt.id },
    'an order is long overdue and its wallet has not reported the outcome; it is polled again',
  );
}

/** The payment afterwards. */
async function queryOrClose(
  platform: Platform,
  payment: Payment,
  attempt: Attempt,
  nowMs: number,
): Promise<Payment> {
  const opened = await platform.directory.wallet(attempt.config);
  if (opened === undefined) return payment;
  if (isProvisionallyClosed(attempt))
    return orAsBefore(await queryAttempt(platform, opened, payment, attempt), payment);
  if (worksOnce(attempt.product) && attempt.closingAtMs === null) {
    return queryOrReverse(platform, opened, payment, attempt, nowMs);
  }
  const mustClose = attempt.closingAtMs !== null || nowMs >= attempt.expiresAtMs;
  if (!mustClose || !isLive(attempt)) {
    return orAsBefore(await queryAttempt(platform, opened, payment, attempt), payment);
  }
  const closed = await closeAttempt(platform, opened, payment, attempt);
  if (!closed.ok || !isLive(attemptOf(closed.value, attempt.id))) {
    return orAsBefore(closed, payment);
  }
  return orAsBefore(await queryAttempt(platform, opened, closed.value, attempt), closed.value);
}

/** One last query first: the buyer may have confirmed at this very moment. */
async function queryOrReverse(
  platform: Platform,
  opened: OpenedWallet,
  payment: Payment,
  attempt: Attempt,
  nowMs: number,
): Promise<Payment> {
  const asked = await queryAttempt(platform, opened, payment, attempt);
  const isReversed =
    asked.ok && isLive(attemptOf(asked.value, attempt.id)) && mustReverse(attempt, nowMs);
  if (!isReversed) return orAsBefore(asked, payment);
  return orAsBefore(await reverseAttempt(platform, opened, asked.value, attempt.id), asked.value);
}

function orAsBefore(asked: Result<Payment, HutongError>, before: Payment): Payment {
  return asked.ok ? asked.value : before;
}

export async function expireIntent(platform: Platform, id: Id<'payment_intent'>): Promise<Work> {
  const root = { id, marketplace: null };
  const expired = await decideOn(platform, root, 'expire_payment_intent', expirePayment);
  claimed(expired);
  return null;
}
