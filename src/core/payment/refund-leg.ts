/** Rule 1: what was paid and does not count is refunded in full, automatically. */
import type { Id } from '../../kernel/id.ts';
import type { DecideContext } from '../draft.ts';
import { conflictSuperseded, paidSuperseded } from '../ledger/posting.ts';
import { newAutomaticRefund } from '../refund/refund.ts';
import type { PaymentDraft } from './draft.ts';
import { type AutomaticRefundReason, orderedFen } from './model.ts';

export function refundLeg(
  draft: PaymentDraft,
  id: Id<'leg'>,
  reason: AutomaticRefundReason,
  context: DecideContext,
): void {
  const leg = draft.leg(id);
  const booked = { leg, attempt: draft.attempt(leg.attempt) };
  const receiptFen = leg.receiptAmountFen ?? leg.amountFen;
  draft.post(
    leg.suspenseFen === null
      ? paidSuperseded(booked, receiptFen)
      : conflictSuperseded(booked, leg.suspenseFen, receiptFen),
  );
  // This step is ours, not the wallet's: the leg was paid and is being refunded.
  draft.set('legs', id, { status: 'superseded', suspenseFen: null });
  // Based on the amount that the wallet says it collected: it can refund no more than that.
  const back = { amountFen: orderedFen(leg), movedFen: receiptFen };
  const refund = newAutomaticRefund(draft.intent, id, back, reason, context);
  draft.add({ refunds: [refund] });
  draft.set('legs', id, { refundedFen: refund.amountFen });
  draft.emit('refund.created', refund.id);
}
