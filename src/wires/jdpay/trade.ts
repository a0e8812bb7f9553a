/**
 * JD's paths and status numbers. Three sets of numbers have different meanings and are kept apart
 * by type: 2 is a successful payment, 1 a successful refund, 0 a successful return of the buyer's
 * browser.
 */
export const PATHS = {
  uniorder: '/service/uniorder',
  fkmPay: '/service/fkmPay',
  query: '/service/query',
  queryRefund: '/service/queryRefund',
  refund: '/service/refund',
  revoke: '/service/revoke',
  saveOrder: '/jdpay/saveOrder',
  customerPay: '/jdpay/customerPay',
} as const;

export const PAYMENT_STATUS = {
  created: '0',
  processing: '1',
  succeeded: '2',
  failed: '3',
  closed: '4',
} as const;
export type PaymentStatus = (typeof PAYMENT_STATUS)[keyof typeof PAYMENT_STATUS];

export const REFUND_STATUS = { processing: '0', succeeded: '1', failed: '2' } as const;
export type RefundStatus = (typeof REFUND_STATUS)[keyof typeof REFUND_STATUS];

/** The only status that a synchronous return ever has; for display only. */
export const RETURN_SUCCEEDED = '0';

/** The subject of a query, or of a message. */
export const TRADE_TYPE = { purchase: '0', refund: '1' } as const;

/** Order creation: how the buyer gets to the cashier. */
export const ORDER_TRADE_TYPES = ['GEN', 'QR', 'CUST'] as const;

export const PAY_TYPE = {
  bankCard: '0',
  baitiao: '1',
  balance: '2',
  coupon: '3',
  xiaojinku: '5',
} as const;

export const CURRENCY = 'CNY';

/** JD's amounts are whole fen. */
export function fenOfText(text: string | undefined): bigint | undefined {
  return text !== undefined && /^\d{1,13}$/.test(text) ? BigInt(text) : undefined;
}
