/**
 * A close that rests on "not found" is not final: the attempt is polled some more, and one that
 * turns out paid is booked and refunded (rules 2 and 4). And two equally authentic reports that
 * contradict each other alert an operator.
 */

import { describe, expect, it } from 'vitest';
import {
  accountsOf,
  answered,
  bookPostings,
  CAPABLE,
  everyWallet,
  newAttempt,
  numberedIds,
  orderedPayment,
  paidReport,
} from '../../../test/helpers/payments.ts';
import type { DecideContext } from '../draft.ts';
import { clearing, refundDue } from '../ledger/chart.ts';
import type { AttemptReport, LegReport } from '../wallet/report.ts';
import { CONTRADICTED_BY_WALLET, REVERSED_AT_WALLET } from './attention.ts';
import { claimAttempt } from './claim.ts';
import { expirePayment } from './close.ts';
import type { PaymentDecision } from './draft.ts';
import type { Attempt, Payment } from './model.ts';
import { applyReport } from './report.ts';
import { beginReversal } from './reverse.ts';
import { recordStart, startAttempt } from './start.ts';

const START_MS = Date.UTC(2026, 0, 1);
const HOUR_MS = 3_600_000;
const FINAL_MS = 600_000;
const UNKNOWING = { ...CAPABLE, cart: { atomic: false }, notFoundIsFinalAfterMs: FINAL_MS };
const ATTENTION = 'payment_attempt.requires_attention';
const REFUSED = { wallet: 'alipay', code: 'X', message: 'x', requestId: null } as const;

class One {
  nowMs = START_MS;
  payment: Payment;
  readonly newId = numberedIds();
  readonly balances = new Map<string, bigint>();
  readonly emitted: string[] = [];

  constructor(
    wallet: Attempt['wallet'] = 'alipay',
    product: Attempt['product'] = 'page',
    merchants = [1],
  ) {
    const bought = merchants.map((merchant) => ({ merchant, amountFen: 1_000n }));
    this.payment = orderedPayment(this.newId, bought, { nowMs: START_MS });
    const id = this.newId('payment_attempt');
    this.do((payment, context) =>
      startAttempt(
        payment,
        newAttempt(payment, {
          ...{ id, wallet, product },
          accounts: accountsOf(payment, () => ({ walletMerchant: 'm', feeBps: 60 })),
        }),
        context,
      ),
    );
  }

  get attempt(): Attempt {
    return this.payment.attempts[0]!;
  }

  do<A>(decide: (payment: Payment, context: DecideContext) => PaymentDecision<A>): A {
    const decided = decide(this.payment, { nowMs: this.nowMs, newId: this.newId });
    if (!decided.ok) throw new Error(decided.error.message);
    this.payment = decided.value.state;
    this.emitted.push(...decided.value.events.map(({ type }) => type));
    bookPostings(this.balances, decided.value.postings);
    return decided.value.answer;
  }

  says(status: LegReport['status'], more: Partial<LegReport> = {}, legs = this.payment.legs): void {
    const words = legs.map((leg) => paidReport(leg, { status, paidAtMs: this.nowMs, ...more }));
    this.reports(answered(words));
  }

  reports(report: AttemptReport): void {
    const input = { attempt: this.attempt.id, report, capabilities: UNKNOWING };
    this.do((payment, context) => applyReport(payment, input, context));
  }

  /** Expired, and its wallet never received it. */
  closeUnseen(): void {
    this.nowMs = this.attempt.expiresAtMs + FINAL_MS;
    this.do(expirePayment);
    this.says('not_found');
    expect([this.attempt.status, this.payment.intent.status]).toEqual(['closed', 'expired']);
  }

  /** The janitor's next look; false when there is none. */
  looks(): boolean {
    const { dueAtMs } = this.attempt;
    if (dueAtMs === null) return false;
    this.nowMs = dueAtMs;
    const claimed = this.do((payment, context) =>
      claimAttempt(
        payment,
        { attempt: this.attempt.id, capabilities: everyWallet(UNKNOWING) },
        context,
      ),
    );
    return claimed.attempt !== null;
  }
}

describe('a close that rests on "not found"', () => {
  it('D1b: is looked at after 1 h, 6 h, 1 d and 3 d, and then no more', () => {
    const one = new One();
    one.closeUnseen();
    const closedMs = one.nowMs;
    const looksAtH: number[] = [];
    while (one.looks()) {
      looksAtH.push((one.nowMs - closedMs) / HOUR_MS);
      one.says('not_found');
    }
    expect(looksAtH).toEqual([1, 6, 24, 72]);
    expect(one.emitted).not.toContain(ATTENTION);
    expect(one.payment.intent.status).toBe('expired');
  });

  for (const look of [1, 2, 3, 4]) {
    it(`D1b: and is found paid at look ${look} is booked as late and refunded automatically`, () => {
      const one = new One();
      one.closeUnseen();
      for (let at = 1; at <= look; at += 1) {
        expect(one.looks()).toBe(true);
        if (at < look) one.says('not_found');
      }
      one.says('succeeded');
      expect(one.attempt).toMatchObject({ status: 'superseded', dueAtMs: null });
      expect(one.payment.refunds).toMatchObject([{ reason: 'late', amountFen: 1_000n }]);
      expect(one.balances.get(clearing('alipay'))).toBe(1_000n);
      expect(one.balances.get(refundDue)).toBe(-1_000n);
      expect(one.payment.intent.status).toBe('expired');
    });
  }

  it('D1b: ends with the wallet’s own end of the order, and only with that of all its legs', () => {
    const one = new One('alipay', 'page', [1, 2]);
    one.closeUnseen();
    one.looks();
    one.says('closed', {}, one.payment.legs.slice(0, 1));
    expect(one.attempt.dueAtMs).not.toBeNull();
    one.says('closed');
    expect(one.attempt).toMatchObject({ status: 'closed', dueAtMs: null, isProvisional: false });
  });

  it('D1b: closed by the wallet there is no tail; in part by "not found" there is one', () => {
    const one = new One();
    one.says('closed');
    expect(one.attempt).toMatchObject({ status: 'closed', dueAtMs: null });
    const other = new One();
    other.reports({ outcome: 'closed' });
    expect(other.attempt).toMatchObject({ status: 'closed', dueAtMs: null });
    const two = new One('alipay', 'page', [1, 2]);
    two.nowMs = two.attempt.expiresAtMs + FINAL_MS;
    two.says('not_found', {}, two.payment.legs.slice(0, 1));
    expect(two.attempt.status).toBe('created');
    two.reports({ outcome: 'closed' });
    expect(two.attempt).toMatchObject({ status: 'closed', dueAtMs: two.nowMs + HOUR_MS });
  });

  it('D1b: that was opened after all is looked at every ten minutes', () => {
    const one = new One();
    one.closeUnseen();
    one.looks();
    one.says('pending');
    expect(one.attempt).toMatchObject({ status: 'closed', dueAtMs: one.nowMs + 600_000 });
    const emitted = one.payment;
    one.says('pending');
    expect(one.payment, 'the same report again writes nothing').toBe(emitted);
    one.looks();
    one.says('pending');
    expect(one.attempt.dueAtMs).toBe(one.nowMs + 600_000);
    one.looks();
    one.says('succeeded');
    expect(one.payment.refunds).toMatchObject([{ reason: 'late' }]);
  });

  it('D1b: the report that closes it speaks for the tail too, as it would a second time', () => {
    const say = (one: One, first: LegReport['status'], second: LegReport['status']) => {
      const words = [first, second].map((status, place) => {
        const leg = one.payment.legs[place];
        return paidReport(leg!, { status, paidAtMs: one.nowMs });
      });
      one.reports(answered(words));
      const { version } = one.payment.intent;
      one.reports(answered(words));
      expect(one.payment.intent.version).toBe(version);
    };
    const opened = new One('wechatpay', 'native', [1, 2]);
    opened.nowMs = opened.attempt.expiresAtMs + FINAL_MS;
    say(opened, 'pending', 'not_found');
    say(opened, 'not_found', 'pending');
    expect(opened.attempt).toMatchObject({ status: 'closed', dueAtMs: opened.nowMs + 600_000 });
    const ended = new One('wechatpay', 'native', [1, 2]);
    ended.nowMs = ended.attempt.expiresAtMs + FINAL_MS;
    say(ended, 'pending', 'not_found');
    say(ended, 'closed', 'closed');
    const end = { status: 'closed', isProvisional: false, dueAtMs: null };
    expect(ended.attempt).toMatchObject(end);
  });

  it('D1b: without any answer it is polled daily, and ends all the same', () => {
    const one = new One();
    one.closeUnseen();
    let looks = 0;
    while (one.looks()) looks += 1;
    expect(looks).toBeGreaterThan(4);
    expect(looks).toBeLessThan(15);
  });
});

it('D6: closed by a reversal that may have crossed a payment, it is marked, and the bill books it', () => {
  const one = new One();
  one.reports({ outcome: 'closed', isUnseen: true });
  expect(one.attempt).toMatchObject({ status: 'closed', isProvisional: true, dueAtMs: null });
  one.says('succeeded');
  expect(one.balances.get(clearing('alipay'))).toBe(1_000n);
});

it('D6: a query that finds the revoked order marks it, and the bill books it as reversed', () => {
  const one = new One('wechatpay', 'codepay');
  const { id } = one.attempt;
  one.do((payment, context) => beginReversal(payment, id, context));
  one.says('closed', { isUnseen: true });
  expect(one.attempt).toMatchObject({ status: 'closed', isProvisional: true, dueAtMs: null });
  one.says('closed', { isUnseen: true });
  expect(one.attempt).toMatchObject({ isProvisional: true, dueAtMs: null });
  expect(one.payment.intent.status).toBe('requires_wallet');
  one.says('succeeded');
  expect(one.attempt.status).toBe('superseded');
  expect(one.payment.refunds).toMatchObject([{ reason: 'reversed', amountFen: 1_000n }]);
  const balances = [one.balances.get(clearing('wechatpay')), one.balances.get(refundDue)];
  expect(balances).toEqual([1_000n, -1_000n]);
  const reportAll = { status: 'closed', walletTransactionId: null, amountFen: null } as const;
  const legs = one.payment.legs.map((leg) => paidReport(leg, { ...reportAll }));
  one.reports({ outcome: 'reversed', legs });
  expect(one.balances.get(clearing('wechatpay'))).toBe(0n);
});

it('books no reversal by a report of an order that is not its own (rule 3)', () => {
  const one = new One('wechatpay', 'codepay');
  const { id } = one.attempt;
  one.do((payment, context) => beginReversal(payment, id, context));
  const before = one.payment;
  one.says('closed', { isReversed: true, orderNo: 'ANOTHER0000001' });
  expect(one.payment).toBe(before);
  expect(one.balances.get(clearing('wechatpay'))).toBeUndefined();
});

describe('contradictory reports of one wallet', () => {
  for (const [what, more] of Object.entries({
    amount: { amountFen: 900n },
    receipt: { receiptAmountFen: 700n },
    payee: { payee: 'somebody' },
    currency: { currency: 'usd' },
    number: { walletTransactionId: '4299' },
  } satisfies Record<string, Partial<LegReport>>)) {
    it(`S1: a second verified message with another ${what} alerts an operator, once`, () => {
      const one = new One();
      one.says('succeeded');
      const booked = [...one.balances];
      one.says('succeeded');
      expect(one.emitted).not.toContain(ATTENTION);
      for (let time = 0; time < 3; time += 1) {
        one.says('succeeded', more);
        expect(one.emitted.filter((type) => type === ATTENTION)).toHaveLength(1);
        expect(one.attempt.failure?.code).toBe(CONTRADICTED_BY_WALLET);
      }
      expect([...one.balances], 'nothing is booked by it').toEqual(booked);
      expect(one.payment.intent.status).toBe('succeeded');
      // Reversed at the wallet, too: an operator is alerted about that, and then no more.
      for (let time = 0; time < 3; time += 1) {
        one.says('closed');
        one.says('succeeded', more);
      }
      expect(one.attempt.failure?.code).toBe(REVERSED_AT_WALLET);
      expect(one.emitted.filter((type) => type === ATTENTION)).toHaveLength(2);
    });
  }

  it('S1: a second verified message that leaves out what the first said is none', () => {
    const one = new One();
    one.says('succeeded');
    const unsaid = { amountFen: null, receiptAmountFen: null, walletTransactionId: null };
    one.says('succeeded', { ...unsaid, currency: null, payee: null });
    expect(one.emitted).not.toContain(ATTENTION);
  });
});

it('L1: a refusal of what has a paid leg is not believed: it stays live, and the leg is booked', () => {
  const one = new One('alipay', 'page', [1, 2]);
  one.says('succeeded', {}, one.payment.legs.slice(0, 1));
  const outcome = { outcome: 'failed', walletError: REFUSED } as const;
  const input = { attempt: one.attempt.id, outcome, capabilities: UNKNOWING };
  one.do((payment, context) => recordStart(payment, input, context));
  expect(one.attempt).toMatchObject({ status: 'created', failure: null });
  expect(one.attempt.dueAtMs).not.toBeNull();
  one.says('closed', {}, one.payment.legs.slice(1));
  expect(one.attempt).toMatchObject({ status: 'failed', failure: { code: 'partial_payment' } });
  expect(one.balances.get(refundDue)).toBe(-1_000n);
});
