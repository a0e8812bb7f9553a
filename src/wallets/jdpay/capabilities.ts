/**
 * What JD Pay can do, as data. Figures with a source stand in README.md; where JD's public texts
 * give none, the figure is the cautious one and README.md says so. There is no bill: no interface
 * for one is known in the classic API, so orders are reconciled by asking for each.
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
  // A form that was signed may be posted late; before that JD knows nothing of the order.
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
