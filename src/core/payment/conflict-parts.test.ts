/** A combined order of two sellers, one part of which is disputed: what the other becomes. */
import { describe, expect, it } from 'vitest';
import {
  answered,
  bookPostings,
  CAPABLE,
  everyWallet,
  newAttempt,
  numberedIds,
  orderedPayment,
  paidReport,
} from '../../../test/helpers/payments.ts';
import { formatId } from '../../kernel/id.ts';
import { sumFen } from '../../kernel/money.ts';
import type { DecideContext } from '../draft.ts';
import { clearing, refundDue, suspense } from '../ledger/chart.ts';
import type { LegReport } from '../wallet/report.ts';
import { resolveConflict } from './conflict.ts';
import type { PaymentDecision } from './draft.ts';
import type { Payment } from './model.ts';
import { applyReport } from './report.ts';
import { startAttempt } from './start.ts';

class Disputed {
  readonly newId = numberedIds();
  readonly balances = new Map<string, bigint>();
  nowMs = Date.UTC(2026, 0, 1);
  payment: Payment;

  /** The first part was paid with another amount; the second was never seen by its wallet. */
  constructor() {
    const bought = [
      { merchant: 1, amountFen: 600n },
      { merchant: 2, amountFen: 400n },
    ];
    this.payment = orderedPayment(this.newId, bought, { nowMs: this.nowMs });
    const id = this.newId('payment_attempt');
    this.decide((payment, context) => startAttempt(payment, newAttempt(payment, { id }), context));
    this.says(0, { status: 'succeeded', amountFen: 599n });
    this.nowMs = this.attempt.expiresAtMs + 600_000;
    this.says(1, { status: 'not_found' });
  }

  get attempt() {
    return this.payment.attempts[0]!;
  }

  says(at: number, said: Partial<LegReport>): void {
    const legs = [paidReport(this.payment.legs[at]!, { paidAtMs: this.nowMs, ...said })];
    const input = { attempt: this.attempt.id, report: answered(legs), capabilities: CAPABLE };
    this.decide((payment, context) => applyReport(payment, input, context));
  }

  refundIt(): void {
    const by = formatId('api_key', 1n);
    const capabilities = everyWallet(CAPABLE);
    this.decide((payment, context) =>
      resolveConflict(payment, { outcome: 'refund', reason: 'r', by, capabilities }, context),
    );
  }

  decide<A>(decide: (payment: Payment, context: DecideContext) => PaymentDecision<A>): void {
    const decided = decide(this.payment, { nowMs: this.nowMs, newId: this.newId });
    if (!decided.ok) throw new Error(decided.error.message);
    this.payment = decided.value.state;
    bookPostings(this.balances, decided.value.postings);
  }
}

describe('a part that is paid after an operator refunded the rest of its order', () => {
  for (const [name, amountFen] of [
    ['as ordered', 400n],
    ['with another amount', 399n],
  ] as const) {
    it(`is booked and goes back too, ${name} (rules 1 and 6)`, () => {
      const one = new Disputed();
      one.refundIt();
      expect(one.attempt.status).toBe('superseded');
      expect(one.payment.legs.map(({ status }) => status)).toEqual(['superseded', 'closed']);
      one.says(1, { status: 'succeeded', amountFen });
      const takenFen = 599n + amountFen;
      expect(one.balances.get(clearing('wechatpay'))).toBe(takenFen);
      expect(one.balances.get(refundDue)).toBe(-takenFen);
      expect(one.balances.get(suspense) ?? 0n).toBe(0n);
      expect(one.payment.refunds.map(({ status }) => status)).toEqual(['created', 'created']);
      expect(sumFen(one.payment.refunds.map(({ movedFen }) => movedFen))).toBe(takenFen);
      const { payment } = one;
      one.says(1, { status: 'succeeded', amountFen });
      expect(one.payment, 'a repeat changes nothing').toBe(payment);
    });
  }
});
