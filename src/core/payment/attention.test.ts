/**
 * What only an operator can settle raises one alert, and is never silently dropped: a payment that
 * counts and was reversed at its wallet, and an order whose wallet does not report its outcome.
 */

import { describe, expect, it } from 'vitest';
import { answered, CAPABLE, everyWallet } from '../../../test/helpers/payments.ts';
import { must } from '../../kernel/assert.ts';
import { formatId, type Id, type IdKind } from '../../kernel/id.ts';
import type { DecideContext } from '../draft.ts';
import { reserveRefund } from '../refund/refund.ts';
import { applyRefundReport } from '../refund/report.ts';
import { type LegReport, silentRefund } from '../wallet/report.ts';
import { alertOverdue, OVERDUE_MS, REVERSED_AT_WALLET } from './attention.ts';
import { createPayment, newPayment } from './create.ts';
import type { PaymentDecision } from './draft.ts';
import { OUTCOME_UNKNOWN, type Payment } from './model.ts';
import { applyReport } from './report.ts';
import { beginReversal } from './reverse.ts';
import { startAttempt } from './start.ts';

const START_MS = Date.UTC(2026, 0, 1);
const FINAL_MS = 600_000;
const ATTENTION = 'payment_attempt.requires_attention';

class One {
  nowMs = START_MS;
  payment: Payment;
  readonly emitted: string[] = [];
  postingCount = 0;
  #next = 1n;

  constructor() {
    const made = newPayment({
      ...{ id: this.newId('payment_intent'), shard: 0, marketplace: formatId('marketplace', 1n) },
      ...{ merchantOrderNo: 'T1', amountFen: 100n, description: 'd', tokenSeed: '00' },
      subOrders: [
        {
          ...{ id: this.newId('sub_order'), merchant: formatId('merchant', 1n), amountFen: 100n },
          ...{ description: 'd', merchantSubOrderNo: null, items: null, splits: null },
        },
      ],
      buyer: { id: 'b', device: 'desktop', ip: null },
      ...{ expiresAtMs: null, returnUrl: null, metadata: {}, nowMs: START_MS },
    });
    if (!made.ok) throw new Error(made.error.message);
    this.payment = made.value;
    this.do((payment) => createPayment(payment, payment, true));
    const walletAccount = formatId('wallet_account', 1n);
    const account = { walletAccount, walletMerchant: 'm', feeBps: 60 };
    this.do((payment, context) =>
      startAttempt(
        payment,
        {
          ...({ id: this.newId('payment_attempt'), wallet: 'unionpay', product: 'bar' } as const),
          ...{ config: formatId('wallet_config', 1n), expiresAtMs: START_MS + 1_800_000 },
          accounts: new Map([[formatId('merchant', 1n), account]]),
          ...{ oneLegMerchant: null, firstPollMs: 5_000 },
        },
        context,
      ),
    );
  }

  newId<K extends IdKind>(kind: K): Id<K> {
    this.#next += 1n;
    return formatId(kind, this.#next);
  }

  get attempt() {
    return must(this.payment.attempts[0], 'the attempt');
  }

  do<A>(decide: (payment: Payment, context: DecideContext) => PaymentDecision<A>): void {
    const newId = <K extends IdKind>(kind: K) => this.newId(kind);
    const decided = decide(this.payment, { nowMs: this.nowMs, newId });
    if (!decided.ok) throw new Error(decided.error.message);
    this.payment = decided.value.state;
    this.emitted.push(...decided.value.events.map(({ type }) => type));
    this.postingCount += decided.value.postings.length;
  }

  reportAll(status: LegReport['status']): LegReport[] {
    const { orderNo } = must(this.payment.legs[0], 'the leg');
    const figures = { amountFen: 100n, currency: 'cny', payee: null, payerAmountFen: null };
    const rest = { receiptAmountFen: null, paidAtMs: START_MS, payerWalletReported: null };
    return [{ orderNo, status, walletTransactionId: '1', ...figures, ...rest }];
  }

  /** One message, which may say more than one thing of the order. */
  report(...statuses: LegReport['status'][]): void {
    const legs = statuses.flatMap((status) => this.reportAll(status));
    const report = answered(legs);
    const input = { attempt: this.attempt.id, report, capabilities: CAPABLE };
    this.do((payment, context) => applyReport(payment, input, context));
  }

  reversed(): void {
    const report = { outcome: 'reversed', legs: this.reportAll('closed') } as const;
    const input = { attempt: this.attempt.id, report, capabilities: CAPABLE };
    this.do((payment, context) => applyReport(payment, input, context));
  }

  overdue(): void {
    const input = { attempt: this.attempt.id, finalAfterMs: FINAL_MS };
    this.do((payment, context) => alertOverdue(payment, input, context));
  }

  get alarmCount(): number {
    return this.emitted.filter((type) => type === ATTENTION).length;
  }
}

describe('a payment that counts, of which its wallet says that it went back', () => {
  for (const [name, say] of [
    ['reversed', (one: One) => one.reversed()],
    ['closed', (one: One) => one.report('closed')],
  ] as const) {
    it(`${name}: alerts an operator once, and is neither booked nor undone by a guess`, () => {
      const one = new One();
      one.report('succeeded');
      const { postingCount } = one;
      for (let time = 0; time < 3; time += 1) say(one);
      expect(one.alarmCount).toBe(1);
      expect(one.attempt).toMatchObject({
        status: 'succeeded',
        failure: { code: REVERSED_AT_WALLET },
      });
      expect([one.payment.intent.status, one.postingCount]).toEqual(['succeeded', postingCount]);
    });
  }

  it('is no alarm where we gave it back whole ourselves', () => {
    const one = new One();
    one.report('succeeded');
    const refund = one.newId('refund');
    const subOrder = must(one.payment.subOrders[0], 'a sub_order').id;
    const input = { id: refund, subOrder, amountFen: 100n, reason: 'r' };
    const capabilities = everyWallet(CAPABLE);
    one.do((payment, context) => reserveRefund(payment, { ...input, capabilities }, context));
    const report = { ...silentRefund('succeeded'), amountFen: 100n };
    one.do((payment, context) =>
      applyRefundReport(
        payment,
        {
          ...{ refund, refundNo: must(payment.refunds[0], 'the refund').refundNo },
          report,
        },
        context,
      ),
    );
    one.report('closed');
    one.reversed();
    expect([one.alarmCount, one.attempt.failure]).toEqual([0, null]);
  });

  it('is no alarm where one message calls it both paid and closed, however often it comes', () => {
    const one = new One();
    for (let time = 0; time < 2; time += 1) one.report('closed', 'succeeded');
    expect([one.alarmCount, one.attempt.status]).toEqual([0, 'succeeded']);
  });

  it('raises no alert after a failed try that is reported late', () => {
    const one = new One();
    one.report('succeeded');
    one.report('failed');
    expect(one.alarmCount).toBe(0);
  });
});

describe('an order whose wallet does not say how it ended', () => {
  it('alerts an operator an hour after its wallet had to know, also while it is being reversed', () => {
    const one = new One();
    one.report('unknown');
    one.do((payment, context) => beginReversal(payment, one.attempt.id, context));
    one.nowMs = one.attempt.expiresAtMs + FINAL_MS + OVERDUE_MS - 1;
    one.overdue();
    expect(one.alarmCount).toBe(0);
    one.nowMs += 1;
    for (let time = 0; time < 3; time += 1) one.overdue();
    expect(one.alarmCount).toBe(1);
    expect(one.attempt).toMatchObject({ status: 'unknown', failure: { code: OUTCOME_UNKNOWN } });
    expect(one.attempt.dueAtMs, 'it is asked about as before').not.toBeNull();
    one.reversed();
    expect(one.attempt).toMatchObject({ status: 'superseded', failure: null });
    one.overdue();
    expect(one.alarmCount).toBe(1);
  });
});
