/**
 * Applies what a wallet reports about an attempt: the one code path of notification, query, start,
 * close and bill (rule 4). No report makes it throw, a mismatch is never believed (rule 3), it
 * never closes on a guess (rule 2), and it lets at most one attempt count (rule 1).
 */
import { unreachable } from '../../kernel/assert.ts';
import type { Id } from '../../kernel/id.ts';
import { transition } from '../../kernel/state-table.ts';
import type { DecideContext } from '../draft.ts';
import { paidConflicted } from '../ledger/posting.ts';
import type { ReportCapabilities } from '../wallet/capabilities.ts';
import { type AttemptReport, type LegReport, silentReport } from '../wallet/report.ts';
import { moveLeg, moveWithLegs } from './attempt.ts';
import { alertContradiction, alertReversedAtWallet } from './attention.ts';
import { type PaymentDecision, PaymentDraft } from './draft.ts';
import { contradicts, disputedOf, isBooked, mismatchOf, receiptOf } from './figures.ts';
import { isLive, settleIntentStatus } from './intent-status.ts';
import { ATTEMPT_STATES, type Leg, type Payment } from './model.ts';
import { beginTail, continueTail, leaveToBill } from './provisional-close.ts';
import { bookReversal } from './reverse.ts';
import { settleAttempt } from './settle.ts';

export interface Reported {
  readonly attempt: Id<'payment_attempt'>;
  readonly report: AttemptReport;
  /** The capabilities of the attempt's wallet. */
  readonly capabilities: ReportCapabilities;
}

export function applyReport(
  payment: Payment,
  reported: Reported,
  context: DecideContext,
): PaymentDecision<Payment> {
  const draft = new PaymentDraft(payment);
  applyReportTo(draft, reported, context);
  return draft.decided((after) => after);
}

export function applyReportTo(
  draft: PaymentDraft,
  { attempt, report, capabilities }: Reported,
  context: DecideContext,
): void {
  switch (report.outcome) {
    case 'answered':
      applyLegReports(draft, attempt, report.legs, capabilities, context);
      break;
    case 'reversed':
      bookReversal(draft, attempt, report.legs, context);
      break;
    case 'closed':
      applyClosed(draft, attempt, report.isUnseen === true, context);
      break;
    case 'not_found': {
      const legs = draft.legsOf(attempt).map((leg) => silentReport(leg.orderNo, 'not_found'));
      applyLegReports(draft, attempt, legs, capabilities, context);
      break;
    }
    default:
      unreachable(report);
  }
  settleIntentStatus(draft);
}

/** The answer to a close: no leg can be paid any more (rule 2: only that closes an attempt). */
function applyClosed(
  draft: PaymentDraft,
  id: Id<'payment_attempt'>,
  isUnseen: boolean,
  context: DecideContext,
): void {
  const before = draft.attempt(id);
  // A wallet that says closed after it said paid is queried again, not believed.
  const isPaidInPart = draft.legsOf(id).some((leg) => leg.status === 'succeeded');
  if (isLive(before) && !isPaidInPart) moveWithLegs(draft, id, 'closed');
  beginTail(draft, before, context);
  if (isUnseen) leaveToBill(draft, id);
}

/** A report about one order of the attempt, and the leg of that order. */
interface OfLeg {
  readonly leg: Id<'leg'>;
  readonly report: LegReport;
}

/** Applies each leg's report, then derives the attempt's status from its legs. */
function applyLegReports(
  draft: PaymentDraft,
  id: Id<'payment_attempt'>,
  reports: readonly LegReport[],
  capabilities: ReportCapabilities,
  context: DecideContext,
): void {
  const own = ofLegs(draft, id, reports);
  if (own.some(({ report }) => report.isReversed === true)) {
    bookReversal(draft, id, reports, context);
    return;
  }
  const before = draft.attempt(id);
  const isDecided = draft.intent.resolution !== null;
  const isContradicted = own.some(({ leg, report }) =>
    contradicts(draft.leg(leg), report, isDecided),
  );
  for (const one of own) applyLegReport(draft, one, capabilities, context);
  settleAttempt(draft, id, capabilities, context);
  if (isContradicted) alertContradiction(draft, id);
  beginTail(draft, before, context);
  continueTail(draft, id, reports, context);
  if (own.some(({ report }) => report.isUnseen === true)) leaveToBill(draft, id);
  alertReversedLegs(draft, own);
}

/** Only reports about orders of this attempt. */
function ofLegs(
  draft: PaymentDraft,
  id: Id<'payment_attempt'>,
  reports: readonly LegReport[],
): OfLeg[] {
  const legs = new Map(draft.legsOf(id).map((leg) => [leg.orderNo, leg.id]));
  return reports.flatMap((report) => {
    const leg = legs.get(report.orderNo);
    return leg === undefined ? [] : [{ leg, report }];
  });
}

function applyLegReport(
  draft: PaymentDraft,
  { leg: id, report }: OfLeg,
  { notFoundIsFinalAfterMs }: ReportCapabilities,
  context: DecideContext,
): void {
  const leg = draft.leg(id);
  switch (report.status) {
    case 'succeeded':
      applyPaid(draft, id, report, context);
      return;
    case 'closed':
    case 'failed':
    case 'pending':
      moveLeg(draft, id, report.status);
      return;
    case 'not_found': {
      // Before that moment "not found" only means that the buyer has not opened the order yet.
      const finalAtMs = draft.attempt(leg.attempt).expiresAtMs + notFoundIsFinalAfterMs;
      if (context.nowMs >= finalAtMs) closeUnseen(draft, leg);
      else if (leg.status === 'created') moveLeg(draft, id, 'unknown');
      return;
    }
    case 'unknown':
      if (leg.status === 'created') moveLeg(draft, id, 'unknown');
      return;
    default:
      unreachable(report.status);
  }
}

/** Closed although the wallet never knew the order: it may still turn out otherwise. */
function closeUnseen(draft: PaymentDraft, { id, attempt, status }: Leg): void {
  if (!ATTEMPT_STATES.allows(status, 'closed')) return;
  moveLeg(draft, id, 'closed');
  draft.set('attempts', attempt, { isProvisional: true });
}

function applyPaid(
  draft: PaymentDraft,
  id: Id<'leg'>,
  report: LegReport,
  context: DecideContext,
): void {
  const leg = draft.leg(id);
  if (isBooked(leg)) return;
  const walletTransactionId = report.walletTransactionId ?? leg.walletTransactionId;
  const paidAtMs = report.paidAtMs ?? context.nowMs;
  const attempt = draft.attempt(leg.attempt);
  const { payerWalletReported, amountFen } = report;
  if (payerWalletReported !== null && payerWalletReported !== attempt.payerWalletReported)
    draft.set('attempts', attempt.id, { payerWalletReported });
  const mismatch = mismatchOf(leg, report);
  if (mismatch === undefined) {
    draft.set('legs', id, {
      walletTransactionId,
      paidAtMs,
      status: transition(ATTEMPT_STATES, leg.status, 'succeeded'),
      payerAmountFen: report.payerAmountFen ?? leg.amountFen,
      receiptAmountFen: receiptOf(report, leg.amountFen),
      disputedFen: null,
    });
    return;
  }
  // A success with an impossible amount gives nothing to book: the wallet is queried again.
  if (leg.status === 'conflicted' || amountFen === null || amountFen <= 0n) return;
  draft.set('legs', id, {
    walletTransactionId,
    paidAtMs,
    status: transition(ATTEMPT_STATES, leg.status, 'conflicted'),
    receiptAmountFen: receiptOf(report, amountFen),
    suspenseFen: amountFen,
    disputedFen: disputedOf(leg, amountFen),
  });
  const failure = { code: `${mismatch}_mismatch`, walletError: null };
  draft.set('attempts', attempt.id, { failure });
  draft.post(paidConflicted({ leg: draft.leg(id), attempt }, amountFen));
}

/** Legs that count and that this report closes. A report that also calls one paid says neither. */
function alertReversedLegs(draft: PaymentDraft, own: readonly OfLeg[]): void {
  const paid = new Set(own.filter(({ report }) => report.status === 'succeeded').map((o) => o.leg));
  for (const { leg, report } of own)
    if (report.status === 'closed' && !paid.has(leg)) alertReversedAtWallet(draft, leg);
}
