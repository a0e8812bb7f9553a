/**
 * Alerting an operator to an attempt, as for refunds: by an event, emitted once. The failure code
 * set on the attempt marks it as alerted. It books nothing and changes no status: where the money
 * is at the wallet is not known, and is not guessed (rule 2).
 */
import type { Id } from '../../kernel/id.ts';
import type { DecideContext } from '../draft.ts';
import { type PaymentDecision, PaymentDraft } from './draft.ts';
import { isLive } from './intent-status.ts';
import { type Attempt, OUTCOME_UNKNOWN, orderedFen, type Payment } from './model.ts';

/** The attempt counts, and its wallet reports that the money was refunded. */
export const REVERSED_AT_WALLET = 'reversed_at_wallet';

/** The attempt is booked, and a later, equally authentic report of its wallet contradicts it. */
export const CONTRADICTED_BY_WALLET = 'contradicted_by_wallet';

function alert(draft: PaymentDraft, id: Id<'payment_attempt'>, code: string): void {
  if (draft.attempt(id).failure?.code === code) return;
  draft.set('attempts', id, { failure: { code, walletError: null } });
  draft.emit('payment_attempt.requires_attention', id);
}

/**
 * The payment counts, and its wallet now reports it closed. The goods may have been shipped, so
 * nothing is undone: an operator checks the wallet's console. Wallets report a payment that we
 * refunded in full as closed, too: that is no news.
 */
export function alertReversedAtWallet(draft: PaymentDraft, id: Id<'leg'>): void {
  const leg = draft.leg(id);
  const attempt = draft.attempt(leg.attempt);
  const isOurs = leg.refundedFen >= orderedFen(leg);
  if (attempt.status !== 'succeeded' || leg.status !== 'succeeded' || isOurs) return;
  alert(draft, attempt.id, REVERSED_AT_WALLET);
}

/** What is booked stands; only the wallet's console or its bill can tell which report is true. */
export function alertContradiction(draft: PaymentDraft, id: Id<'payment_attempt'>): void {
  // Already alerted: alternating reports raise no further alert.
  if (draft.attempt(id).failure?.code === REVERSED_AT_WALLET) return;
  alert(draft, id, CONTRADICTED_BY_WALLET);
}

/**
 * How long an attempt may stay open after its wallet must know the outcome, before an operator is
 * alerted.
 */
export const OVERDUE_MS = 3_600_000;

export function isOverdue(attempt: Attempt, finalAfterMs: number, nowMs: number): boolean {
  return isLive(attempt) && nowMs >= attempt.expiresAtMs + finalAfterMs + OVERDUE_MS;
}

/** The attempt stays as it is and is polled as before. */
export function alertOverdue(
  payment: Payment,
  input: { readonly attempt: Id<'payment_attempt'>; readonly finalAfterMs: number },
  context: DecideContext,
): PaymentDecision<Payment> {
  const draft = new PaymentDraft(payment);
  const attempt = draft.attempt(input.attempt);
  if (isOverdue(attempt, input.finalAfterMs, context.nowMs))
    alert(draft, attempt.id, OUTCOME_UNKNOWN);
  return draft.decided((after) => after);
}
