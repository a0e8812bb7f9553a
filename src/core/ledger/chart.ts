/**
 * The chart of accounts, per marketplace and currency. An account is identified by its name alone;
 * the first part of the name gives its normal side. Amounts are not known here.
 */
import { hash } from 'node:crypto';
import { type Id, parseId } from '../../kernel/id.ts';
import { WALLET_NAMES, type WalletName } from '../../kernel/wallet-names.ts';

export type AccountName = string & { readonly __account: true };

/** Of one area alone, an account stands in that area; those that several book to stand here. */
export function account(name: string): AccountName {
  return name as AccountName;
}

/** Asset: what the wallet holds for us and our merchants. */
export const clearing = (wallet: WalletName): AccountName => account(`wallet:${wallet}:clearing`);
/** Liability: the wallet's fee, as expected until the bill states it. */
export const feeDue = (wallet: WalletName): AccountName => account(`wallet:${wallet}:fee_due`);
/*
 * A merchant's pockets, by its account at a wallet: each rail pays only from its own, and a new
 * account of a merchant is another pocket. Entries of 0.2.0 and before name merchant and wallet.
 */

/** Liability: a merchant's money, held in escrow until the buyer has the goods. */
export const escrow = (walletAccount: Id<'wallet_account'>): AccountName =>
  account(`wallet_account:${walletAccount}:escrow`);
/** Liability: a merchant's money that may be paid out. */
export const available = (walletAccount: Id<'wallet_account'>): AccountName =>
  account(`wallet_account:${walletAccount}:available`);
/** Asset: what a merchant owes us for an advance on a refund. */
export const owed = (walletAccount: Id<'wallet_account'>): AccountName =>
  account(`wallet_account:${walletAccount}:owed`);
/** Liability: refunds due to buyers. */
export const refundDue: AccountName = account('buyer:refund_due');
/** Liability: money between a payment and its merchant's balance. */
export const transferInTransit: AccountName = account('transfer:in_transit');
/** Own result (loss): refunded twice, and not recoverable from anyone. */
export const absorbed: AccountName = account('marketplace:absorbed');
/** Liability: money whose owner is disputed. */
export const suspense: AccountName = account('suspense');

/** An account of a merchant, by what its name says. */
interface MerchantAccount {
  /** null: an account of 0.2.0 or before, which names its merchant instead. */
  readonly walletAccount: Id<'wallet_account'> | null;
  readonly owner?: { readonly merchant: Id<'merchant'>; readonly wallet: WalletName | null };
  readonly kind: 'escrowFen' | 'availableFen' | 'owedFen';
}

/** undefined: it is none of a merchant. */
export function merchantAccountIn(name: string): MerchantAccount | undefined {
  const parts = name.split(':');
  const kind = KINDS.get(parts.at(-1) ?? '');
  const [place, id = '', third] = parts;
  if (kind === undefined) return undefined;
  if (place === 'wallet_account') {
    const walletAccount = parseId('wallet_account', id);
    return walletAccount === undefined ? undefined : { walletAccount, kind };
  }
  const merchant = place === 'merchant' ? parseId('merchant', id) : undefined;
  if (merchant === undefined) return undefined;
  const wallet = WALLET_NAMES.find((known) => known === third) ?? null;
  return { walletAccount: null, owner: { merchant, wallet }, kind };
}

/** Names under which versions up to 0.2.0 booked a merchant's money; at zero once it has moved. */
export function formerAccounts(merchant: Id<'merchant'>): AccountName[] {
  const kinds = [...KINDS.keys()];
  return ['', ...WALLET_NAMES.map((wallet) => `${wallet}:`)].flatMap((wallet) =>
    kinds.map((kind) => account(`merchant:${merchant}:${wallet}${kind}`)),
  );
}

const KINDS: ReadonlyMap<string, MerchantAccount['kind']> = new Map([
  ['escrow', 'escrowFen'],
  ['available', 'availableFen'],
  ['owed', 'owedFen'],
]);

/**
 * Accounts that all configurations of a wallet, or of all wallets, share: each entry on them names
 * the configuration whose money it is. A pocket's account does so by itself.
 */
export function isByConfig(name: AccountName): boolean {
  return name.startsWith('wallet:') || name === refundDue || name === suspense || name === absorbed;
}

export type NormalSide = 'debit' | 'credit';

export function normalSide(name: string): NormalSide {
  if (name.endsWith(':clearing') || name.endsWith(':owed') || name.startsWith('bank:'))
    return 'debit';
  return name === 'marketplace:absorbed' ? 'debit' : 'credit';
}

/**
 * A stable id of an account: a hash of its name, since an account exists as soon as it is posted
 * to.
 */
/** Of an account's id; no account's name begins so. */
export const ACCOUNT_PREFIX = 'la_';

export function accountId(marketplace: Id<'marketplace'>, name: string, currency: string): string {
  const digest = hash('sha256', `${marketplace}\n${name}\n${currency}`, 'hex');
  return `${ACCOUNT_PREFIX}${digest.slice(0, 20)}`;
}
