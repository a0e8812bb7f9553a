/**
 * Creating refunds: reserved in the ledger before the wallet is called, bounded by leg and
 * sub_order (rule 7), with a number of their own. Their later course is in report.ts.
 */
import { must } from '../../kernel/assert.ts';
import { type HutongError, hutongError } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/id.ts';
import { type Fen, minFen } from '../../kernel/money.ts';
import { err } from '../../kernel/result.ts';
import { rfc3339 } from '../../kernel/rfc3339.ts';
import type { DecideContext } from '../draft.ts';
import { refundReserved } from '../ledger/posting.ts';
import { type PaymentDecision, PaymentDraft } from '../payment/draft.ts';
import {
  type Attempt,
  AUTOMATIC_REFUND_REASONS,
  type AutomaticRefundReason,
  type Leg,
  orderedFen,
  type Payment,
  type PaymentIntent,
  type Refund,
} from '../payment/model.ts';
import { refundNumber } from '../payment/order-number.ts';
import {
  type Capabilities,
  type CapabilityTable,
  refundWindowMsOf,
} from '../wallet/capabilities.ts';
import {
  allocationOf,
  bookingOf,
  countRefunds,
  escrowOf,
  merchantFen,
  movedFenOf,
  standingOf,
  takeFromEscrow,
} from './allocation.ts';

/** When the janitor takes up a refund that no call has acted on yet. */
const REFUND_FIRST_POLL_MS = 15_000;

/** What limits a wallet's refunds. */
type RefundCapabilities = Pick<
  Capabilities,
  'products' | 'refundCountMax' | 'refundSpacingMs' | 'refundWindowMs'
>;

export interface NewRefund {
  readonly id: Id<'refund'>;
  readonly subOrder: Id<'sub_order'>;
  readonly amountFen: Fen;
  readonly reason: string;
  readonly capabilities: CapabilityTable<keyof RefundCapabilities>;
}

export interface RefundAnswer {
  readonly payment: Payment;
  readonly refund: Refund;
  readonly created: boolean;
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
  const earlier = payment.refunds.filter((row) => row.leg === leg.id);
  if (earlier.length >= limits.countMax) {
    const message = `the wallet takes ${limits.countMax} refunds of one order`;
    return err(hutongError('refund_not_possible', message));
  }
  const { amountFen } = input;
  const standing = standingOf(earlier, sub.id);
  const movedFen = movedFenOf(escrow, standing, amountFen);
  const allocation = allocationOf(escrow, standing, { amountFen, movedFen });
  const waitsUntilMs = spacedUntilMs(earlier, limits.spacingMs, context.nowMs);
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
    failure: null,
    createdAtMs: context.nowMs,
    sentAtMs: waitsUntilMs === null ? context.nowMs : null,
    settledAtMs: null,
    dueAtMs: waitsUntilMs ?? context.nowMs + REFUND_FIRST_POLL_MS,
    tries: 0,
  };
  draft.add({ refunds: [refund] });
  countRefunds(draft, leg.id, sub.id);
  takeFromEscrow(draft, escrow, merchantFen(allocation));
  draft.post(refundReserved(bookingOf(draft, refund, escrow, allocation)));
  draft.emit('refund.created', refund.id);
  return draft.decided((after) => ({ payment: after, refund, created: true }));
}

/** What the wallet accepts per order. */
interface Limits {
  readonly countMax: number;
  /** The pause that the wallet demands between two refunds of one order. */
  readonly spacingMs: number;
  /** Counted from the payment. */
  readonly windowMs: number;
}

/** Those of the product that was paid with. */
function limitsOf({ wallet, product }: Attempt, capabilities: NewRefund['capabilities']): Limits {
  const itsOwn = capabilities.get(wallet);
  if (itsOwn === undefined) return { countMax: 0, spacingMs: 0, windowMs: 0 };
  const windowMs = refundWindowMsOf(itsOwn, product);
  return { countMax: itsOwn.refundCountMax, spacingMs: itsOwn.refundSpacingMs, windowMs };
}

/** A refund that the wallet would no longer accept is refused. */
function windowProblem(
  leg: Leg,
  { windowMs }: Limits,
  { nowMs }: DecideContext,
): HutongError | undefined {
  const untilMs = must(leg.paidAtMs, 'when a paid leg was paid') + windowMs;
  if (nowMs <= untilMs) return undefined;
  const message = `the wallet took refunds of this payment until ${rfc3339(untilMs)}`;
  return hutongError('refund_not_possible', message);
}

/** The pause demanded after the last refund of one order, sent or waiting; null = send it now. */
function spacedUntilMs(
  earlier: readonly Refund[],
  spacingMs: number,
  nowMs: number,
): number | null {
  const lastMs = Math.max(0, ...earlier.map(sentOrPlannedMs));
  return lastMs + spacingMs > nowMs ? lastMs + spacingMs : null;
}

const sentOrPlannedMs = ({ createdAtMs, sentAtMs, dueAtMs }: Refund): number =>
  sentAtMs ?? Math.max(createdAtMs, dueAtMs ?? 0);

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
