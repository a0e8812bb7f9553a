/**
 * The wallet's own settlement figure of a refund (rule 6). We reserve what we calculate as a part's
 * share of the receipt; wallets round such shares by rules that none of them publishes. So where a
 * discount makes a difference, we book what the wallet says it moved, and the seller bears, or
 * gains, the difference of some fen.
 */
import { must } from '../../kernel/assert.ts';
import type { Id } from '../../kernel/id.ts';
import { type Fen, minFen } from '../../kernel/money.ts';
import { refundCorrected } from '../ledger/posting.ts';
import type { PaymentDraft } from '../payment/draft.ts';
import {
  type Escrow,
  orderedFen,
  type Payment,
  type Refund,
  type RefundAllocation,
} from '../payment/model.ts';
import { bookingOf, legOf, merchantFen, repayAdvances, takeFromEscrow } from './allocation.ts';

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
  const before = refund.allocation ?? NOTHING;
  const allocation = corrected(before, escrow, settlementFen - refund.movedFen);
  draft.post(refundCorrected(bookingOf(draft, refund, escrow, before), allocation));
  draft.set('refunds', id, {
    movedFen: settlementFen,
    allocation: refund.allocation === null ? null : allocation,
  });
  takeFromEscrow(draft, escrow, merchantFen(allocation) - merchantFen(before));
  if (settlementFen < refund.movedFen) repayAdvances(draft, escrow.id);
}

/** An overpayment's refund has no allocation: a difference in fen is the seller's. */
const NOTHING: RefundAllocation = { escrowFen: 0n, feeFen: 0n, availableFen: 0n, owedFen: 0n };

function corrected(before: RefundAllocation, escrow: Escrow, moreFen: Fen): RefundAllocation {
  const account = escrow.status === 'released' ? 'availableFen' : 'escrowFen';
  if (moreFen >= 0n) {
    const heldFen = minFen(escrow.heldFen, moreFen);
    const owedFen = before.owedFen + moreFen - heldFen;
    return { ...before, owedFen, [account]: before[account] + heldFen };
  }
  // Released in reverse order of reservation: advance, seller's balance, fee.
  const lessFen = -moreFen;
  const owedFen = minFen(before.owedFen, lessFen);
  const isUnallocated = before === NOTHING;
  const accountFen = isUnallocated ? lessFen : minFen(before[account], lessFen - owedFen);
  return {
    ...before,
    owedFen: before.owedFen - owedFen,
    [account]: before[account] - accountFen,
    feeFen: before.feeFen - (lessFen - owedFen - accountFen),
  };
}
