/**
 * Ending an attempt that began with a payment code or a tap: by reversal (撤销, 冲正), which also
 * gives back what had been paid. The decision to reverse is committed before the wallet hears of
 * it, since from then on no success may count; what turns out paid is booked as paid and as given
 * back, because the wallet's bill will show both (rules 1, 5, 6, 7).
 */

import type { Id } from '../../kernel/id.ts';
import { worksOnce } from '../../kernel/wallet-names.ts';
import type { DecideContext } from '../draft.ts';
import { settleRefund } from '../refund/report.ts';
import type { LegReport } from '../wallet/report.ts';
import { noteTakenBack } from './attention.ts';
import { type PaymentDecision, PaymentDraft } from './draft.ts';
import { isLive, moveAttempt, settleIntentStatus } from './intent-status.ts';
import { type Attempt, isOpenRefund, type Leg, type Payment } from './model.ts';
import { disputedOf, giveBack, mismatchOf, receiptOf } from './report.ts';
import { CLOSE_CALL_MS } from './start.ts';

/** How long the buyer may take to confirm on the phone before the order is reversed. */
export const CODE_PATIENCE_MS = 45_000;

/** Nobody may wait any longer for the buyer of this payment code. */
export function mustReverse(attempt: Attempt, nowMs: number): boolean {
  const endMs = Math.min(attempt.createdAtMs + CODE_PATIENCE_MS, attempt.expiresAtMs);
  return worksOnce(attempt.product) && attempt.closingAtMs === null && nowMs >= endMs;
}

/** Before the wallet is told: after this commit the attempt cannot count as paid. */
export function beginReversal(
  payment: Payment,
  attemptId: Id<'payment_attempt'>,
  context: DecideContext,
): PaymentDecision<Payment> {
  const draft = new PaymentDraft(payment);
  const attempt = draft.attempt(attemptId);
  if (isLive(attempt) && attempt.closingAtMs === null) {
    const dueAtMs = context.nowMs + CLOSE_CALL_MS;
    // Asked soon again, however often it was asked about before.
    draft.set('attempts', attempt.id, { closingAtMs: context.nowMs, dueAtMs, tries: 0 });
  }
  return draft.decided((after) => after);
}

/** The wallet has given back whole what had been paid. `legs` say what that was. */
export function recordReversed(
  payment: Payment,
  input: { readonly attempt: Id<'payment_attempt'>; readonly legs: readonly LegReport[] },
  context: DecideContext,
): PaymentDecision<Payment> {
  const draft = new PaymentDraft(payment);
  const attempt = draft.attempt(input.attempt);
  // Nothing that counts is ever reversed by us: whoever did it, a person must know.
  if (attempt.status === 'succeeded') {
    for (const leg of payment.legs) {
      const isNamed = input.legs.some(
        (word) => word.orderNo === leg.orderNo && word.status === 'closed',
      );
      if (leg.attempt === attempt.id && isNamed) noteTakenBack(draft, attempt, leg);
    }
    return draft.decided((after) => after);
  }
  // What is reversed was one order. Of several no word says that all went back: they are asked.
  const [leg, another] = payment.legs.filter((row) => row.attempt === attempt.id);
  if (leg === undefined || another !== undefined) return draft.decided((same) => same);
  const word = input.legs.find((row) => row.orderNo === leg.orderNo);
  if (leg.status !== 'superseded') bookReversed(draft, attempt, leg, word, context);
  settleReversal(draft, leg);
  moveAttempt(draft, attempt, 'superseded');
  settleIntentStatus(draft);
  return draft.decided((after) => after);
}

/** As the wallet's bill will tell it: paid, with the wallet's own figures, and to be given back. */
function bookReversed(
  draft: PaymentDraft,
  attempt: Attempt,
  leg: Leg,
  word: LegReport | undefined,
  context: DecideContext,
): void {
  const saidFen = word?.amountFen ?? leg.amountFen;
  const figureFen = saidFen > 0n ? saidFen : leg.amountFen;
  draft.set('legs', leg.id, {
    walletTransactionId: word?.walletTransactionId ?? leg.walletTransactionId,
    paidAtMs: word?.paidAtMs ?? leg.paidAtMs ?? context.nowMs,
    payerAmountFen: word?.payerAmountFen ?? figureFen,
    receiptAmountFen: word === undefined ? figureFen : receiptOf(word, figureFen),
    disputedFen: disputedOf(leg, figureFen),
  });
  const reported = word?.payerWalletReported ?? null;
  if (reported !== null) draft.set('attempts', attempt.id, { payerWalletReported: reported });
  const mismatch =
    word === undefined ? undefined : mismatchOf(leg, { ...word, amountFen: figureFen });
  if (mismatch !== undefined) {
    const failure = { code: `${mismatch}_mismatch`, walletError: null };
    draft.set('attempts', attempt.id, { failure });
  }
  const paid = draft.leg(leg.id);
  giveBack(draft, attempt, paid, 'reversed', context);
}

/** The refund that the reversal is: nobody asks the wallet for it again. */
function settleReversal(draft: PaymentDraft, leg: Leg): void {
  const refund = draft.payment.refunds.find(
    (row) => row.leg === leg.id && row.reason === 'reversed' && isOpenRefund(row),
  );
  if (refund === undefined) return;
  settleRefund(draft, refund, 'succeeded', {
    status: 'succeeded',
    walletRefundId: null,
    amountFen: refund.amountFen,
    walletError: null,
  });
}
