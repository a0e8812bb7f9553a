/** The wallets and products by name. What they can do is data of `wallets/`, never of core. */
export const WALLET_NAMES = ['wechatpay', 'alipay', 'unionpay', 'jdpay'] as const;
export type WalletName = (typeof WALLET_NAMES)[number];

export const PRODUCTS = [
  'native',
  'jsapi',
  'h5',
  'app',
  'page',
  'wap',
  'precreate',
  // Codes that the buyer shows (codepay at WeChat Pay, bar elsewhere) and the QuickPass tap.
  'codepay',
  'bar',
  'nfc',
  'web',
  'qr',
  'pc',
] as const;
export type Product = (typeof PRODUCTS)[number];

const SHOWN_PRODUCTS: ReadonlySet<Product> = new Set(['codepay', 'bar', 'nfc']);

/**
 * Begins with what the buyer presented (a payment code, a tap), which is single-use: such an order
 * is sent to its wallet once, then only queried, and ended by reversal, not by a close.
 */
export function worksOnce(product: Product): boolean {
  return SHOWN_PRODUCTS.has(product);
}

/** Where the buyer is: the browser or app that the cashier is opened in. */
export const DEVICES = [
  'desktop',
  'mobile',
  // The in-app browsers of the four wallets.
  'wechat',
  'alipay',
  'unionpay',
  'jdpay',
  'app',
] as const;
export type Device = (typeof DEVICES)[number];

/** Other systems' names for the same devices. */
export const DEVICE_ALIASES = {
  pc: 'desktop',
  web: 'desktop',
  phone: 'mobile',
  tablet: 'mobile',
  h5: 'mobile',
  ios: 'app',
  android: 'app',
  quickpass: 'unionpay',
  cloudpay: 'unionpay',
  jd: 'jdpay',
} as const satisfies Readonly<Record<string, Device>>;
export type DeviceName = Device | keyof typeof DEVICE_ALIASES;

export function deviceOf(name: DeviceName): Device {
  return name in DEVICE_ALIASES
    ? DEVICE_ALIASES[name as keyof typeof DEVICE_ALIASES]
    : (name as Device);
}

/** What the buyer is asked to do next, as the API shows it. */
export type NextAction =
  | { readonly type: 'qr_code'; readonly code: string }
  | { readonly type: 'redirect'; readonly url: string }
  | {
      readonly type: 'form';
      readonly action: string;
      readonly fields: Readonly<Record<string, string>>;
    }
  | { readonly type: 'invoke'; readonly params: Readonly<Record<string, string>> };

/** A form that the buyer's browser carries to the wallet. */
export type FormAction = Extract<NextAction, { readonly type: 'form' }>;

/** A wallet's own refusal, kept in its own words. */
export interface WalletError {
  readonly wallet: WalletName;
  readonly code: string;
  readonly message: string;
  readonly requestId: string | null;
  /**
   * It refuses the marketplace's own credentials or permissions: neither the buyer nor the order is
   * at fault, and any other order would fail, too. It does not say whether the attempt failed.
   */
  readonly isMisconfigured?: true;
}

/**
 * The account that credentials belong to, in the wallet's own terms (`mchid`, `app_id`, `merId`):
 * orders are created and found under it. It is part of every order, so it is no secret. Renewed
 * credentials have the same identity; a different one is another account with other orders.
 */
export type WalletIdentity = Readonly<Record<string, string>>;
