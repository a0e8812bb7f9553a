/**
 * The gateway's records as plain data in the city's journal. Nothing is mutated: a change replaces
 * the row. They do not include a merchant's private keys.
 */
import type { Fen } from '../../../src/kernel/money.ts';
import type { WalletName } from '../../../src/kernel/wallet-names.ts';
import type { PaymentStatus, RefundStatus } from '../../../src/wires/jdpay/trade.ts';

export type Service = 'online' | 'payment_code';

export interface MerchantRecord {
  readonly merchant: string;
  readonly name: string;
  /** What the number was opened for. */
  readonly services: readonly Service[];
  readonly publicKeyPem: string;
  readonly desKey: string;
}

export interface PaymentRecord {
  readonly paidMs: number;
  readonly payerWallet: WalletName;
  /** JD's own coupons; the merchant receives the whole amount. */
  readonly couponFen: Fen;
}

export interface OrderRecord {
  /** `<merchant>/<tradeNum>` */
  readonly key: string;
  readonly merchant: string;
  readonly tradeNum: string;
  readonly service: Service;
  /** JD's own number: 22 digits. */
  readonly orderId: string;
  readonly tradeName: string;
  readonly amountFen: Fen;
  readonly tradeTime: string;
  readonly note: string;
  readonly notifyUrl: string | null;
  readonly callbackUrl: string | null;
  /** Digest of the merchant's request: the same number must have the same content. */
  readonly fingerprint: string;
  readonly createdMs: number;
  readonly expiresMs: number;
  readonly status: PaymentStatus;
  /** 14 characters of the QR code. */
  readonly code: string;
  /** Opens the cashier page. */
  readonly cashierKey: string;
  /** The payment code that was charged. */
  readonly token: string | null;
  readonly payment: PaymentRecord | null;
  /** Refunded or in progress, at most `amountFen`. */
  readonly refundedFen: Fen;
}

/** A refund, or a revoke (which moves nothing for an unpaid order). */
export interface RefundRecord {
  readonly key: string;
  readonly kind: 'refund' | 'revoke';
  readonly merchant: string;
  readonly tradeNum: string;
  readonly oTradeNum: string;
  readonly orderKey: string;
  /** What the merchant named. */
  readonly amountFen: Fen;
  /** What is refunded to the buyer: nothing if the order was not paid. */
  readonly movedFen: Fen;
  readonly tradeTime: string;
  readonly note: string;
  readonly notifyUrl: string | null;
  readonly status: RefundStatus;
  readonly createdMs: number;
  readonly dueMs: number | null;
  /** What it becomes when due: a stuck one fails. */
  readonly becomes: RefundStatus;
}
