/**
 * Constants of the trade wire that both sides need: states, trade types, paths. Names only; the
 * wallet's statuses.ts defines what a state means to Hutong.
 */
export const TRADE_STATES = [
  'SUCCESS',
  'REFUND',
  'NOTPAY',
  'CLOSED',
  'REVOKED',
  'USERPAYING',
  'PAYERROR',
  'ACCEPT',
] as const;
export type TradeState = (typeof TRADE_STATES)[number];

export const REFUND_STATES = ['SUCCESS', 'CLOSED', 'PROCESSING', 'ABNORMAL'] as const;
export type RefundState = (typeof REFUND_STATES)[number];

export const TRADE_TYPES = {
  native: 'NATIVE',
  jsapi: 'JSAPI',
  h5: 'MWEB',
  app: 'APP',
} as const;
export type TradeProduct = keyof typeof TRADE_TYPES;
/** Payment codes have calls of their own, and this trade type in queries and bills. */
export const CODEPAY_TRADE_TYPE = 'MICROPAY';

export const PATHS = {
  direct: '/v3/pay/transactions',
  partner: '/v3/pay/partner/transactions',
  combine: '/v3/combine-transactions',
  domesticRefunds: '/v3/refund/domestic/refunds',
  ecommerceRefunds: '/v3/ecommerce/refunds',
  certificates: '/v3/certificates',
  echo: '/v3/security/echo',
} as const;

export const V2_PATHS = {
  micropay: '/pay/micropay',
  orderQuery: '/pay/orderquery',
  reverse: '/secapi/pay/reverse',
  unifiedOrder: '/pay/unifiedorder',
  closeOrder: '/pay/closeorder',
  refund: '/secapi/pay/refund',
  refundQuery: '/pay/refundquery',
} as const;
export type V2Path = (typeof V2_PATHS)[keyof typeof V2_PATHS];

/**
 * `bank_type` of payments through another institution. WeChat Pay publishes no such list; these two
 * are the sandbox city's documented assumption, and any other value says nothing.
 */
export const INTERCONNECT_BANK_TYPES: ReadonlyMap<string, 'unionpay' | 'jdpay'> = new Map([
  ['UPQUICKPASS', 'unionpay'],
  ['JDPAY', 'jdpay'],
]);

/** Characters beyond the BMP (emoji), lone surrogates and control characters are refused. */
export function isPlainText(text: string): boolean {
  return !UNPLAIN.test(text);
}

export const UNPLAIN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  /[\ud800-\udfff\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/;

/**
 * The format of a payment code (付款码) of the WeChat app. Which digits are WeChat Pay's is in the
 * table (wires/qr), since wallets change prefixes.
 */
export function isPaymentCode(text: string): boolean {
  return /^\d{18}$/.test(text);
}
