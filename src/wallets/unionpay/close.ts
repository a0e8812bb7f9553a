/**
 * Ending an attempt. A page, a prepay and an applied code run out by payTimeout: there is no call
 * for them (rule 2). A payment code or a tap is reversed (99) within its clearing day; whether that
 * worked is the query's to say, never the reversal's own answer.
 *
 * An order that reads "paid" may have a reversal on its way that was taken and does not show yet.
 * Nobody may refund it then, or the money would go back twice. So it is `paid` only when UnionPay
 * denies reversals of it altogether, or when its clearing day is over: a reversal is of that day or
 * of none. A refusal of one call says nothing of an earlier one that was taken.
 */
import { present } from '../../kernel/assert.ts';
import { clearingDay } from '../../wires/unionpay/time.ts';
import { PATHS } from '../../wires/unionpay/trade.ts';
import type { AttemptReference, CloseOutcome, LegReport, WalletSeams } from '../wallet.ts';
import { type AskedOrder, orderReport, queryReport } from './answer.ts';
import { unionpayCapabilities } from './capabilities.ts';
import type { Called, UnionpayClient } from './client.ts';
import type { UnionpayAccount } from './config.ts';
import { queryFields, reversalFields } from './request.ts';
import { PENDING_CODES, REVERSAL_DENIED_CODE, REVERSED_CODE, SUCCESS_CODES } from './statuses.ts';

interface Desk {
  readonly account: UnionpayAccount;
  readonly client: UnionpayClient;
  readonly seams: WalletSeams;
}

export async function closeAttempt(
  desk: Desk,
  attempt: AttemptReference,
  asked: AskedOrder,
): Promise<CloseOutcome> {
  if (!asked.isOneTry) return { outcome: 'unsupported' };
  const before = await ask(desk, attempt, asked);
  if (isEnded(before.report)) return endOf(before, asked, false);
  const nowMs = desk.seams.clock.nowMs();
  if (!isItsDay(attempt, nowMs)) return afterItsDay(before, attempt, nowMs);
  const leg = present(attempt.legs[0], 'the leg of a payment code');
  const fields = reversalFields(desk.account, attempt, leg);
  const reversed = await desk.client.call(PATHS.back, fields);
  if (reversed.kind === 'unknown') return { outcome: 'unknown', walletError: reversed.error };
  const after = await ask(desk, attempt, asked);
  return outcomeOf(reversed, after, asked);
}

function isItsDay({ createdAtMs }: AttemptReference, nowMs: number): boolean {
  return clearingDay(createdAtMs) === clearingDay(nowMs);
}

/** Too late to reverse: what is still under way ends, then the order is what its query says. */
function afterItsDay(before: Asked, attempt: AttemptReference, nowMs: number): CloseOutcome {
  const { called, report } = before;
  if (isItsDay(attempt, nowMs - unionpayCapabilities.notFoundIsFinalAfterMs)) {
    return { outcome: 'unknown', walletError: called.error };
  }
  return { outcome: report.status === 'succeeded' ? 'paid' : 'unsupported' };
}

function isEnded({ status }: LegReport): boolean {
  return status === 'failed' || status === 'closed';
}

interface Asked {
  readonly called: Called;
  readonly report: LegReport;
}

async function ask(desk: Desk, attempt: AttemptReference, asked: AskedOrder): Promise<Asked> {
  const { product, createdAtMs } = attempt;
  const fields = queryFields(desk.account, { orderNo: asked.orderNo, product, createdAtMs });
  const called = await desk.client.call(PATHS.query, fields);
  return { called, report: queryReport(called, asked) };
}

/** What has a settlement amount had been settled: paid, and given back whole by a reversal. */
function endOf({ called, report }: Asked, asked: AskedOrder, wasTaken: boolean): CloseOutcome {
  if (called.kind !== 'answered' || report.receiptAmountFen === null) return { outcome: 'closed' };
  const { fields } = called;
  // By an earlier call, whose answer we may never have had.
  const isReversed = wasTaken || fields.get('origRespCode') === REVERSED_CODE;
  if (!isReversed) return { outcome: 'closed' };
  const { paidAtMs } = orderReport(fields, 'succeeded', asked);
  return {
    outcome: 'reversed',
    legs: [{ ...report, status: 'closed', paidAtMs, isReversed: true }],
  };
}

function outcomeOf(
  reversal: Extract<Called, { readonly kind: 'answered' }>,
  after: Asked,
  asked: AskedOrder,
): CloseOutcome {
  const { called, report } = after;
  const { respCode } = reversal;
  switch (report.status) {
    case 'failed':
    case 'closed':
      return endOf(after, asked, SUCCESS_CODES.has(respCode) || PENDING_CODES.has(respCode));
    case 'not_found':
      return { outcome: 'not_found' };
    case 'succeeded':
      return respCode === REVERSAL_DENIED_CODE
        ? { outcome: 'paid' }
        : { outcome: 'unknown', walletError: SUCCESS_CODES.has(respCode) ? null : reversal.error };
    default:
      return { outcome: 'unknown', walletError: called.error };
  }
}
