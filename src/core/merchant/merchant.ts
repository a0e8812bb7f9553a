/** Reference data of a marketplace: its merchants and what onboarding at a wallet yielded. */
import type { Id } from '../../kernel/id.ts';
import type { WalletName } from '../../kernel/wallet-names.ts';

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

export const WALLET_ACCOUNT_STATUSES = [
  'applying',
  'active',
  'restricted',
  'paused',
  'retiring',
  'closed',
] as const;
export type WalletAccountStatus = (typeof WALLET_ACCOUNT_STATUSES)[number];

/**
 * A merchant's number at a wallet. Another number is another account beside it, since its money is
 * another pocket; of one merchant and wallet, at most one is current.
 */
export interface WalletAccount {
  readonly id: Id<'wallet_account'>;
  readonly marketplace: Id<'marketplace'>;
  readonly merchant: Id<'merchant'>;
  readonly wallet: WalletName;
  /** sub_mchid or smid. */
  readonly walletMerchant: string;
  /** Through whose configuration the merchant is paid; null while the marketplace has none. */
  readonly config: Id<'wallet_config'> | null;
  readonly status: WalletAccountStatus;
  /** Rule 10: agreed by the merchant, else the wallet is never offered in a cart with it. */
  readonly consentedAtMs: number | null;
  /** Expected fee of the wallet, in basis points of the receipt. */
  readonly feeBps: number;
}

/** The account that new payments go to, if they may; the others are on their way in or out. */
export function isCurrent<A extends Pick<WalletAccount, 'status'>>(
  account: A,
): account is A & { readonly status: 'active' | 'restricted' | 'paused' } {
  const { status } = account;
  return status === 'active' || status === 'restricted' || status === 'paused';
}
