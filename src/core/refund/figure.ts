/**
 * The wallet's own settlement figure of a refund (rule 6). We reserve what we calculate as a part's
 * share of the receipt; wallets round such shares by rules that none of them publishes. So where a
 * discount makes a difference, we book what the wallet says it moved, and the seller bears, or
 * gains, the difference of some fen.
 */
import { must } from '../../kernel/assert.ts';
import type { Id } from '../../kernel/id.ts';
import { type Fen, minFen } from '../../kernel/money.ts';
import type { DecideContext } from '../draft.ts';
import { refundCorrected } from '../ledger/posting.ts';
import type { PaymentDraft } from '../payment/draft.ts';
import {
  type Escrow,
  orderedFen,
  type Payment,
  type Refund,
  type RefundAllocation,
} from '../payment/model.ts';
import { addAllocations, bookingOf, chargeMerchant, legOf, repayBalance } from './allocation.ts';

interface RefundFigure {
  readonly settlementFen?: Fen | null;
}

/** Can the moved amount differ from the requested one? Only for a part of a discounted payment. */
export function hasFigure(payment: Payment, refund: Refund): boolean {
  const leg = legOf(payment, refund);
  const isDiscounted = leg.receiptAmountFen !== null && leg.receiptAmountFen !== orderedFen(leg);
  // On a leg that counts, an overpayment is a part, too.
  return isDiscounted && (refund.subOrder !== null || leg.status === 'succeeded');
}

/** This report does not state what moved, but a query does. */
export function wantsFigure(payment: Payment, refund: Refund, report: RefundFigure): boolean {
  return report.settlementFen === undefined && hasFigure(payment, refund);
}

/** Adjusts a reservation to what the wallet really moved. */
export function settleFigure(
  draft: PaymentDraft,
  id: Id<'refund'>,
  settlementFen: Fen | null,
  context: DecideContext,
): void {
  const refund = draft.refund(id);
  if (settlementFen === null || settlementFen === refund.movedFen) return;
  if (!hasFigure(draft.payment, refund)) return;
  const escrow = must(
    draft.payment.escrows.find(
      (row) =>
        row.leg === refund.leg && (refund.subOrder === null || row.subOrder === refund.subOrder),
    ),
    'the escrow',
  );
  const more = difference(refund.allocation, escrow, settlementFen - refund.movedFen);
  draft.post(refundCorrected(bookingOf(draft, refund, escrow, more)));
  draft.set('refunds', id, {
    movedFen: settlementFen,
    allocation: refund.allocation === null ? null : addAllocations(refund.allocation, more),
  });
  chargeMerchant(draft, escrow, more);
  draft.charge(escrow, id, more.balanceFen, context);
  if (settlementFen < refund.movedFen) repayBalance(draft, escrow.id, context);
}

/** By what the wallet's figure is more, or less, than the allocation; null = it has none. */
function difference(
  allocation: RefundAllocation | null,
  escrow: Escrow,
  moreFen: Fen,
): RefundAllocation {
  if (moreFen >= 0n) {
    const escrowFen = minFen(escrow.heldFen, moreFen);
    return { escrowFen, balanceFen: moreFen - escrowFen, feeFen: 0n };
  }
  const lessFen = -moreFen;
  // An overpayment's refund has no allocation: a difference in fen is the seller's.
  if (allocation === null) {
    return escrow.status === 'released'
      ? { escrowFen: 0n, balanceFen: -lessFen, feeFen: 0n }
      : { escrowFen: -lessFen, balanceFen: 0n, feeFen: 0n };
  }
  // In reverse order of reservation: the merchant's balance, its escrow, the fee.
  const balanceFen = minFen(allocation.balanceFen, lessFen);
  const escrowFen = minFen(allocation.escrowFen, lessFen - balanceFen);
  const feeFen = lessFen - balanceFen - escrowFen;
  return { escrowFen: -escrowFen, balanceFen: -balanceFen, feeFen: -feeFen };
}
