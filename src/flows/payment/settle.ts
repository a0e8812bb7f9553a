/**
 * Queries the wallet about an attempt, or closes one, and commits the outcome. Used by the switch,
 * the cancel, the janitor and whoever else needs to know. Core decides what an answer means; this
 * file decides only which call comes next.
 */

import { isLive } from '../../core/payment/intent-status.ts';
import type { Attempt, Payment } from '../../core/payment/model.ts';
import { applyReport } from '../../core/payment/report.ts';
import { beginReversal } from '../../core/payment/reverse.ts';
import { isBeingReversed } from '../../core/payment/settle.ts';
import {
  type CloseOutcome,
  type QueryOutcome,
  reportIn,
  saysPaid,
} from '../../core/wallet/report.ts';
import type { Id } from '../../kernel/id.ts';
import { ok } from '../../kernel/result.ts';
import type { OpenedWallet } from '../base/directory.ts';
import type { Outcome } from '../base/outcome.ts';
import type { Platform } from '../base/platform.ts';
import { callWallet } from '../base/wallet-call.ts';
import { attemptOf, attemptReference } from './attempt-order.ts';
import { decideOn } from './decide-on.ts';

/** Commits what an answer says of the attempt; an answer that says nothing changes nothing. */
async function commitAnswer(
  platform: Platform,
  opened: OpenedWallet,
  payment: Payment,
  attempt: Id<'payment_attempt'>,
  answer: QueryOutcome | CloseOutcome,
): Outcome<Payment> {
  const report = reportIn(answer);
  if (report === undefined) return ok(payment);
  const { capabilities } = opened;
  return decideOn(platform, payment.intent, 'apply_report', (stored, context) =>
    applyReport(stored, { attempt, report, capabilities }, context),
  );
}

/** Queries, and commits the answer; returns the payment afterwards. */
export async function queryAttempt(
  platform: Platform,
  opened: OpenedWallet,
  payment: Payment,
  attempt: Attempt,
): Outcome<Payment> {
  const answer = await callWallet.query(platform, opened, attemptReference(payment, attempt));
  return commitAnswer(platform, opened, payment, attempt.id, answer);
}

/** One close call; what it could not settle is left to the janitor. */
export async function closeAttempt(
  platform: Platform,
  opened: OpenedWallet,
  payment: Payment,
  attempt: Attempt,
): Outcome<Payment> {
  if (!isLive(attempt)) return ok(payment);
  if (!isBeingReversed(attempt)) return callClose(platform, opened, payment, attempt);
  const looked = await commitPaid(platform, opened, payment, attempt);
  return looked.ok ? callClose(platform, opened, looked.value, attempt) : looked;
}

/**
 * A reversed order may no longer show what had been paid, so a payment seen now is committed first.
 */
async function commitPaid(
  platform: Platform,
  opened: OpenedWallet,
  payment: Payment,
  attempt: Attempt,
): Outcome<Payment> {
  const answer = await callWallet.query(platform, opened, attemptReference(payment, attempt));
  return saysPaid(answer)
    ? commitAnswer(platform, opened, payment, attempt.id, answer)
    : ok(payment);
}

async function callClose(
  platform: Platform,
  opened: OpenedWallet,
  payment: Payment,
  attempt: Attempt,
): Outcome<Payment> {
  const answer = await callWallet.close(platform, opened, attemptReference(payment, attempt));
  // Too late to close: the query says what was paid.
  if (answer.outcome === 'paid') return queryAttempt(platform, opened, payment, attempt);
  return commitAnswer(platform, opened, payment, attempt.id, answer);
}

/** Ends a payment code that its buyer did not confirm: decided and committed, then called. */
export async function reverseAttempt(
  platform: Platform,
  opened: OpenedWallet,
  payment: Payment,
  id: Id<'payment_attempt'>,
): Outcome<Payment> {
  const begun = await decideOn(platform, payment.intent, 'begin_reversal', (stored, context) =>
    beginReversal(stored, id, context),
  );
  if (!begun.ok) return begun;
  return closeAttempt(platform, opened, begun.value, attemptOf(begun.value, id));
}

/** How long a switch waits for the wallet that the buyer left. */
const CLOSE_PATIENCE_MS = 1_500;

/** Closes the attempts that the buyer left, for at most 1.5 s; the janitor does the rest. */
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
