/**
 * Claiming a due refund: the time of its next poll, and that its number is being sent, are
 * committed before the wallet is called.
 */
import { assert } from '../../kernel/assert.ts';
import type { Id } from '../../kernel/id.ts';
import type { DecideContext } from '../draft.ts';
import { type PaymentDecision, PaymentDraft } from '../payment/draft.ts';
import { isOpenRefund, type Payment, type Refund } from '../payment/model.ts';

const POLL_DELAYS_MS = [15_000, 30_000, 60_000, 300_000, 900_000];
/** The delay of every later poll. */
const POLL_DELAY_MS_MAX = 3_600_000;

export interface ClaimedRefund {
  readonly payment: Payment;
  /** null: it is not due. */
  readonly refund: Refund | null;
  /**
   * Its number is committed as sent for the first time just now: it may be sent without a query.
   */
  readonly isFirstCall: boolean;
}

export function claimRefund(
  payment: Payment,
  id: Id<'refund'>,
  context: DecideContext,
): PaymentDecision<ClaimedRefund> {
  const draft = new PaymentDraft(payment);
  const refund = payment.refunds.find((row) => row.id === id);
  const isDue = refund !== undefined && refund.dueAtMs !== null && refund.dueAtMs <= context.nowMs;
  if (!isDue) return draft.decided((same) => ({ payment: same, refund: null, isFirstCall: false }));
  const dueAtMs = context.nowMs + (POLL_DELAYS_MS[refund.tries] ?? POLL_DELAY_MS_MAX);
  assert(dueAtMs > context.nowMs, 'a claimed refund is due later');
  const isFirstCall = refund.sentAtMs === null && isOpenRefund(refund);
  draft.set('refunds', id, {
    tries: refund.tries + 1,
    dueAtMs,
    sentAtMs: isFirstCall ? context.nowMs : refund.sentAtMs,
  });
  return draft.decided((after) => ({ payment: after, isFirstCall, refund: draft.refund(id) }));
}
