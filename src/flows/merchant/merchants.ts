/** A marketplace's merchants and the keys of its own systems. */
import { createHash } from 'node:crypto';
import type { Merchant, WalletAccount } from '../../core/merchant/merchant.ts';
import { type HutongError, hutongError } from '../../kernel/errors.ts';
import { type Id, shardOf } from '../../kernel/id.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import { type IpRange, isInRange, parseAddress } from '../../runtime/ip-address.ts';
import { addMerchant } from '../../store/merchant/merchants.ts';
import { pageOf } from '../base/list.ts';
import type { Platform } from '../base/platform.ts';
import { attemptRead } from '../base/read-payment.ts';
import type { Caller, Page, PageRequest, Principal } from '../use-cases.ts';

export function hashKey(secretKey: string): string {
  return createHash('sha256').update(secretKey).digest('hex');
}

const KEY_SHAPE = /^(sk|rk)_(test|live)_[0-9A-Za-z]{24,64}$/;

export async function authenticate(
  platform: Platform,
  secretKey: string,
  { address, isSuspect }: Caller,
): Promise<Result<Principal, HutongError>> {
  const invalid = err(hutongError('api_key_invalid', 'the API key is unknown or was revoked'));
  const mode = KEY_SHAPE.exec(secretKey)?.[2];
  if (mode === undefined) return invalid;
  const row = await attemptRead(() => platform.directory.apiKey(hashKey(secretKey), isSuspect));
  if (!row.ok) return row;
  if (row.value === undefined) return invalid;
  const { id: keyId, marketplace, scopes, version, allowFrom } = row.value;
  if (allowFrom !== null && !isAllowed(address, allowFrom)) {
    const told = { key_id: keyId, marketplace, address };
    platform.log.warn(told, 'a key was used from an address that it may not be used from');
    return err(hutongError('address_not_allowed', `this key may not be used from ${address}`));
  }
  platform.keyUses.note(keyId);
  // The prefix is part of what was hashed: nobody can choose another one.
  return ok({ keyId, marketplace, scopes, version, isLivemode: mode === 'live' });
}

function isAllowed(address: string, ranges: readonly IpRange[]): boolean {
  const caller = parseAddress(address);
  return caller !== undefined && ranges.some((range) => isInRange(caller, range));
}

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

/** Of every status, newest first: also those that are on their way in or out. */
export async function listWalletAccounts(
  platform: Platform,
  whose: { readonly marketplace: Id<'marketplace'>; readonly merchant: Id<'merchant'> },
  request: PageRequest,
): Promise<Result<Page<WalletAccount>, HutongError>> {
  const entry = await attemptRead(() => platform.directory.marketplace(whose.marketplace));
  if (!entry.ok) return entry;
  // Rule 11: a merchant of another marketplace is no merchant.
  if (entry.value?.merchants.get(whose.merchant) === undefined)
    return err(hutongError('not_found', 'no such merchant'));
  return ok(
    pageOf(
      entry.value.accounts.filter((row) => row.merchant === whose.merchant),
      request,
    ),
  );
}
