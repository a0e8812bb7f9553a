/** A marketplace's merchants and their accounts at the wallets. */

import type { Merchant, WalletAccount } from '../../core/merchant/merchant.ts';
import { hutongError } from '../../kernel/errors.ts';
import { type Id, shardOf } from '../../kernel/id.ts';
import { ok } from '../../kernel/result.ts';
import {
  addMerchant,
  type MerchantEntry,
  readMerchants,
  listMerchants as readPage,
} from '../../store/merchant/merchants.ts';
import type { Outcome } from '../base/outcome.ts';
import { listPage, type Page, type PageRequest, pageOf } from '../base/page.ts';
import type { Platform } from '../base/platform.ts';
import { attemptFind } from '../base/read-payment.ts';

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

export function listMerchants(
  platform: Platform,
  marketplace: Id<'marketplace'>,
  request: PageRequest,
): Outcome<Page<MerchantEntry>> {
  return listPage(request, (ids) => readPage(platform.cells, marketplace, ids));
}

/** All statuses, newest first: also accounts that are being set up or phased out. */
export async function listWalletAccounts(
  platform: Platform,
  marketplace: Id<'marketplace'>,
  merchant: Id<'merchant'>,
  request: PageRequest,
): Outcome<Page<WalletAccount>> {
  const found = await findMerchant(platform, marketplace, merchant);
  return found.ok ? ok(pageOf(found.value.accounts, request)) : found;
}

/** Rule 11: a merchant of another marketplace does not exist here. */
async function findMerchant(
  { db }: Platform,
  marketplace: Id<'marketplace'>,
  merchant: Id<'merchant'>,
): Outcome<MerchantEntry> {
  const unknown = hutongError('not_found', 'no such merchant');
  return attemptFind(async () => {
    const entry = (await readMerchants(db, [merchant])).get(merchant);
    return entry?.merchant.marketplace === marketplace ? entry : undefined;
  }, unknown);
}
