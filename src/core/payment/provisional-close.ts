/**
 * "Not found" is never final by itself: an order that nobody opened may still be
 * opened, where its wallet counts its life from then. An attempt that was closed on it is closed,
 * so that its intent may end, and is looked at a few more times over some days. A look that finds
 * it paid books it as any late success; the last one, or the wallet's own end of the order, ends
 * the tail (rules 2 and 4).
 */

import type { Id } from '../../kernel/id.ts';
import type { DecideContext } from '../draft.ts';
import type { LegReport } from '../wallet/report.ts';
import type { PaymentDraft } from './draft.ts';
import type { Attempt } from './model.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** An hour, 6 hours, a day and 3 days after the close: each from the look before. */
const LOOKS_MS = [HOUR_MS, 5 * HOUR_MS, 18 * HOUR_MS, 48 * HOUR_MS];
/** A look that was not answered is repeated; what then is still not known is the bill's. */
const REPEAT_MS = DAY_MS;
const TAIL_END_MS = 10 * DAY_MS;
/** It was opened after all: what becomes of it shows soon. */
const OPENED_MS = 600_000;

/** Closed on "not found", and not yet looked at for the last time. */
export function isProvisionallyClosed(attempt: Attempt): boolean {
  return attempt.status === 'closed' && attempt.isProvisional && attempt.dueAtMs !== null;
}

/** The next look after this one; null ends the tail. */
export function nextTailLookMs(attempt: Attempt, nowMs: number): number | null {
  if (nowMs >= attempt.expiresAtMs + TAIL_END_MS) return null;
  return nowMs + (LOOKS_MS[attempt.tries + 1] ?? REPEAT_MS);
}

/** Its close has just been decided: where it rests on "not found", its looks begin. */
export function beginTail(draft: PaymentDraft, before: Attempt, { nowMs }: DecideContext): void {
  const attempt = draft.attempt(before.id);
  const isNews = attempt.status === 'closed' && before.status !== 'closed';
  if (!isNews || !attempt.isProvisional) return;
  draft.set('attempts', attempt.id, { dueAtMs: nowMs + HOUR_MS, tries: 0 });
}

/** What a look brought, where it was not a payment. */
export function continueTail(
  draft: PaymentDraft,
  before: Attempt,
  reports: readonly LegReport[],
  { nowMs }: DecideContext,
): void {
  const attempt = draft.attempt(before.id);
  if (before.status !== 'closed' || !isProvisionallyClosed(attempt)) return;
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
 * Closed by a reversal that may have met a payment: its wallet has nothing more to say of it, and
 * the bill will say whether it was paid and refunded.
 */
export function leaveToBill(draft: PaymentDraft, id: Id<'payment_attempt'>): void {
  const { status, isProvisional, dueAtMs } = draft.attempt(id);
  if (status !== 'closed' || (isProvisional && dueAtMs === null)) return;
  draft.set('attempts', id, { isProvisional: true, dueAtMs: null });
}
