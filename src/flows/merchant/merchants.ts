/** A marketplace's merchants and their accounts at the wallets. */

import type { Merchant, WalletAccount } from '../../core/merchant/merchant.ts';
import { hutongError } from '../../kernel/errors.ts';
import { type Id, shardOf } from '../../kernel/id.ts';
import { err, ok } from '../../kernel/result.ts';
import { addMerchant } from '../../store/merchant/merchants.ts';
import type { Outcome } from '../base/outcome.ts';
import { type Page, type PageRequest, pageOf } from '../base/page.ts';
import type { Platform } from '../base/platform.ts';
import { attemptFind, findMarketplace } from '../base/read-payment.ts';

export async function createMerchant(
  platform: Platform,
  marketplace: Id<'marketplace'>,
  input: { readonly name: string; readonly externalId: string | null },
): Outcome<Merchant> {
  const id = platform.ids.next('merchant', shardOf(marketplace, input.externalId ?? input.name));
  const row = { id, marketplace, ...input, createdAtMs: platform.clock.nowMs() };
  const unstored = hutongError('internal', 'the merchant was not stored');
  const added = await attemptFind(() => addMerchant(platform.db, row), unstored);
  platform.directory.forget();
  return added;
}

export async function listMerchants(
  platform: Platform,
  marketplace: Id<'marketplace'>,
  request: PageRequest,
): Outcome<Page<{ readonly merchant: Merchant; readonly accounts: readonly WalletAccount[] }>> {
  const entry = await findMarketplace(platform, marketplace);
  if (!entry.ok) return entry;
  const { merchants, accounts } = entry.value;
  const { data, hasMore } = pageOf([...merchants.values()], request);
  return ok({
    hasMore,
    data: data.map((merchant) => ({
      merchant,
      accounts: accounts.filter((row) => row.merchant === merchant.id),
    })),
  });
}

/** All statuses, newest first: also accounts that are being set up or phased out. */
export async function listWalletAccounts(
  platform: Platform,
  marketplace: Id<'marketplace'>,
  merchant: Id<'merchant'>,
  request: PageRequest,
): Outcome<Page<WalletAccount>> {
  const entry = await findMarketplace(platform, marketplace);
  if (!entry.ok) return entry;
  // Rule 11: a merchant of another marketplace does not exist here.
  if (!entry.value.merchants.has(merchant))
    return err(hutongError('not_found', 'no such merchant'));
  return ok(
    pageOf(
      entry.value.accounts.filter((row) => row.merchant === merchant),
      request,
    ),
  );
}
