/**
 * A marketplace's configurations at one wallet: one an account there. Its identity is in the clear
 * and is never another's; credentials of another account make a configuration beside it, and the
 * ones that were offered until then retire: still verified, asked about and refunded, but nothing
 * new starts there.
 */
import type { Id } from '../../kernel/id.ts';
import type { WalletIdentity } from '../../kernel/wallet-names.ts';

export type WalletConfigStatus = 'active' | 'paused' | 'retiring';

export interface KnownConfig {
  readonly id: Id<'wallet_config'>;
  /** null = of before this was kept, and its credentials could not be opened since. */
  readonly identity: WalletIdentity | null;
  readonly status: WalletConfigStatus;
}

export interface ConfigPlan<T extends KnownConfig> {
  /** Its credentials are renewed in place; null = a configuration is added. */
  readonly renews: T | null;
  readonly retires: readonly T[];
}

/** What credentials of this identity do. `keepsActive`: several accounts are used side by side. */
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
 * Of one account: it keeps every number that it has; one that it had not (a number that the wallet
 * opened later) may come to it.
 */
export function isOfAccount(known: WalletIdentity, given: WalletIdentity): boolean {
  return Object.entries(known).every(([field, number]) => given[field] === number);
}

function isActive({ status }: KnownConfig): boolean {
  return status === 'active';
}

/** `mchid 1900000109, appid wx…`: as the wallet's own words have it. */
export function describeIdentity(identity: WalletIdentity): string {
  return Object.entries(identity)
    .map(([field, number]) => `${field} ${number}`)
    .join(', ');
}
