/**
 * What UnionPay Cloud QuickPass can do, as data. Figures with a source are in README.md; where
 * UnionPay publishes none, the figure is a cautious one and README.md says so.
 */

import type { Capabilities } from '../../core/wallet/capabilities.ts';
import { SPLIT_COUNT_MAX } from '../../wires/unionpay/split.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/**
 * Products that UnionPay treats as codes (bizType 000000): an applied one, a presented one, a tap.
 */
const CODE_REFUND_WINDOW_MS = 30 * DAY_MS;

export const capabilities: Capabilities = Object.freeze({
  wallet: 'unionpay',
  products: [
    {
      ...{ product: 'qr', devices: ['desktop'], combines: true, payerField: null },
      isScanned: true,
      refundWindowMs: CODE_REFUND_WINDOW_MS,
    },
    {
      product: 'web',
      devices: ['mobile', 'unionpay', 'desktop'],
      combines: true,
      payerField: null,
    },
    { product: 'app', devices: ['app'], combines: true, payerField: null },
    // At a counter: the cashier does not offer them.
    {
      ...{ product: 'bar', devices: [], combines: false, payerField: 'auth_code' },
      refundWindowMs: CODE_REFUND_WINDOW_MS,
    },
    {
      ...{ product: 'nfc', devices: [], combines: false, payerField: 'field55' },
      refundWindowMs: CODE_REFUND_WINDOW_MS,
    },
  ],
  cart: {
    kind: 'split',
    legCountMax: SPLIT_COUNT_MAX,
    atomic: true,
    needsContract: false,
    expiryMsMax: null,
  },
  // No order can be closed: it expires by payTimeout, and a payment in progress may end after it.
  notFoundIsFinalAfterMs: 10 * MINUTE_MS,
  // Split at payment, as the order says: no cap is published.
  splitCapBps: 10_000,
  refundSpacingMs: 0,
  refundWindowMs: 90 * DAY_MS,
  refundCountMax: 50,
  holdDaysMax: 0,
  custody: 'settles_directly',
  bills: ['ZM', 'ZME'],
  // Too many queries are answered 37: frequent only while a payment code is likely to be decided.
  pollDelaysMs: [3_000, 5_000, 5_000, 5_000, 10_000, 15_000, 30_000, MINUTE_MS],
} satisfies Capabilities);
