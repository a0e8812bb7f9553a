/**
 * merchant as the API shows it, with its accounts at the wallets. Nothing of a wallet's credentials
 * hangs on a merchant, so there is nothing to leave out.
 */
import type { Merchant, WalletAccount } from '../../core/merchant.ts';
import { rfc3339 } from '../../core/present/time.ts';

export function presentMerchant(
  merchant: Merchant,
  accounts: readonly WalletAccount[],
): Record<string, unknown> {
  return {
    id: merchant.id,
    object: 'merchant',
    name: merchant.name,
    external_id: merchant.externalId,
    wallet_accounts: accounts.map((account) => ({
      id: account.id,
      wallet: account.wallet,
      wallet_merchant: account.walletMerchant,
      status: account.status,
      consented_at: account.consentedAtMs === null ? null : rfc3339(account.consentedAtMs),
    })),
  };
}
