/**
 * A transfer is money between two roots: a payment and the balance of one of its merchants at a
 * wallet. The payment's batch writes it, due at once; the balance's batch applies it, once under
 * its id, whatever is repeated; then it is settled. In between, what has left one root and not
 * reached the other stands on `transfer:in_transit`, so that the books balance at every moment.
 */
import type { Id } from '../../kernel/id.ts';
import type { Currency, Fen } from '../../kernel/money.ts';
import { type StateTable, stateTable } from '../../kernel/state-table.ts';
import type { WalletName } from '../../kernel/wallet-names.ts';

/**
 * - `release`: from escrow to what the merchant may be paid out;
 * - `reserve`: asked of the balance for a refund, which is not sent before the answer;
 * - `charge`: taken from the balance for a refund that has moved already, an advance if need be;
 * - `give_back`: back to the balance from a refund that failed, or cost less than was charged.
 */
export type TransferKind = 'release' | 'reserve' | 'charge' | 'give_back';

/** What happens to a reservation that the balance cannot pay. */
export type Shortfall = 'wait' | 'refuse' | 'advance';

export type TransferStatus = 'owed' | 'applied';

export const TRANSFER_STATES: StateTable<TransferStatus> = stateTable('transfer', 'owed', {
  owed: ['applied'],
  applied: [],
});

/** As a decision on a payment makes it. */
export interface NewTransfer {
  readonly id: Id<'transfer'>;
  readonly kind: TransferKind;
  /** What it is for: an escrow (release) or a refund. */
  readonly source: Id<'escrow'> | Id<'refund'>;
  readonly walletAccount: Id<'wallet_account'>;
  readonly merchant: Id<'merchant'>;
  readonly wallet: WalletName;
  readonly currency: Currency;
  readonly amountFen: Fen;
  readonly shortfall: Shortfall;
  /** The release of the same escrow, which may still be on its way; null = none. */
  readonly after: Id<'transfer'> | null;
  readonly dueAtMs: number;
}

export interface Transfer extends NewTransfer {
  readonly shard: number;
  readonly marketplace: Id<'marketplace'>;
  readonly intent: Id<'payment_intent'>;
  readonly status: TransferStatus;
  readonly createdAtMs: number;
  /** null: nothing is left to do. */
  readonly settledAtMs: number | null;
  readonly tries: number;
}

/** The row itself is its whole state. */
export interface StoredTransfer extends Omit<Transfer, 'dueAtMs'> {
  readonly dueAtMs: number | null;
}

/** Towards the merchant's balance, or away from it. */
export function isCredit({ kind }: Pick<NewTransfer, 'kind'>): boolean {
  return kind === 'release' || kind === 'give_back';
}
