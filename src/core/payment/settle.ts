/**
 * The outcome of an attempt, once its legs have one: the first success counts (rule 1), every other
 * is superseded and refunded, a disputed one waits for an operator (rule 3).
 */
import type { Id } from '../../kernel/id.ts';
import { sumFen } from '../../kernel/money.ts';
import { transition } from '../../kernel/state-table.ts';
import { worksOnce } from '../../kernel/wallet-names.ts';
import type { DecideContext } from '../draft.ts';
import { escrowsOf, holdOrRelease } from '../escrow/hold.ts';
import { paid, paidConflicted } from '../ledger/posting.ts';
import type { ReportCapabilities } from '../wallet/capabilities.ts';
import { beginClosing, moveAttempt, moveWithLegs } from './attempt.ts';
import type { PaymentDraft } from './draft.ts';
import { isLive, isOpen } from './intent-status.ts';
import { sharesOf } from './leg-shares.ts';
import {
  ATTEMPT_STATES,
  type Attempt,
  type AutomaticRefundReason,
  INTENT_STATES,
  type Leg,
  type PaymentIntent,
} from './model.ts';
import { refundLeg } from './refund-leg.ts';

/** Derives the attempt's status from its legs and books it when that is an outcome. */
export function settleAttempt(
  draft: PaymentDraft,
  id: Id<'payment_attempt'>,
  capabilities: ReportCapabilities,
  context: DecideContext,
): void {
  const attempt = draft.attempt(id);
  if (attempt.status === 'succeeded') return;
  if (attempt.status === 'superseded') {
    refundLate(draft, id, context);
    return;
  }
  const legs = draft.legsOf(id);
  const statuses = new Set(legs.map((leg) => leg.status));
  const isOfOne = statuses.size === 1;
  const isAtRest = !legs.some(isLive);
  const somePaid = statuses.has('succeeded');
  const isAtomic = capabilities.cart.atomic;

  if (statuses.has('conflicted')) dispute(draft, id, context);
  else if (isOfOne && somePaid) settlePaid(draft, id, capabilities, context);
  else if (isAtRest && somePaid && isAtomic) dispute(draft, id, context);
  else if (isAtRest && somePaid) refundPart(draft, id, context);
  else if (attempt.status === 'conflicted') suspendPaid(draft, id);
  else if (!isLive(attempt)) return;
  else if (isAtRest) moveAttempt(draft, id, statuses.has('closed') ? 'closed' : 'failed');
  else if (statuses.has('unknown') && attempt.status === 'created')
    moveAttempt(draft, id, 'unknown');
  else if (isOfOne && statuses.has('pending')) moveAttempt(draft, id, 'pending');
}

/** All legs are paid: the attempt counts, is refunded, or stays in its conflict. */
function settlePaid(
  draft: PaymentDraft,
  id: Id<'payment_attempt'>,
  capabilities: ReportCapabilities,
  context: DecideContext,
): void {
  const { intent } = draft;
  const attempt = draft.attempt(id);
  const wasConflicted = attempt.status === 'conflicted';
  const isUndecided = intent.status === 'conflicted' && intent.succeededAttempt === null;
  const reason = reasonNotToCount(intent, attempt, draft.legsOf(id));
  // An intent in conflict waits for an operator; until then its other successes are refunded.
  if (wasConflicted && isUndecided && reason !== 'reversed') suspendPaid(draft, id);
  else if (reason === undefined) recordSuccess(draft, id, capabilities, context);
  else supersede(draft, id, reason, context);
}

/** undefined: it is the first success, and it counts. */
function reasonNotToCount(
  intent: PaymentIntent,
  attempt: Attempt,
  legs: readonly Leg[],
): AutomaticRefundReason | undefined {
  if (isBeingReversed(attempt)) return 'reversed';
  if (attempt.status === 'conflicted') return 'conflicted';
  if (isOpen(intent.status)) return isAfterClosing(intent, legs) ? 'late' : undefined;
  const isOver = intent.status === 'canceled' || intent.status === 'expired';
  return isOver ? 'late' : 'duplicate';
}

/**
 * A reversal of it may be on its way to the wallet, and would refund the money after we had counted
 * it. So from the moment the reversal is decided, no success of this attempt counts.
 */
export function isBeingReversed({ product, closingAtMs }: Attempt): boolean {
  return closingAtMs !== null && worksOnce(product);
}

/**
 * Paid after the intent was told to end: the marketplace was promised that no later payment counts.
 * Wallets report times in seconds, so the second of the closing already counts as after it.
 */
function isAfterClosing({ closingAtMs }: PaymentIntent, legs: readonly Leg[]): boolean {
  if (closingAtMs === null) return false;
  const fromMs = Math.floor(closingAtMs / 1_000) * 1_000;
  return legs.some((leg) => leg.paidAtMs !== null && leg.paidAtMs >= fromMs);
}

/** The attempt counts, and the money is held for its merchants. */
function recordSuccess(
  draft: PaymentDraft,
  id: Id<'payment_attempt'>,
  capabilities: ReportCapabilities,
  context: DecideContext,
): void {
  const attempt = draft.attempt(id);
  const legs = draft.legsOf(id);
  for (const leg of legs) {
    const receiptFen = leg.receiptAmountFen ?? leg.amountFen;
    const shares = sharesOf(leg, draft.subOrdersOf(leg), receiptFen);
    const escrows = escrowsOf(attempt, leg, shares, context);
    draft.add({ escrows });
    draft.post(paid({ leg, attempt, receiptFen, feeFen: shares.feeFen, escrows }));
    holdOrRelease(draft, escrows, capabilities, context);
  }
  moveAttempt(draft, id, 'succeeded');
  leaveWalletChoice(draft);
  draft.setRoot({
    status: transition(INTENT_STATES, draft.intent.status, 'succeeded'),
    succeededAttempt: id,
    amountReceivedFen: sumFen(legs.map((leg) => leg.amountFen)),
    dueAtMs: null,
  });
  draft.emit('payment_intent.succeeded', draft.intent.id);
  closeTheOthers(draft, id, context);
}

/**
 * A success or a dispute of an attempt that the intent had given up: the intent was in processing.
 */
function leaveWalletChoice(draft: PaymentDraft): void {
  if (draft.intent.status !== 'requires_wallet') return;
  draft.setRoot({ status: transition(INTENT_STATES, 'requires_wallet', 'processing') });
}

function closeTheOthers(
  draft: PaymentDraft,
  id: Id<'payment_attempt'>,
  context: DecideContext,
): void {
  for (const other of draft.payment.attempts)
    if (other.id !== id && isLive(other)) beginClosing(draft, other, context);
}

/** Rule 1: paid, but it does not count. */
function supersede(
  draft: PaymentDraft,
  id: Id<'payment_attempt'>,
  reason: AutomaticRefundReason,
  context: DecideContext,
): void {
  refundPaid(draft, id, reason, context);
  moveAttempt(draft, id, 'superseded');
}

/** Only part of a combined payment was paid: that part is refunded, the attempt failed. */
function refundPart(draft: PaymentDraft, id: Id<'payment_attempt'>, context: DecideContext): void {
  refundPaid(draft, id, 'partial_payment', context);
  draft.set('attempts', id, { failure: { code: 'partial_payment', walletError: null } });
  if (ATTEMPT_STATES.allows(draft.attempt(id).status, 'failed')) moveWithLegs(draft, id, 'failed');
}

function refundPaid(
  draft: PaymentDraft,
  id: Id<'payment_attempt'>,
  reason: AutomaticRefundReason,
  context: DecideContext,
): void {
  for (const leg of draft.legsOf(id))
    if (leg.status === 'succeeded') refundLeg(draft, leg.id, reason, context);
}

/** Paid after an operator refunded the rest of its attempt: it is refunded as well (rule 1). */
function refundLate(draft: PaymentDraft, id: Id<'payment_attempt'>, context: DecideContext): void {
  const reason = isBeingReversed(draft.attempt(id)) ? 'reversed' : 'conflicted';
  for (const { id: leg, status } of draft.legsOf(id))
    if (status === 'succeeded' || status === 'conflicted') refundLeg(draft, leg, reason, context);
}

/** Rule 3: the intent waits for an operator, unless another attempt has already settled it. */
function dispute(draft: PaymentDraft, id: Id<'payment_attempt'>, context: DecideContext): void {
  suspendPaid(draft, id);
  const isNews = draft.attempt(id).status !== 'conflicted';
  moveAttempt(draft, id, 'conflicted');
  // Queried again: the wallet may have misreported the amount, and a leg may still be open.
  if (isNews) draft.set('attempts', id, { dueAtMs: context.nowMs });
  if (!isOpen(draft.intent.status)) return;
  leaveWalletChoice(draft);
  const status = transition(INTENT_STATES, draft.intent.status, 'conflicted');
  draft.setRoot({ status, dueAtMs: null });
  draft.emit('payment_intent.conflicted', draft.intent.id);
  closeTheOthers(draft, id, context);
}

/** Legs paid as ordered, in an attempt that is disputed as a whole. */
function suspendPaid(draft: PaymentDraft, id: Id<'payment_attempt'>): void {
  const attempt = draft.attempt(id);
  for (const leg of draft.legsOf(id)) {
    if (leg.status !== 'succeeded' || leg.suspenseFen !== null) continue;
    const receiptFen = leg.receiptAmountFen ?? leg.amountFen;
    draft.set('legs', leg.id, { suspenseFen: receiptFen });
    draft.post(paidConflicted({ leg, attempt }, receiptFen));
  }
}
