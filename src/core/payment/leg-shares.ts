/**
 * Allocates a paid leg: each merchant gets its share of the receipt by its part of the amount
 * (largest remainder), less the wallet's expected fee at that merchant's own rate. The shares and
 * fees of a leg sum to its receipt exactly (rule 5).
 */
import { must } from '../../kernel/assert.ts';
import type { Id } from '../../kernel/id.ts';
import { allocateFen, type Fen, minFen, shareFen } from '../../kernel/money.ts';
import { type Leg, type LegPart, orderedFen, type SubOrder } from './model.ts';

export interface SubOrderShare {
  readonly subOrder: SubOrder;
  readonly merchant: Id<'merchant'>;
  readonly walletAccount: Id<'wallet_account'>;
  /** Its part of the order amount, as the wallet reports that. */
  readonly orderedFen: Fen;
  /** The merchant's share, after the fee. */
  readonly netFen: Fen;
  /** Its part of the fee: with `netFen`, its part of the receipt. */
  readonly feeFen: Fen;
}

export interface LegShares {
  readonly feeFen: Fen;
  readonly shares: readonly SubOrderShare[];
}

/** The merchants of a leg; for a single merchant, the leg itself. */
export function partsOf(leg: Leg): readonly LegPart[] {
  if (leg.parts !== null) return leg.parts;
  const { walletMerchant, amountFen, feeBps } = leg;
  const merchant = must(leg.merchant, 'the merchant of a leg without parts');
  const walletAccount = must(leg.walletAccount, 'the account of a leg without parts');
  return [{ merchant, walletAccount, walletMerchant, amountFen, feeBps }];
}

/** Groups a cart by merchant, in the order of first appearance. */
export function byMerchant(
  subOrders: readonly SubOrder[],
): ReadonlyMap<Id<'merchant'>, readonly SubOrder[]> {
  const groups = new Map<Id<'merchant'>, SubOrder[]>();
  for (const sub of subOrders) {
    const group = groups.get(sub.merchant);
    if (group === undefined) groups.set(sub.merchant, [sub]);
    else group.push(sub);
  }
  return groups;
}

/** `subOrders`: those of the leg. */
export function sharesOf(leg: Leg, subOrders: readonly SubOrder[], receiptFen: Fen): LegShares {
  const parts = partsOf(leg);
  const receipts = allocateFen(
    receiptFen,
    parts.map((part) => part.amountFen),
  );
  let feeFen = 0n;
  const ordered = orderedShares(leg, subOrders);
  const ofMerchant = byMerchant(subOrders);
  const shares = parts.flatMap(({ merchant, walletAccount, feeBps }, index) => {
    const partFen = receipts[index] ?? 0n;
    const partFeeFen = shareFen(partFen, feeBps);
    feeFen += partFeeFen;
    const own = ofMerchant.get(merchant) ?? [];
    const amounts = own.map((sub) => sub.amountFen);
    // The receipt is shared before the fee: without a discount, each sub_order's share is its
    // amount.
    const arrived = allocateFen(partFen, amounts);
    const fees = allocateFen(partFeeFen, partFen === 0n ? amounts : arrived);
    return own.map((subOrder, at) => {
      const feeOfItFen = fees[at] ?? 0n;
      return {
        subOrder,
        merchant,
        walletAccount,
        orderedFen: must(ordered.get(subOrder), 'the ordered share of a paid sub_order'),
        netFen: (arrived[at] ?? 0n) - feeOfItFen,
        feeFen: feeOfItFen,
      };
    });
  });
  return { feeFen, shares };
}

/**
 * What counts of a leg, as an order amount: what was ordered, or less if the wallet collected less.
 */
export function countedFen(leg: Leg): Fen {
  return minFen(orderedFen(leg), leg.amountFen);
}

/** A sub_order's part of what counts: its full amount if the whole order was collected. */
function orderedShares(leg: Leg, subOrders: readonly SubOrder[]): ReadonlyMap<SubOrder, Fen> {
  const shares = allocateFen(
    countedFen(leg),
    subOrders.map((row) => row.amountFen),
  );
  return new Map(subOrders.map((sub, at) => [sub, shares[at] ?? 0n]));
}
