/**
 * Refunds: reserved in our books before the wallet is called, bounded by leg and sub_order
 * (rule 7), asked again with the same number while unknown, and settled by the wallet's word.
 */
import { assert, present, unreachable } from './assert.ts';
import { type DecideContext, type Decision, PaymentDraft } from './decision.ts';
import { type HutongError, hutongError } from './errors.ts';
import type { Id } from './id.ts';
import { refundFailed, refundReserved, refundSucceeded } from './ledger/posting.ts';
import { orderedShareOf, sharesOf } from './leg-shares.ts';
import { type Fen, sumFen } from './money.ts';
import { refundNumber } from './order-number.ts';
import {
  AUTOMATIC_REFUND_REASONS,
  type AutomaticRefundReason,
  type Escrow,
  type Leg,
  OUTCOME_UNKNOWN,
  orderedFen,
  type Payment,
  REFUND_STATES,
  type Refund,
  type RefundMix,
  type SubOrder,
} from './payment.ts';
import { rfc3339 } from './present/time.ts';
import { settleFigure, wantsFigure } from './refund-figure.ts';
import { err } from './result.ts';
import { transition } from './state-table.ts';
import type { WalletError } from './wallet.ts';

/** When a refund that nobody acted on yet is looked at by the janitor. */
export const REFUND_FIRST_POLL_MS = 15_000;

/** What the wallet takes of one order. */
export interface RefundLimits {
  readonly refundCountMax: number;
  /** The wallet wants this long between two refunds of one order. */
  readonly refundSpacingMs: number;
  /** From the payment on. */
  readonly refundWindowMs: number;
}

export interface NewRefund extends RefundLimits {
  readonly id: Id<'refund'>;
  readonly subOrder: Id<'sub_order'>;
  readonly amountFen: Fen;
  readonly reason: string;
}

export interface RefundAnswer {
  readonly payment: Payment;
  readonly refund: Refund;
  readonly created: boolean;
}

/** A refund's amount, and what its wallet calls the whole sub_order. */
interface Asked {
  readonly amountFen: Fen;
  readonly orderedFen: Fen;
}

/**
 * What really moves when part of a sub_order goes back: its share of the receipt, counted over all
 * its refunds, so that the last one moves exactly what is left. Counted by the same shares as when
 * it was paid: no refund takes more fee than its sub_order was charged (rule 7).
 */
function movedFen(
  payment: Payment,
  leg: Leg,
  sub: SubOrder,
  earlier: readonly Refund[],
  { amountFen, orderedFen: wholeFen }: Asked,
): Fen {
  const receiptFen = leg.receiptAmountFen ?? leg.amountFen;
  const { netFen, feeFen } = present(
    sharesOf(leg, payment.subOrders, receiptFen).shares.find((row) => row.subOrder.id === sub.id),
    'the share of a paid sub_order',
  );
  const movedSoFar = sumFen(standingOf(earlier, sub).map((refund) => refund.movedFen));
  const movedByThen = ((sub.refundedFen + amountFen) * (netFen + feeFen)) / wholeFen;
  return movedByThen > movedSoFar ? movedByThen - movedSoFar : 0n;
}

/** Its refunds that have gone, or may still go, through. */
function standingOf(earlier: readonly Refund[], sub: SubOrder): readonly Refund[] {
  return earlier.filter((refund) => refund.subOrder === sub.id && refund.status !== 'failed');
}

export function reserveRefund(
  payment: Payment,
  input: NewRefund,
  context: DecideContext,
): Decision<RefundAnswer> {
  const existing = payment.refunds.find((refund) => refund.id === input.id);
  const draft = new PaymentDraft(payment);
  if (existing !== undefined)
    return draft.decided((same) => ({ payment: same, refund: existing, created: false }));
  const { intent } = payment;
  if (intent.status !== 'succeeded' || intent.succeededAttempt === null) {
    return err(
      hutongError('refund_not_possible', `the payment_intent is ${intent.status}, not succeeded`),
    );
  }
  const sub = payment.subOrders.find((row) => row.id === input.subOrder);
  if (sub === undefined)
    return err(hutongError('not_found', 'no such sub_order', { param: 'sub_order' }));
  const leg = present(
    payment.legs.find(
      (row) => row.attempt === intent.succeededAttempt && row.subOrders.includes(sub.id),
    ),
    'the leg of a paid sub_order',
  );
  const late = windowProblem(leg, input, context);
  if (late !== undefined) return err(late);
  const paidFen = orderedShareOf(leg, payment.subOrders, sub);
  const leftFen = min(
    min(sub.amountFen, paidFen) - sub.refundedFen,
    orderedFen(leg) - leg.refundedFen,
  );
  if (input.amountFen > leftFen) {
    const message = `${leftFen} fen are left of this sub_order`;
    return err(hutongError('refund_exceeds_payment', message, { param: 'amount' }));
  }
  const earlier = payment.refunds.filter((row) => row.leg === leg.id);
  if (earlier.length >= input.refundCountMax) {
    return err(
      hutongError(
        'refund_not_possible',
        `the wallet takes ${input.refundCountMax} refunds of one order`,
      ),
    );
  }
  const escrow = present(
    payment.escrows.find((row) => row.subOrder === sub.id && row.leg === leg.id),
    'the escrow',
  );
  const asked = { amountFen: input.amountFen, orderedFen: paidFen };
  const moved = movedFen(payment, leg, sub, earlier, asked);
  const mix = pockets(sub, escrow, takenOf(earlier, sub), asked, moved);
  const refund: Refund = {
    id: input.id,
    leg: leg.id,
    subOrder: sub.id,
    amountFen: input.amountFen,
    movedFen: moved,
    reason: input.reason,
    status: 'created',
    refundNo: refundNumber(intent.id, input.id),
    walletRefundId: null,
    mix,
    failure: null,
    createdAtMs: context.nowMs,
    dueAtMs: firstDueMs(earlier, input.refundSpacingMs, context.nowMs),
    tries: 0,
  };
  draft.add({ refunds: [refund] });
  draft.setLeg(leg.id, { refundedFen: leg.refundedFen + input.amountFen });
  draft.setSubOrder(sub.id, { refundedFen: sub.refundedFen + input.amountFen });
  draft.setEscrow(escrow.id, { heldFen: escrow.heldFen - mix.escrowFen - mix.availableFen });
  draft.post(refundReserved({ wallet: escrow.wallet, merchant: escrow.merchant, mix }));
  draft.tell('refund.created', refund.id);
  return draft.decided((after) => ({ payment: after, refund, created: true }));
}

/** A refund that the wallet would no longer take is promised to nobody. */
function windowProblem(
  leg: Leg,
  { refundWindowMs }: RefundLimits,
  { nowMs }: DecideContext,
): HutongError | undefined {
  const untilMs = present(leg.paidAtMs, 'when a paid leg was paid') + refundWindowMs;
  if (nowMs <= untilMs) return undefined;
  const message = `the wallet took refunds of this payment until ${rfc3339(untilMs)}`;
  return hutongError('refund_not_possible', message);
}

/** Sent at once and looked at soon after; where the wallet wants a pause, sent when it is over. */
function firstDueMs(earlier: readonly Refund[], spacingMs: number, nowMs: number): number {
  const lastMs = Math.max(0, ...earlier.map((refund) => refund.createdAtMs));
  return lastMs + spacingMs > nowMs ? lastMs + spacingMs : nowMs + REFUND_FIRST_POLL_MS;
}

/** May the wallet be told of it now, or does it wait for its turn? */
export function mayCallNow(payment: Payment, refund: Refund, spacingMs: number): boolean {
  return payment.refunds.every(
    (other) =>
      other.id === refund.id ||
      other.leg !== refund.leg ||
      other.createdAtMs + spacingMs <= refund.createdAtMs ||
      other.createdAtMs > refund.createdAtMs,
  );
}

const min = (a: Fen, b: Fen): Fen => (a < b ? a : b);

/**
 * The sub_order's escrow gives its share, counted over all its refunds so that the last one empties
 * it; the rest of what moves is the fee, which the wallet gives back. What the escrow no longer has
 * is advanced.
 */
function pockets(
  sub: SubOrder,
  escrow: Escrow,
  takenFen: Fen,
  { amountFen, orderedFen: wholeFen }: Asked,
  moved: Fen,
): RefundMix {
  const heldAtFirst = escrow.heldFen + takenFen;
  const shareFen = ((sub.refundedFen + amountFen) * heldAtFirst) / wholeFen - takenFen;
  const dueFen = min(shareFen > 0n ? shareFen : 0n, moved);
  const heldFen = min(dueFen, escrow.heldFen);
  const rest = { feeFen: moved - dueFen, owedFen: dueFen - heldFen };
  return escrow.status === 'released'
    ? { ...rest, escrowFen: 0n, availableFen: heldFen }
    : { ...rest, escrowFen: heldFen, availableFen: 0n };
}

/** What the sub_order's earlier refunds took out of what its merchant got. */
function takenOf(earlier: readonly Refund[], sub: SubOrder): Fen {
  return sumFen(
    standingOf(earlier, sub).map(
      (refund) => (refund.mix?.escrowFen ?? 0n) + (refund.mix?.availableFen ?? 0n),
    ),
  );
}

const REVERSAL_HEAD_START_MS = 3_000;

/** A refund of a whole leg that Hutong gives by itself, out of refund_due, not of a merchant. */
export function newAutomaticRefund(
  intent: Id<'payment_intent'>,
  leg: Leg,
  { amountFen, movedFen }: Pick<Refund, 'amountFen' | 'movedFen'>,
  reason: AutomaticRefundReason,
  context: DecideContext,
): Refund {
  const id = context.newId('refund');
  return {
    id,
    leg: leg.id,
    subOrder: null,
    amountFen,
    movedFen,
    reason,
    status: 'created',
    refundNo: refundNumber(intent, id),
    walletRefundId: null,
    mix: null,
    failure: null,
    createdAtMs: context.nowMs,
    // A reversal that is on its way is heard out before the next one.
    dueAtMs: context.nowMs + (reason === 'reversed' ? REVERSAL_HEAD_START_MS : 0),
    tries: 0,
  };
}

export function isAutomatic(refund: Refund): boolean {
  return (
    (AUTOMATIC_REFUND_REASONS as readonly string[]).includes(refund.reason) &&
    refund.subOrder === null
  );
}

/** The wallet's word on a refund; `wallets/wallet.ts` RefundReport satisfies it. */
export interface RefundWord {
  readonly status:
    | 'submitted'
    | 'processing'
    | 'succeeded'
    | 'abnormal'
    | 'failed'
    | 'not_found'
    | 'unknown';
  readonly walletRefundId: string | null;
  readonly amountFen: Fen | null;
  readonly settlementFen?: Fen | null;
  readonly walletError: WalletError | null;
}

export function applyRefundReport(
  payment: Payment,
  input: { readonly refund: Id<'refund'>; readonly word: RefundWord },
  context: DecideContext,
): Decision<RefundAnswer> {
  const draft = new PaymentDraft(payment);
  const refund = present(
    payment.refunds.find((row) => row.id === input.refund),
    'the reported refund',
  );
  const next = nextStatus(payment, refund, input.word);
  if (input.word.walletRefundId !== null && refund.walletRefundId === null) {
    draft.setRefund(refund.id, { walletRefundId: input.word.walletRefundId });
  }
  const isNews = next !== refund.status;
  if (isNews && !isSilent(next) && refund.failure?.code === OUTCOME_UNKNOWN)
    draft.setRefund(refund.id, { failure: null });
  if (next === 'failed' && isNews && isAutomatic(refund))
    tryAgain(draft, refund, input.word, context);
  else if (isNews) settleRefund(draft, refund, next, input.word);
  // The wallet has done it; only its figure is wanting, and can be asked for at once.
  const isDone = next === 'processing' && input.word.status === 'succeeded';
  if (isDone && (refund.dueAtMs === null || refund.dueAtMs > context.nowMs))
    draft.setRefund(refund.id, { dueAtMs: context.nowMs });
  if (isLeftUnknown(refund, next, input.word, context)) callForAttention(draft, refund, input.word);
  return draft.decided((after) => ({
    payment: after,
    refund: present(
      after.refunds.find((row) => row.id === refund.id),
      'the reported refund',
    ),
    created: false,
  }));
}

/** Its wallet has said nothing to go by for so long that a person must look. */
export const UNKNOWN_PATIENCE_MS = 3_600_000;

/** Neither taken nor refused, as far as anybody knows. */
function isSilent(status: Refund['status']): boolean {
  return status === 'unknown' || status === 'submitted';
}

function isLeftUnknown(
  refund: Refund,
  next: Refund['status'],
  word: RefundWord,
  context: DecideContext,
): boolean {
  // What is in processing by the wallet's own word takes the time that it takes.
  const isWaiting = isSilent(next) || (next === 'processing' && word.status === 'unknown');
  const isOld = context.nowMs >= refund.createdAtMs + UNKNOWN_PATIENCE_MS;
  return isWaiting && isOld && refund.failure?.code !== OUTCOME_UNKNOWN;
}

/** Told once. It stays unknown and is asked about as before: nobody guesses (rule 2). */
function callForAttention(draft: PaymentDraft, refund: Refund, { walletError }: RefundWord): void {
  draft.setRefund(refund.id, { failure: { code: OUTCOME_UNKNOWN, walletError } });
  draft.tell('refund.requires_attention', refund.id);
}

function nextStatus(payment: Payment, refund: Refund, word: RefundWord): Refund['status'] {
  const said = wordStatus(refund, word);
  // What it moved is not sure before a query has told it: until then it is not settled.
  const wanted = said === 'succeeded' && wantsFigure(payment, refund, word) ? 'processing' : said;
  if (wanted === refund.status || REFUND_STATES.allows(refund.status, wanted)) return wanted;
  return refund.status;
}

function isOurs(refund: Refund, { amountFen, settlementFen }: RefundWord): boolean {
  const isTrue =
    settlementFen == null || (settlementFen >= 0n && settlementFen <= refund.amountFen);
  return isTrue && (amountFen === null || amountFen === refund.amountFen);
}

function wordStatus(refund: Refund, word: RefundWord): Refund['status'] {
  switch (word.status) {
    case 'succeeded':
      // Rule 3 for refunds: an amount that is not ours is asked again, not believed.
      return isOurs(refund, word) ? 'succeeded' : 'unknown';
    case 'submitted':
    case 'processing':
    case 'abnormal':
    case 'failed':
      return word.status;
    case 'not_found':
    case 'unknown':
      return refund.status === 'created' ? 'unknown' : refund.status;
    default:
      return unreachable(word.status);
  }
}

/** How long a wallet that closed an automatic refund is left alone before the next one. */
const NEXT_AUTOMATIC_MS = 600_000;

/**
 * An automatic refund is given for ever, with an alarm. Refused, it keeps its number, is abnormal
 * and stays due. Taken and then closed, its number is spent: a new one follows.
 */
function tryAgain(
  draft: PaymentDraft,
  refund: Refund,
  word: RefundWord,
  context: DecideContext,
): void {
  if (word.walletError !== null) {
    if (refund.status === 'abnormal' && refund.failure !== null) return;
    draft.setRefund(refund.id, {
      failure: { code: 'refund_refused', walletError: word.walletError },
    });
    if (refund.status !== 'abnormal') settleRefund(draft, refund, 'abnormal', word);
    return;
  }
  settleRefund(draft, refund, 'failed', word);
  const leg = present(
    draft.payment.legs.find((row) => row.id === refund.leg),
    'the leg of an automatic refund',
  );
  const reason = refund.reason as AutomaticRefundReason;
  const next = newAutomaticRefund(draft.intent.id, leg, refund, reason, context);
  draft.add({ refunds: [{ ...next, dueAtMs: context.nowMs + NEXT_AUTOMATIC_MS }] });
  draft.tell('refund.created', next.id);
}

export function settleRefund(
  draft: PaymentDraft,
  refund: Refund,
  next: Refund['status'],
  word: RefundWord,
): void {
  draft.setRefund(refund.id, { status: transition(REFUND_STATES, refund.status, next) });
  const leg = present(
    draft.payment.legs.find((row) => row.id === refund.leg),
    'the leg of a refund',
  );
  const attempt = present(
    draft.payment.attempts.find((row) => row.id === leg.attempt),
    'its attempt',
  );
  if (next === 'succeeded') {
    draft.setRefund(refund.id, { dueAtMs: null, failure: null });
    settleFigure(draft, refund, word);
    draft.post(refundSucceeded(attempt.wallet, movedOf(draft, refund)));
    if (refund.subOrder !== null) {
      draft.setIntent({ amountRefundedFen: draft.intent.amountRefundedFen + refund.amountFen });
      assert(
        draft.intent.amountRefundedFen <= draft.intent.amountReceivedFen,
        'rule 7: refunded <= received',
      );
    }
    draft.tell('refund.succeeded', refund.id);
  } else if (next === 'failed') {
    draft.setRefund(refund.id, {
      dueAtMs: null,
      failure: { code: 'refund_refused', walletError: word.walletError },
    });
    giveBackReservation(draft, refund, leg, attempt.wallet);
    draft.tell('refund.failed', refund.id);
  } else if (next === 'abnormal') {
    draft.tell('refund.requires_attention', refund.id);
  }
}

function giveBackReservation(
  draft: PaymentDraft,
  refund: Refund,
  leg: Leg,
  wallet: Escrow['wallet'],
): void {
  const { mix, subOrder } = refund;
  if (mix === null || subOrder === null) return;
  const sub = present(
    draft.payment.subOrders.find((row) => row.id === subOrder),
    'the refunded sub_order',
  );
  const escrow = present(
    draft.payment.escrows.find((row) => row.subOrder === subOrder && row.leg === leg.id),
    'the escrow',
  );
  draft.setLeg(leg.id, { refundedFen: leg.refundedFen - refund.amountFen });
  draft.setSubOrder(sub.id, { refundedFen: sub.refundedFen - refund.amountFen });
  draft.setEscrow(escrow.id, { heldFen: escrow.heldFen + mix.escrowFen + mix.availableFen });
  draft.post(refundFailed({ wallet, merchant: escrow.merchant, mix }));
}

function movedOf(draft: PaymentDraft, { id }: Refund): Fen {
  const refund = draft.payment.refunds.find((row) => row.id === id);
  return present(refund, 'the settled refund').movedFen;
}
