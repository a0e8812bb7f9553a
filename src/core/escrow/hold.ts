/** What is held of a paid leg, for each sub_order that it pays for. */
import type { DecideContext } from '../draft.ts';
import type { PaymentDraft } from '../payment/draft.ts';
import type { LegShares } from '../payment/leg-shares.ts';
import type { Attempt, Escrow, Leg } from '../payment/model.ts';
import type { Capabilities } from '../wallet/capabilities.ts';
import { release } from './release.ts';

export function escrowsOf(
  attempt: Attempt,
  leg: Leg,
  { shares }: LegShares,
  context: DecideContext,
): Escrow[] {
  return shares.map(({ subOrder, merchant, walletAccount, orderedFen, netFen, feeFen }) => ({
    id: context.newId('escrow'),
    subOrder: subOrder.id,
    leg: leg.id,
    merchant,
    wallet: attempt.wallet,
    walletAccount,
    currency: leg.currency,
    orderedFen,
    paidFen: netFen + feeFen,
    feeFen,
    releasedFen: 0n,
    returnedFen: 0n,
    returnedFromBalanceFen: 0n,
    heldFen: netFen,
    status: 'held',
    release: null,
    dueAtMs: null,
  }));
}

/**
 * Held until the buyer has the goods or, where the wallet settles directly, the merchant's at once.
 */
export function holdOrRelease(
  draft: PaymentDraft,
  escrows: readonly Escrow[],
  { custody }: Pick<Capabilities, 'custody'>,
  context: DecideContext,
): void {
  if (custody !== 'settles_directly') return;
  for (const { id } of escrows) release(draft, id, context);
}
