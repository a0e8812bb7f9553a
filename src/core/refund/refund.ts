/**
 * Creating refunds: reserved in the ledger before the wallet is called, bounded by leg and
 * sub_order (rule 7), with a number of their own. Their later course is in report.ts.
 */
import { must } from '../../kernel/assert.ts';
import { hutongError } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/id.ts';
import { type Fen, minFen } from '../../kernel/money.ts';
import { err } from '../../kernel/result.ts';
import type { NewTransfer, Shortfall } from '../balance/transfer.ts';
import type { DecideContext } from '../draft.ts';
import { refundReserved } from '../ledger/posting.ts';
import { type PaymentDecision, PaymentDraft } from '../payment/draft.ts';
import {
  AUTOMATIC_REFUND_REASONS,
  type AutomaticRefundReason,
  type Escrow,
  orderedFen,
  type Payment,
  type PaymentIntent,
  type Refund,
} from '../payment/model.ts';
import { refundNumber } from '../payment/order-number.ts';
import {
  allocationOf,
  bookingOf,
  chargeMerchant,
  countRefunds,
  escrowOf,
  movedFenOf,
  standingOf,
} from './allocation.ts';
import { firstCall, limitsOf, type RefundLimits, sentOf, windowProblem } from './limits.ts';

export interface NewRefund {
  readonly id: Id<'refund'>;
  readonly subOrder: Id<'sub_order'>;
  readonly amountFen: Fen;
  readonly reason: string;
  /** What to do where neither escrow nor balance can pay it; left out = it is advanced. */
  readonly shortfall?: Shortfall;
  readonly capabilities: RefundLimits;
}

export interface RefundAnswer {
  readonly payment: Payment;
  readonly refund: Refund;
  readonly created: boolean;
  /** What was asked of the merchant's balance by this decision. */
  readonly transfer?: NewTransfer | null;
}

/** Whether a refund may be made; if so, it is reserved. */
export function reserveRefund(
  payment: Payment,
  input: NewRefund,
  context: DecideContext,
): PaymentDecision<RefundAnswer> {
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
  const leg = must(
    payment.legs.find(
      (row) => row.attempt === intent.succeededAttempt && row.subOrders.includes(sub.id),
    ),
    'the leg of a paid sub_order',
  );
  const limits = limitsOf(draft.attempt(intent.succeededAttempt), input.capabilities);
  const late = windowProblem(leg, limits, context);
  if (late !== undefined) return err(late);
  const escrow = escrowOf(payment, { leg: leg.id, subOrder: sub.id });
  const leftFen = minFen(
    minFen(sub.amountFen, escrow.orderedFen) - sub.refundedFen,
    orderedFen(leg) - leg.refundedFen,
  );
  if (input.amountFen > leftFen) {
    const message = `${leftFen} fen are left of this sub_order`;
    return err(hutongError('refund_exceeds_payment', message, { param: 'amount' }));
  }
  const earlier = sentOf(payment.refunds, leg.id);
  if (earlier.length >= limits.countMax) {
    const message = `the wallet takes ${limits.countMax} refunds of one order`;
    return err(hutongError('refund_not_possible', message));
  }
  const { amountFen } = input;
  const standing = standingOf(earlier, sub.id);
  const movedFen = movedFenOf(escrow, standing, amountFen);
  const allocation = allocationOf(escrow, standing, { amountFen, movedFen });
  const { balanceFen } = allocation;
  const { shortfall = 'advance' } = input;
  const awaitsBalance = balanceFen > 0n;
  const refund: Refund = {
    id: input.id,
    leg: leg.id,
    subOrder: sub.id,
    currency: leg.currency,
    amountFen,
    movedFen,
    reason: input.reason,
    status: 'created',
    refundNo: refundNumber(intent.id, input.id, 1),
    earlierNos: [],
    walletRefundId: null,
    allocation,
    awaitsBalance,
    failure: null,
    createdAtMs: context.nowMs,
    settledAtMs: null,
    ...(awaitsBalance ? UNSENT : firstCall(earlier, limits, context)),
    tries: 0,
  };
  draft.add({ refunds: [refund] });
  countRefunds(draft, leg.id, sub.id);
  chargeMerchant(draft, escrow, allocation);
  const reserved = awaitsBalance ? { ...allocation, balanceFen: 0n } : allocation;
  draft.post(refundReserved(bookingOf(draft, refund, escrow, reserved)));
  const transfer = awaitsBalance ? askBalance(draft, escrow, refund, shortfall, context) : null;
  draft.emit('refund.created', refund.id);
  return draft.decided((after) => ({ payment: after, refund, created: true, transfer }));
}

/** While its merchant's balance is asked. */
const UNSENT = { sentAtMs: null, dueAtMs: null } as const;

/** The sweeps come to it where whoever made the refund does not. */
const RESERVE_HEAD_START_MS = 2_000;

function askBalance(
  draft: PaymentDraft,
  escrow: Escrow,
  { id: source, allocation }: Refund,
  shortfall: Shortfall,
  context: DecideContext,
): NewTransfer {
  const amountFen = must(allocation, 'the allocation of a refund of a sub_order').balanceFen;
  const dueAtMs = context.nowMs + RESERVE_HEAD_START_MS;
  const asked = { kind: 'reserve', source, amountFen, shortfall, dueAtMs } as const;
  return draft.transfer({ ...asked, escrow, after: escrow.release }, context);
}

const REVERSAL_HEAD_START_MS = 3_000;

/**
 * An automatic refund, of a whole leg or of an overpayment: paid out of refund_due, not by a
 * merchant.
 */
export function newAutomaticRefund(
  { id: intent, currency }: PaymentIntent,
  leg: Id<'leg'>,
  { amountFen, movedFen }: Pick<Refund, 'amountFen' | 'movedFen'>,
  reason: AutomaticRefundReason,
  context: DecideContext,
): Refund {
  const id = context.newId('refund');
  return {
    id,
    leg,
    subOrder: null,
    currency,
    amountFen,
    movedFen,
    reason,
    status: 'created',
    refundNo: refundNumber(intent, id, 1),
    earlierNos: [],
    walletRefundId: null,
    allocation: null,
    awaitsBalance: false,
    failure: null,
    createdAtMs: context.nowMs,
    sentAtMs: null,
    settledAtMs: null,
    // The reversal in flight gets its time to answer before the next one is sent.
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
