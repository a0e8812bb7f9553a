/** Authenticates a request's API key (rule 11). */

import { hash } from 'node:crypto';
import { hutongError } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/id.ts';
import { err, ok } from '../../kernel/result.ts';
import { type IpRange, isInRange, parseAddress } from '../../runtime/ip-address.ts';
import type { Outcome } from '../base/outcome.ts';
import type { Platform } from '../base/platform.ts';
import { attemptRead } from '../base/read-payment.ts';

/** The caller: one marketplace's key (rule 11). */
export interface Principal {
  readonly keyId: Id<'api_key'>;
  readonly marketplace: Id<'marketplace'>;
  /** `*` or names such as `payment_intents:write`. */
  readonly scopes: readonly string[];
  /** The Hutong-Version pinned to the key. */
  readonly version: string;
  /** `sk_live_`, `rk_live_`: may move money of live configurations, and of no others. */
  readonly isLivemode: boolean;
}

/** What is known of a caller before its key is looked up. */
export interface Caller {
  readonly address: string;
  /** This address had so many keys refused that its next unknown one may be delayed. */
  readonly isSuspect: () => boolean;
}

export function hashKey(secretKey: string): string {
  return hash('sha256', secretKey, 'hex');
}

const KEY_SHAPE = /^(sk|rk)_(test|live)_[0-9A-Za-z]{24,64}$/;

export async function authenticate(
  platform: Platform,
  secretKey: string,
  { address, isSuspect }: Caller,
): Outcome<Principal> {
  const invalid = err(hutongError('api_key_invalid', 'the API key is unknown or was revoked'));
  const mode = KEY_SHAPE.exec(secretKey)?.[2];
  if (mode === undefined) return invalid;
  const row = await attemptRead(() => platform.directory.apiKey(hashKey(secretKey), isSuspect));
  if (!row.ok) return row;
  if (row.value === undefined) return invalid;
  const { id: keyId, marketplace, scopes, version, allowFrom } = row.value;
  if (allowFrom !== null && !isAllowed(address, allowFrom)) {
    const facts = { key_id: keyId, marketplace, address };
    platform.log.warn(facts, 'a key was used from an address that it may not be used from');
    return err(hutongError('address_not_allowed', `this key may not be used from ${address}`));
  }
  platform.keyUses.note(keyId);
  // The prefix is part of the hashed text: a caller cannot choose another one.
  return ok({ keyId, marketplace, scopes, version, isLivemode: mode === 'live' });
}

function isAllowed(address: string, ranges: readonly IpRange[]): boolean {
  const caller = parseAddress(address);
  return caller !== undefined && ranges.some((range) => isInRange(caller, range));
}
