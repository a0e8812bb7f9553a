/**
 * What Sample Pay can do, as data. Every figure here is a cautious guess until README.md has a
 * source for it; raise them then, and declare a product when its suite passes.
 */
import type { Capabilities } from '../../core/wallet/capabilities.ts';
import { WALLET } from '../../wires/samplepay/trade.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

export const capabilities: Capabilities = Object.freeze({
  wallet: WALLET,
  products: [
    { product: 'qr', devices: ['desktop'], combines: false, payerField: null, isScanned: true },
    { product: 'h5', devices: ['mobile'], combines: false, payerField: null },
    // The buyer stands at a counter, not in the cashier.
    { product: 'bar', devices: [], combines: false, payerField: 'auth_code' },
  ],
  cart: { kind: 'combine', legCountMax: 1, atomic: true, needsContract: false, expiryMsMax: null },
  notFoundIsFinalAfterMs: 10 * MINUTE_MS,
  // It does not split.
  splitCapBps: 0,
  refundSpacingMs: 1_000,
  refundWindowMs: 90 * DAY_MS,
  refundCountMax: 10,
  holdDaysMax: 1,
  custody: 'settles_directly',
  bills: [],
  pollDelaysMs: [3_000, 5_000, 5_000, 10_000, 15_000, 30_000, MINUTE_MS],
} satisfies Capabilities);
