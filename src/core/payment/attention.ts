/**
 * Alerting an operator to an attempt, as to refunds: by an event, emitted once. The failure that it
 * carries is the mark that it was. Nothing is booked and no status is changed by it: what a wallet
 * did with the money is not known, and is not guessed (rule 2).
 */
import type { Id } from '../../kernel/id.ts';
import type { DecideContext } from '../draft.ts';
import { type PaymentDecision, PaymentDraft } from './draft.ts';
import { isLive } from './intent-status.ts';
import { type Attempt, OUTCOME_UNKNOWN, orderedFen, type Payment } from './model.ts';

/** It counts, and its wallet says that the money has gone back. */
export const REVERSED_AT_WALLET = 'reversed_at_wallet';

/** It is booked, and a later report of its wallet, as well signed, says something else of it. */
export const CONTRADICTED_BY_WALLET = 'contradicted_by_wallet';

function alert(draft: PaymentDraft, id: Id<'payment_attempt'>, code: string): void {
  if (draft.attempt(id).failure?.code === code) return;
  draft.set('attempts', id, { failure: { code, walletError: null } });
  draft.emit('payment_attempt.requires_attention', id);
}

/**
 * The wallet reports a payment that counts as closed. The goods may be on their way, so it is no
 * step back: an operator looks in the wallet's console. What we refunded whole reads so, too.
 */
export function noteTakenBack(draft: PaymentDraft, id: Id<'leg'>): void {
  const leg = draft.leg(id);
  const attempt = draft.attempt(leg.attempt);
  const isOurs = leg.refundedFen >= orderedFen(leg);
  if (attempt.status !== 'succeeded' || leg.status !== 'succeeded' || isOurs) return;
  alert(draft, attempt.id, REVERSED_AT_WALLET);
}

/** What is booked stands; which is true only the wallet's console, or its bill, can tell. */
export function noteContradiction(draft: PaymentDraft, id: Id<'payment_attempt'>): void {
  // Alerted already: two reports in turn are no news.
  if (draft.attempt(id).failure?.code === REVERSED_AT_WALLET) return;
  alert(draft, id, CONTRADICTED_BY_WALLET);
}

/** How long after its wallet must know an attempt may be open before an operator is alerted. */
export const OVERDUE_MS = 3_600_000;

export function isOverdue(attempt: Attempt, finalAfterMs: number, nowMs: number): boolean {
  return isLive(attempt) && nowMs >= attempt.expiresAtMs + finalAfterMs + OVERDUE_MS;
}

/** It stays as it is and is asked about as before. */
export function noteOverdue(
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
