/**
 * A wallet's word on a refund, brought into the books: by the answer to a call, a query, a
 * notification or a bill. It is asked again with the same number while unknown (rule 2). A refusal
 * is final only as the answer to the first call with a number: an earlier call with it may have
 * been taken. What was called failed and went through after all is booked as what it is, and a
 * person is told.
 */

import { assert, present, unreachable } from '../../kernel/assert.ts';
import type { Id } from '../../kernel/id.ts';
import { type Fen, sumFen } from '../../kernel/money.ts';
import { transition } from '../../kernel/state-table.ts';
import type { DecideContext } from '../draft.ts';
import { refundFailed, refundReserved, refundSucceeded } from '../ledger/posting.ts';
import { type PaymentDecision, PaymentDraft } from '../payment/draft.ts';
import {
  isOpenRefund,
  type Leg,
  OUTCOME_UNKNOWN,
  type Payment,
  REFUND_STATES,
  type Refund,
} from '../payment/model.ts';
import { isRefundOrdinal, refundNumber } from '../payment/order-number.ts';
import type { RefundReport } from '../wallet/report.ts';
import { hasFigure, settleFigure, wantsFigure } from './figure.ts';
import {
  countRefunds,
  escrowOf,
  inPocket,
  mixOf,
  repayAdvances,
  standingOf,
  takeFromPocket,
} from './pockets.ts';
import { isAutomatic, type RefundAnswer } from './refund.ts';

/** It was called failed, its reservation given back, and the wallet has paid it all the same. */
export const REFUNDED_AFTER_FAILURE = 'refunded_after_failure';
/** One automatic refund, and the buyer has the money under two of its numbers. */
export const REFUNDED_TWICE = 'refunded_twice';

export interface RefundReported {
  readonly refund: Id<'refund'>;
  /** Which of its numbers the wallet speaks of. */
  readonly refundNo: string;
  readonly word: RefundReport;
  /** The answer to a call with a number that had been sent before. */
  readonly isRepeat?: boolean;
}

export function applyRefundReport(
  payment: Payment,
  input: RefundReported,
  context: DecideContext,
): PaymentDecision<RefundAnswer> {
  const draft = new PaymentDraft(payment);
  const refund = draft.refund(input.refund);
  const word = heard(input);
  if (input.refundNo !== refund.refundNo) takeEarlierNumber(draft, refund, input);
  else if (refund.status === 'failed') takeAfterFailure(draft, refund, word, context);
  else takeWord(draft, refund, word, context);
  return draft.decided((after) => ({
    payment: after,
    refund: refundIn(after, refund.id),
    created: false,
  }));
}

function refundIn(payment: Payment, id: Id<'refund'>): Refund {
  return present(
    payment.refunds.find((row) => row.id === id),
    'the reported refund',
  );
}

function heard({ word, isRepeat }: RefundReported): RefundReport {
  const isRefusal = word.status === 'failed' && word.walletError !== null;
  return isRefusal && isRepeat === true ? { ...word, status: 'unknown' } : word;
}

function takeWord(
  draft: PaymentDraft,
  refund: Refund,
  word: RefundReport,
  context: DecideContext,
): void {
  const next = nextStatus(draft.payment, refund, word);
  if (word.walletRefundId !== null && refund.walletRefundId === null) {
    draft.set('refunds', refund.id, { walletRefundId: word.walletRefundId });
  }
  const isNews = next !== refund.status;
  if (isNews && !isSilent(next) && refund.failure?.code === OUTCOME_UNKNOWN)
    draft.set('refunds', refund.id, { failure: null });
  if (next === 'failed' && isNews && isAutomatic(refund)) tryAgain(draft, refund, word, context);
  else if (isNews) settleRefund(draft, refund, next, word);
  // The wallet has done it; only its figure is wanting, and can be asked for at once.
  const isDone = next === 'processing' && word.status === 'succeeded';
  if (isDone && wantsFigure(draft.payment, refund, word)) askAtOnce(draft, refund, context);
  if (isLeftUnknown(draft.payment, refund, next, word, context))
    callForAttention(draft, refund, word);
}

function askAtOnce(draft: PaymentDraft, refund: Refund, { nowMs }: DecideContext): void {
  if (refund.dueAtMs === null || refund.dueAtMs > nowMs)
    draft.set('refunds', refund.id, { dueAtMs: nowMs });
}

/** Its wallet has said nothing to go by for so long that a person must look. */
export const UNKNOWN_PATIENCE_MS = 3_600_000;

/** Neither taken nor refused, as far as anybody knows. */
function isSilent(status: Refund['status']): boolean {
  return status === 'unknown' || status === 'submitted';
}

function isLeftUnknown(
  payment: Payment,
  refund: Refund,
  next: Refund['status'],
  word: RefundReport,
  context: DecideContext,
): boolean {
  // What is in processing by the wallet's own word takes the time that it takes; one that names a
  // figure which cannot be true has said nothing.
  const isUntrue = word.status === 'succeeded' && !isOurs(payment, refund, word);
  const isUnsaid = word.status === 'unknown' || isUntrue;
  const isWaiting = isSilent(next) || (next === 'processing' && isUnsaid);
  return isWaiting && isOverdue(refund, context);
}

function isOverdue(refund: Refund, { nowMs }: DecideContext): boolean {
  const isOld = nowMs >= refund.createdAtMs + UNKNOWN_PATIENCE_MS;
  return isOld && refund.failure?.code !== OUTCOME_UNKNOWN;
}

/** Told once. It stays unknown and is asked about as before: nobody guesses (rule 2). */
function callForAttention(
  draft: PaymentDraft,
  refund: Refund,
  { walletError }: Pick<RefundReport, 'walletError'>,
): void {
  draft.set('refunds', refund.id, { failure: { code: OUTCOME_UNKNOWN, walletError } });
  draft.emit('refund.requires_attention', refund.id);
}

/** Nobody could be asked or told. It was not sent after all; a person hears in the end. */
export function noteUnasked(
  payment: Payment,
  input: {
    readonly refund: Id<'refund'>;
    readonly isFirstCall: boolean;
    /** As it was claimed: another process may have come to it since. */
    readonly tries: number;
  },
  context: DecideContext,
): PaymentDecision<RefundAnswer> {
  const draft = new PaymentDraft(payment);
  const refund = refundIn(payment, input.refund);
  const isUntouched = refund.tries === input.tries;
  if (input.isFirstCall && isUntouched && refund.sentAtMs !== null)
    draft.set('refunds', refund.id, { sentAtMs: null });
  if (isOpenRefund(refund) && isOverdue(refund, context))
    callForAttention(draft, refund, { walletError: null });
  return draft.decided((after) => ({
    payment: after,
    refund: refundIn(after, refund.id),
    created: false,
  }));
}

function nextStatus(payment: Payment, refund: Refund, word: RefundReport): Refund['status'] {
  const said = wordStatus(payment, refund, word);
  // What it moved is not sure before a query has told it: until then it is not settled.
  const wanted = said === 'succeeded' && wantsFigure(payment, refund, word) ? 'processing' : said;
  if (wanted === refund.status || REFUND_STATES.allows(refund.status, wanted)) return wanted;
  return refund.status;
}

/** Rules 3 and 7: of this refund, and no more than what is left of what the payment brought in. */
function isOurs(payment: Payment, refund: Refund, word: RefundReport): boolean {
  const { amountFen, settlementFen } = word;
  if (amountFen !== null && amountFen !== refund.amountFen) return false;
  const leftFen = leftAtWallet(payment, refund);
  // Of a figure that is not told, our own may be a fen of rounding off: what is left is then it.
  if (settlementFen == null)
    return refund.movedFen <= leftFen || (leftFen > 0n && hasFigure(payment, refund));
  return settlementFen >= 0n && settlementFen <= refund.amountFen && settlementFen <= leftFen;
}

/** What its wallet still has of the leg, but for what this refund has taken itself. */
function leftAtWallet(payment: Payment, refund: Refund): Fen {
  const leg = legOf(payment, refund);
  const gone = payment.refunds.filter(
    (row) => row.leg === leg.id && row.id !== refund.id && row.status === 'succeeded',
  );
  return (leg.receiptAmountFen ?? leg.amountFen) - sumFen(gone.map((row) => row.movedFen));
}

function legOf(payment: Payment, refund: Refund): Leg {
  return present(
    payment.legs.find((row) => row.id === refund.leg),
    'the leg of a refund',
  );
}

function wordStatus(payment: Payment, refund: Refund, word: RefundReport): Refund['status'] {
  switch (word.status) {
    case 'succeeded':
      // Rule 3 for refunds: an amount that is not ours is asked again, not believed.
      return isOurs(payment, refund, word) ? 'succeeded' : 'unknown';
    case 'submitted':
    case 'processing':
    case 'abnormal':
    case 'failed':
      return word.status;
    case 'not_found':
    case 'unknown':
      return refund.status === 'created' ? 'unknown' : refund.status;
    default:
      return unreachable(word.status);
  }
}

/** How long a wallet that closed an automatic refund is left alone: doubled up to a day. */
const NEXT_NUMBER_MS = 600_000;
const NEXT_NUMBER_MS_MAX = 86_400_000;

/**
 * An automatic refund is given for ever, with an alarm. Refused, it keeps its number, is abnormal
 * and stays due. Taken and then closed, its number is spent: it goes on under a new one.
 */
function tryAgain(
  draft: PaymentDraft,
  refund: Refund,
  word: RefundReport,
  context: DecideContext,
): void {
  if (refund.status !== 'abnormal') settleRefund(draft, refund, 'abnormal', word);
  if (word.walletError !== null) {
    if (refund.status === 'abnormal' && refund.failure !== null) return;
    draft.set('refunds', refund.id, {
      failure: { code: 'refund_refused', walletError: word.walletError },
    });
    return;
  }
  // Rung once in this state already, when the wallet called it abnormal before it closed it.
  const earlierNos = [...refund.earlierNos, refund.refundNo];
  if (!isRefundOrdinal(earlierNos.length + 1)) return;
  const refundNo = refundNumber(draft.intent.id, refund.id, earlierNos.length + 1);
  const delayMs = Math.min(NEXT_NUMBER_MS * 2 ** refund.earlierNos.length, NEXT_NUMBER_MS_MAX);
  draft.set('refunds', refund.id, {
    ...{ refundNo, earlierNos, walletRefundId: null, sentAtMs: null, tries: 0 },
    failure: { code: 'refund_closed', walletError: null },
    dueAtMs: context.nowMs + delayMs,
  });
}

/** Only a success is news of a number that was given up: the buyer has the money. */
function takeEarlierNumber(draft: PaymentDraft, refund: Refund, input: RefundReported): void {
  const { refundNo, word } = input;
  const isIts = refund.earlierNos.includes(refundNo);
  if (!isIts || wordStatus(draft.payment, refund, word) !== 'succeeded') return;
  if (refund.status === 'succeeded') {
    if (refund.failure?.code === REFUNDED_TWICE) return;
    const { wallet } = attemptOf(draft.payment, legOf(draft.payment, refund));
    const { movedFen } = refund;
    // More than the wallet ever had of it is not believed, only told.
    if (2n * movedFen <= leftAtWallet(draft.payment, refund))
      draft.post(refundSucceeded({ wallet, movedFen, isAbsorbed: true }));
    alarm(draft, refund, REFUNDED_TWICE);
    return;
  }
  const others = refund.earlierNos.filter((number) => number !== refundNo);
  draft.set('refunds', refund.id, { refundNo, earlierNos: [...others, refund.refundNo] });
  draft.set('refunds', refund.id, { walletRefundId: word.walletRefundId });
  settleRefund(draft, refund, 'succeeded', word);
  alarm(draft, refund, REFUNDED_AFTER_FAILURE);
}

/** A refund that was called failed: a query, a message or a bill may know better. */
function takeAfterFailure(
  draft: PaymentDraft,
  refund: Refund,
  word: RefundReport,
  context: DecideContext,
): void {
  if (word.status === 'failed' || word.status === 'not_found') {
    if (refund.dueAtMs !== null) draft.set('refunds', refund.id, { dueAtMs: null });
    return;
  }
  if (word.status !== 'succeeded') return;
  if (!isOurs(draft.payment, refund, word)) {
    if (refund.failure?.code !== OUTCOME_UNKNOWN) callForAttention(draft, refund, word);
    return;
  }
  if (wantsFigure(draft.payment, refund, word)) {
    askAtOnce(draft, refund, context);
    return;
  }
  if (isAutomatic(refund) && !takesOver(draft, refund)) return;
  settleRefund(draft, reserveAgain(draft, refund), 'succeeded', word);
  if (word.walletRefundId !== null)
    draft.set('refunds', refund.id, { walletRefundId: word.walletRefundId });
  alarm(draft, refund, REFUNDED_AFTER_FAILURE);
}

/** An automatic refund that failed was followed by another of the same money, not wanted now. */
function takesOver(draft: PaymentDraft, refund: Refund): boolean {
  const open = draft.payment.refunds.find(
    (row) =>
      row.leg === refund.leg && row.id !== refund.id && isAutomatic(row) && isOpenRefund(row),
  );
  if (open === undefined) return false;
  const status = transition(REFUND_STATES, open.status, 'failed');
  draft.set('refunds', open.id, { status, dueAtMs: null });
  draft.emit('refund.failed', open.id);
  return true;
}

/** The reservation that was given back is taken again, from what its pockets hold by now. */
function reserveAgain(draft: PaymentDraft, refund: Refund): Refund {
  if (refund.subOrder === null) return refund;
  const escrow = escrowOf(draft.payment, refund);
  const others = standingOf(draft.payment.refunds, refund.subOrder);
  const mix = mixOf(escrow, others, refund);
  const { wallet, merchant } = escrow;
  draft.post(refundReserved({ wallet, merchant, mix }));
  takeFromPocket(draft, escrow, inPocket(mix));
  draft.set('refunds', refund.id, { mix });
  return { ...refund, mix };
}

function alarm(draft: PaymentDraft, refund: Refund, code: string): void {
  draft.set('refunds', refund.id, { failure: { code, walletError: null } });
  draft.emit('refund.requires_attention', refund.id);
}

function attemptOf(payment: Payment, leg: Leg) {
  return present(
    payment.attempts.find((row) => row.id === leg.attempt),
    'its attempt',
  );
}

export function settleRefund(
  draft: PaymentDraft,
  refund: Refund,
  next: Refund['status'],
  word: RefundReport,
): void {
  draft.set('refunds', refund.id, { status: transition(REFUND_STATES, refund.status, next) });
  const leg = legOf(draft.payment, refund);
  const { wallet } = attemptOf(draft.payment, leg);
  if (next === 'succeeded') {
    draft.set('refunds', refund.id, { dueAtMs: null, failure: null });
    settleFigure(draft, refund, figureOf(draft.payment, refund, word));
    const { movedFen } = refundIn(draft.payment, refund.id);
    draft.post(refundSucceeded({ wallet, movedFen }));
    if (refund.subOrder !== null) {
      if (refund.status === 'failed') countRefunds(draft, leg, refund.subOrder);
      countRefunded(draft, refund);
    }
    draft.emit('refund.succeeded', refund.id);
  } else if (next === 'failed') {
    draft.set('refunds', refund.id, {
      dueAtMs: null,
      failure: { code: 'refund_refused', walletError: word.walletError },
    });
    giveBackReservation(draft, refund, leg);
    draft.emit('refund.failed', refund.id);
  } else if (next === 'abnormal') {
    draft.emit('refund.requires_attention', refund.id);
  }
}

function figureOf(payment: Payment, refund: Refund, { settlementFen }: RefundReport) {
  const leftFen = leftAtWallet(payment, refund);
  return settlementFen ?? (refund.movedFen > leftFen ? leftFen : null);
}

function countRefunded(draft: PaymentDraft, refund: Refund): void {
  const { amountRefundedFen, amountReceivedFen } = draft.intent;
  const totalFen = amountRefundedFen + refund.amountFen;
  // Only with one that was called failed may it be more, and then a person has been told.
  const isBounded =
    totalFen <= amountReceivedFen ||
    refund.status === 'failed' ||
    draft.payment.refunds.some(({ failure }) => failure?.code === REFUNDED_AFTER_FAILURE);
  assert(isBounded, 'rule 7: refunded <= received');
  draft.setRoot({
    amountRefundedFen: totalFen < amountReceivedFen ? totalFen : amountReceivedFen,
  });
}

function giveBackReservation(draft: PaymentDraft, refund: Refund, leg: Leg): void {
  const { mix, subOrder } = refund;
  if (mix === null || subOrder === null) return;
  const escrow = escrowOf(draft.payment, refund);
  countRefunds(draft, leg, subOrder);
  takeFromPocket(draft, escrow, -inPocket(mix));
  const { wallet, merchant } = escrow;
  draft.post(refundFailed({ wallet, merchant, mix }));
  repayAdvances(draft, escrow.id);
}
