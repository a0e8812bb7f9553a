/**
 * A posting is one ledger transaction: entries that sum to zero (rule 5, asserted when it is made).
 * The functions below are the rows of the ledger's table, one a moment; amounts are what really
 * moves, never order amounts.
 */
import { assert } from '../../kernel/assert.ts';
import type { Id } from '../../kernel/id.ts';
import type { LedgerMoment } from '../../kernel/ledger-moments.ts';
import type { Fen } from '../../kernel/money.ts';
import type { WalletName } from '../../kernel/wallet-names.ts';
import type { Escrow, RefundMix } from '../payment/model.ts';
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

/** The merchant's pocket that this money is in: escrow until receipt, then what may be paid out. */
function pocketOf({ status, merchant, wallet }: Escrow): AccountName {
  return status === 'released' ? available(merchant, wallet) : escrow(merchant, wallet);
}

/** One leg was paid: its escrows hold the receipt less the expected fee. */
export function paid(leg: {
  readonly wallet: WalletName;
  readonly receiptFen: Fen;
  readonly feeFen: Fen;
  readonly escrows: readonly Escrow[];
}): Posting {
  return posting('paid', [
    debit(clearing(leg.wallet), leg.receiptFen),
    ...leg.escrows.map((held) => credit(pocketOf(held), held.heldFen)),
    credit(feeDue(leg.wallet), leg.feeFen),
  ]);
}

/** Paid although another attempt already counts, or too late: it goes back (rule 1). */
export function paidSuperseded(wallet: WalletName, receiptFen: Fen): Posting {
  return posting('paid_superseded', [
    debit(clearing(wallet), receiptFen),
    credit(refundDue, receiptFen),
  ]);
}

/** Amount, currency or payee differ (rule 3): the wallet's own figure waits in suspense. */
export function paidConflicted(wallet: WalletName, walletFigureFen: Fen): Posting {
  return posting('paid_conflicted', [
    debit(clearing(wallet), walletFigureFen),
    credit(suspense, walletFigureFen),
  ]);
}

/**
 * A conflict resolved as "give it back". Suspense gives up what was booked; where the wallet has
 * since corrected its figure, clearing takes the difference, so that it again equals the wallet.
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
 * A conflict resolved as "it counts": what was in suspense is the merchants' and the wallet's, up
 * to what was ordered; the surplus is the buyer's.
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
    ...leg.escrows.map((held) => credit(pocketOf(held), held.heldFen)),
    credit(feeDue(leg.wallet), leg.feeFen),
    credit(refundDue, leg.surplusFen),
  ]);
}

export interface RefundPockets {
  readonly wallet: WalletName;
  readonly merchant: Id<'merchant'>;
  readonly mix: RefundMix;
}

function mixTotal(mix: RefundMix): Fen {
  return mix.escrowFen + mix.feeFen + mix.availableFen + mix.owedFen;
}

/** Reserved at our commit, before the wallet is called; the expected fee comes back pro rata. */
export function refundReserved({ wallet, merchant, mix }: RefundPockets): Posting {
  return posting('refund_reserved', [
    debit(escrow(merchant, wallet), mix.escrowFen),
    debit(feeDue(wallet), mix.feeFen),
    debit(available(merchant, wallet), mix.availableFen),
    debit(owed(merchant), mix.owedFen),
    credit(refundDue, mixTotal(mix)),
  ]);
}

/** Failed or closed for good: exactly the stored mix returns to its pockets. */
export function refundFailed({ wallet, merchant, mix }: RefundPockets): Posting {
  return posting('refund_failed', [
    debit(refundDue, mixTotal(mix)),
    credit(escrow(merchant, wallet), mix.escrowFen),
    credit(feeDue(wallet), mix.feeFen),
    credit(available(merchant, wallet), mix.availableFen),
    credit(owed(merchant), mix.owedFen),
  ]);
}

/** The wallet moved another share than was reserved: the pockets as they should have been. */
export function refundCorrected(before: RefundPockets, mix: RefundMix): Posting {
  const { wallet, merchant } = before;
  const move = (account: AccountName, moreFen: Fen): Entry =>
    moreFen >= 0n ? debit(account, moreFen) : credit(account, -moreFen);
  return posting('refund_corrected', [
    move(escrow(merchant, wallet), mix.escrowFen - before.mix.escrowFen),
    move(feeDue(wallet), mix.feeFen - before.mix.feeFen),
    move(available(merchant, wallet), mix.availableFen - before.mix.availableFen),
    move(owed(merchant), mix.owedFen - before.mix.owedFen),
    move(refundDue, mixTotal(before.mix) - mixTotal(mix)),
  ]);
}

/** The wallet gave it to the buyer; `isAbsorbed`: once more than was due, and nobody else's. */
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
