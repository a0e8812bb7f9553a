/** The wallet's paths and constants. The adapter defines what they mean to Hutong. */
import type { WalletName } from '../../kernel/wallet-names.ts';

export const WALLET = 'samplepay' as WalletName;

export const API_PREFIX = '/samplepay/v1/';
export const PATHS = {
  order: '/samplepay/v1/orders',
  charge: '/samplepay/v1/charges',
  query: '/samplepay/v1/orders/query',
  close: '/samplepay/v1/orders/close',
  reverse: '/samplepay/v1/orders/reverse',
  refund: '/samplepay/v1/refunds',
  queryRefund: '/samplepay/v1/refunds/query',
} as const;

export const ORDER_STATUS = {
  waiting: 'WAITING',
  /** A payment code was charged and its buyer is asked to confirm. */
  confirming: 'CONFIRMING',
  paid: 'PAID',
  failed: 'FAILED',
  closed: 'CLOSED',
  /** It was paid, and a reversal gave the money back whole. */
  reversed: 'REVERSED',
} as const;
export type OrderStatus = (typeof ORDER_STATUS)[keyof typeof ORDER_STATUS];

export const REFUND_STATUS = {
  processing: 'PROCESSING',
  succeeded: 'SUCCEEDED',
  failed: 'FAILED',
} as const;
export type RefundStatus = (typeof REFUND_STATUS)[keyof typeof REFUND_STATUS];

/** The `code` of every answer. */
export const CODES = {
  ok: 'OK',
  merchantUnknown: 'MERCHANT_UNKNOWN',
  signatureRefused: 'SIGNATURE_REFUSED',
  pathUnknown: 'PATH_UNKNOWN',
  fieldInvalid: 'FIELD_INVALID',
  orderNotFound: 'ORDER_NOT_FOUND',
  numberUsed: 'NUMBER_USED',
  orderPaid: 'ORDER_PAID',
  orderClosed: 'ORDER_CLOSED',
  codeInvalid: 'CODE_INVALID',
  refundNotFound: 'REFUND_NOT_FOUND',
  refundTooMuch: 'REFUND_TOO_MUCH',
  notRefundable: 'NOT_REFUNDABLE',
  rateLimited: 'RATE_LIMITED',
} as const;

export const CURRENCY = 'CNY';

/** Amounts are whole fen, written as text. */
export function fenOfText(text: string | undefined): bigint | undefined {
  return text !== undefined && /^\d{1,13}$/.test(text) ? BigInt(text) : undefined;
}
