/**
 * The buyer's side of a gateway, where all wallets are alike: how a scan refers to its order, the
 * payee, the coupons, and the effect of the buyer's decision.
 */
import type { Fen } from '../../src/kernel/money.ts';
import type { PayAnswer, PayRequest } from './kit.ts';

/** Between an order's key and the page to return to; neither contains a blank. */
const RETURN_MARK = ' ';

export function scanRef(key: string, returnUrl: string | null): string {
  return returnUrl === null ? key : `${key}${RETURN_MARK}${returnUrl}`;
}

export function readScanRef(ref: string): { readonly key: string; readonly returnUrl?: string } {
  const [key = '', returnUrl] = ref.split(RETURN_MARK);
  return returnUrl === undefined ? { key } : { key, returnUrl };
}

/** A cart names its first merchant and counts them all. */
export function payeeText(names: readonly string[], own: string): string {
  const [first = own, ...rest] = [...new Set(names)];
  return rest.length === 0 ? first : `${first}等${rest.length + 1}家商户`;
}

/** The coupons used for an amount: the merchant's first, and never more than is left to pay. */
export function takeCoupons(totalFen: Fen, { platformFen, merchantFen }: PayRequest['coupon']) {
  const merchantCouponFen = least(merchantFen, totalFen);
  const receiptFen = totalFen - merchantCouponFen;
  const platformCouponFen = least(platformFen, receiptFen);
  const payerFen = receiptFen - platformCouponFen;
  return { platformCouponFen, merchantCouponFen, receiptFen, payerFen };
}

function least(a: Fen, b: Fen): Fen {
  return a < b ? a : b;
}

interface Payable {
  readonly isPaid: boolean;
  readonly isOpen: boolean;
  readonly book: () => void;
  /** Ends an order with only one attempt; any other stays open for the buyer to come back. */
  readonly refuse: (outcome: 'cancel' | 'insufficient_funds') => void;
}

export function payOrder({ outcome }: PayRequest, order: Payable): PayAnswer['status'] {
  if (order.isPaid) return 'already_paid';
  if (!order.isOpen) return 'closed';
  if (outcome === 'success') {
    order.book();
    return 'paid';
  }
  order.refuse(outcome);
  return outcome === 'cancel' ? 'canceled' : outcome;
}
