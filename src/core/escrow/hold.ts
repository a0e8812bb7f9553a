/** What is held of a paid leg, for each sub_order that it pays for. */
import type { DecideContext } from '../draft.ts';
import type { LegShares } from '../payment/leg-shares.ts';
import type { Attempt, Escrow, Leg } from '../payment/model.ts';
import type { Capabilities } from '../wallet/capabilities.ts';

/**
 * Held until the buyer has the goods or, where the wallet settles directly, the merchant's at once.
 */
export function escrowsOf(
  attempt: Attempt,
  leg: Leg,
  { shares }: LegShares,
  { custody }: Pick<Capabilities, 'custody'>,
  context: DecideContext,
): Escrow[] {
  const isReleased = custody === 'settles_directly';
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
    releasedFen: isReleased ? netFen : 0n,
    returnedFen: 0n,
    heldFen: netFen,
    status: isReleased ? 'released' : 'held',
    dueAtMs: null,
  }));
}
