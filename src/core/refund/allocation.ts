/**
 * Whose money pays for a refund of a sub_order: the share of its receipt that moves, and the
 * accounts that it is reserved from. Every figure comes from what was booked with the escrow and
 * from the refunds that stand; nothing is recalculated from rates or order amounts, so that a later
 * formula never meets figures of an earlier one (rule 6). Cumulative over the sub_order's refunds:
 * the last one moves exactly what is left (rule 7).
 */
import { must } from '../../kernel/assert.ts';
import type { Id } from '../../kernel/id.ts';
import { type Fen, minFen, sumFen } from '../../kernel/money.ts';
import type { DecideContext } from '../draft.ts';
import { type AllocatedRefund, refundCorrected } from '../ledger/posting.ts';
import type { PaymentDraft } from '../payment/draft.ts';
import type { RefundAllocation } from '../payment/model.ts';
import { type Escrow, type Leg, orderedFen, type Payment, type Refund } from '../payment/model.ts';

const atLeastZero = (amountFen: Fen): Fen => (amountFen > 0n ? amountFen : 0n);

/** What a refund takes from its merchant, whether held in escrow or released. */
type Charge = Pick<RefundAllocation, 'escrowFen' | 'balanceFen'>;

/** Refunds of a sub_order that succeeded, or still may. */
export function standingOf(
  refunds: readonly Refund[],
  subOrder: Id<'sub_order'>,
): readonly Refund[] {
  return refunds.filter((refund) => refund.subOrder === subOrder && refund.status !== 'failed');
}

/** What really moves when another `amountFen` of a sub_order is refunded. */
export function movedFenOf(escrow: Escrow, standing: readonly Refund[], amountFen: Fen): Fen {
  const byThenFen = (refundedOf(standing) + amountFen) * escrow.paidFen;
  const movedSoFar = sumFen(standing.map((refund) => refund.movedFen));
  return atLeastZero(byThenFen / escrow.orderedFen - movedSoFar);
}

/**
 * The escrow pays its share; the rest of what moves is the fee, which the wallet refunds to us,
 * never more than it charged. What neither covers is asked of the merchant's balance.
 */
export function allocationOf(
  escrow: Escrow,
  standing: readonly Refund[],
  { amountFen, movedFen }: Pick<Refund, 'amountFen' | 'movedFen'>,
): RefundAllocation {
  const shareFen = shareFenOf(escrow, refundedOf(standing) + amountFen) - escrow.returnedFen;
  const dueFen = minFen(atLeastZero(shareFen), movedFen);
  const feeFen = minFen(movedFen - dueFen, feeLeft(escrow, standing));
  const escrowFen = minFen(movedFen - feeFen, escrow.heldFen);
  return { feeFen, escrowFen, balanceFen: movedFen - feeFen - escrowFen };
}

/** What the merchant pays in all for refunds of so much of the sub_order. */
function shareFenOf({ paidFen, feeFen, orderedFen: ofFen }: Escrow, refundedFen: Fen): Fen {
  return (minFen(refundedFen, ofFen) * (paidFen - feeFen)) / ofFen;
}

function feeLeft(escrow: Escrow, standing: readonly Refund[]): Fen {
  return atLeastZero(escrow.feeFen - sumFen(standing.map((row) => row.allocation?.feeFen ?? 0n)));
}

function refundedOf(standing: readonly Refund[]): Fen {
  return sumFen(standing.map((refund) => refund.amountFen));
}

export function legOf({ legs }: Payment, { leg }: Pick<Refund, 'leg'>): Leg {
  return must(
    legs.find((row) => row.id === leg),
    'the leg of a refund',
  );
}

/** The escrow that a refund of a sub_order is taken from. */
export function escrowOf(payment: Payment, refund: Pick<Refund, 'leg' | 'subOrder'>): Escrow {
  return must(
    payment.escrows.find((row) => row.subOrder === refund.subOrder && row.leg === refund.leg),
    'the escrow',
  );
}

/** What the ledger books of a refund: it takes from this escrow's account. */
export function bookingOf(
  draft: PaymentDraft,
  refund: Refund,
  { walletAccount }: Escrow,
  allocation: RefundAllocation,
): AllocatedRefund {
  return { refund, attempt: draft.attemptOf(refund.leg), walletAccount, allocation };
}

/** The merchant pays more for refunds of the sub_order; negative figures pay back. */
export function chargeMerchant(draft: PaymentDraft, escrow: Escrow, charge: Charge): void {
  const { escrowFen, balanceFen } = charge;
  draft.set('escrows', escrow.id, {
    heldFen: escrow.heldFen - escrowFen,
    returnedFen: escrow.returnedFen + escrowFen + balanceFen,
    returnedFromBalanceFen: escrow.returnedFromBalanceFen + balanceFen,
  });
}

/**
 * What returns to escrow, or to the fee, first repays what the merchant's balance paid for other
 * refunds of the sub_order: a merchant whose money is held owes nothing for it. The fee pays only
 * what was taken beyond the merchant's share: a released refund's share is the balance's to pay.
 */
export function repayBalance(draft: PaymentDraft, id: Id<'escrow'>, context: DecideContext): void {
  const standing = standingOf(draft.payment.refunds, draft.escrow(id).subOrder);
  const { returnedFen } = draft.escrow(id);
  const excessFen = returnedFen - shareFenOf(draft.escrow(id), refundedOf(standing));
  let feeLeftFen = minFen(feeLeft(draft.escrow(id), standing), atLeastZero(excessFen));
  for (const refund of standing) {
    const { allocation, awaitsBalance } = refund;
    if (allocation === null || allocation.balanceFen <= 0n || awaitsBalance) continue;
    const escrow = draft.escrow(id);
    const escrowFen = minFen(allocation.balanceFen, escrow.heldFen);
    const feeFen = minFen(allocation.balanceFen - escrowFen, feeLeftFen);
    const repaidFen = escrowFen + feeFen;
    if (repaidFen === 0n) continue;
    feeLeftFen -= feeFen;
    const more = { escrowFen, feeFen, balanceFen: -repaidFen };
    draft.post(refundCorrected(bookingOf(draft, refund, escrow, more)));
    draft.set('refunds', refund.id, { allocation: addAllocations(allocation, more) });
    chargeMerchant(draft, escrow, more);
    draft.charge(escrow, refund.id, more.balanceFen, context);
  }
}

export function addAllocations(a: RefundAllocation, b: RefundAllocation): RefundAllocation {
  return {
    escrowFen: a.escrowFen + b.escrowFen,
    feeFen: a.feeFen + b.feeFen,
    balanceFen: a.balanceFen + b.balanceFen,
  };
}

/**
 * Totals the refunds that stand on leg and sub_order. A wallet may have moved more than was left (a
 * refund reported as failed that succeeded after all): it is booked, and counts up to the whole.
 */
export function countRefunds(draft: PaymentDraft, id: Id<'leg'>, subOrder: Id<'sub_order'>): void {
  const leg = draft.leg(id);
  const standing = draft.payment.refunds.filter((row) => row.leg === id && row.status !== 'failed');
  draft.set('legs', id, { refundedFen: minFen(refundedOf(standing), orderedFen(leg)) });
  const sub = draft.get('subOrders', subOrder);
  const refundedFen = minFen(refundedOf(standingOf(standing, subOrder)), sub.amountFen);
  draft.set('subOrders', sub.id, { refundedFen });
}
