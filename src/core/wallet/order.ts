/** Requests to a wallet: to collect a payment, about an order, for a refund. */
import type { Fen } from '../../kernel/money.ts';
import type { Device, Product } from '../../kernel/wallet-names.ts';

/**
 * One order at the wallet: the payment of one merchant, or (split, collect) of a cart of several.
 */
export interface LegOrder {
  readonly orderNo: string;
  /** sub_mchid, smid, merId, merchantNo; for a cart in one leg, the marketplace's own. */
  readonly walletMerchant: string;
  readonly amountFen: Fen;
  readonly description: string;
  /** A cart in one leg: each merchant's share. They sum to `amountFen`; null = one merchant. */
  readonly parts?: readonly WalletPart[] | null;
}

/** What one merchant of a cart in one leg is paid, or refunds. */
export interface WalletPart {
  readonly walletMerchant: string;
  readonly amountFen: Fen;
}

/** Identifies an attempt at the wallet: everything that a query or a close needs. */
export interface AttemptReference {
  readonly product: Product;
  /** combine_out_trade_no or out_merge_no; null = one single order, `legs[0]`. */
  readonly combineOrderNo: string | null;
  readonly legs: readonly LegOrder[];
  readonly createdAtMs: number;
  /** The absolute expiry sent to the wallet. */
  readonly expiresAtMs: number;
}

export interface AttemptOrder extends AttemptReference {
  readonly description: string;
  readonly payer: PayerIdentity;
  readonly payerIp: string | null;
  readonly device: Device;
  /** Where the wallet sends the buyer's browser afterwards; never trusted for booking. */
  readonly returnUrl: string | null;
  readonly notifyUrl: string;
  /** Our own page, which at the click sends the browser what `handOut` makes. */
  readonly handOutUrl: string;
  /** settle_period_time / the escrow's longest hold. */
  readonly holdDays: number;
}

/**
 * Who pays, or what the buyer presented to pay with: never stored, never logged. A payment code and
 * a tap are single-use: a start that carries one is never repeated, only queried and then reversed.
 */
export interface PayerIdentity {
  readonly openid?: string;
  readonly buyerId?: string;
  readonly buyerOpenId?: string;
  /** The digits of the payment code (付款码) that the buyer showed. */
  readonly authCode?: string;
  /** A QuickPass tap: EMV field 55 (BER-TLV) in hex. */
  readonly field55?: string;
}

export interface RefundOrder {
  readonly refundNo: string;
  readonly amountFen: Fen;
  readonly reason: string;
  readonly notifyUrl: string;
  /** With `refundNo` it identifies the refund at wallets that key by number and time. */
  readonly createdAtMs: number;
  readonly leg: {
    readonly orderNo: string;
    readonly walletTransactionId: string | null;
    readonly walletMerchant: string;
    readonly amountFen: Fen;
    readonly product: Product;
    /** The attempt's, as in its AttemptReference. */
    readonly createdAtMs: number;
  };
  /** For a cart in one leg: how much each merchant refunds; null = one merchant. */
  readonly parts?: readonly WalletPart[] | null;
}
