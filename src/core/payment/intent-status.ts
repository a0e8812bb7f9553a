/**
 * Derives an intent's status from its attempts. `succeeded` and `conflicted` are not derived: the
 * report that caused them sets them once, and only the state table allows leaving them.
 */

import { transition } from '../../kernel/state-table.ts';
import type { PaymentDraft } from './draft.ts';
import { type Attempt, INTENT_STATES, type IntentStatus, type Payment } from './model.ts';

export function isOpen(status: IntentStatus): boolean {
  return status === 'requires_wallet' || status === 'requires_action' || status === 'processing';
}

/** Can this attempt or leg still be paid at the wallet, as far as we know? */
export function isLive({ status }: Pick<Attempt, 'status'>): boolean {
  return status === 'created' || status === 'pending' || status === 'unknown';
}

function waitsForBuyer(attempt: Attempt): boolean {
  return (
    attempt.status === 'pending' && attempt.nextAction !== null && attempt.closingAtMs === null
  );
}

function derivedStatus({ intent, attempts }: Payment): IntentStatus {
  const live = attempts.filter(isLive);
  if (intent.closingReason !== null) return live.length === 0 ? intent.closingReason : 'processing';
  if (live.some(waitsForBuyer)) return 'requires_action';
  // A closing attempt may still turn out paid; meanwhile the buyer can choose again.
  return live.length > 0 ? 'processing' : 'requires_wallet';
}

const EMITTED: Partial<Record<IntentStatus, 'requires_action' | 'canceled' | 'expired'>> = {
  requires_action: 'requires_action',
  canceled: 'canceled',
  expired: 'expired',
};

/** Updates the intent's status from its attempts, and emits the change. */
export function settleIntentStatus(draft: PaymentDraft): void {
  const { intent } = draft;
  if (!isOpen(intent.status)) return;
  const next = derivedStatus(draft.payment);
  if (next === intent.status) return;
  draft.setRoot({ status: transition(INTENT_STATES, intent.status, next) });
  if (!isOpen(next)) draft.setRoot({ dueAtMs: null });
  const emitted = EMITTED[next];
  if (emitted !== undefined) draft.emit(`payment_intent.${emitted}`, intent.id);
}
