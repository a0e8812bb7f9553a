/** Reference data of a marketplace: its merchants and what onboarding at a wallet yielded. */
import type { Id } from './id.ts';
import type { WalletName } from './wallet.ts';

export interface Marketplace {
  readonly id: Id<'marketplace'>;
  /** `taobao`, `tmall`: lower-case, unique. */
  readonly name: string;
  readonly displayName: string;
}

export interface Merchant {
  readonly id: Id<'merchant'>;
  readonly marketplace: Id<'marketplace'>;
  readonly name: string;
  /** The marketplace's own number for this seller. */
  readonly externalId: string | null;
}

export interface WalletAccount {
  readonly id: Id<'wallet_account'>;
  readonly marketplace: Id<'marketplace'>;
  readonly merchant: Id<'merchant'>;
  readonly wallet: WalletName;
  /** sub_mchid or smid. */
  readonly walletMerchant: string;
  readonly status: 'active' | 'paused';
  /** Rule 10: agreed by the merchant, else the wallet is never offered in a cart with it. */
  readonly consentedAtMs: number | null;
  /** Expected fee of the wallet, in basis points of the receipt. */
  readonly feeBps: number;
}
