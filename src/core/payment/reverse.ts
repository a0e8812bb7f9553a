/**
 * Ends an attempt that began with a payment code or a tap: by reversal (撤销, 冲正), which also refunds
 * what had been paid. The decision to reverse is committed before the wallet is called, because
 * from then on no success may count; a payment that shows up is booked as paid and as refunded,
 * because the wallet's bill will show both (rules 1, 5, 6, 7).
 */

import type { Id } from '../../kernel/id.ts';
import { worksOnce } from '../../kernel/wallet-names.ts';
import type { DecideContext } from '../draft.ts';
import { settleRefund } from '../refund/settle.ts';
import { type LegReport, silentRefund } from '../wallet/report.ts';
import { beginClosing, CLOSE_CALL_MS, moveAttempt } from './attempt.ts';
import { alertReversedAtWallet } from './attention.ts';
import { type PaymentDecision, PaymentDraft } from './draft.ts';
import { disputedOf, mismatchOf, receiptOf } from './figures.ts';
import { isLive } from './intent-status.ts';
import { type Attempt, isOpenRefund, type Leg, type Payment } from './model.ts';
import { refundLeg } from './refund-leg.ts';

/** How long the buyer may take to confirm on the phone before the order is reversed. */
export const CODE_PATIENCE_MS = 45_000;

/** The confirmation timeout of a payment code has passed. */
export function mustReverse(attempt: Attempt, nowMs: number): boolean {
  const endMs = Math.min(attempt.createdAtMs + CODE_PATIENCE_MS, attempt.expiresAtMs);
  return worksOnce(attempt.product) && attempt.closingAtMs === null && nowMs >= endMs;
}

/** Before the wallet is called: after this commit the attempt cannot count as paid. */
export function beginReversal(
  payment: Payment,
  attemptId: Id<'payment_attempt'>,
  context: DecideContext,
): PaymentDecision<Payment> {
  const draft = new PaymentDraft(payment);
  const attempt = draft.attempt(attemptId);
  if (isLive(attempt)) beginClosing(draft, attempt, context, context.nowMs + CLOSE_CALL_MS);
  return draft.decided((after) => after);
}

/**
 * The wallet has refunded in full what had been paid: part of the one report path (report.ts).
 * `reports` say what had been paid.
 */
export function bookReversal(
  draft: PaymentDraft,
  id: Id<'payment_attempt'>,
  reports: readonly LegReport[],
  context: DecideContext,
): void {
  const legs = draft.legsOf(id);
  // We never reverse a payment that counts: somebody else did, so an operator is alerted.
  if (draft.attempt(id).status === 'succeeded') {
    for (const leg of legs) if (isClosedIn(reports, leg)) alertReversedAtWallet(draft, leg.id);
    return;
  }
  // A reversal concerns one order. For several, no report says that all were reversed: they are
  // queried.
  const [leg, another] = legs;
  if (leg === undefined || another !== undefined) return;
  const report = reports.find((row) => row.orderNo === leg.orderNo);
  if (leg.status !== 'superseded') bookRefunded(draft, leg.id, report, context);
  settleReversal(draft, leg.id, context);
  moveAttempt(draft, id, 'superseded');
}

function isClosedIn(reports: readonly LegReport[], { orderNo }: Leg): boolean {
  return reports.some((report) => report.orderNo === orderNo && report.status === 'closed');
}

/** As the wallet's bill will show it: paid, with the wallet's own figures, and to be refunded. */
function bookRefunded(
  draft: PaymentDraft,
  id: Id<'leg'>,
  report: LegReport | undefined,
  context: DecideContext,
): void {
  const leg = draft.leg(id);
  const saidFen = report?.amountFen ?? leg.amountFen;
  const figureFen = saidFen > 0n ? saidFen : leg.amountFen;
  draft.set('legs', id, {
    walletTransactionId: report?.walletTransactionId ?? leg.walletTransactionId,
    paidAtMs: report?.paidAtMs ?? leg.paidAtMs ?? context.nowMs,
    payerAmountFen: report?.payerAmountFen ?? figureFen,
    receiptAmountFen: report === undefined ? figureFen : receiptOf(report, figureFen),
    disputedFen: disputedOf(leg, figureFen),
  });
  const payerWalletReported = report?.payerWalletReported ?? null;
  if (payerWalletReported !== null) draft.set('attempts', leg.attempt, { payerWalletReported });
  const mismatch = report && mismatchOf(leg, { ...report, amountFen: figureFen });
  if (mismatch !== undefined) {
    const failure = { code: `${mismatch}_mismatch`, walletError: null };
    draft.set('attempts', leg.attempt, { failure });
  }
  refundLeg(draft, id, 'reversed', context);
}

/** The refund that the reversal is: the wallet is not asked to refund it again. */
function settleReversal(draft: PaymentDraft, id: Id<'leg'>, context: DecideContext): void {
  const refund = draft.payment.refunds.find(
    (row) => row.leg === id && row.reason === 'reversed' && isOpenRefund(row),
  );
  if (refund === undefined) return;
  const report = { ...silentRefund('succeeded'), amountFen: refund.amountFen };
  settleRefund(draft, refund.id, 'succeeded', report, context);
}
