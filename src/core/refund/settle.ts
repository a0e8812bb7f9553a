/**
 * The outcome of a refund: the amount that moved, the ledger, and the totals on its leg, its
 * sub_order and the intent.
 */
import { assert } from '../../kernel/assert.ts';
import type { Id } from '../../kernel/id.ts';
import { type Fen, minFen, sumFen } from '../../kernel/money.ts';
import { transition } from '../../kernel/state-table.ts';
import type { DecideContext } from '../draft.ts';
import { refundFailed, refundSucceeded } from '../ledger/posting.ts';
import type { PaymentDraft } from '../payment/draft.ts';
import { type Payment, REFUND_STATES, type Refund } from '../payment/model.ts';
import type { RefundReport } from '../wallet/report.ts';
import {
  bookingOf,
  chargeMerchant,
  countRefunds,
  escrowOf,
  legOf,
  repayBalance,
} from './allocation.ts';
import { settleFigure } from './figure.ts';

/**
 * It was reported failed, its reservation was released, and the wallet has paid it all the same.
 */
export const REFUNDED_AFTER_FAILURE = 'refunded_after_failure';

export function settleRefund(
  draft: PaymentDraft,
  id: Id<'refund'>,
  next: Refund['status'],
  report: RefundReport,
  context: DecideContext,
): void {
  const before = draft.refund(id);
  draft.set('refunds', id, { status: transition(REFUND_STATES, before.status, next) });
  if (next === 'succeeded') settleSucceeded(draft, id, before.status, report, context);
  else if (next === 'failed')
    settleFailed(draft, id, { code: 'refund_refused', walletError: report.walletError }, context);
  else if (next === 'abnormal') draft.emit('refund.requires_attention', id);
}

function settleSucceeded(
  draft: PaymentDraft,
  id: Id<'refund'>,
  before: Refund['status'],
  report: RefundReport,
  context: DecideContext,
): void {
  const { settledAtMs } = report;
  const atMs = settledAtMs ?? context.nowMs;
  draft.set('refunds', id, { dueAtMs: null, failure: null, settledAtMs: atMs });
  settleFigure(draft, id, figureOf(draft.payment, draft.refund(id), report), context);
  const refund = draft.refund(id);
  const { leg, movedFen, subOrder } = refund;
  const attempt = draft.attemptOf(leg);
  draft.post(refundSucceeded({ refund, attempt, movedFen, settledAtMs }));
  if (subOrder !== null) {
    if (before === 'failed') countRefunds(draft, leg, subOrder);
    countRefunded(draft, refund, before);
  }
  draft.emit('refund.succeeded', id);
}

function figureOf(payment: Payment, refund: Refund, { settlementFen }: RefundReport): Fen | null {
  const leftFen = leftAtWallet(payment, refund);
  return settlementFen ?? (refund.movedFen > leftFen ? leftFen : null);
}

/** What the wallet still holds of the leg, not counting what this refund itself took. */
export function leftAtWallet(payment: Payment, refund: Refund): Fen {
  const leg = legOf(payment, refund);
  const gone = payment.refunds.filter(
    (row) => row.leg === leg.id && row.id !== refund.id && row.status === 'succeeded',
  );
  return (leg.receiptAmountFen ?? leg.amountFen) - sumFen(gone.map((row) => row.movedFen));
}

function countRefunded(draft: PaymentDraft, { amountFen }: Refund, before: Refund['status']): void {
  const { amountRefundedFen, amountReceivedFen } = draft.intent;
  const totalFen = amountRefundedFen + amountFen;
  // It exceeds that only after a refund reported failed, for which an operator has been alerted.
  const isBounded =
    totalFen <= amountReceivedFen ||
    before === 'failed' ||
    draft.payment.refunds.some(({ failure }) => failure?.code === REFUNDED_AFTER_FAILURE);
  assert(isBounded, 'rule 7: refunded <= received');
  draft.setRoot({ amountRefundedFen: minFen(totalFen, amountReceivedFen) });
}

export function settleFailed(
  draft: PaymentDraft,
  id: Id<'refund'>,
  failure: Refund['failure'],
  context: DecideContext,
): void {
  draft.set('refunds', id, { dueAtMs: null, failure });
  releaseReservation(draft, id, context);
  draft.emit('refund.failed', id);
}

/** The reservation is released to exactly the accounts that it was taken from. */
function releaseReservation(draft: PaymentDraft, id: Id<'refund'>, context: DecideContext): void {
  const refund = draft.refund(id);
  const { leg, allocation, subOrder, awaitsBalance } = refund;
  if (allocation === null || subOrder === null) return;
  const escrow = escrowOf(draft.payment, { leg, subOrder });
  countRefunds(draft, leg, subOrder);
  const { escrowFen, balanceFen, feeFen } = allocation;
  chargeMerchant(draft, escrow, { escrowFen: -escrowFen, balanceFen: -balanceFen });
  // What was only asked of the balance has not left it.
  const paidFen = awaitsBalance ? 0n : balanceFen;
  const released = { escrowFen, feeFen, balanceFen: paidFen };
  draft.post(refundFailed(bookingOf(draft, refund, escrow, released)));
  draft.charge(escrow, id, -paidFen, context);
  repayBalance(draft, escrow.id, context);
}
