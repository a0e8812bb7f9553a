/**
 * The janitor: what is due is claimed, then acted upon with the numbers that the rows already
 * have. Two janitors can only ask the same question twice.
 */
import { claimAttempt, expirePayment } from '../core/closing.ts';
import type { Id } from '../core/id.ts';
import { isLive } from '../core/intent-status.ts';
import type { Attempt, Payment } from '../core/payment.ts';
import type { Handlers, Work } from '../engine/due.ts';
import { walletModule } from '../wallets/registry.ts';
import { attemptOf, rootOf } from './attempt-order.ts';
import { claimDelivery, type WebhookDesk } from './deliver-webhooks.ts';
import type { Platform } from './platform.ts';
import { claimDueRefund } from './refund.ts';
import { closeAttempt, queryAttempt } from './settle-attempt.ts';

const CLOSING_DELAYS_MS = [3_000, 5_000, 10_000, 30_000, 60_000, 300_000];
const CONFLICT_DELAYS_MS = [5_000, 60_000, 600_000, 3_600_000];
/** Just after the order's own end the wallet knows best. */
const AFTER_EXPIRY_MS = 2_000;

export function nextLookMs(
  attempt: Attempt,
  pollDelaysMs: readonly number[],
  nowMs: number,
): number {
  const delays =
    attempt.status === 'conflicted'
      ? CONFLICT_DELAYS_MS
      : attempt.closingAtMs === null
        ? pollDelaysMs
        : CLOSING_DELAYS_MS;
  const delayMs = delays[Math.min(attempt.tries, delays.length - 1)] ?? 60_000;
  const next = nowMs + delayMs;
  const end = attempt.expiresAtMs + AFTER_EXPIRY_MS;
  return nowMs < end && next > end ? end : next;
}

export async function claimDueAttempt(
  platform: Platform,
  due: { readonly id: Id<'payment_attempt'>; readonly intent: Id<'payment_intent'> },
): Promise<Work> {
  const nowMs = platform.clock.nowMs();
  const claimed = await platform.engine.submit({
    book: 'payment',
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
  if (!claimed.ok || claimed.value.attempt === null) return null;
  const { payment, attempt } = claimed.value;
  return () => askOrClose(platform, payment, attempt, nowMs);
}

async function askOrClose(
  platform: Platform,
  payment: Payment,
  attempt: Attempt,
  nowMs: number,
): Promise<void> {
  const opened = await platform.directory.wallet(attempt.config);
  if (opened === undefined) return;
  const mustClose = attempt.closingAtMs !== null || nowMs >= attempt.expiresAtMs;
  if (!mustClose || !isLive(attempt)) {
    await queryAttempt(platform, opened, payment, attempt);
    return;
  }
  const closed = await closeAttempt(platform, opened, payment, attempt);
  if (closed.ok && isLive(attemptOf(closed.value, attempt.id))) {
    await queryAttempt(platform, opened, closed.value, attempt);
  }
}

export async function expireIntent(platform: Platform, id: Id<'payment_intent'>): Promise<Work> {
  await platform.engine.submit({
    book: 'payment',
    name: 'expire_payment_intent',
    ...rootOf(id),
    marketplace: null,
    decide: expirePayment,
  });
  return null;
}

export function dueHandlers(platform: Platform, desk: WebhookDesk): Handlers {
  return {
    intent: (id) => expireIntent(platform, id),
    attempt: (due) => claimDueAttempt(platform, due),
    refund: (due) => claimDueRefund(platform, due),
    delivery: (due) => claimDelivery(platform, desk, due),
  };
}
