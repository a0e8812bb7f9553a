/**
 * A posting is one ledger transaction: entries that sum to zero (rule 5, asserted when it is made).
 * There is one function below per ledger moment; amounts are what really moved, never order
 * amounts.
 */
import { assert } from '../../kernel/assert.ts';
import type { Id } from '../../kernel/id.ts';
import type { LedgerMoment } from '../../kernel/ledger-moments.ts';
import type { Fen } from '../../kernel/money.ts';
import type { WalletName } from '../../kernel/wallet-names.ts';
import type { Escrow, RefundAllocation } from '../payment/model.ts';
import {
  type AccountName,
  absorbed,
  available,
  clearing,
  escrow,
  feeDue,
  owed,
  refundDue,
  suspense,
} from './chart.ts';

export interface Entry {
  readonly account: AccountName;
  readonly debitFen: Fen;
  readonly creditFen: Fen;
}

export interface Posting {
  readonly moment: LedgerMoment;
  readonly currency: 'cny';
  readonly entries: readonly Entry[];
}

const debit = (account: AccountName, amountFen: Fen): Entry => ({
  account,
  debitFen: amountFen,
  creditFen: 0n,
});
const credit = (account: AccountName, amountFen: Fen): Entry => ({
  account,
  debitFen: 0n,
  creditFen: amountFen,
});

/** Makes a posting; entries of zero are dropped, everything else must balance. */
export function posting(moment: LedgerMoment, entries: readonly Entry[]): Posting {
  let sum = 0n;
  for (const entry of entries) {
    assert(entry.debitFen >= 0n && entry.creditFen >= 0n, 'rule 5: an entry is never negative');
    sum += entry.debitFen - entry.creditFen;
  }
  assert(sum === 0n, `rule 5: ${moment} does not balance, off by ${sum}`);
  const moving = entries.filter((entry) => entry.debitFen !== 0n || entry.creditFen !== 0n);
  return { moment, currency: 'cny', entries: moving };
}

/**
 * The merchant's account that holds this money: escrow until the buyer has the goods, then
 * available for payout.
 */
function merchantAccount({ status, merchant, wallet }: Escrow): AccountName {
  return status === 'released' ? available(merchant, wallet) : escrow(merchant, wallet);
}

/** One leg was paid: its escrows are credited with the receipt less the expected fee. */
export function paid(leg: {
  readonly wallet: WalletName;
  readonly receiptFen: Fen;
  readonly feeFen: Fen;
  readonly escrows: readonly Escrow[];
}): Posting {
  return posting('paid', [
    debit(clearing(leg.wallet), leg.receiptFen),
    ...leg.escrows.map((held) => credit(merchantAccount(held), held.heldFen)),
    credit(feeDue(leg.wallet), leg.feeFen),
  ]);
}

/** Paid although another attempt already counts, or paid too late: it is refunded (rule 1). */
export function paidSuperseded(wallet: WalletName, receiptFen: Fen): Posting {
  return posting('paid_superseded', [
    debit(clearing(wallet), receiptFen),
    credit(refundDue, receiptFen),
  ]);
}

/**
 * Amount, currency or payee differ from the order (rule 3): the wallet's figure goes to suspense.
 */
export function paidConflicted(wallet: WalletName, walletFigureFen: Fen): Posting {
  return posting('paid_conflicted', [
    debit(clearing(wallet), walletFigureFen),
    credit(suspense, walletFigureFen),
  ]);
}

/**
 * A conflict resolved by a refund. Suspense releases what was booked; if the wallet has corrected
 * its figure since, clearing takes the difference, so that it equals the wallet's balance again.
 */
export function conflictSuperseded(wallet: WalletName, bookedFen: Fen, trueFen: Fen): Posting {
  const difference = trueFen - bookedFen;
  return posting('conflict_superseded', [
    debit(suspense, bookedFen),
    difference > 0n ? debit(clearing(wallet), difference) : credit(clearing(wallet), -difference),
    credit(refundDue, trueFen),
  ]);
}

/**
 * A conflict resolved by accepting the payment. What was in suspense is credited to the merchants
 * and the wallet, up to the ordered amount; the surplus is owed to the buyer.
 */
export function conflictAccepted(leg: {
  readonly wallet: WalletName;
  readonly bookedFen: Fen;
  readonly receiptFen: Fen;
  readonly surplusFen: Fen;
  readonly feeFen: Fen;
  readonly escrows: readonly Escrow[];
}): Posting {
  const difference = leg.receiptFen - leg.bookedFen;
  const cleared = clearing(leg.wallet);
  return posting('conflict_accepted', [
    debit(suspense, leg.bookedFen),
    difference > 0n ? debit(cleared, difference) : credit(cleared, -difference),
    ...leg.escrows.map((held) => credit(merchantAccount(held), held.heldFen)),
    credit(feeDue(leg.wallet), leg.feeFen),
    credit(refundDue, leg.surplusFen),
  ]);
}

export interface AllocatedRefund {
  readonly wallet: WalletName;
  readonly merchant: Id<'merchant'>;
  readonly allocation: RefundAllocation;
}

function allocationTotal(allocation: RefundAllocation): Fen {
  return allocation.escrowFen + allocation.feeFen + allocation.availableFen + allocation.owedFen;
}

/**
 * Reserved when our transaction commits, before the wallet is called; the expected fee is reversed
 * pro rata.
 */
export function refundReserved({ wallet, merchant, allocation }: AllocatedRefund): Posting {
  return posting('refund_reserved', [
    debit(escrow(merchant, wallet), allocation.escrowFen),
    debit(feeDue(wallet), allocation.feeFen),
    debit(available(merchant, wallet), allocation.availableFen),
    debit(owed(merchant), allocation.owedFen),
    credit(refundDue, allocationTotal(allocation)),
  ]);
}

/** Failed or closed for good: exactly the stored allocation is released to its accounts. */
export function refundFailed({ wallet, merchant, allocation }: AllocatedRefund): Posting {
  return posting('refund_failed', [
    debit(refundDue, allocationTotal(allocation)),
    credit(escrow(merchant, wallet), allocation.escrowFen),
    credit(feeDue(wallet), allocation.feeFen),
    credit(available(merchant, wallet), allocation.availableFen),
    credit(owed(merchant), allocation.owedFen),
  ]);
}

/** The wallet moved another amount than was reserved: corrects the accounts of the allocation. */
export function refundCorrected(before: AllocatedRefund, allocation: RefundAllocation): Posting {
  const { wallet, merchant } = before;
  const move = (account: AccountName, moreFen: Fen): Entry =>
    moreFen >= 0n ? debit(account, moreFen) : credit(account, -moreFen);
  return posting('refund_corrected', [
    move(escrow(merchant, wallet), allocation.escrowFen - before.allocation.escrowFen),
    move(feeDue(wallet), allocation.feeFen - before.allocation.feeFen),
    move(available(merchant, wallet), allocation.availableFen - before.allocation.availableFen),
    move(owed(merchant), allocation.owedFen - before.allocation.owedFen),
    move(refundDue, allocationTotal(before.allocation) - allocationTotal(allocation)),
  ]);
}

/** The wallet paid the buyer; `isAbsorbed`: a second time, at nobody's expense but ours. */
export function refundSucceeded(refund: {
  readonly wallet: WalletName;
  readonly movedFen: Fen;
  readonly isAbsorbed?: boolean;
}): Posting {
  const { wallet, movedFen, isAbsorbed } = refund;
  return posting('refund_succeeded', [
    debit(isAbsorbed === true ? absorbed : refundDue, movedFen),
    credit(clearing(wallet), movedFen),
  ]);
}
