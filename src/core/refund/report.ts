/**
 * Applies what a wallet reports about a refund: by the answer to a call, a query, a notification or
 * a bill. While the outcome is unknown it is retried with the same number (rule 2). A refusal is
 * final only in answer to the first call with a number: an earlier call may have been accepted. A
 * refund that was reported failed and succeeded after all is booked as it is, and an operator is
 * alerted.
 */
import { unreachable } from '../../kernel/assert.ts';
import type { Id } from '../../kernel/id.ts';
import { transition } from '../../kernel/state-table.ts';
import type { WalletError } from '../../kernel/wallet-names.ts';
import type { DecideContext } from '../draft.ts';
import { refundReserved, refundSucceeded } from '../ledger/posting.ts';
import { type PaymentDecision, PaymentDraft } from '../payment/draft.ts';
import {
  isOpenRefund,
  OUTCOME_UNKNOWN,
  type Payment,
  REFUND_STATES,
  type Refund,
} from '../payment/model.ts';
import { isRefundOrdinal, refundNumber } from '../payment/order-number.ts';
import type { RefundReport } from '../wallet/report.ts';
import { allocationOf, bookingOf, chargeMerchant, escrowOf, standingOf } from './allocation.ts';
import { hasFigure, wantsFigure } from './figure.ts';
import { isAutomatic, type RefundAnswer } from './refund.ts';
import { leftAtWallet, REFUNDED_AFTER_FAILURE, settleRefund } from './settle.ts';

/** One automatic refund was paid to the buyer under two of its numbers. */
export const REFUNDED_TWICE = 'refunded_twice';

export interface RefundReported {
  readonly refund: Id<'refund'>;
  /** The number of this refund that the report is about. */
  readonly refundNo: string;
  readonly report: RefundReport;
  /** Where it answers a call that sends the refund, and no question or message. */
  readonly call?: RefundCall;
}

export interface RefundCall {
  /** With a number that had been sent before. */
  readonly isRepeat: boolean;
  /** As the refund was when it was claimed: another process may have come to it since. */
  readonly tries: number;
}

export function applyRefundReport(
  payment: Payment,
  reported: RefundReported,
  context: DecideContext,
): PaymentDecision<RefundAnswer> {
  const draft = new PaymentDraft(payment);
  const { refund: id, refundNo } = reported;
  const refund = draft.refund(id);
  // It was never sent, so no wallet can know of it.
  if (refund.awaitsBalance) return answered(draft, id);
  const report = believed(refund, reported);
  if (refundNo !== refund.refundNo) applyEarlierNumber(draft, reported, report, context);
  else if (refund.status === 'failed') applyAfterFailure(draft, id, report, context);
  else applyReportTo(draft, id, report, context);
  return answered(draft, id);
}

function answered(draft: PaymentDraft, id: Id<'refund'>): PaymentDecision<RefundAnswer> {
  return draft.decided((after) => ({ payment: after, refund: draft.refund(id), created: false }));
}

/** A refusal says nothing of another call with the same number, which the wallet may have taken. */
function believed(refund: Refund, { report, call }: RefundReported): RefundReport {
  if (call === undefined || report.status !== 'failed' || report.walletError === null)
    return report;
  const isTaken = refund.status === 'submitted' || refund.status === 'processing';
  const isTheOnlyCall = !call.isRepeat && call.tries === refund.tries && !isTaken;
  return isTheOnlyCall ? report : { ...report, status: 'unknown' };
}

function applyReportTo(
  draft: PaymentDraft,
  id: Id<'refund'>,
  report: RefundReport,
  context: DecideContext,
): void {
  const before = draft.refund(id);
  const next = nextStatus(draft.payment, before, report);
  const isNews = next !== before.status;
  if (report.walletRefundId !== null && before.walletRefundId === null)
    draft.set('refunds', id, { walletRefundId: report.walletRefundId });
  if (isNews && !isSilent(next) && before.failure?.code === OUTCOME_UNKNOWN)
    draft.set('refunds', id, { failure: null });
  if (next === 'failed' && isNews && isAutomatic(before)) retry(draft, id, report, context);
  else if (isNews) settleRefund(draft, id, next, report, context);
  // The wallet has paid it; only its settlement figure is missing, and a query returns it now.
  const isDone = next === 'processing' && report.status === 'succeeded';
  if (isDone && wantsFigure(draft.payment, before, report)) queryAtOnce(draft, id, context);
  if (isLeftUnknown(draft.payment, before, next, report, context))
    alert(draft, id, OUTCOME_UNKNOWN, report.walletError);
}

function queryAtOnce(draft: PaymentDraft, id: Id<'refund'>, { nowMs }: DecideContext): void {
  const { dueAtMs } = draft.refund(id);
  if (dueAtMs === null || dueAtMs > nowMs) draft.set('refunds', id, { dueAtMs: nowMs });
}

/** How long its wallet may report nothing usable before an operator is alerted. */
export const UNKNOWN_PATIENCE_MS = 3_600_000;

/** Neither accepted nor refused, as far as we know. */
function isSilent(status: Refund['status']): boolean {
  return status === 'unknown' || status === 'submitted';
}

function isLeftUnknown(
  payment: Payment,
  refund: Refund,
  next: Refund['status'],
  report: RefundReport,
  context: DecideContext,
): boolean {
  // A refund that the wallet reports as processing may take its time; a report with an impossible
  // figure counts as no report.
  const isUntrue = report.status === 'succeeded' && !isOurs(payment, refund, report);
  const isUnsaid = report.status === 'unknown' || isUntrue;
  const isWaiting = isSilent(next) || (next === 'processing' && isUnsaid);
  return isWaiting && isOverdue(refund, context);
}

/**
 * Counted from its first call, before which it may have waited for its merchant's balance; one that
 * could never be called counts from its creation.
 */
function isOverdue(refund: Refund, { nowMs }: DecideContext): boolean {
  const isOld = nowMs >= (refund.sentAtMs ?? refund.createdAtMs) + UNKNOWN_PATIENCE_MS;
  return isOld && refund.failure?.code !== OUTCOME_UNKNOWN;
}

/** The refund stays as it is and is polled as before: nothing is guessed (rule 2). */
function alert(
  draft: PaymentDraft,
  id: Id<'refund'>,
  code: string,
  walletError: WalletError | null = null,
): void {
  draft.set('refunds', id, { failure: { code, walletError } });
  draft.emit('refund.requires_attention', id);
}

/** Its wallet could not be called: the refund was not sent, and eventually raises an alert. */
export function noteUnsent(
  payment: Payment,
  input: {
    readonly refund: Id<'refund'>;
    readonly isFirstCall: boolean;
    /** The refund as it was claimed: another process may have changed it since. */
    readonly tries: number;
  },
  context: DecideContext,
): PaymentDecision<RefundAnswer> {
  const draft = new PaymentDraft(payment);
  const refund = draft.refund(input.refund);
  const isUntouched = refund.tries === input.tries;
  if (input.isFirstCall && isUntouched && refund.sentAtMs !== null)
    draft.set('refunds', refund.id, { sentAtMs: null });
  const noted = draft.refund(refund.id);
  if (isOpenRefund(noted) && isOverdue(noted, context)) alert(draft, noted.id, OUTCOME_UNKNOWN);
  return answered(draft, noted.id);
}

function nextStatus(payment: Payment, refund: Refund, report: RefundReport): Refund['status'] {
  const said = saidStatus(payment, refund, report);
  // The moved amount is certain only after a query: until then the refund is not settled.
  const wanted = said === 'succeeded' && wantsFigure(payment, refund, report) ? 'processing' : said;
  if (wanted === refund.status || REFUND_STATES.allows(refund.status, wanted)) return wanted;
  return refund.status;
}

/** Rules 3 and 7: it is about this refund, and within what is left of the payment's receipt. */
function isOurs(payment: Payment, refund: Refund, report: RefundReport): boolean {
  const { amountFen, settlementFen } = report;
  if (amountFen !== null && amountFen !== refund.amountFen) return false;
  const leftFen = leftAtWallet(payment, refund);
  // Without a figure, ours may be a fen of rounding off: then it takes what is left.
  if (settlementFen == null)
    return refund.movedFen <= leftFen || (leftFen > 0n && hasFigure(payment, refund));
  return settlementFen >= 0n && settlementFen <= refund.amountFen && settlementFen <= leftFen;
}

function saidStatus(payment: Payment, refund: Refund, report: RefundReport): Refund['status'] {
  switch (report.status) {
    case 'succeeded':
      // Rule 3 for refunds: an amount that differs from ours is queried again, not believed.
      return isOurs(payment, refund, report) ? 'succeeded' : 'unknown';
    case 'submitted':
    case 'processing':
    case 'abnormal':
    case 'failed':
      return report.status;
    case 'not_found':
    case 'unknown':
      return refund.status === 'created' ? 'unknown' : refund.status;
    default:
      return unreachable(report.status);
  }
}

/** Pause after a wallet closed an automatic refund: doubled up to a day. */
const NEXT_NUMBER_MS = 600_000;
const NEXT_NUMBER_MS_MAX = 86_400_000;

/**
 * Automatic refunds raise an alert and are retried. If refused, the refund keeps its number, is
 * abnormal and stays due for ever. If accepted and then closed, its number is used up: it continues
 * under a new one, as long as there are any.
 */
function retry(
  draft: PaymentDraft,
  id: Id<'refund'>,
  report: RefundReport,
  context: DecideContext,
): void {
  const { status, failure, refundNo, earlierNos } = draft.refund(id);
  if (status !== 'abnormal') settleRefund(draft, id, 'abnormal', report, context);
  const { walletError } = report;
  if (walletError !== null) {
    if (status === 'abnormal' && failure !== null) return;
    draft.set('refunds', id, { failure: { code: 'refund_refused', walletError } });
    return;
  }
  const spentNos = [...earlierNos, refundNo];
  if (!isRefundOrdinal(spentNos.length + 1)) return;
  const delayMs = Math.min(NEXT_NUMBER_MS * 2 ** earlierNos.length, NEXT_NUMBER_MS_MAX);
  draft.set('refunds', id, {
    refundNo: refundNumber(draft.intent.id, id, spentNos.length + 1),
    ...{ earlierNos: spentNos, walletRefundId: null, sentAtMs: null, tries: 0 },
    failure: { code: 'refund_closed', walletError: null },
    dueAtMs: context.nowMs + delayMs,
  });
}

/** For a number that was given up, only a success matters: the buyer has the money. */
function applyEarlierNumber(
  draft: PaymentDraft,
  { refund: id, refundNo }: RefundReported,
  report: RefundReport,
  context: DecideContext,
): void {
  const refund = draft.refund(id);
  const isIts = refund.earlierNos.includes(refundNo);
  if (!isIts || saidStatus(draft.payment, refund, report) !== 'succeeded') return;
  if (refund.status === 'succeeded') {
    applySecondSuccess(draft, id, report);
    return;
  }
  const others = refund.earlierNos.filter((number) => number !== refundNo);
  draft.set('refunds', id, { refundNo, earlierNos: [...others, refund.refundNo] });
  draft.set('refunds', id, { walletRefundId: report.walletRefundId });
  settleRefund(draft, id, 'succeeded', report, context);
  alert(draft, id, REFUNDED_AFTER_FAILURE);
}

/** The marketplace bears it. More than the wallet ever received is not believed, only alerted. */
function applySecondSuccess(
  draft: PaymentDraft,
  id: Id<'refund'>,
  { settledAtMs }: RefundReport,
): void {
  const refund = draft.refund(id);
  if (refund.failure?.code === REFUNDED_TWICE) return;
  const attempt = draft.attemptOf(refund.leg);
  const { movedFen } = refund;
  if (2n * movedFen <= leftAtWallet(draft.payment, refund))
    draft.post(refundSucceeded({ refund, attempt, movedFen, settledAtMs, isAbsorbed: true }));
  alert(draft, id, REFUNDED_TWICE);
}

/** A refund that was reported failed: a query, a notification or a bill may correct that. */
function applyAfterFailure(
  draft: PaymentDraft,
  id: Id<'refund'>,
  report: RefundReport,
  context: DecideContext,
): void {
  const refund = draft.refund(id);
  if (report.status === 'failed' || report.status === 'not_found') {
    if (refund.dueAtMs !== null) draft.set('refunds', id, { dueAtMs: null });
    return;
  }
  if (report.status !== 'succeeded') {
    // Taken after all, it says: how that ends must not hang on a message that may be lost.
    if (report.status !== 'unknown' && refund.dueAtMs === null) queryAtOnce(draft, id, context);
    return;
  }
  if (!isOurs(draft.payment, refund, report)) {
    if (refund.failure?.code !== OUTCOME_UNKNOWN)
      alert(draft, id, OUTCOME_UNKNOWN, report.walletError);
    return;
  }
  if (wantsFigure(draft.payment, refund, report)) {
    queryAtOnce(draft, id, context);
    return;
  }
  if (isAutomatic(refund) && !takesOver(draft, id)) return;
  reserveAgain(draft, id, context);
  settleRefund(draft, id, 'succeeded', report, context);
  if (report.walletRefundId !== null)
    draft.set('refunds', id, { walletRefundId: report.walletRefundId });
  alert(draft, id, REFUNDED_AFTER_FAILURE);
}

/** A failed automatic refund was followed by another of the same money, which is now not wanted. */
function takesOver(draft: PaymentDraft, id: Id<'refund'>): boolean {
  const { leg } = draft.refund(id);
  const open = draft.payment.refunds.find(
    (row) => row.leg === leg && row.id !== id && isAutomatic(row) && isOpenRefund(row),
  );
  if (open === undefined) return false;
  const status = transition(REFUND_STATES, open.status, 'failed');
  draft.set('refunds', open.id, { status, dueAtMs: null });
  draft.emit('refund.failed', open.id);
  return true;
}

/** The released reservation is taken again, from what its accounts hold by now: it has moved. */
function reserveAgain(draft: PaymentDraft, id: Id<'refund'>, context: DecideContext): void {
  const refund = draft.refund(id);
  if (refund.subOrder === null) return;
  const escrow = escrowOf(draft.payment, refund);
  const others = standingOf(draft.payment.refunds, refund.subOrder);
  const allocation = allocationOf(escrow, others, refund);
  draft.post(refundReserved(bookingOf(draft, refund, escrow, allocation)));
  chargeMerchant(draft, escrow, allocation);
  draft.charge(escrow, id, allocation.balanceFen, context);
  draft.set('refunds', id, { allocation, awaitsBalance: false });
}
