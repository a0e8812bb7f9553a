/**
 * An operator resolves a conflict (rule 3) and gives a reason: the money in suspense becomes the
 * payment, or is refunded. If another attempt has settled the payment, it can only be refunded. The
 * resolution is refused while a leg of the attempt may still be paid, since a later payment would
 * have nobody to decide about it. At most one attempt is accepted (rule 1).
 */

import { must } from '../../kernel/assert.ts';
import { hutongError } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/id.ts';
import { type Fen, sumFen } from '../../kernel/money.ts';
import { err } from '../../kernel/result.ts';
import { transition } from '../../kernel/state-table.ts';
import type { DecideContext } from '../draft.ts';
import { escrowsOf, holdOrRelease } from '../escrow/hold.ts';
import { conflictAccepted } from '../ledger/posting.ts';
import { newAutomaticRefund } from '../refund/refund.ts';
import type { CapabilityTable } from '../wallet/capabilities.ts';
import { moveAttempt } from './attempt.ts';
import { type PaymentDecision, PaymentDraft } from './draft.ts';
import { isLive } from './intent-status.ts';
import { countedFen, sharesOf } from './leg-shares.ts';
import {
  ATTEMPT_STATES,
  type Attempt,
  type AutomaticRefundReason,
  INTENT_STATES,
  type Leg,
  orderedFen,
  type Payment,
  type Refund,
  type Resolution,
} from './model.ts';
import { refundLeg } from './refund-leg.ts';
import { isBeingReversed } from './settle.ts';

export interface ResolveConflict extends Pick<Resolution, 'outcome' | 'reason' | 'by'> {
  readonly capabilities: CapabilityTable<'custody'>;
}

export function resolveConflict(
  payment: Payment,
  input: ResolveConflict,
  context: DecideContext,
): PaymentDecision<Payment> {
  const draft = new PaymentDraft(payment);
  const { intent } = payment;
  const disputed = payment.attempts.filter((attempt) => attempt.status === 'conflicted');
  if (disputed.length === 0 && intent.resolution?.outcome === input.outcome)
    return draft.decided((same) => same);
  if (intent.status !== 'conflicted' && disputed.length === 0) {
    const message = `the payment_intent is ${intent.status}, not conflicted`;
    return err(hutongError('payment_intent_not_conflicted', message));
  }
  if (disputed.some(({ id }) => draft.legsOf(id).some(isLive))) {
    const message = 'an order of it may still be paid at the wallet, which is being asked';
    return err(hutongError('conflict_not_resolvable', message));
  }
  const winner = disputed.find(
    (attempt) => !isBeingReversed(attempt) && draft.legsOf(attempt.id).every(isInSuspense),
  );
  const isSettled = intent.status !== 'conflicted';
  if (input.outcome === 'accept' && isSettled) {
    const message = `the payment_intent is ${intent.status} without it (rule 1): refund it`;
    return err(hutongError('conflict_not_resolvable', message, { param: 'outcome' }));
  }
  if (input.outcome === 'accept' && winner === undefined) {
    const message = 'no attempt of it was paid whole and is not being reversed: refund it';
    return err(hutongError('conflict_not_resolvable', message, { param: 'outcome' }));
  }
  if (input.outcome === 'accept' && winner && !input.capabilities.has(winner.wallet)) {
    const message = `this version has no wallet ${winner.wallet}, which says who holds it: refund it`;
    return err(hutongError('conflict_not_resolvable', message, { param: 'outcome' }));
  }
  const { outcome, reason, by } = input;
  const resolution = intent.resolution ?? { outcome, reason, by, atMs: context.nowMs };
  draft.setRoot({ resolution, dueAtMs: null });
  const accepted = outcome === 'accept' ? winner : undefined;
  const back = accepted === undefined ? 'conflicted' : 'duplicate';
  const backOf = (attempt: Attempt) => (isBeingReversed(attempt) ? 'reversed' : back);
  for (const attempt of disputed) {
    if (attempt === accepted) accept(draft, attempt.id, input.capabilities, context);
    else refundAll(draft, attempt.id, backOf(attempt), context);
  }
  draft.audit({
    marketplace: intent.marketplace,
    actor: by,
    action: 'payment_intent.resolved',
    object: intent.id,
    before: { status: intent.status },
    after: { outcome, reason },
  });
  draft.emit('payment_intent.resolved', intent.id);
  if (!isSettled) {
    const status = transition(INTENT_STATES, 'conflicted', accepted ? 'succeeded' : 'canceled');
    draft.setRoot({ status });
    draft.emit(`payment_intent.${accepted ? 'succeeded' : 'canceled'}`, intent.id);
  }
  return draft.decided((after) => after);
}

const isInSuspense = (leg: Leg): boolean => leg.suspenseFen !== null;

/** The net receipt: from the wallet's corrected figure or from the disputed one. */
function receiptOf(leg: Leg): Fen {
  return leg.receiptAmountFen ?? orderedFen(leg);
}

/** The overpayment, as an order amount and as its part of the receipt. */
function surplusOf(leg: Leg, receiptFen: Fen): Pick<Refund, 'amountFen' | 'movedFen'> {
  const takenFen = orderedFen(leg);
  const amountFen = takenFen - countedFen(leg);
  return { amountFen, movedFen: (receiptFen * amountFen) / takenFen };
}

/** The counterpart of rule 7: an overpayment belongs to no seller and is refunded automatically. */
function refundSurplus(
  draft: PaymentDraft,
  id: Id<'leg'>,
  surplus: Pick<Refund, 'amountFen' | 'movedFen'>,
  context: DecideContext,
): void {
  if (surplus.amountFen === 0n) return;
  const refund = newAutomaticRefund(draft.intent, id, surplus, 'conflicted', context);
  draft.add({ refunds: [refund] });
  draft.set('legs', id, { refundedFen: refund.amountFen });
  draft.emit('refund.created', refund.id);
}

function accept(
  draft: PaymentDraft,
  id: Id<'payment_attempt'>,
  capabilities: ResolveConflict['capabilities'],
  context: DecideContext,
): void {
  const attempt = draft.attempt(id);
  const itsOwn = must(capabilities.get(attempt.wallet), 'the capabilities of its wallet');
  const legs = draft.legsOf(id);
  for (const leg of legs) {
    const bookedFen = leg.suspenseFen ?? 0n;
    const receiptFen = receiptOf(leg);
    const surplus = surplusOf(leg, receiptFen);
    const shares = sharesOf(leg, draft.subOrdersOf(leg), receiptFen - surplus.movedFen);
    const escrows = escrowsOf(attempt, leg, shares, context);
    draft.add({ escrows });
    const figures = { bookedFen, receiptFen, surplusFen: surplus.movedFen, feeFen: shares.feeFen };
    draft.post(conflictAccepted({ leg, attempt, ...figures, escrows }));
    holdOrRelease(draft, escrows, itsOwn, context);
    draft.set('legs', leg.id, {
      status:
        leg.status === 'succeeded'
          ? leg.status
          : transition(ATTEMPT_STATES, leg.status, 'succeeded'),
      payerAmountFen: leg.payerAmountFen ?? receiptFen,
      receiptAmountFen: receiptFen,
      suspenseFen: null,
    });
    refundSurplus(draft, leg.id, surplus, context);
  }
  draft.set('attempts', id, { failure: null });
  moveAttempt(draft, id, 'succeeded');
  draft.setRoot({ succeededAttempt: id, amountReceivedFen: sumFen(legs.map(countedFen)) });
}

function refundAll(
  draft: PaymentDraft,
  id: Id<'payment_attempt'>,
  reason: AutomaticRefundReason,
  context: DecideContext,
): void {
  for (const leg of draft.legsOf(id)) {
    if (leg.suspenseFen === null) continue;
    draft.set('legs', leg.id, { receiptAmountFen: receiptOf(leg) });
    refundLeg(draft, leg.id, reason, context);
  }
  moveAttempt(draft, id, 'superseded');
}
