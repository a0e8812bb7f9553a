/**
 * The gateway's records as plain data in the city's journal. Nothing is mutated: a change replaces
 * the row. A transaction's key is (merId, orderId, txnTime): the same orderId with another txnTime
 * is another transaction, as at UnionPay.
 */
import type { Fen } from '../../../src/kernel/money.ts';
import type { WalletName } from '../../../src/kernel/wallet-names.ts';
import type { SignMethod } from '../../../src/wires/unionpay/digest.ts';
import type { RespCode } from '../../../src/wires/unionpay/resp-codes.ts';
import type { SplitPart } from '../../../src/wires/unionpay/split.ts';
import type { UnionpayProduct } from '../../../src/wires/unionpay/trade.ts';
import type { CertifiedKey } from '../../kit/kit.ts';

export interface Certified extends CertifiedKey {
  readonly certId: string;
}

/** UnionPay's own keys. */
export interface IdentityRecord {
  readonly rootPem: string;
  readonly middle: CertifiedKey;
  /** Oldest first; the last one signs. */
  readonly signers: readonly Certified[];
  readonly encryption: Certified;
  readonly sm2: { readonly privateKeyHex: string; readonly certId: string };
}

/** The gateway's half of a merchant's credentials; the merchant's private key is not among them. */
export interface MerchantRecord {
  readonly merId: string;
  readonly name: string;
  readonly certId: string;
  readonly certificatePem: string;
  readonly secureKey: string;
  readonly sm2: { readonly publicKeyHex: string; readonly certId: string } | null;
  /** Who may be paid a part of an order (accSplitData). */
  readonly splitMerchants: readonly { readonly merId: string; readonly name: string }[];
}

/**
 * The encoding and signature method of the merchant's request, also used for answers and
 * notifications.
 */
export interface MessageFormat {
  readonly encoding: string;
  readonly signMethod: SignMethod;
}

export interface TransactionNames {
  readonly key: string;
  readonly merId: string;
  readonly orderId: string;
  readonly txnTime: string;
  readonly queryId: string;
  readonly traceNo: string;
}

export interface PaidRecord {
  readonly atMs: number;
  readonly payerWallet: WalletName;
  readonly payerFen: Fen;
  readonly settleFen: Fen;
}

export interface PurchaseRecord extends TransactionNames, MessageFormat {
  readonly product: UnionpayProduct;
  readonly txnSubType: string;
  readonly bizType: string;
  readonly accessType: string;
  readonly amountFen: Fen;
  readonly frontUrl: string | null;
  readonly backUrl: string | null;
  readonly reqReserved: string | null;
  readonly split: readonly SplitPart[] | null;
  /** How the payer's side identifies it: the qrCode, the tn, the cashier's number, the qrNo. */
  readonly code: string;
  readonly createdMs: number;
  readonly expiresMs: number;
  readonly state: 'open' | 'paid' | 'failed' | 'reversed';
  /** origRespCode of a failed order. */
  readonly failCode: RespCode | null;
  readonly paid: PaidRecord | null;
  readonly refundedFen: Fen;
  /** An accepted reversal that does not show yet: when it will. */
  readonly reversesAtMs?: number;
}

/** A refund (04) or an undo (31) of a purchase. */
export interface ReturnRecord extends TransactionNames, MessageFormat {
  readonly txnType: '04' | '31';
  readonly bizType: string;
  readonly accessType: string;
  readonly purchaseKey: string;
  readonly origQryId: string;
  readonly amountFen: Fen;
  /** The part that leaves the merchant: the shares of all refunds sum to what was settled. */
  readonly settleFen: Fen;
  readonly backUrl: string | null;
  readonly reqReserved: string | null;
  readonly createdMs: number;
  /** When it settles; null = settled. */
  readonly dueMs: number | null;
}

export function transactionKey(merId: string, orderId: string, txnTime: string): string {
  return `${merId}/${orderId}/${txnTime}`;
}
