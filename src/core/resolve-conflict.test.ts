/** A disputed payment of an intent that was settled without it: it can go back, and only back. */
import { describe, expect, it } from 'vitest';
import { applyReport, type LegWord } from './apply-report.ts';
import { present } from './assert.ts';
import { createPayment, newPayment } from './create-payment.ts';
import type { DecideContext, Decided, Decision } from './decision.ts';
import { formatId, type Id, type IdKind } from './id.ts';
import { refundDue, suspense } from './ledger/chart.ts';
import type { Payment } from './payment.ts';
import { resolveConflict } from './resolve-conflict.ts';
import { type NewAttempt, startAttempt } from './start-attempt.ts';

const NOW_MS = Date.UTC(2026, 0, 1);
const MANNER = { isAtomic: true, settlesDirectly: false, notFoundIsFinalAfterMs: 600_000 };

let next = 1n;
const newId = <K extends IdKind>(kind: K): Id<K> => {
  next += 1n;
  return formatId(kind, next);
};
const context: DecideContext = { nowMs: NOW_MS, newId };

function done<A>(decision: Decision<A>): Decided<A> {
  if (!decision.ok) throw new Error(decision.error.message);
  return decision.value;
}

function created(): Payment {
  const merchant = formatId('merchant', 1n);
  const made = newPayment({
    ...{ id: newId('payment_intent'), shard: 0, marketplace: formatId('marketplace', 1n) },
    ...{ merchantOrderNo: 'T1', amountFen: 100n, description: 'd', tokenSeed: '00' },
    subOrders: [
      {
        ...{ id: newId('sub_order'), merchant, amountFen: 100n, description: 'd' },
        ...{ merchantSubOrderNo: null, items: null, splits: null },
      },
    ],
    buyer: { id: 'b', device: 'desktop', ip: null },
    ...{ expiresAtMs: null, returnUrl: null, metadata: {}, nowMs: NOW_MS },
  });
  if (!made.ok) throw new Error(made.error.message);
  return done(createPayment(made.value, made.value, true)).payment;
}

function started(payment: Payment): Payment {
  const account = { walletMerchant: 'm', feeBps: 60 };
  const input: NewAttempt = {
    ...({ id: newId('payment_attempt'), wallet: 'wechatpay', product: 'native' } as const),
    ...{ config: formatId('wallet_config', 1n), expiresAtMs: payment.intent.expiresAtMs },
    accounts: new Map([[formatId('merchant', 1n), account]]),
    ...{ oneLegMerchant: null, firstPollMs: 5_000 },
  };
  return done(startAttempt(payment, input, context)).payment;
}

function paid(payment: Payment, at: number, amountFen: bigint): Payment {
  const leg = present(payment.legs[at], 'the leg of an attempt');
  const word: LegWord = {
    ...{ orderNo: leg.orderNo, status: 'succeeded', walletTransactionId: '4200' },
    ...{ amountFen, currency: 'cny', payee: 'm', payerAmountFen: null, receiptAmountFen: null },
    ...{ paidAtMs: NOW_MS, payerWalletReported: null },
  };
  const input = { attempt: leg.attempt, legs: [word], manner: MANNER };
  return done(applyReport(payment, input, context)).payment;
}

/** The second attempt counts; then the first is said to be paid, with another amount (rule 3). */
const settled = (): Payment => paid(paid(started(started(created())), 1, 100n), 0, 99n);

const resolve = (payment: Payment, outcome: 'accept' | 'refund') =>
  resolveConflict(
    payment,
    { outcome, reason: 'r', by: formatId('api_key', 1n), mannerOf: () => MANNER },
    context,
  );

describe('a disputed payment of an intent that is settled', () => {
  it('goes back by an operator’s word: no money stays in suspense for ever (rules 1 and 6)', () => {
    const before = settled();
    expect(before.intent.status).toBe('succeeded');
    expect(before.attempts.map((row) => row.status)).toEqual(['conflicted', 'succeeded']);
    const { payment, postings, events } = done(resolve(before, 'refund'));
    expect(payment.intent).toMatchObject({
      status: 'succeeded',
      resolution: { outcome: 'refund' },
    });
    expect(payment.attempts.map((row) => row.status)).toEqual(['superseded', 'succeeded']);
    expect(payment.legs.map((leg) => leg.suspenseFen)).toEqual([null, null]);
    expect(payment.refunds).toMatchObject([{ reason: 'conflicted', movedFen: 99n }]);
    const moved = postings.flatMap(({ entries }) => entries);
    expect(moved).toEqual([
      { account: suspense, debitFen: 99n, creditFen: 0n },
      { account: refundDue, debitFen: 0n, creditFen: 99n },
    ]);
    expect(events.map((event) => event.type)).not.toContain('payment_intent.canceled');
    const again = done(resolve(payment, 'refund'));
    expect([again.payment, again.postings, again.events]).toEqual([payment, [], []]);
  });

  it('is never accepted beside the one that counts (rule 1)', () => {
    expect(resolve(settled(), 'accept')).toMatchObject({
      ok: false,
      error: { code: 'conflict_not_resolvable' },
    });
  });

  it('is what makes it resolvable: nothing is in question otherwise', () => {
    expect(resolve(paid(started(created()), 0, 100n), 'refund')).toMatchObject({
      ok: false,
      error: { code: 'payment_intent_not_conflicted' },
    });
  });
});
