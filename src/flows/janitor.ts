/**
 * The janitor: what is due is claimed, then acted upon with the numbers that the rows already
 * have. Two janitors can only ask the same question twice.
 */
import { isOverdue, noteOverdue } from '../core/attention.ts';
import { claimAttempt, expirePayment } from '../core/closing.ts';
import type { Id } from '../core/id.ts';
import { isLive } from '../core/intent-status.ts';
import type { Attempt, Payment } from '../core/payment.ts';
import { CODE_PATIENCE_MS, mustReverse } from '../core/reversal.ts';
import { worksOnce } from '../core/wallet.ts';
import type { Handlers, Work } from '../engine/due.ts';
import { walletModule } from '../wallets/registry.ts';
import { attemptOf, rootOf } from './attempt-order.ts';
import { claimDelivery, type WebhookDesk } from './deliver-webhooks.ts';
import type { OpenedWallet } from './directory.ts';
import type { Platform } from './platform.ts';
import { claimDueRefund } from './refund.ts';
import { closeAttempt, queryAttempt, reverseAttempt } from './settle-attempt.ts';

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
): number {
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
  return async () => {
    await askOrClose(platform, payment, attempt, nowMs);
    await tellOfOverdue(platform, payment, attempt, nowMs);
  };
}

/** Still open long after its wallet must know: a person is told once, the log by the hour. */
const OVERDUE_TRIES = 12;

async function tellOfOverdue(
  platform: Platform,
  { intent }: Payment,
  attempt: Attempt,
  nowMs: number,
): Promise<void> {
  const finalAfterMs = walletModule(attempt.wallet)?.capabilities.notFoundIsFinalAfterMs ?? 0;
  if (!isOverdue(attempt, finalAfterMs, nowMs)) return;
  await platform.engine.submit({
    book: 'payment',
    name: 'note_overdue',
    ...rootOf(intent.id),
    marketplace: null,
    decide: (stored, context) =>
      noteOverdue(stored, { attempt: attempt.id, finalAfterMs }, context),
  });
  if (attempt.tries % OVERDUE_TRIES !== 0) return;
  platform.log.error(
    { wallet: attempt.wallet, wallet_config: attempt.config, attempt: attempt.id },
    'an order is long over and its wallet has not said what became of it; it is asked again',
  );
}

async function askOrClose(
  platform: Platform,
  payment: Payment,
  attempt: Attempt,
  nowMs: number,
): Promise<void> {
  const opened = await platform.directory.wallet(attempt.config);
  if (opened === undefined) return;
  if (worksOnce(attempt.product) && attempt.closingAtMs === null) {
    await askOrReverse(platform, opened, payment, attempt, nowMs);
    return;
  }
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

/** A last question first: the buyer may have confirmed in this very moment. */
async function askOrReverse(
  platform: Platform,
  opened: OpenedWallet,
  payment: Payment,
  attempt: Attempt,
  nowMs: number,
): Promise<void> {
  const asked = await queryAttempt(platform, opened, payment, attempt);
  if (!asked.ok || !isLive(attemptOf(asked.value, attempt.id))) return;
  if (mustReverse(attempt, nowMs)) await reverseAttempt(platform, opened, asked.value, attempt.id);
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
