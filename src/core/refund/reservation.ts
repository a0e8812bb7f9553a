/**
 * A refund that its merchant's balance has to pay: what is missing in escrow is asked of the
 * balance, and nothing is sent to the wallet before the answer (reserved, refused, or not yet).
 */
import { must, unreachable } from '../../kernel/assert.ts';
import type { Id } from '../../kernel/id.ts';
import { transition } from '../../kernel/state-table.ts';
import type { TransferOutcome } from '../balance/balance.ts';
import type { DecideContext } from '../draft.ts';
import { refundReserved } from '../ledger/posting.ts';
import { type PaymentDecision, PaymentDraft } from '../payment/draft.ts';
import { type Payment, REFUND_STATES, type Refund } from '../payment/model.ts';
import { bookingOf, escrowOf } from './allocation.ts';
import { hasFigure } from './figure.ts';
import { firstCall, limitsOf, type RefundLimits, sentOf, windowProblem } from './limits.ts';
import { leftAtWallet, settleFailed } from './settle.ts';

/** The merchant has not enough: the refund waits for it, or was refused. */
export const BALANCE_SHORT = 'merchant_balance_short';

/** What it waited for came too late: the payment's money or its refund window is gone. */
const NOT_POSSIBLE = 'refund_not_possible';

/** How long a refund may wait for its merchant's balance before an operator is alerted. */
const WAITING_PATIENCE_MS = 3_600_000;

export interface ReservationAnswer {
  readonly refund: Id<'refund'>;
  readonly outcome: TransferOutcome;
  readonly capabilities: RefundLimits;
  /** Whoever gives this answer sends the refund; else it is due at once. */
  readonly isSender: boolean;
}

export interface Reserved {
  readonly payment: Payment;
  readonly refund: Refund;
  /** It was reserved by this answer: whoever gave it sends the refund. */
  readonly isToSend: boolean;
}

export function applyReservation(
  payment: Payment,
  answer: ReservationAnswer,
  context: DecideContext,
): PaymentDecision<Reserved> {
  const draft = new PaymentDraft(payment);
  const { refund: id } = answer;
  const isNews = draft.refund(id).awaitsBalance;
  if (isNews) applyAnswer(draft, answer, context);
  return draft.decided((after) => {
    const refund = draft.refund(id);
    const isToSend = isNews && refund.status === 'created' && refund.sentAtMs !== null;
    return { payment: after, refund, isToSend };
  });
}

function applyAnswer(draft: PaymentDraft, answer: ReservationAnswer, context: DecideContext): void {
  const { refund: id, outcome } = answer;
  switch (outcome) {
    case 'applied':
      reserved(draft, answer, context);
      return;
    case 'refused':
      fail(draft, id, BALANCE_SHORT, context);
      return;
    case 'waiting':
      alertWaiting(draft, id, context);
      return;
    default:
      unreachable(outcome);
  }
}

/** Its money is here; what has become of the payment meanwhile decides whether it is still sent. */
function reserved(
  draft: PaymentDraft,
  { refund: id, capabilities, isSender }: ReservationAnswer,
  context: DecideContext,
): void {
  const refund = draft.refund(id);
  const leg = draft.leg(refund.leg);
  const { balanceFen } = must(refund.allocation, 'the allocation of a refund that waited');
  const escrow = escrowOf(draft.payment, refund);
  const asked = { balanceFen, escrowFen: 0n, feeFen: 0n };
  draft.post(refundReserved(bookingOf(draft, refund, escrow, asked)));
  draft.set('refunds', id, { awaitsBalance: false, failure: null });
  const limits = limitsOf(draft.attempt(leg.attempt), capabilities);
  const leftFen = leftAtWallet(draft.payment, refund);
  // As its report is judged: a fen of rounding off, it takes what is left.
  const isTooMuch = refund.movedFen > leftFen && !hasFigure(draft.payment, refund);
  const isSpent = leftFen <= 0n || isTooMuch;
  if (isSpent || windowProblem(leg, limits, context) !== undefined) {
    fail(draft, id, NOT_POSSIBLE, context);
    return;
  }
  const earlier = sentOf(draft.payment.refunds, leg.id).filter((row) => row.id !== id);
  const { sentAtMs, dueAtMs } = firstCall(earlier, limits, context);
  const isNow = sentAtMs !== null;
  draft.set('refunds', id, isNow && !isSender ? { dueAtMs: context.nowMs } : { sentAtMs, dueAtMs });
}

function fail(draft: PaymentDraft, id: Id<'refund'>, code: string, context: DecideContext): void {
  const status = transition(REFUND_STATES, draft.refund(id).status, 'failed');
  draft.set('refunds', id, { status });
  settleFailed(draft, id, { code, walletError: null }, context);
  draft.set('refunds', id, { awaitsBalance: false });
}

function alertWaiting(draft: PaymentDraft, id: Id<'refund'>, { nowMs }: DecideContext): void {
  const { createdAtMs, failure } = draft.refund(id);
  if (failure !== null || nowMs < createdAtMs + WAITING_PATIENCE_MS) return;
  draft.set('refunds', id, { failure: { code: BALANCE_SHORT, walletError: null } });
  draft.emit('refund.requires_attention', id);
}
