/**
 * What Alipay can do, as data. Figures with a source are in README.md; where Alipay publishes none,
 * the figure is a cautious one and README.md says so.
 */
import type { Capabilities } from '../../core/wallet/capabilities.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

export const capabilities: Capabilities = Object.freeze({
  wallet: 'alipay',
  products: [
    { product: 'page', devices: ['desktop'], combines: true, payerField: null },
    {
      product: 'precreate',
      devices: ['desktop'],
      combines: false,
      payerField: null,
      isScanned: true,
    },
    { product: 'wap', devices: ['mobile', 'alipay'], combines: true, payerField: null },
    { product: 'app', devices: ['app'], combines: true, payerField: null },
    { product: 'jsapi', devices: ['alipay'], combines: false, payerField: 'buyer' },
    // At a counter the merchant scans, so no device of the buyer's is offered it.
    { product: 'bar', devices: [], combines: false, payerField: 'auth_code' },
  ],
  cart: {
    kind: 'merge',
    legCountMax: 20,
    atomic: false,
    needsContract: true,
    expiryMsMax: 15 * MINUTE_MS,
  },
  // No trade exists until the buyer opens the cashier, and after time_expire none can be created.
  notFoundIsFinalAfterMs: 5 * MINUTE_MS,
  // The default of ordinary splits; a higher cap must be applied for.
  splitCapBps: 3_000,
  refundSpacingMs: 3_000,
  refundWindowMs: 365 * DAY_MS,
  refundCountMax: 50,
  holdDaysMax: 365,
  custody: 'wallet_holds',
  bills: ['trade', 'signcustomer'],
  pollDelaysMs: [3_000, 5_000, 5_000, 10_000, 15_000, 30_000, MINUTE_MS],
} satisfies Capabilities);
