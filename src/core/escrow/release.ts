/**
 * Releases what is held of a sub_order to its merchant's balance. The payment decides it alone,
 * from its own rows: not while a refund of the sub_order is open. The money travels as a transfer.
 */
import { assert } from '../../kernel/assert.ts';
import { hutongError } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/id.ts';
import { err } from '../../kernel/result.ts';
import type { DecideContext } from '../draft.ts';
import { escrowReleased } from '../ledger/posting.ts';
import { type PaymentDecision, PaymentDraft } from '../payment/draft.ts';
import { type Escrow, isOpenRefund, type Payment } from '../payment/model.ts';

export function releaseEscrow(
  payment: Payment,
  subOrder: Id<'sub_order'>,
  context: DecideContext,
): PaymentDecision<Escrow> {
  const draft = new PaymentDraft(payment);
  const escrow = payment.escrows.find((row) => row.subOrder === subOrder);
  if (escrow === undefined) {
    const isOurs = payment.subOrders.some(({ id }) => id === subOrder);
    const problem = isOurs ? 'the sub_order is not paid' : 'no such sub_order';
    const code = isOurs ? 'escrow_not_releasable' : 'not_found';
    return err(hutongError(code, problem, { param: 'sub_order' }));
  }
  if (escrow.status === 'released') return draft.decided(() => escrow);
  const open = payment.refunds.find((row) => row.subOrder === subOrder && isOpenRefund(row));
  if (open !== undefined) {
    const message = `the refund ${open.id} of this sub_order is open`;
    return err(hutongError('escrow_not_releasable', message, { param: 'sub_order' }));
  }
  release(draft, escrow.id, context);
  return draft.decided(() => draft.escrow(escrow.id));
}

/** Everything that is held of it; nothing, where it is released already. */
export function release(draft: PaymentDraft, id: Id<'escrow'>, context: DecideContext): void {
  const escrow = draft.escrow(id);
  if (escrow.status === 'released') {
    assert(escrow.heldFen === 0n, 'of a released escrow nothing is held');
    return;
  }
  const { heldFen, releasedFen } = escrow;
  draft.set('escrows', id, {
    ...{ status: 'released', heldFen: 0n, releasedFen: releasedFen + heldFen },
  });
  if (heldFen === 0n) return;
  draft.post(escrowReleased(escrow));
  const wanted = { kind: 'release', source: id, escrow, amountFen: heldFen, after: null } as const;
  const transfer = draft.transfer({ ...wanted, shortfall: 'advance' }, context);
  draft.set('escrows', id, { release: transfer.id });
}
