/**
 * Ending what is open: the wallet's answer to a close, cancel and expiry of an intent, and the
 * claim of a due attempt or refund before the janitor acts on it.
 */
import { assert } from '../../kernel/assert.ts';
import { hutongError } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/id.ts';
import { err } from '../../kernel/result.ts';
import type { DecideContext } from '../draft.ts';
import { type PaymentDecision, PaymentDraft } from './draft.ts';
import { isLive, isOpen, settleIntentStatus } from './intent-status.ts';
import { type Attempt, isOpenRefund, type Payment, type Refund } from './model.ts';
import { beginTail, leaveToBill } from './provisional-close.ts';
import { CLOSE_CALL_MS, moveWithLegs } from './start.ts';

/** The wallet said that the order can no longer be paid (rule 2: only that closes an attempt). */
export function recordClosed(
  payment: Payment,
  attemptId: Id<'payment_attempt'>,
  context: DecideContext,
  { isUnseen = false }: { readonly isUnseen?: boolean } = {},
): PaymentDecision<Payment> {
  const draft = new PaymentDraft(payment);
  const attempt = draft.attempt(attemptId);
  // A wallet that says closed after it said paid is asked again, not believed.
  const isPaidInPart = payment.legs.some(
    (leg) => leg.attempt === attemptId && leg.status === 'succeeded',
  );
  if (isLive(attempt) && !isPaidInPart) moveWithLegs(draft, attempt, 'closed');
  beginTail(draft, attempt, context);
  if (isUnseen) leaveToBill(draft, attemptId);
  settleIntentStatus(draft);
  return draft.decided((after) => after);
}

function close(
  draft: PaymentDraft,
  reason: 'canceled' | 'expired',
  nowMs: number,
  dueAtMs: number,
): void {
  // Canceled while it expires: what was promised at the expiry stands.
  const closingAtMs = draft.intent.closingAtMs ?? nowMs;
  draft.setRoot({ closingAtMs, closingReason: reason, dueAtMs: null });
  for (const attempt of draft.payment.attempts.filter(isLive)) {
    const tries = attempt.closingAtMs === null ? 0 : attempt.tries;
    draft.set('attempts', attempt.id, {
      closingAtMs: attempt.closingAtMs ?? nowMs,
      dueAtMs,
      tries,
    });
  }
  settleIntentStatus(draft);
}

export function cancelPayment(payment: Payment, context: DecideContext): PaymentDecision<Payment> {
  const draft = new PaymentDraft(payment);
  const { intent } = payment;
  const isAsked = isOpen(intent.status) && intent.closingReason === 'canceled';
  if (intent.status === 'canceled' || isAsked) return draft.decided((same) => same);
  if (!isOpen(intent.status)) {
    return err(
      hutongError('payment_intent_not_cancelable', `the payment_intent is ${intent.status}`),
    );
  }
  close(draft, 'canceled', context.nowMs, context.nowMs + CLOSE_CALL_MS);
  return draft.decided((after) => after);
}

export function expirePayment(payment: Payment, context: DecideContext): PaymentDecision<Payment> {
  const draft = new PaymentDraft(payment);
  const { intent } = payment;
  const isDue =
    isOpen(intent.status) && intent.closingAtMs === null && context.nowMs >= intent.expiresAtMs;
  if (isDue) close(draft, 'expired', context.nowMs, context.nowMs);
  else if (intent.dueAtMs !== null && (!isOpen(intent.status) || intent.closingAtMs !== null))
    draft.setRoot({ dueAtMs: null });
  return draft.decided((after) => after);
}

/** Nothing that is open is left alone for longer, whatever a schedule or a clock says. */
const LOOK_DELAY_MS_MAX = 3_600_000;

/** Claims a due attempt: the next look is committed before the wallet is asked. */
export function claimAttempt(
  payment: Payment,
  input: {
    readonly attempt: Id<'payment_attempt'>;
    /** null: it was looked at for the last time. */
    readonly nextDueMs: (attempt: Attempt) => number | null;
  },
  context: DecideContext,
): PaymentDecision<{ readonly payment: Payment; readonly attempt: Attempt | null }> {
  const draft = new PaymentDraft(payment);
  const attempt = payment.attempts.find((row) => row.id === input.attempt);
  const isDue =
    attempt !== undefined && attempt.dueAtMs !== null && attempt.dueAtMs <= context.nowMs;
  if (!isDue) return draft.decided((same) => ({ payment: same, attempt: null }));
  const wantedMs = input.nextDueMs(attempt);
  assert(wantedMs !== null || !isLive(attempt), 'a live attempt stays due');
  const latestMs = context.nowMs + LOOK_DELAY_MS_MAX;
  const nextMs = wantedMs !== null && isLive(attempt) ? Math.min(wantedMs, latestMs) : wantedMs;
  assert(nextMs === null || nextMs > context.nowMs, 'a claimed attempt is due later');
  draft.set('attempts', attempt.id, { tries: attempt.tries + 1, dueAtMs: nextMs });
  return draft.decided((after) => ({
    payment: after,
    attempt: draft.attempt(attempt.id),
  }));
}

export interface ClaimedRefund {
  readonly payment: Payment;
  readonly refund: Refund | null;
  /** Its number is committed as on its way, and never was before: it may be sent unasked. */
  readonly isFirstCall: boolean;
}

export function claimRefund(
  payment: Payment,
  input: { readonly refund: Id<'refund'>; readonly nextDueMs: (refund: Refund) => number },
  context: DecideContext,
): PaymentDecision<ClaimedRefund> {
  const draft = new PaymentDraft(payment);
  const refund = payment.refunds.find((row) => row.id === input.refund);
  const isDue = refund !== undefined && refund.dueAtMs !== null && refund.dueAtMs <= context.nowMs;
  if (!isDue) return draft.decided((same) => ({ payment: same, refund: null, isFirstCall: false }));
  const wantedMs = input.nextDueMs(refund);
  const latestMs = context.nowMs + LOOK_DELAY_MS_MAX;
  const nextMs = isOpenRefund(refund) ? Math.min(wantedMs, latestMs) : wantedMs;
  assert(nextMs > context.nowMs, 'a claimed refund is due later');
  const isFirstCall = refund.sentAtMs === null && isOpenRefund(refund);
  draft.set('refunds', refund.id, {
    tries: refund.tries + 1,
    dueAtMs: nextMs,
    sentAtMs: isFirstCall ? context.nowMs : refund.sentAtMs,
  });
  return draft.decided((after) => ({
    payment: after,
    isFirstCall,
    refund: draft.refund(refund.id),
  }));
}
