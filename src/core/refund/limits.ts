/** What a wallet accepts of refunds of one order: how many, how soon after another, until when. */
import { must } from '../../kernel/assert.ts';
import { type HutongError, hutongError } from '../../kernel/errors.ts';
import { rfc3339 } from '../../kernel/rfc3339.ts';
import type { DecideContext } from '../draft.ts';
import type { Attempt, Leg, Refund } from '../payment/model.ts';
import { type CapabilityTable, refundWindowMsOf } from '../wallet/capabilities.ts';

export type RefundLimits = CapabilityTable<
  'products' | 'refundCountMax' | 'refundSpacingMs' | 'refundWindowMs'
>;

/** When the janitor takes up a refund that no call has acted on yet. */
const REFUND_FIRST_POLL_MS = 15_000;

/** The refunds of a leg that its wallet has heard of, or will: not those that a balance refused. */
export function sentOf(refunds: readonly Refund[], leg: Leg['id']): readonly Refund[] {
  return refunds.filter(
    (row) => row.leg === leg && !(row.status === 'failed' && row.sentAtMs === null),
  );
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
export function limitsOf({ wallet, product }: Attempt, capabilities: RefundLimits): Limits {
  const itsOwn = capabilities.get(wallet);
  if (itsOwn === undefined) return { countMax: 0, spacingMs: 0, windowMs: 0 };
  const windowMs = refundWindowMsOf(itsOwn, product);
  return { countMax: itsOwn.refundCountMax, spacingMs: itsOwn.refundSpacingMs, windowMs };
}

/** A refund that the wallet would no longer accept is refused. */
export function windowProblem(
  leg: Leg,
  { windowMs }: Limits,
  { nowMs }: DecideContext,
): HutongError | undefined {
  const untilMs = must(leg.paidAtMs, 'when a paid leg was paid') + windowMs;
  if (nowMs <= untilMs) return undefined;
  const message = `the wallet took refunds of this payment until ${rfc3339(untilMs)}`;
  return hutongError('refund_not_possible', message);
}

/**
 * The pause demanded after the last refund of one order, sent or waiting; null = send it now. One
 * that awaits its balance is spaced when that has answered.
 */
function spacedUntilMs(
  earlier: readonly Refund[],
  spacingMs: number,
  nowMs: number,
): number | null {
  const planned = earlier.filter(({ awaitsBalance }) => !awaitsBalance);
  const lastMs = Math.max(0, ...planned.map(sentOrPlannedMs));
  return lastMs + spacingMs > nowMs ? lastMs + spacingMs : null;
}

const sentOrPlannedMs = ({ createdAtMs, sentAtMs, dueAtMs }: Refund): number =>
  sentAtMs ?? Math.max(createdAtMs, dueAtMs ?? 0);

/** Sent at once, unless its wallet demands a pause after the refund before. */
export function firstCall(
  earlier: readonly Refund[],
  { spacingMs }: Pick<Limits, 'spacingMs'>,
  { nowMs }: DecideContext,
): Pick<Refund, 'sentAtMs' | 'dueAtMs'> {
  const waitsUntilMs = spacedUntilMs(earlier, spacingMs, nowMs);
  return waitsUntilMs === null
    ? { sentAtMs: nowMs, dueAtMs: nowMs + REFUND_FIRST_POLL_MS }
    : { sentAtMs: null, dueAtMs: waitsUntilMs };
}
