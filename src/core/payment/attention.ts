/**
 * Calling a person about an attempt, through the same door as for refunds: an event, told once. The
 * failure that it carries is the mark that it was told. Nothing is booked and no status is changed
 * by it: what a wallet did with the money is not known, and nobody guesses (rule 2).
 */
import type { Id } from '../../kernel/id.ts';
import type { DecideContext } from '../draft.ts';
import { type PaymentDecision, PaymentDraft } from './draft.ts';
import { isLive } from './intent-status.ts';
import { type Attempt, type Leg, OUTCOME_UNKNOWN, orderedFen, type Payment } from './model.ts';

/** It counts, and its wallet says that the money has gone back. */
export const REVERSED_AT_WALLET = 'reversed_at_wallet';

/** It is booked, and a later word of its wallet, as well signed, says something else of it. */
export const CONTRADICTED_BY_WALLET = 'contradicted_by_wallet';

function callForAttention(draft: PaymentDraft, attempt: Attempt, code: string): void {
  if (attempt.failure?.code === code) return;
  draft.set('attempts', attempt.id, { failure: { code, walletError: null } });
  draft.emit('payment_attempt.requires_attention', attempt.id);
}

/**
 * A word that takes back a payment which counts. The goods may be on their way, so it is no step
 * back: a person looks in the wallet's console. What we gave back whole ourselves reads so, too.
 */
export function noteTakenBack(draft: PaymentDraft, attempt: Attempt, leg: Leg): void {
  const isOurs = leg.refundedFen >= orderedFen(leg);
  if (attempt.status !== 'succeeded' || leg.status !== 'succeeded' || isOurs) return;
  callForAttention(draft, attempt, REVERSED_AT_WALLET);
}

/** What is booked stands; which word is true only the wallet's console, or its bill, can tell. */
export function noteContradiction(draft: PaymentDraft, { id }: Attempt): void {
  const attempt = draft.attempt(id);
  // Rung already: two words in turn are no news.
  if (attempt.failure?.code === REVERSED_AT_WALLET) return;
  callForAttention(draft, attempt, CONTRADICTED_BY_WALLET);
}

/** How long after its wallet must know an attempt may still be open, before a person is called. */
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
    callForAttention(draft, attempt, OUTCOME_UNKNOWN);
  return draft.decided((after) => after);
}
