/**
 * The merchant as the API shows it, with its accounts at the wallets. Wallet credentials are not
 * stored with a merchant, so nothing needs to be left out.
 */
import { isCurrent, type Merchant, type WalletAccount } from '../../core/merchant/merchant.ts';
import { rfc3339OrNull } from '../../kernel/rfc3339.ts';
import type { ShownMerchant, ShownWalletAccount } from './shape.ts';

export function presentMerchant({
  merchant,
  accounts,
}: {
  readonly merchant: Merchant;
  readonly accounts: readonly WalletAccount[];
}): ShownMerchant {
  return {
    id: merchant.id,
    object: 'merchant',
    name: merchant.name,
    external_id: merchant.externalId,
    // One per wallet, for compatibility; accounts being set up or phased out are in their own list.
    wallet_accounts: accounts.filter(isCurrent).map((account) => ({
      id: account.id,
      wallet: account.wallet,
      wallet_merchant: account.walletMerchant,
      status: account.status,
      consented_at: rfc3339OrNull(account.consentedAtMs),
    })),
  };
}

export function presentWalletAccount(account: WalletAccount): ShownWalletAccount {
  return {
    id: account.id,
    object: 'wallet_account',
    wallet: account.wallet,
    wallet_merchant: account.walletMerchant,
    config: account.config,
    status: account.status,
    consented_at: rfc3339OrNull(account.consentedAtMs),
    fee_bps: account.feeBps,
  };
}
