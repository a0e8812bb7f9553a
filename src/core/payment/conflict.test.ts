/** A disputed payment of an intent that was settled without it: it can only be refunded. */

import { describe, expect, it } from 'vitest';
import { answered, CAPABLE, everyWallet } from '../../../test/helpers/payments.ts';
import { must } from '../../kernel/assert.ts';
import { formatId, type Id, type IdKind } from '../../kernel/id.ts';
import { sumFen } from '../../kernel/money.ts';
import type { DecideContext, Decided } from '../draft.ts';
import { clearing, refundDue, suspense } from '../ledger/chart.ts';
import { reserveRefund } from '../refund/refund.ts';
import { applyRefundReport } from '../refund/report.ts';
import { type LegReport, type RefundReport, silentRefund } from '../wallet/report.ts';
import { resolveConflict } from './conflict.ts';
import { createPayment, newPayment } from './create.ts';
import type { PaymentDecision } from './draft.ts';
import type { Payment } from './model.ts';
import { applyReport } from './report.ts';
import { type NewAttempt, startAttempt } from './start.ts';

const NOW_MS = Date.UTC(2026, 0, 1);

let next = 1n;
const newId = <K extends IdKind>(kind: K): Id<K> => {
  next += 1n;
  return formatId(kind, next);
};
const context: DecideContext = { nowMs: NOW_MS, newId };

function done<A>(decision: PaymentDecision<A>): Decided<Payment, A> {
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
  return done(createPayment(made.value, made.value, true)).state;
}

function started(payment: Payment): Payment {
  const walletAccount = formatId('wallet_account', 1n);
  const account = { walletAccount, walletMerchant: 'm', feeBps: 60 };
  const input: NewAttempt = {
    ...({ id: newId('payment_attempt'), wallet: 'wechatpay', product: 'native' } as const),
    ...{ config: formatId('wallet_config', 1n), expiresAtMs: payment.intent.expiresAtMs },
    accounts: new Map([[formatId('merchant', 1n), account]]),
    ...{ oneLegMerchant: null, firstPollMs: 5_000 },
  };
  return done(startAttempt(payment, input, context)).state;
}

function paid(
  payment: Payment,
  at: number,
  amountFen: bigint,
  receiptAmountFen: bigint | null = null,
): Payment {
  const leg = must(payment.legs[at], 'the leg of an attempt');
  const reportAll: LegReport = {
    ...{ orderNo: leg.orderNo, status: 'succeeded', walletTransactionId: '4200' },
    ...{ amountFen, currency: 'cny', payee: 'm', payerAmountFen: null, receiptAmountFen },
    ...{ paidAtMs: NOW_MS, payerWalletReported: null },
  };
  const input = { attempt: leg.attempt, report: answered([reportAll]), capabilities: CAPABLE };
  return done(applyReport(payment, input, context)).state;
}

/** The second attempt counts; then the first is said to be paid, with another amount (rule 3). */
const settled = (): Payment => paid(paid(started(started(created())), 1, 100n), 0, 99n);

const resolve = (payment: Payment, outcome: 'accept' | 'refund') =>
  resolveConflict(
    payment,
    { outcome, reason: 'r', by: formatId('api_key', 1n), capabilities: everyWallet(CAPABLE) },
    context,
  );

describe('a disputed payment of an intent that is settled', () => {
  it('is refunded by an operator: no money stays in suspense for ever (rules 1 and 6)', () => {
    const before = settled();
    expect(before.intent.status).toBe('succeeded');
    expect(before.attempts.map((row) => row.status)).toEqual(['conflicted', 'succeeded']);
    const { state: payment, postings, events } = done(resolve(before, 'refund'));
    expect(payment.intent).toMatchObject({
      status: 'succeeded',
      resolution: { outcome: 'refund' },
    });
    expect(payment.attempts.map((row) => row.status)).toEqual(['superseded', 'succeeded']);
    expect(payment.legs.map((leg) => leg.suspenseFen)).toEqual([null, null]);
    expect(payment.refunds).toMatchObject([
      { reason: 'conflicted', amountFen: 99n, movedFen: 99n },
    ]);
    const moved = postings.flatMap(({ entries }) => entries);
    const config = formatId('wallet_config', 1n);
    expect(moved).toEqual([
      { account: suspense, debitFen: 99n, creditFen: 0n, config },
      { account: refundDue, debitFen: 0n, creditFen: 99n, config },
    ]);
    expect(events.map((event) => event.type)).not.toContain('payment_intent.canceled');
    const again = done(resolve(payment, 'refund'));
    expect([again.state, again.postings, again.events]).toEqual([payment, [], []]);
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

/** An amount that is never corrected: what the wallet says it collected is what it can refund. */
class Disputed {
  payment = started(created());
  readonly balances = new Map<string, bigint>();
  readonly emitted: string[] = [];

  do<A>(decision: PaymentDecision<A>): void {
    const { state: payment, postings, events } = done(decision);
    this.payment = payment;
    this.emitted.push(...events.map(({ type }) => type));
    for (const { entries } of postings) {
      for (const { account, debitFen, creditFen } of entries)
        this.balances.set(account, (this.balances.get(account) ?? 0n) + debitFen - creditFen);
    }
  }

  report(amountFen: bigint | null, receiptAmountFen: bigint | null = null): void {
    const leg = must(this.payment.legs[0], 'the leg');
    const reportAll: LegReport = {
      ...{ orderNo: leg.orderNo, status: 'succeeded', walletTransactionId: '4200' },
      ...{ amountFen, currency: 'cny', payee: 'm', payerAmountFen: null, receiptAmountFen },
      ...{ paidAtMs: NOW_MS, payerWalletReported: null },
    };
    const input = { attempt: leg.attempt, report: answered([reportAll]), capabilities: CAPABLE };
    this.do(applyReport(this.payment, input, context));
  }

  refundSays(reportAll: Partial<RefundReport>): void {
    const refund = must(this.payment.refunds.at(-1), 'a refund');
    const said = {
      ...silentRefund('succeeded'),
      ...reportAll,
    } as RefundReport;
    this.do(
      applyRefundReport(
        this.payment,
        { refund: refund.id, refundNo: refund.refundNo, report: said },
        context,
      ),
    );
  }

  of(account: string): bigint {
    expect(sumFen(this.balances.values()), 'rule 5').toBe(0n);
    return this.balances.get(account) ?? 0n;
  }
}

const CLEARING = clearing('wechatpay');
const REFUSED = { wallet: 'wechatpay', code: 'X', message: 'x', requestId: null } as const;

describe('an amount that the wallet does not correct (rules 3, 5, 6, 7)', () => {
  for (const [name, figureFen] of [
    ['more', 101n],
    ['less', 99n],
  ] as const) {
    it(`${name} than ordered is refunded as what the wallet collected`, () => {
      const disputed = new Disputed();
      disputed.report(figureFen);
      expect([disputed.of(CLEARING), disputed.of(suspense)]).toEqual([figureFen, -figureFen]);
      disputed.do(resolve(disputed.payment, 'refund'));
      expect(disputed.payment.refunds).toMatchObject([
        { amountFen: figureFen, movedFen: figureFen, reason: 'conflicted' },
      ]);
      expect([disputed.of(CLEARING), disputed.of(suspense)]).toEqual([figureFen, 0n]);
      disputed.refundSays({ status: 'succeeded', amountFen: 100n });
      expect(disputed.of(CLEARING), 'another amount is not believed').toBe(figureFen);
      disputed.refundSays({ status: 'succeeded', amountFen: figureFen });
      expect([disputed.of(CLEARING), disputed.of(refundDue)]).toEqual([0n, 0n]);
    });

    it(`${name} than ordered, refused by the wallet, alerts an operator and stays due`, () => {
      const disputed = new Disputed();
      disputed.report(figureFen);
      disputed.do(resolve(disputed.payment, 'refund'));
      disputed.refundSays({ status: 'failed', walletError: REFUSED });
      expect(disputed.emitted).toContain('refund.requires_attention');
      expect(disputed.payment.refunds).toMatchObject([{ status: 'abnormal' }]);
      const books = [disputed.of(CLEARING), disputed.of(refundDue), disputed.of(suspense)];
      expect(books).toEqual([figureFen, -figureFen, 0n]);
    });

    it(`D11: ${name} than ordered, accepted and then closed, is sent again with the same figure`, () => {
      const disputed = new Disputed();
      disputed.report(figureFen);
      disputed.do(resolve(disputed.payment, 'refund'));
      disputed.refundSays({ status: 'processing' });
      disputed.refundSays({ status: 'failed' });
      const [again, other] = disputed.payment.refunds;
      expect([again?.status, again?.amountFen, other]).toEqual(['abnormal', figureFen, undefined]);
      expect(again?.refundNo.slice(-2)).toBe('R2');
      disputed.refundSays({ status: 'succeeded', amountFen: figureFen });
      expect([disputed.of(CLEARING), disputed.of(refundDue)]).toEqual([0n, 0n]);
    });

    it(`D9: ${name} than ordered, accepted, counts what was ordered and taken, and no fen more`, () => {
      const disputed = new Disputed();
      disputed.report(figureFen);
      disputed.do(resolve(disputed.payment, 'accept'));
      const mostFen = figureFen < 100n ? figureFen : 100n;
      expect(disputed.payment.intent).toMatchObject({
        ...{ status: 'succeeded', amountReceivedFen: mostFen },
      });
      const surplus = disputed.payment.refunds;
      expect(surplus).toMatchObject(
        figureFen > 100n ? [{ amountFen: 1n, movedFen: 1n, reason: 'conflicted' }] : [],
      );
      if (figureFen > 100n) disputed.refundSays({ status: 'succeeded', amountFen: 1n });
      const refund = (amountFen: bigint) =>
        reserveRefund(
          disputed.payment,
          {
            ...{ id: newId('refund'), subOrder: disputed.payment.subOrders[0]!.id, amountFen },
            ...{ reason: 'r', capabilities: everyWallet(CAPABLE) },
          },
          context,
        );
      expect(refund(mostFen + 1n)).toMatchObject({ error: { code: 'refund_exceeds_payment' } });
      for (const partFen of [33n, mostFen - 33n]) {
        disputed.do(refund(partFen));
        disputed.refundSays({ status: 'succeeded', amountFen: partFen });
      }
      expect(disputed.of(CLEARING), 'the buyer has all of it back').toBe(0n);
      for (const { heldFen } of disputed.payment.escrows) expect(heldFen).toBe(0n);
      expect(disputed.of(refundDue)).toBe(0n);
    });
  }

  it('moves what really arrived: a discount that the wallet names beside the figure did not', () => {
    for (const outcome of ['refund', 'accept'] as const) {
      const disputed = new Disputed();
      disputed.report(101n, 98n);
      expect([disputed.of(CLEARING), disputed.of(suspense)]).toEqual([101n, -101n]);
      disputed.do(resolve(disputed.payment, outcome));
      expect([disputed.of(CLEARING), disputed.of(suspense)]).toEqual([98n, 0n]);
      if (outcome === 'accept') continue;
      expect(disputed.payment.refunds).toMatchObject([{ amountFen: 101n, movedFen: 98n }]);
    }
  });

  it('D9: five times the order, at a discount, accepted: the surplus is refunded, to the fen', () => {
    for (const movedFen of [388n, 389n, 387n]) {
      const disputed = new Disputed();
      disputed.report(500n, 486n);
      disputed.do(resolve(disputed.payment, 'accept'));
      const [escrow] = disputed.payment.escrows;
      expect(escrow).toMatchObject({ orderedFen: 100n, paidFen: 98n, heldFen: 97n, feeFen: 1n });
      expect(disputed.payment.refunds).toMatchObject([
        { amountFen: 400n, movedFen: 388n, subOrder: null, status: 'created' },
      ]);
      expect(disputed.of(refundDue)).toBe(-388n);
      // Its wallet rounds the discount's share by a rule of its own.
      disputed.refundSays({ status: 'succeeded', amountFen: 400n, settlementFen: movedFen });
      expect([disputed.of(CLEARING), disputed.of(refundDue)]).toEqual([486n - movedFen, 0n]);
      expect(disputed.payment.intent.amountRefundedFen, 'it is no refund of the order').toBe(0n);
    }
  });

  it('is asked for as ordered, once the wallet has corrected itself', () => {
    const disputed = new Disputed();
    disputed.report(101n);
    disputed.report(100n, 97n);
    disputed.do(resolve(disputed.payment, 'refund'));
    expect(disputed.payment.refunds).toMatchObject([{ amountFen: 100n, movedFen: 97n }]);
    disputed.refundSays({ status: 'succeeded', amountFen: 100n });
    for (const account of [CLEARING, refundDue, suspense]) expect(disputed.of(account)).toBe(0n);
  });

  it('of nothing, or less, says nothing at all: it is asked again, and throws nothing', () => {
    for (const figureFen of [0n, -5n, null]) {
      const disputed = new Disputed();
      disputed.report(figureFen);
      expect(disputed.payment.attempts[0]?.status).toBe('created');
      expect(disputed.balances.size).toBe(0);
    }
    const disputed = new Disputed();
    disputed.report(100n, -5n);
    expect(disputed.payment.intent.status).toBe('succeeded');
    expect(disputed.of(CLEARING)).toBe(100n);
  });
});
