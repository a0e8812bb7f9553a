/** Ends an open intent: cancel and expiry close its attempts, and the intent follows them. */
import { hutongError } from '../../kernel/errors.ts';
import { err } from '../../kernel/result.ts';
import type { DecideContext } from '../draft.ts';
import { CLOSE_CALL_MS } from './attempt.ts';
import { type PaymentDecision, PaymentDraft } from './draft.ts';
import { isLive, isOpen, settleIntentStatus } from './intent-status.ts';
import type { Payment } from './model.ts';

function close(
  draft: PaymentDraft,
  reason: 'canceled' | 'expired',
  nowMs: number,
  dueAtMs: number,
): void {
  // Canceled while it is expiring: what was promised at the expiry stands.
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
