/** What WeChat Pay can do for a marketplace, as data. Sources are in README.md. */
import type { Capabilities } from '../../core/wallet/capabilities.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

export const capabilities: Capabilities = Object.freeze({
  wallet: 'wechatpay',
  products: [
    { product: 'jsapi', devices: ['wechat'], combines: true, payerField: 'openid' },
    { product: 'h5', devices: ['mobile'], combines: true, payerField: null },
    { product: 'app', devices: ['app'], combines: true, payerField: null },
    { product: 'native', devices: ['desktop'], combines: true, payerField: null, isScanned: true },
    // At a counter the merchant scans, so no device of the buyer's is offered it.
    { product: 'codepay', devices: [], combines: false, payerField: 'auth_code' },
  ],
  cart: {
    kind: 'combine',
    legCountMax: 50,
    atomic: true,
    needsContract: false,
    expiryMsMax: null,
  },
  notFoundIsFinalAfterMs: 10 * MINUTE_MS,
  // The default cap of e-commerce splits, over everything that goes to others.
  splitCapBps: 3_000,
  refundSpacingMs: MINUTE_MS,
  refundWindowMs: 365 * DAY_MS,
  refundCountMax: 50,
  holdDaysMax: 180,
  custody: 'wallet_holds',
  bills: ['tradebill', 'fundflowbill'],
  // WeChat Pay asks for 5 s between queries at first and longer later; callbacks usually come
  // sooner.
  pollDelaysMs: [
    5_000,
    10_000,
    20_000,
    30_000,
    MINUTE_MS,
    2 * MINUTE_MS,
    5 * MINUTE_MS,
    10 * MINUTE_MS,
  ],
} satisfies Capabilities);
