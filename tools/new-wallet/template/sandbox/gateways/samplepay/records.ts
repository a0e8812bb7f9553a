/**
 * The gateway's records as stored in the journal. Records are never changed in place: a change
 * replaces the row. They do not include a merchant's private key.
 */
import type { Fen } from '../../../src/kernel/money.ts';
import type { WalletName } from '../../../src/kernel/wallet-names.ts';
import type { OrderStatus, RefundStatus } from '../../../src/wires/samplepay/trade.ts';

export interface MerchantRecord {
  readonly merchant: string;
  readonly name: string;
  readonly publicKeyPem: string;
}

export interface PaymentRecord {
  /** The wallet's own number: 20 digits. */
  readonly transactionId: string;
  readonly paidMs: number;
  readonly payerWallet: WalletName;
  /** The wallet's own coupons; the merchant receives the whole amount. */
  readonly couponFen: Fen;
}

export interface OrderRecord {
  /** `<merchant>/<order number>` */
  readonly key: string;
  readonly merchant: string;
  readonly orderNo: string;
  readonly subMerchant: string;
  readonly description: string;
  readonly amountFen: Fen;
  readonly notifyUrl: string;
  readonly returnUrl: string | null;
  /** Digest of the merchant's request: the same number must have the same content. */
  readonly fingerprint: string;
  readonly expiresMs: number;
  readonly status: OrderStatus;
  /** Charged by a payment code; such an order is on no page and in no QR code. */
  readonly isCharge: boolean;
  /** Identifies its code and its page: 16 letters and digits. */
  readonly token: string;
  readonly payment: PaymentRecord | null;
  /** Refunded or in progress, at most `amountFen`. */
  readonly refundedFen: Fen;
}

export interface RefundRecord {
  /** `<merchant>/<refund number>` */
  readonly key: string;
  readonly merchant: string;
  readonly refundNo: string;
  readonly refundId: string;
  readonly orderKey: string;
  readonly orderNo: string;
  readonly amountFen: Fen;
  readonly notifyUrl: string;
  readonly status: RefundStatus;
  /** City time at which it ends; null = it has. */
  readonly dueMs: number | null;
  /** What it becomes then: a stuck one fails. */
  readonly becomes: RefundStatus;
}
