/** State changes of an attempt and its legs; a final status is emitted and clears the due time. */
import type { Id } from '../../kernel/id.ts';
import { transition } from '../../kernel/state-table.ts';
import type { DecideContext } from '../draft.ts';
import type { PaymentDraft } from './draft.ts';
import { ATTEMPT_STATES, type Attempt, type AttemptStatus, OUTCOME_UNKNOWN } from './model.ts';

/** How long the flow that closes an attempt has before the janitor does it. */
export const CLOSE_CALL_MS = 2_000;

/** Begins to close it; it is polled soon again, however often it was polled before. */
export function beginClosing(
  draft: PaymentDraft,
  { id, closingAtMs }: Attempt,
  { nowMs }: DecideContext,
  dueAtMs = nowMs,
): void {
  if (closingAtMs === null) draft.set('attempts', id, { closingAtMs: nowMs, dueAtMs, tries: 0 });
}

/** Moves the attempt alone; the caller has moved its legs, or leaves them. */
export function moveAttempt(
  draft: PaymentDraft,
  id: Id<'payment_attempt'>,
  next: AttemptStatus,
): void {
  const { status, failure } = draft.attempt(id);
  if (status === next) return;
  draft.set('attempts', id, { status: transition(ATTEMPT_STATES, status, next) });
  if (next === 'created' || next === 'pending' || next === 'unknown') return;
  draft.set('attempts', id, { dueAtMs: null });
  // The attempt has ended after all: none of its legs is open any more.
  if (failure?.code === OUTCOME_UNKNOWN) draft.set('attempts', id, { failure: null });
  draft.emit(`payment_attempt.${next}`, id);
}

/** An attempt and those of its legs that are not terminal change to the same status. */
export function moveWithLegs(
  draft: PaymentDraft,
  id: Id<'payment_attempt'>,
  next: AttemptStatus,
): void {
  for (const leg of draft.legsOf(id)) moveLeg(draft, leg.id, next);
  moveAttempt(draft, id, next);
}

/** As far as the state table allows: no report moves a leg backwards. */
export function moveLeg(draft: PaymentDraft, id: Id<'leg'>, next: AttemptStatus): void {
  const { status } = draft.leg(id);
  if (status !== next && ATTEMPT_STATES.allows(status, next))
    draft.set('legs', id, { status: next });
}
