/**
 * A posting is one ledger transaction: entries that sum to zero (rule 5, asserted when it is made).
 * There is one function below per ledger moment; amounts are what really moved, never order
 * amounts. It names the object that it books and, where the wallet has said when, the wallet's own
 * moment.
 */
import { assert } from '../../kernel/assert.ts';
import type { Id } from '../../kernel/id.ts';
import type { LedgerMoment } from '../../kernel/ledger-moments.ts';
import type { Currency, Fen } from '../../kernel/money.ts';
import type { Attempt, Escrow, Leg, Refund, RefundAllocation } from '../payment/model.ts';
import {
  type AccountName,
  absorbed,
  clearing,
  escrow,
  feeDue,
  isByConfig,
  refundDue,
  suspense,
  transferInTransit,
} from './chart.ts';

export interface Entry {
  readonly account: AccountName;
  readonly debitFen: Fen;
  readonly creditFen: Fen;
  /** Exactly where the account is shared by configurations (`isByConfig`). */
  readonly config: Id<'wallet_config'> | null;
}

/** What a posting books: a leg, a refund, … */
export interface Booked {
  readonly object: string;
  readonly currency: Currency;
  /** The wallet's own time; null = it says none, or it was our deed: when we booked it. */
  readonly occurredAtMs: number | null;
}

export interface Posting extends Booked {
  readonly moment: LedgerMoment;
  readonly entries: readonly Entry[];
}

/** The wallet's side of an attempt: where its money is. */
type Rail = Pick<Attempt, 'wallet' | 'config'>;
type Config = Entry['config'];

export const debit = (account: AccountName, amountFen: Fen, config: Config = null): Entry => ({
  account,
  debitFen: amountFen,
  creditFen: 0n,
  config,
});
export const credit = (account: AccountName, amountFen: Fen, config: Config = null): Entry => ({
  account,
  debitFen: 0n,
  creditFen: amountFen,
  config,
});
/** A debit or, if it is negative, a credit. */
export const move = (account: AccountName, amountFen: Fen, config: Config = null): Entry =>
  amountFen >= 0n ? debit(account, amountFen, config) : credit(account, -amountFen, config);

/** Makes a posting; entries of zero are dropped, everything else must balance. */
export function posting(
  moment: LedgerMoment,
  { object, currency, occurredAtMs }: Booked,
  entries: readonly Entry[],
): Posting {
  let sum = 0n;
  for (const { account, debitFen, creditFen, config } of entries) {
    assert(debitFen >= 0n && creditFen >= 0n, 'rule 5: an entry is never negative');
    assert(
      (config !== null) === isByConfig(account),
      'a shared account, and no other, has configs',
    );
    sum += debitFen - creditFen;
  }
  assert(sum === 0n, `rule 5: ${moment} does not balance, off by ${sum}`);
  const moving = entries.filter((entry) => entry.debitFen !== 0n || entry.creditFen !== 0n);
  return { moment, object, currency, occurredAtMs, entries: moving };
}

/** A leg, and the attempt that it belongs to. */
interface BookedLeg {
  readonly leg: Pick<Leg, 'id' | 'currency' | 'paidAtMs'>;
  readonly attempt: Rail;
}

/** The wallet took the money: it says when. */
const taken = ({ leg: { id: object, currency, paidAtMs } }: BookedLeg): Booked => ({
  object,
  currency,
  occurredAtMs: paidAtMs,
});

/** Our own deed. */
const done = ({
  id: object,
  currency,
}: Pick<Leg | Refund | Escrow, 'id' | 'currency'>): Booked => ({
  object,
  currency,
  occurredAtMs: null,
});

/** One leg was paid: its escrows are credited with the receipt less the expected fee. */
export function paid(
  booked: BookedLeg & {
    readonly receiptFen: Fen;
    readonly feeFen: Fen;
    readonly escrows: readonly Escrow[];
  },
): Posting {
  const { wallet, config } = booked.attempt;
  return posting('paid', taken(booked), [
    debit(clearing(wallet), booked.receiptFen, config),
    ...booked.escrows.map((held) => credit(escrow(held.walletAccount), held.heldFen)),
    credit(feeDue(wallet), booked.feeFen, config),
  ]);
}

/** Paid although another attempt already counts, or paid too late: it is refunded (rule 1). */
export function paidSuperseded(booked: BookedLeg, receiptFen: Fen): Posting {
  const { wallet, config } = booked.attempt;
  return posting('paid_superseded', taken(booked), [
    debit(clearing(wallet), receiptFen, config),
    credit(refundDue, receiptFen, config),
  ]);
}

/**
 * Amount, currency or payee differ from the order (rule 3): the wallet's figure goes to suspense.
 */
export function paidConflicted(booked: BookedLeg, walletFigureFen: Fen): Posting {
  const { wallet, config } = booked.attempt;
  return posting('paid_conflicted', taken(booked), [
    debit(clearing(wallet), walletFigureFen, config),
    credit(suspense, walletFigureFen, config),
  ]);
}

/**
 * A conflict resolved by a refund. Suspense releases what was booked; if the wallet has corrected
 * its figure since, clearing takes the difference, so that it equals the wallet's balance again.
 */
export function conflictSuperseded(
  { leg, attempt: { wallet, config } }: BookedLeg,
  bookedFen: Fen,
  trueFen: Fen,
): Posting {
  return posting('conflict_superseded', done(leg), [
    debit(suspense, bookedFen, config),
    move(clearing(wallet), trueFen - bookedFen, config),
    credit(refundDue, trueFen, config),
  ]);
}

/**
 * A conflict resolved by accepting the payment. What was in suspense is credited to the merchants
 * and the wallet, up to the ordered amount; the surplus is owed to the buyer.
 */
export function conflictAccepted(
  booked: BookedLeg & {
    readonly bookedFen: Fen;
    readonly receiptFen: Fen;
    readonly surplusFen: Fen;
    readonly feeFen: Fen;
    readonly escrows: readonly Escrow[];
  },
): Posting {
  const { wallet, config } = booked.attempt;
  return posting('conflict_accepted', done(booked.leg), [
    debit(suspense, booked.bookedFen, config),
    move(clearing(wallet), booked.receiptFen - booked.bookedFen, config),
    ...booked.escrows.map((held) => credit(escrow(held.walletAccount), held.heldFen)),
    credit(feeDue(wallet), booked.feeFen, config),
    credit(refundDue, booked.surplusFen, config),
  ]);
}

/** Released to the merchant's balance: on its way there. */
export function escrowReleased(held: Escrow): Posting {
  return posting('escrow_released', done(held), [
    debit(escrow(held.walletAccount), held.heldFen),
    credit(transferInTransit, held.heldFen),
  ]);
}

/** A refund, the attempt that was paid with, and the merchant's account that it takes from. */
export interface AllocatedRefund {
  readonly refund: Pick<Refund, 'id' | 'currency'>;
  readonly attempt: Rail;
  readonly walletAccount: Id<'wallet_account'>;
  readonly allocation: RefundAllocation;
}

function allocationTotal({ escrowFen, feeFen, balanceFen }: RefundAllocation): Fen {
  return escrowFen + feeFen + balanceFen;
}

/**
 * Reserved when our transaction commits, before the wallet is called; the expected fee is reversed
 * pro rata. What the merchant's balance pays comes from there by a transfer.
 */
export function refundReserved({
  refund,
  attempt: { wallet, config },
  walletAccount,
  allocation,
}: AllocatedRefund): Posting {
  return posting('refund_reserved', done(refund), [
    debit(escrow(walletAccount), allocation.escrowFen),
    debit(feeDue(wallet), allocation.feeFen, config),
    debit(transferInTransit, allocation.balanceFen),
    credit(refundDue, allocationTotal(allocation), config),
  ]);
}

/** Failed or closed for good: exactly the stored allocation goes back to where it came from. */
export function refundFailed({
  refund,
  attempt: { wallet, config },
  walletAccount,
  allocation,
}: AllocatedRefund): Posting {
  return posting('refund_failed', done(refund), [
    debit(refundDue, allocationTotal(allocation), config),
    credit(escrow(walletAccount), allocation.escrowFen),
    credit(feeDue(wallet), allocation.feeFen, config),
    credit(transferInTransit, allocation.balanceFen),
  ]);
}

/** The wallet moved another amount than was reserved: so much more of each account, or less. */
export function refundCorrected({
  refund,
  attempt: { wallet, config },
  walletAccount,
  allocation: more,
}: AllocatedRefund): Posting {
  return posting('refund_corrected', done(refund), [
    move(escrow(walletAccount), more.escrowFen),
    move(feeDue(wallet), more.feeFen, config),
    move(transferInTransit, more.balanceFen),
    move(refundDue, -allocationTotal(more), config),
  ]);
}

/** The wallet paid the buyer; `isAbsorbed`: a second time, at nobody's expense but ours. */
export function refundSucceeded(paidBack: {
  readonly refund: Pick<Refund, 'id' | 'currency'>;
  readonly attempt: Rail;
  readonly movedFen: Fen;
  /** By the wallet's clock; null = it says no time. */
  readonly settledAtMs: number | null;
  readonly isAbsorbed?: boolean;
}): Posting {
  const { refund, attempt, movedFen, settledAtMs, isAbsorbed } = paidBack;
  const { wallet, config } = attempt;
  return posting('refund_succeeded', { ...done(refund), occurredAtMs: settledAtMs }, [
    debit(isAbsorbed === true ? absorbed : refundDue, movedFen, config),
    credit(clearing(wallet), movedFen, config),
  ]);
}
