/** Ends an open intent: cancel and expiry close its attempts, and the intent follows them. */
import { hutongError } from '../../kernel/errors.ts';
import { err } from '../../kernel/result.ts';
import type { DecideContext } from '../draft.ts';
import { beginClosing, CLOSE_CALL_MS } from './attempt.ts';
import { type PaymentDecision, PaymentDraft } from './draft.ts';
import { isLive, isOpen, settleIntentStatus } from './intent-status.ts';
import type { Payment } from './model.ts';

function close(
  draft: PaymentDraft,
  reason: 'canceled' | 'expired',
  context: DecideContext,
  dueAtMs = context.nowMs,
): void {
  // Canceled while it is expiring: what was promised at the expiry stands.
  const closingAtMs = draft.intent.closingAtMs ?? context.nowMs;
  draft.setRoot({ closingAtMs, closingReason: reason, dueAtMs: null });
  for (const attempt of draft.payment.attempts.filter(isLive)) {
    beginClosing(draft, attempt, context);
    draft.set('attempts', attempt.id, { dueAtMs });
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
  close(draft, 'canceled', context, context.nowMs + CLOSE_CALL_MS);
  return draft.decided((after) => after);
}

export function expirePayment(payment: Payment, context: DecideContext): PaymentDecision<Payment> {
  const draft = new PaymentDraft(payment);
  const { intent } = payment;
  const isDue =
    isOpen(intent.status) && intent.closingAtMs === null && context.nowMs >= intent.expiresAtMs;
  if (isDue) close(draft, 'expired', context);
  else if (intent.dueAtMs !== null && (!isOpen(intent.status) || intent.closingAtMs !== null))
    draft.setRoot({ dueAtMs: null });
  return draft.decided((after) => after);
}
