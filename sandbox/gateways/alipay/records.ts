/**
 * The gateway's records as stored in the journal: applications, orders that a buyer may open,
 * trades and their refunds. Records are never mutated; a change replaces the record.
 */
import { type Fen, sumFen } from '../../../src/kernel/money.ts';
import type { WalletName } from '../../../src/kernel/wallet-names.ts';

/** One application (app_id) of an account (pid). Public halves only. */
export interface AppRecord {
  readonly appId: string;
  readonly pid: string;
  readonly name: string;
  readonly publicKeyPem: string;
  /** Set in certificate mode. */
  readonly certificate: { readonly appCertSn: string; readonly rootCertSn: string } | null;
  readonly subMerchants: readonly { readonly smid: string; readonly name: string }[];
  /** The account's contract: a merged payment succeeds or fails as a whole. */
  readonly allOrNothingMerge: boolean;
}

/** One order as a merchant described it, checked. */
export interface OrderRecord {
  readonly appId: string;
  readonly pid: string;
  readonly smid: string | null;
  readonly outTradeNo: string;
  readonly totalFen: Fen;
  readonly subject: string;
  readonly body: string | null;
  readonly productCode: string;
  readonly passbackParams: string | null;
  readonly notifyUrl: string | null;
  readonly expiresAtMs: number;
  readonly outMergeNo: string | null;
  /** Charged by the buyer's payment code: refusing to confirm it ends it. */
  readonly isByCode?: true;
}

/** Something a buyer can open: a QR code, a cashier page, an app order string, a merged order. */
export interface CheckoutRecord {
  readonly id: string;
  readonly method: string;
  readonly orders: readonly OrderRecord[];
  readonly returnUrl: string | null;
  readonly outMergeNo: string | null;
  readonly allOrNothing: boolean;
  readonly expiresAtMs: number;
  readonly isWithdrawn: boolean;
}

export type TradeStatus = 'WAIT_BUYER_PAY' | 'TRADE_SUCCESS' | 'TRADE_FINISHED' | 'TRADE_CLOSED';

export interface RefundRecord {
  readonly outRequestNo: string;
  readonly amountFen: Fen;
  /** null = accepted, not yet done (the fault refund_stuck). */
  readonly doneAtMs: number | null;
  readonly settlesAtMs: number;
}

export interface TradeRecord {
  readonly order: OrderRecord;
  readonly tradeNo: string;
  readonly status: TradeStatus;
  readonly buyerId: string;
  readonly createdAtMs: number;
  readonly closedAtMs: number | null;
  readonly payment: PaymentRecord | null;
  readonly refunds: readonly RefundRecord[];
}

export interface PaymentRecord {
  readonly paidAtMs: number;
  readonly payerWallet: WalletName;
  readonly platformCouponFen: Fen;
  readonly merchantCouponFen: Fen;
}

export function buyerPayFen(trade: TradeRecord): Fen {
  const { payment } = trade;
  if (payment === null) return 0n;
  return trade.order.totalFen - payment.platformCouponFen - payment.merchantCouponFen;
}

export function receiptFen(trade: TradeRecord): Fen {
  return trade.payment === null ? 0n : trade.order.totalFen - trade.payment.merchantCouponFen;
}

/** A refund's part of a figure of the whole trade: the parts of all refunds sum to the whole. */
export function refundPartFen(trade: TradeRecord, refund: RefundRecord, wholeFen: Fen): Fen {
  const at = trade.refunds.indexOf(refund);
  const beforeFen = sumFen(trade.refunds.slice(0, at).map(({ amountFen }) => amountFen));
  const upTo = (fen: Fen): Fen => (wholeFen * fen) / trade.order.totalFen;
  return upTo(beforeFen + refund.amountFen) - upTo(beforeFen);
}

/** Everything refunded or promised so far. */
export function refundedFen(trade: TradeRecord): Fen {
  return sumFen(trade.refunds.map(({ amountFen }) => amountFen));
}

/** refund_fee: cumulative, of refunds that are done. */
export function refundDoneFen(trade: TradeRecord): Fen {
  return sumFen(
    trade.refunds.filter(({ doneAtMs }) => doneAtMs !== null).map(({ amountFen }) => amountFen),
  );
}
