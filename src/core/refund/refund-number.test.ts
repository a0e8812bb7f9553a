/**
 * Automatic refunds are given for ever, with an alarm: one that its wallet takes and closes again
 * goes on as the same refund under a new number, later each time.
 */

import { expect, it } from 'vitest';
import {
  answered,
  bookPostings,
  CAPABLE,
  newAttempt,
  numberedIds,
  orderedPayment,
  paidReport,
} from '../../../test/helpers/payments.ts';
import type { Id } from '../../kernel/id.ts';
import type { DecideContext } from '../draft.ts';
import { absorbed, clearing, refundDue } from '../ledger/chart.ts';
import { cancelPayment } from '../payment/close.ts';
import type { PaymentDecision } from '../payment/draft.ts';
import type { Payment, Refund } from '../payment/model.ts';
import { applyReport } from '../payment/report.ts';
import { startAttempt } from '../payment/start.ts';
import { type AttemptReport, type RefundReport, silentRefund } from '../wallet/report.ts';
import { claimRefund } from './claim.ts';
import { applyRefundReport, REFUNDED_TWICE } from './report.ts';
import { REFUNDED_AFTER_FAILURE } from './settle.ts';

const START_MS = Date.UTC(2026, 0, 1);
const ATTENTION = 'refund.requires_attention';

/** Paid after it was canceled: it is refunded automatically. */
class Late {
  nowMs = START_MS;
  payment: Payment;
  readonly newId = numberedIds();
  readonly balances = new Map<string, bigint>();
  readonly emitted: string[] = [];

  constructor() {
    const bought = [{ merchant: 1, amountFen: 1_000n }];
    this.payment = orderedPayment(this.newId, bought, { nowMs: START_MS });
    const attempt = this.newId('payment_attempt');
    this.do((payment, context) =>
      startAttempt(payment, newAttempt(payment, { id: attempt }), context),
    );
    this.do(cancelPayment);
    this.reports(attempt, { outcome: 'closed' });
    this.reports(attempt, answered(this.payment.legs.map((leg) => paidReport(leg))));
  }

  reports(attempt: Id<'payment_attempt'>, report: AttemptReport): void {
    const input = { attempt, report, capabilities: CAPABLE };
    this.do((payment, context) => applyReport(payment, input, context));
  }

  get refund(): Refund {
    return this.payment.refunds[0]!;
  }

  do<A>(decide: (payment: Payment, context: DecideContext) => PaymentDecision<A>): A {
    const decided = decide(this.payment, { nowMs: this.nowMs, newId: this.newId });
    if (!decided.ok) throw new Error(decided.error.message);
    this.payment = decided.value.state;
    this.emitted.push(...decided.value.events.map(({ type }) => type));
    bookPostings(this.balances, decided.value.postings);
    return decided.value.answer;
  }

  say(status: RefundReport['status'], refundNo = this.refund.refundNo): void {
    const report = { ...silentRefund(status), settlementFen: null };
    this.do((payment, context) =>
      applyRefundReport(payment, { refund: this.refund.id, refundNo, report }, context),
    );
  }

  /** The janitor's turn: is it sent, or asked about? */
  turn(): 'sent' | 'asked' | 'waits' {
    const claimed = this.do((payment, context) => claimRefund(payment, this.refund.id, context));
    if (claimed.refund === null) return 'waits';
    return claimed.isFirstCall ? 'sent' : 'asked';
  }
}

it('D11: closed 200 times, it is one refund, rung from the first time on, a day apart at most', () => {
  const late = new Late();
  const gapsMs: number[] = [];
  for (let time = 0; time < 200; time += 1) {
    expect(late.turn()).toBe('sent');
    late.say('processing');
    expect(late.turn()).toBe('waits');
    late.say('failed');
    expect(late.emitted.filter((type) => type === ATTENTION)).toHaveLength(time + 1);
    const gapMs = late.refund.dueAtMs! - late.nowMs;
    gapsMs.push(gapMs);
    late.nowMs += gapMs;
  }
  expect(late.payment.refunds).toHaveLength(1);
  expect(gapsMs.slice(0, 3)).toEqual([600_000, 1_200_000, 2_400_000]);
  expect(Math.max(...gapsMs)).toBe(86_400_000);
  const numbers = new Set([late.refund.refundNo, ...late.refund.earlierNos]);
  expect(numbers.size, 'no number is used twice').toBe(201);
  expect(late.balances.get(refundDue)).toBe(-1_000n);
  expect(late.turn()).toBe('sent');
  late.say('processing');
  late.say('succeeded');
  expect(late.refund).toMatchObject({ status: 'succeeded', dueAtMs: null, failure: null });
  expect([late.balances.get(refundDue), late.balances.get(clearing('wechatpay'))]).toEqual([
    0n,
    0n,
  ]);
  expect(late.emitted).not.toContain('refund.failed');
});

it('D11: a number that was closed and paid after all ends it, and an operator is alerted', () => {
  const late = new Late();
  late.turn();
  late.say('processing');
  const spent = late.refund.refundNo;
  late.say('failed');
  for (let time = 0; time < 2; time += 1) {
    late.say('failed', spent);
    late.say('succeeded', spent);
    expect(late.refund).toMatchObject({
      ...{ status: 'succeeded', refundNo: spent, failure: { code: REFUNDED_AFTER_FAILURE } },
    });
    expect(late.balances.get(refundDue)).toBe(0n);
    expect(late.balances.get(clearing('wechatpay'))).toBe(0n);
    expect(late.emitted.filter((type) => type === 'refund.succeeded')).toHaveLength(1);
  }
  // What the other number reports then cannot be true of one payment: alerted, and not booked.
  late.say('succeeded', late.refund.earlierNos[0]);
  expect(late.refund.failure?.code).toBe(REFUNDED_TWICE);
  expect(late.balances.get(absorbed) ?? 0n).toBe(0n);
  expect(late.balances.get(clearing('wechatpay'))).toBe(0n);
});

it('D5: what was on its way before a crash is asked about first; what never was is sent', () => {
  const late = new Late();
  expect(late.turn()).toBe('sent');
  late.nowMs += 15_000;
  expect(late.turn(), 'the process died between commit and answer').toBe('asked');
});
