/**
 * "Not found" is never final by itself: an order that the buyer has not opened may still be opened,
 * at wallets where its lifetime starts then. An attempt closed on "not found" is closed, so that
 * its intent may end, and is polled a few more times over some days. A poll that finds it paid is
 * booked like any late success; the last poll, or the wallet's own end of the order, ends this tail
 * (rules 2 and 4).
 */

import type { Id } from '../../kernel/id.ts';
import type { DecideContext } from '../draft.ts';
import type { LegReport } from '../wallet/report.ts';
import type { PaymentDraft } from './draft.ts';
import type { Attempt } from './model.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Between the polls, so that they come 1 h, 6 h, 1 d and 3 d after the close. */
const LOOKS_MS = [HOUR_MS, 5 * HOUR_MS, 18 * HOUR_MS, 48 * HOUR_MS];
/** An unanswered poll is repeated; whatever is unknown after that is left to the bill. */
const REPEAT_MS = DAY_MS;
const TAIL_END_MS = 10 * DAY_MS;
/** The buyer opened it after all: its outcome shows soon. */
const OPENED_MS = 600_000;

/** Closed on "not found", and not yet polled for the last time. */
export function isProvisionallyClosed(attempt: Attempt): boolean {
  return attempt.status === 'closed' && attempt.isProvisional && attempt.dueAtMs !== null;
}

/** The time of the next poll; null ends the tail. */
export function nextTailLookMs(attempt: Attempt, nowMs: number): number | null {
  if (nowMs >= attempt.expiresAtMs + TAIL_END_MS) return null;
  return nowMs + (LOOKS_MS[attempt.tries + 1] ?? REPEAT_MS);
}

/** It was closed just now: if that rests on "not found", its tail of polls begins. */
export function beginTail(draft: PaymentDraft, before: Attempt, { nowMs }: DecideContext): void {
  const attempt = draft.attempt(before.id);
  const isNews = attempt.status === 'closed' && before.status !== 'closed';
  if (!isNews || !attempt.isProvisional) return;
  draft.set('attempts', attempt.id, { dueAtMs: nowMs + HOUR_MS, tries: 0 });
}

/** What a report without a payment says of the tail, be it the one that began it. */
export function continueTail(
  draft: PaymentDraft,
  id: Id<'payment_attempt'>,
  reports: readonly LegReport[],
  { nowMs }: DecideContext,
): void {
  const attempt = draft.attempt(id);
  if (!isProvisionallyClosed(attempt)) return;
  const said = draft
    .legsOf(attempt.id)
    .map((leg) => reports.find((report) => report.orderNo === leg.orderNo)?.status);
  if (said.every((status) => status === 'closed' || status === 'failed')) {
    draft.set('attempts', attempt.id, { isProvisional: false, dueAtMs: null });
  } else if (said.includes('pending')) {
    const dueAtMs = Math.min(attempt.dueAtMs ?? Number.MAX_SAFE_INTEGER, nowMs + OPENED_MS);
    if (dueAtMs !== attempt.dueAtMs) draft.set('attempts', attempt.id, { dueAtMs });
  } else if (said.includes('not_found') && attempt.tries >= LOOKS_MS.length) {
    draft.set('attempts', attempt.id, { dueAtMs: null });
  }
}

/**
 * Closed by a reversal that may have crossed a payment: its wallet has no more to report, and the
 * bill will say whether it was paid and refunded.
 */
export function leaveToBill(draft: PaymentDraft, id: Id<'payment_attempt'>): void {
  const { status, isProvisional, dueAtMs } = draft.attempt(id);
  if (status !== 'closed' || (isProvisional && dueAtMs === null)) return;
  draft.set('attempts', id, { isProvisional: true, dueAtMs: null });
}
