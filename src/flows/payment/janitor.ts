/**
 * The janitor: what is due is claimed, then acted upon with the numbers that the rows already
 * have. Two janitors can only ask the same question twice.
 */
import { isOverdue, noteOverdue } from '../../core/payment/attention.ts';
import { claimAttempt, expirePayment } from '../../core/payment/close.ts';
import { isLive } from '../../core/payment/intent-status.ts';
import type { Attempt, Payment } from '../../core/payment/model.ts';
import { isProvisionallyClosed, nextTailLookMs } from '../../core/payment/provisional-close.ts';
import { CODE_PATIENCE_MS, mustReverse } from '../../core/payment/reverse.ts';
import { claimed, type Work } from '../../engine/due.ts';
import type { HutongError } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/id.ts';
import type { Result } from '../../kernel/result.ts';
import { worksOnce } from '../../kernel/wallet-names.ts';
import { PAYMENT } from '../../store/payment/aggregate.ts';
import type { DueChild } from '../../store/payment/due.ts';
import { walletModule } from '../../wallets/registry.ts';
import type { OpenedWallet } from '../base/directory.ts';
import type { Platform } from '../base/platform.ts';
import { attemptOf, rootOf } from './attempt-order.ts';
import { closeAttempt, queryAttempt, reverseAttempt } from './settle.ts';

const CLOSING_DELAYS_MS = [3_000, 5_000, 10_000, 30_000, 60_000, 300_000];
/** The buyer of a payment code confirms on the phone, with a cashier waiting. */
const CODE_DELAYS_MS = [5_000];
const CONFLICT_DELAYS_MS = [5_000, 60_000, 600_000, 3_600_000];
/** Just after the order's own end the wallet knows best. */
const AFTER_EXPIRY_MS = 2_000;

export function nextLookMs(
  attempt: Attempt,
  pollDelaysMs: readonly number[],
  nowMs: number,
): number | null {
  if (isProvisionallyClosed(attempt)) return nextTailLookMs(attempt, nowMs);
  const delays = delaysOf(attempt, pollDelaysMs);
  const delayMs = delays[Math.min(attempt.tries, delays.length - 1)] ?? 60_000;
  const next = nowMs + delayMs;
  const end = endMs(attempt);
  return nowMs < end && next > end ? end : next;
}

function delaysOf(attempt: Attempt, pollDelaysMs: readonly number[]): readonly number[] {
  if (attempt.status === 'conflicted') return CONFLICT_DELAYS_MS;
  if (attempt.closingAtMs !== null) return CLOSING_DELAYS_MS;
  return worksOnce(attempt.product) ? CODE_DELAYS_MS : pollDelaysMs;
}

/** When it must be looked at, whatever the delays say. */
function endMs(attempt: Attempt): number {
  const isWaitedFor = worksOnce(attempt.product) && attempt.closingAtMs === null;
  const end = attempt.expiresAtMs + AFTER_EXPIRY_MS;
  return isWaitedFor ? Math.min(end, attempt.createdAtMs + CODE_PATIENCE_MS) : end;
}

export async function claimDueAttempt(
  platform: Platform,
  due: DueChild<'payment_attempt'>,
): Promise<Work> {
  const nowMs = platform.clock.nowMs();
  const claim = await platform.engine.submit({
    aggregate: PAYMENT,
    name: 'claim_attempt',
    ...rootOf(due.intent),
    marketplace: null,
    decide: (payment, context) => {
      const fromMs = Math.max(nowMs, context.nowMs);
      const attempt = payment.attempts.find((row) => row.id === due.id);
      const delays =
        attempt === undefined
          ? []
          : (walletModule(attempt.wallet)?.capabilities.pollDelaysMs ?? []);
      return claimAttempt(
        payment,
        { attempt: due.id, nextDueMs: (row) => nextLookMs(row, delays, fromMs) },
        context,
      );
    },
  });
  const { payment, attempt } = claimed(claim);
  if (attempt === null) return null;
  return async () => {
    const asked = await askOrClose(platform, payment, attempt, nowMs);
    await tellOfOverdue(platform, asked, attempt, nowMs);
  };
}

const HOUR_MS = 3_600_000;

/**
 * Still open long after its wallet must know, and just asked about in vain: a person is told once,
 * the log by the hour.
 */
async function tellOfOverdue(
  platform: Platform,
  asked: Payment,
  attempt: Attempt,
  nowMs: number,
): Promise<void> {
  const capabilities = walletModule(attempt.wallet)?.capabilities;
  const finalAfterMs = capabilities?.notFoundIsFinalAfterMs ?? 0;
  if (!isOverdue(attemptOf(asked, attempt.id), finalAfterMs, nowMs)) return;
  await platform.engine.submit({
    aggregate: PAYMENT,
    name: 'note_overdue',
    ...rootOf(asked.intent.id),
    marketplace: null,
    decide: (stored, context) =>
      noteOverdue(stored, { attempt: attempt.id, finalAfterMs }, context),
  });
  const lastDelayMs = delaysOf(attempt, capabilities?.pollDelaysMs ?? []).at(-1) ?? HOUR_MS;
  const looksAnHour = Math.max(1, Math.round(HOUR_MS / lastDelayMs));
  if (attempt.tries % looksAnHour !== 0) return;
  platform.log.error(
    { wallet: attempt.wallet, wallet_config: attempt.config, attempt: attempt.id },
    'an order is long over and its wallet has not said what became of it; it is asked again',
  );
}

/** The payment as it stands afterwards. */
async function askOrClose(
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
    return askOrReverse(platform, opened, payment, attempt, nowMs);
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

/** A last question first: the buyer may have confirmed in this very moment. */
async function askOrReverse(
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
  const expired = await platform.engine.submit({
    aggregate: PAYMENT,
    name: 'expire_payment_intent',
    ...rootOf(id),
    marketplace: null,
    decide: expirePayment,
  });
  claimed(expired);
  return null;
}
