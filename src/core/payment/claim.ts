/**
 * Claiming a due attempt: the time of its next poll is committed before the wallet is called, so
 * that after a crash in between the next poll finds it.
 */
import { assert } from '../../kernel/assert.ts';
import type { Id } from '../../kernel/id.ts';
import { worksOnce } from '../../kernel/wallet-names.ts';
import type { DecideContext } from '../draft.ts';
import type { CapabilityTable } from '../wallet/capabilities.ts';
import { type PaymentDecision, PaymentDraft } from './draft.ts';
import { isLive } from './intent-status.ts';
import type { Attempt, Payment } from './model.ts';
import { isProvisionallyClosed, nextTailLookMs } from './provisional-close.ts';
import { CODE_PATIENCE_MS } from './reverse.ts';

const CLOSING_DELAYS_MS = [3_000, 5_000, 10_000, 30_000, 60_000, 300_000];
/** The buyer of a payment code confirms on the phone while the merchant's cashier waits. */
const CODE_DELAYS_MS = [5_000];
const CONFLICT_DELAYS_MS = [5_000, 60_000, 600_000, 3_600_000];
const DELAY_MS = 60_000;
/** Just after the order's own expiry the wallet's answer is most reliable. */
const AFTER_EXPIRY_MS = 2_000;
/** An open attempt is polled at least this often, whatever a schedule or a clock says. */
const DELAY_MS_MAX = 3_600_000;

export interface ClaimedAttempt {
  readonly payment: Payment;
  /** null: it is not due. */
  readonly attempt: Attempt | null;
}

export function claimAttempt(
  payment: Payment,
  input: {
    readonly attempt: Id<'payment_attempt'>;
    readonly capabilities: CapabilityTable<'pollDelaysMs'>;
  },
  context: DecideContext,
): PaymentDecision<ClaimedAttempt> {
  const draft = new PaymentDraft(payment);
  const attempt = payment.attempts.find((row) => row.id === input.attempt);
  const isDue =
    attempt !== undefined && attempt.dueAtMs !== null && attempt.dueAtMs <= context.nowMs;
  if (!isDue) return draft.decided((same) => ({ payment: same, attempt: null }));
  const pollDelaysMs = input.capabilities.get(attempt.wallet)?.pollDelaysMs ?? [];
  const wantedMs = nextLookMs(attempt, pollDelaysMs, context.nowMs);
  assert(wantedMs !== null || !isLive(attempt), 'a live attempt stays due');
  const latestMs = context.nowMs + DELAY_MS_MAX;
  const nextMs = wantedMs !== null && isLive(attempt) ? Math.min(wantedMs, latestMs) : wantedMs;
  assert(nextMs === null || nextMs > context.nowMs, 'a claimed attempt is due later');
  draft.set('attempts', attempt.id, { tries: attempt.tries + 1, dueAtMs: nextMs });
  return draft.decided((after) => ({ payment: after, attempt: draft.attempt(attempt.id) }));
}

/** null: this was the last poll. */
function nextLookMs(
  attempt: Attempt,
  pollDelaysMs: readonly number[],
  nowMs: number,
): number | null {
  if (isProvisionallyClosed(attempt)) return nextTailLookMs(attempt, nowMs);
  const delays = lookDelaysMs(attempt, pollDelaysMs);
  const delayMs = delays[Math.min(attempt.tries, delays.length - 1)] ?? DELAY_MS;
  const next = nowMs + delayMs;
  const end = endMs(attempt);
  return nowMs < end && next > end ? end : next;
}

/** Delays between polls, by what the attempt waits for; the last one repeats. */
export function lookDelaysMs(attempt: Attempt, pollDelaysMs: readonly number[]): readonly number[] {
  if (attempt.status === 'conflicted') return CONFLICT_DELAYS_MS;
  if (attempt.closingAtMs !== null) return CLOSING_DELAYS_MS;
  return worksOnce(attempt.product) ? CODE_DELAYS_MS : pollDelaysMs;
}

/** When it must be polled, whatever the delays say. */
function endMs(attempt: Attempt): number {
  const isWaitedFor = worksOnce(attempt.product) && attempt.closingAtMs === null;
  const end = attempt.expiresAtMs + AFTER_EXPIRY_MS;
  return isWaitedFor ? Math.min(end, attempt.createdAtMs + CODE_PATIENCE_MS) : end;
}
