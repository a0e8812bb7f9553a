/**
 * What a wallet says of an attempt, by notification, query or bill, brought into the books: the one
 * code path of all three routes (rule 4). It never throws on a wallet's word, never believes a
 * mismatch (rule 3), never closes on a guess (rule 2), and lets at most one attempt count (rule 1).
 */

import { unreachable } from '../../kernel/assert.ts';
import type { Id } from '../../kernel/id.ts';
import { type Fen, sumFen } from '../../kernel/money.ts';
import { transition } from '../../kernel/state-table.ts';
import { worksOnce } from '../../kernel/wallet-names.ts';
import type { DecideContext } from '../draft.ts';
import { conflictSuperseded, paid, paidConflicted, paidSuperseded } from '../ledger/posting.ts';
import { newAutomaticRefund } from '../refund/refund.ts';
import type { LegReport } from '../wallet/report.ts';
import { noteContradiction, noteTakenBack } from './attention.ts';
import { type PaymentDecision, PaymentDraft } from './draft.ts';
import { isLive, isOpen, moveAttempt, settleIntentStatus } from './intent-status.ts';
import { type LegShares, sharesOf } from './leg-shares.ts';
import {
  ATTEMPT_STATES,
  type Attempt,
  type AttemptStatus,
  type AutomaticRefundReason,
  type Escrow,
  INTENT_STATES,
  type Leg,
  orderedFen,
  type Payment,
  type PaymentIntent,
} from './model.ts';
import { beginTail, continueTail, leaveToBill } from './provisional-close.ts';
import { moveWithLegs } from './start.ts';

/** What core must know of the wallet to judge its word. */
export interface WalletManner {
  /** All legs are paid, or none. */
  readonly isAtomic: boolean;
  /** Nobody holds the money until receipt: what is paid is the merchants' at once. */
  readonly settlesDirectly: boolean;
  /** Rule 2: after expiry plus this, "not found" is final. */
  readonly notFoundIsFinalAfterMs: number;
}

export interface ReportAnswer {
  readonly payment: Payment;
  readonly attempt: Attempt;
}

export function applyReport(
  payment: Payment,
  input: {
    readonly attempt: Id<'payment_attempt'>;
    readonly legs: readonly LegReport[];
    readonly manner: WalletManner;
  },
  context: DecideContext,
): PaymentDecision<ReportAnswer> {
  const draft = new PaymentDraft(payment);
  const before = draft.attempt(input.attempt);
  const isContradicted = input.legs.some((word) => contradicts(payment, before.id, word));
  for (const word of input.legs) {
    const leg = legOf(draft.payment, before.id, word);
    if (leg !== undefined) takeWord(draft, before, leg, word, input.manner, context);
  }
  settleAttempt(draft, before.id, input.manner, context);
  if (isContradicted) noteContradiction(draft, before);
  beginTail(draft, before, context);
  continueTail(draft, before, input.legs, context);
  if (input.legs.some((word) => word.isUnseen === true && legOf(payment, before.id, word)))
    leaveToBill(draft, before.id);
  noteAllTakenBack(draft, before.id, input.legs);
  settleIntentStatus(draft);
  return draft.decided((after) => ({
    payment: after,
    attempt: draft.attempt(before.id),
  }));
}

function legOf(
  payment: Payment,
  attempt: Id<'payment_attempt'>,
  { orderNo }: LegReport,
): Leg | undefined {
  return payment.legs.find((row) => row.attempt === attempt && row.orderNo === orderNo);
}

/** What counts by now, and is closed by this report. One that calls it paid, too, says neither. */
function noteAllTakenBack(
  draft: PaymentDraft,
  id: Id<'payment_attempt'>,
  words: readonly LegReport[],
): void {
  const paid = new Set(words.filter(({ status }) => status === 'succeeded').map((w) => w.orderNo));
  for (const word of words) {
    if (word.status !== 'closed' || paid.has(word.orderNo)) continue;
    const attempt = draft.attempt(id);
    const leg = legOf(draft.payment, id, word);
    if (leg !== undefined) noteTakenBack(draft, attempt, leg);
  }
}

function takeWord(
  draft: PaymentDraft,
  attempt: Attempt,
  leg: Leg,
  word: LegReport,
  manner: WalletManner,
  context: DecideContext,
): void {
  switch (word.status) {
    case 'succeeded':
      takePaid(draft, attempt, leg, word, context);
      return;
    case 'closed':
      step(draft, leg, 'closed');
      return;
    case 'failed':
      step(draft, leg, 'failed');
      return;
    case 'pending':
      step(draft, leg, 'pending');
      return;
    case 'not_found':
      // Before that moment it only means that the buyer has not opened it yet.
      if (context.nowMs >= attempt.expiresAtMs + manner.notFoundIsFinalAfterMs)
        closeUnseen(draft, attempt, leg);
      else if (leg.status === 'created') step(draft, leg, 'unknown');
      return;
    case 'unknown':
      if (leg.status === 'created') step(draft, leg, 'unknown');
      return;
    default:
      unreachable(word.status);
  }
}

/** Closed, though its wallet never had it in its hands: it may still turn out otherwise. */
function closeUnseen(draft: PaymentDraft, attempt: Attempt, leg: Leg): void {
  if (!ATTEMPT_STATES.allows(leg.status, 'closed')) return;
  step(draft, leg, 'closed');
  draft.set('attempts', attempt.id, { isProvisional: true });
}

function step(draft: PaymentDraft, leg: Leg, next: AttemptStatus): void {
  if (leg.status !== next && ATTEMPT_STATES.allows(leg.status, next))
    draft.set('legs', leg.id, { status: next });
}

/** Rule 3: the ORDER amount, the currency and the payee, wherever the wallet names them. */
export function mismatchOf(leg: Leg, word: LegReport): 'amount' | 'currency' | 'payee' | undefined {
  if (word.amountFen !== leg.amountFen) return 'amount';
  if (word.currency !== null && word.currency !== 'cny') return 'currency';
  if (word.payee !== null && word.payee !== leg.walletMerchant) return 'payee';
  return undefined;
}

const isBooked = ({ status }: Leg): boolean => status === 'succeeded' || status === 'superseded';

/** Another figure, payee or number of what is booked already, by a message as good as the first. */
function contradicts(payment: Payment, id: Id<'payment_attempt'>, word: LegReport): boolean {
  const leg = legOf(payment, id, word);
  if (word.status !== 'succeeded' || leg === undefined || !isBooked(leg)) return false;
  const differs = <T>(said: T | null, booked: T | null) =>
    said !== null && booked !== null && said !== booked;
  // What an operator has decided about is known to differ.
  const isDecided = payment.intent.resolution !== null;
  return (
    differs(word.amountFen, orderedFen(leg)) ||
    differs(trueReceiptOf(word, orderedFen(leg)), leg.receiptAmountFen) ||
    differs(word.walletTransactionId, leg.walletTransactionId) ||
    (!isDecided && (differs(word.currency, 'cny') || differs(word.payee, leg.walletMerchant)))
  );
}

function takePaid(
  draft: PaymentDraft,
  attempt: Attempt,
  leg: Leg,
  word: LegReport,
  context: DecideContext,
): void {
  if (isBooked(leg)) return;
  const walletTransactionId = word.walletTransactionId ?? leg.walletTransactionId;
  const paidAtMs = word.paidAtMs ?? context.nowMs;
  const mismatch = mismatchOf(leg, word);
  const { payerWalletReported } = word;
  if (payerWalletReported !== null && payerWalletReported !== attempt.payerWalletReported)
    draft.set('attempts', attempt.id, { payerWalletReported });
  if (mismatch === undefined) {
    draft.set('legs', leg.id, {
      walletTransactionId,
      paidAtMs,
      status: transition(ATTEMPT_STATES, leg.status, 'succeeded'),
      payerAmountFen: word.payerAmountFen ?? leg.amountFen,
      receiptAmountFen: receiptOf(word, leg.amountFen),
      disputedFen: null,
    });
    return;
  }
  // A success without a figure that can have been paid says nothing to book: it is asked again.
  if (leg.status === 'conflicted' || word.amountFen === null || word.amountFen <= 0n) return;
  draft.set('legs', leg.id, {
    walletTransactionId,
    paidAtMs,
    status: transition(ATTEMPT_STATES, leg.status, 'conflicted'),
    receiptAmountFen: receiptOf(word, word.amountFen),
    suspenseFen: word.amountFen,
    disputedFen: disputedOf(leg, word.amountFen),
  });
  draft.set('attempts', attempt.id, {
    failure: { code: `${mismatch}_mismatch`, walletError: null },
  });
  draft.post(paidConflicted(attempt.wallet, word.amountFen));
}

/** What arrives of an order: a figure that cannot be true counts as unsaid. */
export function receiptOf(word: LegReport, paidFen: Fen): Fen {
  return trueReceiptOf(word, paidFen) ?? paidFen;
}

function trueReceiptOf({ receiptAmountFen }: LegReport, paidFen: Fen): Fen | null {
  const isTrue = receiptAmountFen !== null && receiptAmountFen >= 0n && receiptAmountFen <= paidFen;
  return isTrue ? receiptAmountFen : null;
}

/** The wallet's figure of the order, to be kept where it is not ours. */
export function disputedOf(leg: Leg, paidFen: Fen): Fen | null {
  return paidFen === leg.amountFen ? null : paidFen;
}

/** Draws the attempt's status from its legs and, when that is an outcome, books it. */
function settleAttempt(
  draft: PaymentDraft,
  id: Id<'payment_attempt'>,
  manner: WalletManner,
  context: DecideContext,
): void {
  const attempt = draft.attempt(id);
  if (attempt.status === 'succeeded' || attempt.status === 'superseded') return;
  const legs = draft.payment.legs.filter((leg) => leg.attempt === id);
  const statuses = new Set(legs.map((leg) => leg.status));
  const isOfOne = statuses.size === 1;
  const isAtRest = !(statuses.has('created') || statuses.has('pending') || statuses.has('unknown'));
  const somePaid = statuses.has('succeeded');

  if (statuses.has('conflicted')) conflict(draft, attempt, legs, context);
  else if (isOfOne && somePaid) win(draft, attempt, legs, manner, context);
  else if (isAtRest && somePaid && manner.isAtomic) conflict(draft, attempt, legs, context);
  else if (isAtRest && somePaid) giveBackPart(draft, attempt, legs, context);
  else if (attempt.status === 'conflicted') suspendPaid(draft, attempt, legs);
  else if (!isLive(attempt)) return;
  else if (isAtRest) moveAttempt(draft, attempt, statuses.has('closed') ? 'closed' : 'failed');
  else if (statuses.has('unknown') && attempt.status === 'created')
    moveAttempt(draft, attempt, 'unknown');
  else if (isOfOne && statuses.has('pending')) moveAttempt(draft, attempt, 'pending');
}

function win(
  draft: PaymentDraft,
  attempt: Attempt,
  legs: readonly Leg[],
  manner: WalletManner,
  context: DecideContext,
): void {
  const { intent } = draft;
  if (isBeingReversed(attempt)) {
    supersede(draft, attempt, legs, 'reversed', context);
    return;
  }
  const wasConflicted = attempt.status === 'conflicted';
  if (isOpen(intent.status) && !wasConflicted) {
    if (isAfterClosing(intent, legs)) supersede(draft, attempt, legs, 'late', context);
    else count(draft, attempt, legs, manner, context);
    return;
  }
  // An intent in conflict waits for an operator; until then its other successes go back.
  if (wasConflicted && intent.status === 'conflicted' && intent.succeededAttempt === null) {
    suspendPaid(draft, attempt, legs);
    return;
  }
  const reason: AutomaticRefundReason = wasConflicted
    ? 'conflicted'
    : intent.status === 'canceled' || intent.status === 'expired'
      ? 'late'
      : 'duplicate';
  supersede(draft, attempt, legs, reason, context);
}

/**
 * A reversal of it may be on its way, and would give the money back after we had counted it. So
 * from the moment that it is decided, no success of this attempt counts any more.
 */
export function isBeingReversed({ product, closingAtMs }: Attempt): boolean {
  return closingAtMs !== null && worksOnce(product);
}

/**
 * Paid after the intent was told to end: the marketplace was promised that nothing more counts.
 * Wallets tell times by the second, so the second of the closing itself is already after it.
 */
function isAfterClosing({ closingAtMs }: PaymentIntent, legs: readonly Leg[]): boolean {
  if (closingAtMs === null) return false;
  const fromMs = Math.floor(closingAtMs / 1_000) * 1_000;
  return legs.some((leg) => leg.paidAtMs !== null && leg.paidAtMs >= fromMs);
}

/** The first success: the attempt counts, the money is held for its merchants. */
function count(
  draft: PaymentDraft,
  attempt: Attempt,
  legs: readonly Leg[],
  manner: WalletManner,
  context: DecideContext,
): void {
  for (const leg of legs) {
    const receiptFen = leg.receiptAmountFen ?? leg.amountFen;
    const shares = sharesOf(leg, draft.payment.subOrders, receiptFen);
    const escrows = escrowsOf(attempt, leg, shares, manner, context);
    draft.add({ escrows });
    draft.post(paid({ wallet: attempt.wallet, receiptFen, feeFen: shares.feeFen, escrows }));
  }
  moveAttempt(draft, attempt, 'succeeded');
  if (draft.intent.status === 'requires_wallet') {
    draft.setRoot({ status: transition(INTENT_STATES, 'requires_wallet', 'processing') });
  }
  draft.setRoot({
    status: transition(INTENT_STATES, draft.intent.status, 'succeeded'),
    succeededAttempt: attempt.id,
    amountReceivedFen: sumFen(legs.map((leg) => leg.amountFen)),
    dueAtMs: null,
  });
  draft.emit('payment_intent.succeeded', draft.intent.id);
  closeTheOthers(draft, attempt, context);
}

function closeTheOthers(draft: PaymentDraft, winner: Attempt, { nowMs }: DecideContext): void {
  for (const other of draft.payment.attempts) {
    if (other.id === winner.id || !isLive(other) || other.closingAtMs !== null) continue;
    draft.set('attempts', other.id, { closingAtMs: nowMs, dueAtMs: nowMs, tries: 0 });
  }
}

/** Held until receipt or, where the wallet settles directly, the merchant's at once. */
export function escrowsOf(
  attempt: Attempt,
  leg: Leg,
  { shares }: LegShares,
  manner: Pick<WalletManner, 'settlesDirectly'>,
  context: DecideContext,
): Escrow[] {
  return shares.map(({ subOrder, merchant, orderedFen, netFen, feeFen }) => ({
    id: context.newId('escrow'),
    subOrder: subOrder.id,
    leg: leg.id,
    merchant,
    wallet: attempt.wallet,
    orderedFen,
    paidFen: netFen + feeFen,
    feeFen,
    releasedFen: manner.settlesDirectly ? netFen : 0n,
    returnedFen: 0n,
    heldFen: netFen,
    status: manner.settlesDirectly ? 'released' : 'held',
    dueAtMs: null,
  }));
}

/** Rule 1: paid, but it does not count. Each paid leg goes back in full, without a person. */
function supersede(
  draft: PaymentDraft,
  attempt: Attempt,
  legs: readonly Leg[],
  reason: AutomaticRefundReason,
  context: DecideContext,
): void {
  for (const leg of legs) {
    if (leg.status !== 'succeeded') continue;
    giveBack(draft, attempt, leg, reason, context);
  }
  moveAttempt(draft, attempt, 'superseded');
}

export function giveBack(
  draft: PaymentDraft,
  attempt: Attempt,
  leg: Leg,
  reason: AutomaticRefundReason,
  context: DecideContext,
): void {
  const receiptFen = leg.receiptAmountFen ?? leg.amountFen;
  draft.post(
    leg.suspenseFen === null
      ? paidSuperseded(attempt.wallet, receiptFen)
      : conflictSuperseded(attempt.wallet, leg.suspenseFen, receiptFen),
  );
  // Not a step of the wallet's word but of ours: the leg was paid and is being given back.
  draft.set('legs', leg.id, { status: 'superseded', suspenseFen: null });
  // Of what the wallet says it took: only that can it give back.
  const back = { amountFen: orderedFen(leg), movedFen: receiptFen };
  const refund = newAutomaticRefund(draft.intent.id, leg, back, reason, context);
  draft.add({ refunds: [refund] });
  draft.set('legs', leg.id, { refundedFen: refund.amountFen });
  draft.emit('refund.created', refund.id);
}

/** Not all of a merge was paid: what was paid goes back, the attempt failed. */
function giveBackPart(
  draft: PaymentDraft,
  attempt: Attempt,
  legs: readonly Leg[],
  context: DecideContext,
): void {
  for (const leg of legs) {
    if (leg.status === 'succeeded') giveBack(draft, attempt, leg, 'partial_payment', context);
  }
  draft.set('attempts', attempt.id, { failure: { code: 'partial_payment', walletError: null } });
  if (ATTEMPT_STATES.allows(attempt.status, 'failed')) moveWithLegs(draft, attempt, 'failed');
}

/** Rule 3: the intent waits for an operator, unless another attempt has settled it already. */
function conflict(
  draft: PaymentDraft,
  attempt: Attempt,
  legs: readonly Leg[],
  context: DecideContext,
): void {
  suspendPaid(draft, attempt, legs);
  const isNews = attempt.status !== 'conflicted';
  moveAttempt(draft, attempt, 'conflicted');
  // Asked again: the money may have been misquoted to us, and a leg may still be open.
  if (isNews) draft.set('attempts', attempt.id, { dueAtMs: context.nowMs });
  const { intent } = draft;
  if (isOpen(intent.status)) {
    if (intent.status === 'requires_wallet') {
      draft.setRoot({ status: transition(INTENT_STATES, 'requires_wallet', 'processing') });
    }
    const status = transition(INTENT_STATES, draft.intent.status, 'conflicted');
    draft.setRoot({ status, dueAtMs: null });
    draft.emit('payment_intent.conflicted', intent.id);
    closeTheOthers(draft, attempt, context);
    return;
  }
}

/** Legs that were paid as ordered, in an attempt that as a whole is in question. */
function suspendPaid(draft: PaymentDraft, attempt: Attempt, legs: readonly Leg[]): void {
  for (const leg of legs) {
    if (leg.status !== 'succeeded' || leg.suspenseFen !== null) continue;
    const receiptFen = leg.receiptAmountFen ?? leg.amountFen;
    draft.set('legs', leg.id, { suspenseFen: receiptFen });
    draft.post(paidConflicted(attempt.wallet, receiptFen));
  }
}
