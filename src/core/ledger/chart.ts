/**
 * The chart of accounts, per marketplace and currency. An account is identified by its name alone;
 * the first part of the name gives its normal side. Amounts are not known here.
 */
import { createHash } from 'node:crypto';
import type { Id } from '../../kernel/id.ts';
import type { WalletName } from '../../kernel/wallet-names.ts';

export type AccountName = string & { readonly __account: true };

/** Of one area alone, an account stands in that area; those that several book to stand here. */
export function account(name: string): AccountName {
  return name as AccountName;
}

/** Asset: what the wallet holds for us and our merchants. */
export const clearing = (wallet: WalletName): AccountName => account(`wallet:${wallet}:clearing`);
/** Liability: the wallet's fee, as expected until the bill states it. */
export const feeDue = (wallet: WalletName): AccountName => account(`wallet:${wallet}:fee_due`);
/** Liability: a merchant's money, held in escrow until the buyer has the goods. */
export const escrow = (merchant: Id<'merchant'>, wallet: WalletName): AccountName =>
  account(`merchant:${merchant}:${wallet}:escrow`);
/** Liability: a merchant's money that may be paid out. */
export const available = (merchant: Id<'merchant'>, wallet: WalletName): AccountName =>
  account(`merchant:${merchant}:${wallet}:available`);
/** Asset: what a merchant owes us for an advance on a refund. */
export const owed = (merchant: Id<'merchant'>): AccountName => account(`merchant:${merchant}:owed`);
/** Liability: refunds due to buyers. */
export const refundDue: AccountName = account('buyer:refund_due');
/** Own result (loss): refunded twice, and not recoverable from anyone. */
export const absorbed: AccountName = account('marketplace:absorbed');
/** Liability: money whose owner is disputed. */
export const suspense: AccountName = account('suspense');

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
export function accountId(marketplace: Id<'marketplace'>, name: string, currency: string): string {
  const digest = createHash('sha256').update(`${marketplace}\n${name}\n${currency}`).digest('hex');
  return `la_${digest.slice(0, 20)}`;
}
