/**
 * Ending an attempt. A page, a prepay and an applied code run out by payTimeout: there is no call
 * for them (rule 2). A payment code or a tap whose outcome nobody knows is reversed (99) within its
 * clearing day; whether that worked is the query's to say, never the reversal's own answer.
 */
import { present } from '../../core/assert.ts';
import type { AttemptReference, CloseOutcome, LegReport, WalletSeams } from '../wallet.ts';
import type { Called, UnionpayClient } from './client.ts';
import { FAILED_CODES, PENDING_CODES, SUCCESS_CODES } from './codes.ts';
import type { UnionpayAccount } from './config.ts';
import { queryFields, reversalFields } from './order-fields.ts';
import { type AskedOrder, orderReport, queryReport } from './transform.ts';
import { PATHS } from './wire/messages.ts';
import { clearingDay } from './wire/time.ts';

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
  if (before.report.status === 'succeeded') return { outcome: 'paid' };
  if (isEnded(before.report)) return { outcome: 'closed' };
  const isSameDay = clearingDay(attempt.createdAtMs) === clearingDay(desk.seams.clock.nowMs());
  // Too late to reverse: it is asked until its end is known.
  if (!isSameDay) return { outcome: 'unsupported' };
  const leg = present(attempt.legs[0], 'the leg of a payment code');
  const fields = reversalFields(desk.account, attempt, leg);
  const reversed = await desk.client.call(PATHS.back, fields);
  if (reversed.kind === 'unknown') return { outcome: 'unknown', walletError: reversed.error };
  const after = await ask(desk, attempt, asked);
  return outcomeOf(reversed.respCode, after, asked);
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

function outcomeOf(reversalCode: string, after: Asked, asked: AskedOrder): CloseOutcome {
  const { called, report } = after;
  const wasTaken = SUCCESS_CODES.has(reversalCode) || PENDING_CODES.has(reversalCode);
  switch (report.status) {
    case 'failed':
    case 'closed': {
      // What has a settlement amount had been settled: paid, and given back whole.
      const wasPaid = wasTaken && report.receiptAmountFen !== null;
      if (!wasPaid || called.kind !== 'answered') return { outcome: 'closed' };
      const { paidAtMs } = orderReport(called.fields, 'succeeded', asked);
      return {
        outcome: 'reversed',
        legs: [{ ...report, status: 'closed', paidAtMs, isReversed: true }],
      };
    }
    case 'not_found':
      return { outcome: 'not_found' };
    case 'succeeded':
      // Reversed a moment ago and still told as paid: undecided. Refused: it is paid.
      return !wasTaken && FAILED_CODES.has(reversalCode)
        ? { outcome: 'paid' }
        : { outcome: 'unknown', walletError: called.error };
    default:
      return { outcome: 'unknown', walletError: called.error };
  }
}
