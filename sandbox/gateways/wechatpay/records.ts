/**
 * The gateway's records as plain data in the city's journal. An order is one row whether it pays
 * one merchant or fifty, so that a combined payment is all or nothing by construction. Nothing is
 * mutated: a change replaces the row.
 */
import type { Fen } from '../../../src/kernel/money.ts';
import type { WalletName } from '../../../src/kernel/wallet-names.ts';
import type { V2SignType } from '../../../src/wires/wechatpay/signature-v2.ts';
import type { RefundState, TradeProduct } from '../../../src/wires/wechatpay/trade.ts';
import type { CertifiedKey } from '../../kit/kit.ts';

export interface PlatformKey extends CertifiedKey {
  readonly serial: string;
  readonly effectiveMs: number;
  readonly expiresMs: number;
}

/** The gateway's half of a merchant's credentials; the merchant's private key is not among them. */
export interface AccountRecord {
  readonly mchid: string;
  readonly name: string;
  readonly appid: string;
  readonly appSecret: string;
  readonly apiV3Key: string;
  /** Absent in accounts created before the city supported payment codes. */
  readonly apiV2Key?: string;
  /** What WeChat Pay opens per merchant; absent = none of it. */
  readonly openedProducts?: readonly string[];
  readonly merchantSerial: string;
  readonly merchantCertificatePem: string;
  readonly publicKeyId: string;
  readonly publicKeyPem: string;
  readonly publicKeyPrivatePem: string;
  /** Oldest first; the last one signs. */
  readonly platformKeys: readonly PlatformKey[];
  readonly rootCertificatePem: string;
  readonly rootPrivateKeyPem: string;
  readonly subMerchants: readonly { readonly mchid: string; readonly name: string }[];
  /** openids of the city's buyers under this appid; the first is the phone's. */
  readonly openids: readonly string[];
}

export type Family = 'direct' | 'partner' | 'combine';

/** One merchant's part of an order. */
export interface OrderLine {
  readonly outTradeNo: string;
  readonly subMchid: string | null;
  readonly description: string;
  readonly attach: string | null;
  readonly totalFen: Fen;
  readonly profitSharing: boolean;
  readonly paid: LinePayment | null;
  readonly refundedFen: Fen;
  readonly refundCount: number;
  readonly lastRefundMs: number | null;
}

export interface LinePayment {
  readonly transactionId: string;
  readonly payerFen: Fen;
  readonly platformCouponFen: Fen;
  readonly merchantCouponFen: Fen;
}

export interface OrderRecord {
  /** `single/<mchid>/<out_trade_no>` or `combine/<mchid>/<combine_out_trade_no>`. */
  readonly key: string;
  readonly family: Family;
  readonly mchid: string;
  readonly appid: string;
  readonly orderNo: string;
  readonly product: TradeProduct | 'codepay';
  /** null = no callback: payment codes have none. */
  readonly notifyUrl: string | null;
  readonly openid: string | null;
  readonly deviceId: string | null;
  /** Digest of the merchant's request: re-entry must have the same content. */
  readonly fingerprint: string;
  readonly createdMs: number;
  readonly expiresMs: number;
  /** The last three are payment codes' only. */
  readonly state: 'NOTPAY' | 'SUCCESS' | 'CLOSED' | 'USERPAYING' | 'PAYERROR' | 'REVOKED';
  readonly lines: readonly OrderLine[];
  readonly combineTransactionId: string | null;
  readonly successMs: number | null;
  readonly payerWallet: WalletName | null;
  readonly payerOpenid: string | null;
  /** The newest code or prepay_id; a native order's older codes are void. */
  readonly prepayCode: string;
  /** The key that callbacks are signed with: the one that the creation's Wechatpay-Serial named. */
  readonly signWith: string | null;
  /** Created by APIv2, which signs its messages about it the same way; absent = by v3. */
  readonly v2SignType?: V2SignType;
}

/** The state of every new order. */
export const UNPAID = {
  state: 'NOTPAY',
  combineTransactionId: null,
  successMs: null,
  payerWallet: null,
  payerOpenid: null,
  prepayCode: '',
} as const;

export interface PrepayRecord {
  readonly code: string;
  readonly orderKey: string;
  readonly validUntilMs: number;
}

export interface RefundRecord {
  readonly refundId: string;
  readonly family: 'domestic' | 'ecommerce';
  readonly mchid: string;
  readonly subMchid: string | null;
  readonly orderKey: string;
  readonly outTradeNo: string;
  readonly transactionId: string;
  readonly outRefundNo: string;
  readonly fingerprint: string;
  readonly refundFen: Fen;
  readonly totalFen: Fen;
  readonly payerTotalFen: Fen;
  readonly payerRefundFen: Fen;
  readonly settlementTotalFen: Fen;
  readonly settlementRefundFen: Fen;
  readonly fundsAccount: 'UNSETTLED' | 'AVAILABLE';
  readonly notifyUrl: string | null;
  readonly status: RefundState;
  readonly createdMs: number;
  readonly successMs: number | null;
  readonly dueMs: number | null;
  /** What it becomes when due: a stuck refund turns ABNORMAL instead. */
  readonly becomes: 'SUCCESS' | 'ABNORMAL';
  readonly signWith: string | null;
  /** Requested by APIv2, and notified in its format. */
  readonly isV2?: true;
}

export interface BalanceRecord {
  readonly availableFen: Fen;
  /** Held for splitting: orders with profit_sharing. */
  readonly frozenFen: Fen;
}

export interface OauthCodeRecord {
  readonly code: string;
  readonly appid: string;
  readonly openid: string;
  readonly validUntilMs: number;
  readonly isUsed: boolean;
}
