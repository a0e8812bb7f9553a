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
import { type AllocatedRefund, refundCorrected } from '../ledger/posting.ts';
import type { PaymentDraft } from '../payment/draft.ts';
import type { RefundAllocation } from '../payment/model.ts';
import { type Escrow, type Leg, orderedFen, type Payment, type Refund } from '../payment/model.ts';

const atLeastZero = (amountFen: Fen): Fen => (amountFen > 0n ? amountFen : 0n);

/** What a refund takes from its merchant, whether held in escrow or released. */
export const merchantFen = (a: RefundAllocation): Fen => a.escrowFen + a.availableFen;

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
 * never more than it charged. What neither covers is advanced.
 */
export function allocationOf(
  escrow: Escrow,
  standing: readonly Refund[],
  { amountFen, movedFen }: Pick<Refund, 'amountFen' | 'movedFen'>,
): RefundAllocation {
  const netFen = escrow.paidFen - escrow.feeFen;
  const refundedFen = minFen(refundedOf(standing) + amountFen, escrow.orderedFen);
  const shareFen = (refundedFen * netFen) / escrow.orderedFen - escrow.returnedFen;
  const dueFen = minFen(atLeastZero(shareFen), movedFen);
  const feeFen = minFen(movedFen - dueFen, feeLeft(escrow, standing));
  const heldFen = minFen(movedFen - feeFen, escrow.heldFen);
  const owedFen = movedFen - feeFen - heldFen;
  return escrow.status === 'released'
    ? { feeFen, owedFen, escrowFen: 0n, availableFen: heldFen }
    : { feeFen, owedFen, escrowFen: heldFen, availableFen: 0n };
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

/** The merchant's escrow or available account pays more, or is paid back. */
export function takeFromEscrow(draft: PaymentDraft, escrow: Escrow, amountFen: Fen): void {
  draft.set('escrows', escrow.id, {
    heldFen: escrow.heldFen - amountFen,
    returnedFen: escrow.returnedFen + amountFen,
  });
}

/**
 * What returns to a merchant first repays what we advanced for other refunds of the sub_order: a
 * merchant with a balance owes us nothing.
 */
export function repayAdvances(draft: PaymentDraft, id: Id<'escrow'>): void {
  const standing = standingOf(draft.payment.refunds, draft.escrow(id).subOrder);
  let feeLeftFen = feeLeft(draft.escrow(id), standing);
  for (const refund of standing) {
    const { allocation } = refund;
    if (allocation === null || allocation.owedFen === 0n) continue;
    const escrow = draft.escrow(id);
    const heldFen = minFen(allocation.owedFen, escrow.heldFen);
    const feeFen = minFen(allocation.owedFen - heldFen, feeLeftFen);
    if (heldFen + feeFen === 0n) continue;
    feeLeftFen -= feeFen;
    const account = escrow.status === 'released' ? 'availableFen' : 'escrowFen';
    const after = {
      ...allocation,
      owedFen: allocation.owedFen - heldFen - feeFen,
      feeFen: allocation.feeFen + feeFen,
      [account]: allocation[account] + heldFen,
    };
    draft.post(refundCorrected(bookingOf(draft, refund, escrow, allocation), after));
    draft.set('refunds', refund.id, { allocation: after });
    takeFromEscrow(draft, escrow, heldFen);
  }
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
