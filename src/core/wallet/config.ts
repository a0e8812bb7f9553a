/**
 * A marketplace's configurations at one wallet: one per account there. A configuration's identity
 * is stored in the clear and never changes owner; credentials of another account add a
 * configuration, and those offered until then retire: they are still verified, polled and refunded,
 * but no new payment starts there.
 */
import type { Id } from '../../kernel/id.ts';
import type { WalletIdentity } from '../../kernel/wallet-names.ts';

export type WalletConfigStatus = 'active' | 'paused' | 'retiring';

export interface KnownConfig {
  readonly id: Id<'wallet_config'>;
  /** null = stored before identities were kept, and its credentials could not be opened since. */
  readonly identity: WalletIdentity | null;
  readonly status: WalletConfigStatus;
}

export interface ConfigPlan<T extends KnownConfig> {
  /** Its credentials are renewed in place; null = a configuration is added. */
  readonly renews: T | null;
  readonly retires: readonly T[];
}

/** The effect of credentials with this identity. `keepsActive`: several accounts stay in use. */
export function planConfig<T extends KnownConfig>(
  known: readonly T[],
  identity: WalletIdentity,
  { keepsActive }: { readonly keepsActive: boolean },
): ConfigPlan<T> {
  const own = known.filter((row) => row.identity !== null && isOfAccount(row.identity, identity));
  const exact = own.find((row) => row.identity !== null && isOfAccount(identity, row.identity));
  const renews = exact ?? own.find(isActive) ?? own.at(-1) ?? null;
  const retires = renews === null && !keepsActive ? known.filter(isActive) : [];
  return { renews, retires };
}

/**
 * The same account: it keeps every number that it has; a number it lacked (one that the wallet
 * opened later) may be added.
 */
export function isOfAccount(known: WalletIdentity, given: WalletIdentity): boolean {
  return Object.entries(known).every(([field, number]) => given[field] === number);
}

function isActive({ status }: KnownConfig): boolean {
  return status === 'active';
}

/** `mchid 1900000109, appid wx…`: in the wallet's own terms. */
export function describeIdentity(identity: WalletIdentity): string {
  return Object.entries(identity)
    .map(([field, number]) => `${field} ${number}`)
    .join(', ');
}
