/**
 * Merchants' balances for tests below the flows: transfers are applied in any order and any number
 * of times, and what they post is booked beside the payments' own postings.
 */
import {
  applyTransfer,
  type BalanceState,
  newBalance,
  type TransferOutcome,
} from '../../src/core/balance/balance.ts';
import { isCredit, type NewTransfer } from '../../src/core/balance/transfer.ts';
import type { Decided } from '../../src/core/draft.ts';
import type { Payment } from '../../src/core/payment/model.ts';
import { formatId, type Id } from '../../src/kernel/id.ts';
import { bookPostings } from './payments.ts';

export class Balances {
  /** Written, and not settled yet. */
  readonly owed: NewTransfer[] = [];
  readonly #books: Map<string, bigint>;
  readonly #states = new Map<Id<'wallet_account'>, BalanceState>();

  constructor(books: Map<string, bigint>) {
    this.#books = books;
  }

  take({ transfers }: Pick<Decided<Payment, unknown>, 'transfers'>): void {
    this.owed.push(...(transfers ?? []));
  }

  of(account: Id<'wallet_account'>): BalanceState['balance'] | undefined {
    return this.#states.get(account)?.balance;
  }

  /** Decided twice, as after a crash: the same answer, and nothing is booked again. */
  apply(transfer: NewTransfer, nowMs: number): TransferOutcome {
    const context = { nowMs, newId: () => formatId('transfer', 1n) as never };
    const before = this.#states.get(transfer.walletAccount) ?? opened(transfer);
    const decided = applyTransfer(before, transfer, context);
    if (!decided.ok) throw new Error(decided.error.message);
    const { state, postings, answer } = decided.value;
    this.#states.set(transfer.walletAccount, state);
    bookPostings(this.#books, postings);
    const again = applyTransfer(state, transfer, context);
    if (!again.ok || again.value.answer !== answer || again.value.state !== state)
      throw new Error(`${transfer.id} is applied twice`);
    return answer;
  }

  settle({ id }: NewTransfer): void {
    const at = this.owed.findIndex((transfer) => transfer.id === id);
    if (at >= 0) this.owed.splice(at, 1);
  }

  /** What must stand on the account in transit, as a credit. */
  inTransitFen({ refunds }: Payment): bigint {
    const isAwaited = ({ source }: NewTransfer) =>
      refunds.some(({ id, awaitsBalance }) => id === source && awaitsBalance);
    let sum = 0n;
    for (const transfer of this.owed) {
      const isApplied = this.#isApplied(transfer);
      if (transfer.kind === 'reserve')
        sum += isApplied && isAwaited(transfer) ? transfer.amountFen : 0n;
      else if (!isApplied) sum += isCredit(transfer) ? transfer.amountFen : -transfer.amountFen;
    }
    return sum;
  }

  #isApplied({ id, walletAccount }: NewTransfer): boolean {
    const rows = this.#states.get(walletAccount)?.applied ?? [];
    return rows.some((row) => row.id === id && row.outcome === 'applied');
  }
}

function opened({ walletAccount, merchant, wallet, currency }: NewTransfer): BalanceState {
  const marketplace = formatId('marketplace', 1n);
  return newBalance({ id: walletAccount, shard: 0, marketplace, merchant, wallet, currency });
}
