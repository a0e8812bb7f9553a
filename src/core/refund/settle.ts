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
  countRefunds,
  escrowOf,
  legOf,
  merchantFen,
  repayAdvances,
  takeFromEscrow,
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
  else if (next === 'failed') settleFailed(draft, id, report);
  else if (next === 'abnormal') draft.emit('refund.requires_attention', id);
}

function settleSucceeded(
  draft: PaymentDraft,
  id: Id<'refund'>,
  before: Refund['status'],
  report: RefundReport,
  { nowMs }: DecideContext,
): void {
  const { settledAtMs } = report;
  draft.set('refunds', id, { dueAtMs: null, failure: null, settledAtMs: settledAtMs ?? nowMs });
  settleFigure(draft, id, figureOf(draft.payment, draft.refund(id), report));
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

function settleFailed(draft: PaymentDraft, id: Id<'refund'>, { walletError }: RefundReport): void {
  draft.set('refunds', id, { dueAtMs: null, failure: { code: 'refund_refused', walletError } });
  releaseReservation(draft, id);
  draft.emit('refund.failed', id);
}

/** The reservation is released to exactly the accounts that it was taken from. */
function releaseReservation(draft: PaymentDraft, id: Id<'refund'>): void {
  const refund = draft.refund(id);
  const { leg, allocation, subOrder } = refund;
  if (allocation === null || subOrder === null) return;
  const escrow = escrowOf(draft.payment, { leg, subOrder });
  countRefunds(draft, leg, subOrder);
  takeFromEscrow(draft, escrow, -merchantFen(allocation));
  draft.post(refundFailed(bookingOf(draft, refund, escrow, allocation)));
  repayAdvances(draft, escrow.id);
}
