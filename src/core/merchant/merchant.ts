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
 * A merchant's number at a wallet. Another number is another account, stored beside the first,
 * since its balance is separate; per merchant and wallet at most one is current.
 */
export interface WalletAccount {
  readonly id: Id<'wallet_account'>;
  readonly marketplace: Id<'marketplace'>;
  readonly merchant: Id<'merchant'>;
  readonly wallet: WalletName;
  /** sub_mchid or smid. */
  readonly walletMerchant: string;
  /** The configuration that the merchant is paid through; null while the marketplace has none. */
  readonly config: Id<'wallet_config'> | null;
  readonly status: WalletAccountStatus;
  /**
   * Rule 10: consented to by the merchant; without it no cart with this merchant is offered the
   * wallet.
   */
  readonly consentedAtMs: number | null;
  /** Expected fee of the wallet, in basis points of the receipt. */
  readonly feeBps: number;
}

/** The account for new payments, if they are allowed; the others are being set up or phased out. */
export function isCurrent<A extends Pick<WalletAccount, 'status'>>(
  account: A,
): account is A & { readonly status: 'active' | 'restricted' | 'paused' } {
  const { status } = account;
  return status === 'active' || status === 'restricted' || status === 'paused';
}
