/** A marketplace's merchants and their accounts at the wallets. */
import type { Merchant, WalletAccount } from '../../core/merchant/merchant.ts';
import { type HutongError, hutongError } from '../../kernel/errors.ts';
import { type Id, shardOf } from '../../kernel/id.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import { addMerchant } from '../../store/merchant/merchants.ts';
import { type Page, type PageRequest, pageOf } from '../base/page.ts';
import type { Platform } from '../base/platform.ts';
import { attemptRead } from '../base/read-payment.ts';

export async function createMerchant(
  platform: Platform,
  marketplace: Id<'marketplace'>,
  input: { readonly name: string; readonly externalId: string | null },
): Promise<Result<Merchant, HutongError>> {
  const id = platform.ids.next('merchant', shardOf(marketplace, input.externalId ?? input.name));
  const row = await attemptRead(() =>
    addMerchant(platform.db, { id, marketplace, ...input, createdAtMs: platform.clock.nowMs() }),
  );
  platform.directory.forget();
  if (!row.ok) return row;
  return row.value === undefined
    ? err(hutongError('internal', 'the merchant was not stored'))
    : ok(row.value);
}

export async function listMerchants(
  platform: Platform,
  marketplace: Id<'marketplace'>,
  request: PageRequest,
): Promise<
  Result<
    Page<{ readonly merchant: Merchant; readonly accounts: readonly WalletAccount[] }>,
    HutongError
  >
> {
  const entry = await attemptRead(() => platform.directory.marketplace(marketplace));
  if (!entry.ok) return entry;
  if (entry.value === undefined) return err(hutongError('not_found', 'no such marketplace'));
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
): Promise<Result<Page<WalletAccount>, HutongError>> {
  const entry = await attemptRead(() => platform.directory.marketplace(marketplace));
  if (!entry.ok) return entry;
  // Rule 11: a merchant of another marketplace does not exist here.
  if (entry.value?.merchants.get(merchant) === undefined)
    return err(hutongError('not_found', 'no such merchant'));
  return ok(
    pageOf(
      entry.value.accounts.filter((row) => row.merchant === merchant),
      request,
    ),
  );
}
