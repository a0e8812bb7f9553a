/**
 * What a wallet can do, as data: each folder of `src/wallets` declares its own, core decides by it.
 */
import type { Device, Product, WalletName } from '../../kernel/wallet-names.ts';

/** combine, merge: one leg per merchant. split, collect: one leg, to the marketplace's number. */
export type CartKind = 'combine' | 'merge' | 'split' | 'collect';

export function paysInOneLeg(kind: CartKind): boolean {
  return kind === 'split' || kind === 'collect';
}

export interface ProductCapability {
  readonly product: Product;
  /** The buyer's devices on which the cashier may offer it, best first. */
  readonly devices: readonly Device[];
  /** Can pay several merchants in one order. */
  readonly combines: boolean;
  /** Which payer field the start needs, if any. `auth_code` and `field55` are single-use. */
  readonly payerField: 'openid' | 'buyer' | 'auth_code' | 'field55' | null;
  /** The buyer scans its code with an app: with interconnection also another wallet's. */
  readonly isScanned?: boolean;
  /** Where it differs from the wallet's own figure. */
  readonly refundWindowMs?: number;
}

export interface Capabilities {
  readonly wallet: WalletName;
  readonly products: readonly ProductCapability[];
  /** How a cart of several merchants is paid at once. */
  readonly cart: {
    readonly kind: CartKind;
    readonly legCountMax: number;
    readonly atomic: boolean;
    /** Only if the wallet account has the all-or-nothing contract. */
    readonly needsContract: boolean;
    readonly expiryMsMax: number | null;
  };
  /** After the order's absolute expiry plus this, "not found" is final (rule 2). */
  readonly notFoundIsFinalAfterMs: number;
  /** How much of one merchant's order may be split to others; 0 = no splits. */
  readonly splitCapBps: number;
  readonly refundSpacingMs: number;
  /** Counted from the payment; a product may have its own figure (`refundWindowMsOf`). */
  readonly refundWindowMs: number;
  readonly refundCountMax: number;
  readonly holdDaysMax: number;
  /**
   * Who holds the money until receipt; `settles_directly` = nobody, it is paid to the merchants.
   */
  readonly custody: 'wallet_holds' | 'settles_directly' | 'platform_holds';
  /** The daily files this wallet offers, in its own words; none = per-order queries only. */
  readonly bills: readonly string[];
  /** Delays of polling a pending attempt, from its start; the last repeats until expiry. */
  readonly pollDelaysMs: readonly number[];
}

/** What core needs to know of a wallet to judge its reports. */
export type ReportCapabilities = Pick<Capabilities, 'custody' | 'notFoundIsFinalAfterMs'> & {
  readonly cart: Pick<Capabilities['cart'], 'atomic'>;
};

/** Of every wallet, for a decision that learns only then which wallet it is about. */
export type CapabilityTable<K extends keyof Capabilities> = ReadonlyMap<
  WalletName,
  Pick<Capabilities, K>
>;

/** How long after its payment an order of this product can be refunded. */
export function refundWindowMsOf(
  capabilities: Pick<Capabilities, 'products' | 'refundWindowMs'>,
  product: Product,
): number {
  const row = capabilities.products.find((entry) => entry.product === product);
  return row?.refundWindowMs ?? capabilities.refundWindowMs;
}
