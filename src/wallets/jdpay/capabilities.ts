/**
 * What JD Pay can do, as data. Figures with a source are in README.md; where JD publishes none, the
 * figure is a cautious one and README.md says so. There is no bill: the classic API has no known
 * interface for one, so orders are reconciled by querying each.
 */
import type { Capabilities } from '../../core/wallet/capabilities.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

export const capabilities: Capabilities = Object.freeze({
  wallet: 'jdpay',
  products: [
    { product: 'qr', devices: ['desktop'], combines: true, payerField: null, isScanned: true },
    { product: 'pc', devices: ['desktop'], combines: true, payerField: null },
    { product: 'h5', devices: ['mobile', 'jdpay'], combines: true, payerField: null },
    // The buyer stands at a counter, not in the cashier.
    { product: 'bar', devices: [], combines: true, payerField: 'auth_code' },
  ],
  cart: {
    kind: 'collect',
    legCountMax: 50,
    atomic: true,
    needsContract: false,
    expiryMsMax: null,
  },
  // A signed form may be posted late; until then JD does not know the order.
  notFoundIsFinalAfterMs: 10 * MINUTE_MS,
  // No split: the platform collects.
  splitCapBps: 0,
  refundSpacingMs: 1_000,
  refundWindowMs: 365 * DAY_MS,
  refundCountMax: 50,
  holdDaysMax: 365,
  custody: 'platform_holds',
  bills: [],
  pollDelaysMs: [3_000, 5_000, 5_000, 10_000, 15_000, 30_000, MINUTE_MS],
} satisfies Capabilities);
