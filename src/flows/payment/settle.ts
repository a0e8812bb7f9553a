/**
 * Asking the wallet about an attempt, and closing one, each ending in a committed outcome. Used by
 * the switch, the cancel, the janitor and whoever else needs the wallet's word.
 */

import { recordClosed } from '../../core/payment/close.ts';
import { isLive } from '../../core/payment/intent-status.ts';
import type { Attempt, Payment } from '../../core/payment/model.ts';
import { applyReport, isBeingReversed, type WalletManner } from '../../core/payment/report.ts';
import { beginReversal, recordReversed } from '../../core/payment/reverse.ts';
import {
  type CloseOutcome,
  type LegReport,
  type QueryOutcome,
  silentReport,
} from '../../core/wallet/report.ts';
import type { HutongError } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/id.ts';
import type { Result } from '../../kernel/result.ts';
import { ok } from '../../kernel/result.ts';
import { PAYMENT } from '../../store/payment/aggregate.ts';
import type { OpenedWallet } from '../base/directory.ts';
import type { Platform } from '../base/platform.ts';
import { callWallet } from '../base/wallet-call.ts';
import { attemptOf, attemptReference, rootOf } from './attempt-order.ts';

export function mannerOf(opened: OpenedWallet): WalletManner {
  const { capabilities } = opened;
  return {
    isAtomic: capabilities.cart.atomic,
    settlesDirectly: capabilities.custody === 'settles_directly',
    notFoundIsFinalAfterMs: capabilities.notFoundIsFinalAfterMs,
  };
}

/** Commits what the wallet said of an attempt's legs. */
export async function commitReport(
  platform: Platform,
  opened: OpenedWallet,
  payment: Payment,
  attempt: Attempt,
  legs: readonly LegReport[],
): Promise<Result<Payment, HutongError>> {
  if (saysReversed(legs)) return commitReversed(platform, payment, attempt.id, legs);
  const reported = await platform.engine.submit({
    aggregate: PAYMENT,
    name: 'apply_report',
    ...rootOf(payment.intent.id),
    marketplace: payment.intent.marketplace,
    decide: (stored, context) =>
      applyReport(stored, { attempt: attempt.id, legs, manner: mannerOf(opened) }, context),
  });
  return reported.ok ? ok(reported.value.payment) : reported;
}

/** The wallet says of an order that it gave back whole what had been paid. */
export function saysReversed(legs: readonly LegReport[]): boolean {
  return legs.some((leg) => leg.isReversed === true);
}

function callQuery(
  platform: Platform,
  opened: OpenedWallet,
  payment: Payment,
  attempt: Attempt,
): Promise<QueryOutcome | undefined> {
  const reference = attemptReference(payment, attempt);
  return callWallet<QueryOutcome>(
    platform,
    opened,
    'query',
    () => opened.wallet.queryAttempt(reference),
    (a) => a.outcome,
  );
}

/** Asks, and commits the answer; the payment as it then stands. */
export async function queryAttempt(
  platform: Platform,
  opened: OpenedWallet,
  payment: Payment,
  attempt: Attempt,
): Promise<Result<Payment, HutongError>> {
  const answer = await callQuery(platform, opened, payment, attempt);
  if (answer === undefined || answer.outcome === 'unknown') return ok(payment);
  return commitReport(platform, opened, payment, attempt, answer.legs);
}

/** One close call; what it could not settle is left to the janitor. */
export async function closeAttempt(
  platform: Platform,
  opened: OpenedWallet,
  payment: Payment,
  attempt: Attempt,
): Promise<Result<Payment, HutongError>> {
  if (!isLive(attempt)) return ok(payment);
  if (!isBeingReversed(attempt)) return callClose(platform, opened, payment, attempt);
  const looked = await commitPaid(platform, opened, payment, attempt);
  return looked.ok ? callClose(platform, opened, looked.value, attempt) : looked;
}

/** A reversed order may no longer tell what had been paid: that is committed before. */
async function commitPaid(
  platform: Platform,
  opened: OpenedWallet,
  payment: Payment,
  attempt: Attempt,
): Promise<Result<Payment, HutongError>> {
  const answer = await callQuery(platform, opened, payment, attempt);
  const isPaid =
    answer?.outcome === 'answered' && answer.legs.some(({ status }) => status === 'succeeded');
  return isPaid ? commitReport(platform, opened, payment, attempt, answer.legs) : ok(payment);
}

async function callClose(
  platform: Platform,
  opened: OpenedWallet,
  payment: Payment,
  attempt: Attempt,
): Promise<Result<Payment, HutongError>> {
  const reference = attemptReference(payment, attempt);
  const answer = await callWallet(
    platform,
    opened,
    'close',
    () => opened.wallet.closeAttempt(reference),
    (a) => a.outcome,
  );
  return commitClose(platform, opened, payment, attempt, answer);
}

/** Ends a payment code that its buyer did not confirm: decided and committed, then called. */
export async function reverseAttempt(
  platform: Platform,
  opened: OpenedWallet,
  payment: Payment,
  id: Id<'payment_attempt'>,
): Promise<Result<Payment, HutongError>> {
  const begun = await platform.engine.submit({
    aggregate: PAYMENT,
    name: 'begin_reversal',
    ...rootOf(payment.intent.id),
    marketplace: payment.intent.marketplace,
    decide: (stored, context) => beginReversal(stored, id, context),
  });
  if (!begun.ok) return begun;
  return closeAttempt(platform, opened, begun.value, attemptOf(begun.value, id));
}

/** The wallet has given the money back by itself: booked as paid and as refunded. */
function commitReversed(
  platform: Platform,
  payment: Payment,
  attempt: Id<'payment_attempt'>,
  legs: readonly LegReport[],
): Promise<Result<Payment, HutongError>> {
  return platform.engine.submit({
    aggregate: PAYMENT,
    name: 'record_reversed',
    ...rootOf(payment.intent.id),
    marketplace: payment.intent.marketplace,
    decide: (stored, context) => recordReversed(stored, { attempt, legs }, context),
  });
}

async function commitClose(
  platform: Platform,
  opened: OpenedWallet,
  payment: Payment,
  attempt: Attempt,
  answer: CloseOutcome | undefined,
): Promise<Result<Payment, HutongError>> {
  switch (answer?.outcome) {
    case 'closed':
      return platform.engine.submit({
        aggregate: PAYMENT,
        name: 'record_closed',
        ...rootOf(payment.intent.id),
        marketplace: payment.intent.marketplace,
        decide: (stored, context) =>
          recordClosed(stored, attempt.id, context, { isUnseen: answer.isUnseen === true }),
      });
    case 'not_found':
      // Only final after the order's own expiry (rule 2): core decides, as for a query.
      return commitReport(platform, opened, payment, attempt, notFound(payment, attempt));
    case 'reversed':
      return commitReversed(platform, payment, attempt.id, answer.legs);
    case 'paid':
      return queryAttempt(platform, opened, payment, attempt);
    default:
      return ok(payment);
  }
}

function notFound(payment: Payment, attempt: Attempt): LegReport[] {
  return payment.legs
    .filter((leg) => leg.attempt === attempt.id)
    .map((leg) => silentReport(leg.orderNo, 'not_found'));
}

/** The switch's patience with the wallet that the buyer left. */
const CLOSE_PATIENCE_MS = 1_500;

/** Closes what the buyer left behind, for at most 1.5 s; the rest is the janitor's. */
export async function closeLeftBehind(platform: Platform, payment: Payment): Promise<void> {
  const left = payment.attempts.filter(
    (attempt) => isLive(attempt) && attempt.closingAtMs !== null,
  );
  if (left.length === 0) return;
  const closes = left.map(async (attempt) => {
    const opened = await platform.directory.wallet(attempt.config);
    if (opened !== undefined) await closeAttempt(platform, opened, payment, attempt);
  });
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, CLOSE_PATIENCE_MS);
  });
  await Promise.race([Promise.allSettled(closes), patience]);
  clearTimeout(timer);
}
