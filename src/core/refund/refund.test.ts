/**
 * Partial refunds as arithmetic: over any cart, fee, discount and order of refunds, some of them
 * failed in between, what moves is never negative, never more than was received, and in the end all
 * of it, to the fen (rules 5, 6 and 7). And a refund with unknown outcome raises one alert.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Balances } from '../../../test/helpers/balances.ts';
import {
  accountsOf,
  answered,
  type Bought,
  bookPostings,
  CAPABLE,
  everyWallet,
  merchantId,
  newAttempt,
  numberedIds,
  orderedPayment,
  paidReport,
  walletAccountOf,
} from '../../../test/helpers/payments.ts';
import { parseId } from '../../kernel/id.ts';
import { sumFen } from '../../kernel/money.ts';
import type { TransferOutcome } from '../balance/balance.ts';
import type { NewTransfer } from '../balance/transfer.ts';
import type { DecideContext } from '../draft.ts';
import { releaseEscrow } from '../escrow/release.ts';
import { clearing, feeDue, owed, refundDue, transferInTransit } from '../ledger/chart.ts';
import { createPayment } from '../payment/create.ts';
import type { PaymentDecision } from '../payment/draft.ts';
import { sharesOf } from '../payment/leg-shares.ts';
import { OUTCOME_UNKNOWN, type Payment, type Refund } from '../payment/model.ts';
import { applyReport } from '../payment/report.ts';
import { startAttempt } from '../payment/start.ts';
import { type RefundReport, silentRefund } from '../wallet/report.ts';
import { claimRefund } from './claim.ts';
import { reserveRefund } from './refund.ts';
import { applyRefundReport, noteUnsent, type RefundCall, UNKNOWN_PATIENCE_MS } from './report.ts';
import { applyReservation } from './reservation.ts';
import { REFUNDED_AFTER_FAILURE } from './settle.ts';

const START_MS = Date.UTC(2026, 0, 1);
const WINDOW_MS = 30 * 86_400_000;

interface Cart {
  readonly subs: readonly Bought[];
  readonly feeBps: number;
  /** Of the amount, in per mille: the rest was the merchant's own discount. */
  readonly receiptMille: bigint;
  readonly isOneLeg: boolean;
}

/** One paid payment, with the ledger of everything that is decided about it. */
class Paid {
  nowMs = START_MS;
  payment: Payment;
  readonly balances = new Map<string, bigint>();
  readonly merchants = new Balances(this.balances);
  readonly emitted: string[] = [];
  readonly transfers: NewTransfer[] = [];
  readonly newId = numberedIds();
  /** What was asked of a balance is answered by the test. */
  isAnswerHeld = false;

  constructor({ subs, feeBps, receiptMille, isOneLeg }: Cart) {
    const wallet = isOneLeg ? 'jdpay' : 'alipay';
    this.payment = orderedPayment(this.newId, subs, { nowMs: START_MS });
    this.decide((payment) => createPayment(payment, payment, true));
    const attempt = this.newId('payment_attempt');
    this.decide((payment, context) =>
      startAttempt(
        payment,
        newAttempt(payment, {
          id: attempt,
          wallet,
          product: isOneLeg ? 'qr' : 'page',
          accounts: accountsOf(payment, () => ({ walletMerchant: 'm', feeBps })),
          oneLegMerchant: isOneLeg ? 'own' : null,
        }),
        context,
      ),
    );
    const legs = this.payment.legs.map((leg) =>
      paidReport(leg, { receiptAmountFen: (leg.amountFen * receiptMille) / 1_000n }),
    );
    this.decide((payment, context) =>
      applyReport(payment, { attempt, report: answered(legs), capabilities: CAPABLE }, context),
    );
    expect(this.payment.intent.status).toBe('succeeded');
  }

  decide<A>(decide: (payment: Payment, context: DecideContext) => PaymentDecision<A>): void {
    const decided = decide(this.payment, { nowMs: this.nowMs, newId: this.newId });
    if (!decided.ok) throw new Error(decided.error.message);
    this.payment = decided.value.state;
    this.emitted.push(...decided.value.events.map(({ type }) => type));
    bookPostings(this.balances, decided.value.postings);
    this.merchants.take(decided.value);
    this.transfers.push(...(decided.value.transfers ?? []));
    for (const transfer of [...this.merchants.owed]) {
      const outcome = this.merchants.apply(transfer, this.nowMs);
      this.merchants.settle(transfer);
      const refund = parseId('refund', transfer.source);
      if (transfer.kind === 'reserve' && refund !== undefined && !this.isAnswerHeld)
        this.answer(refund, outcome);
    }
  }

  /** As the POST does it: whoever reserves it sends it. */
  answer(refund: Refund['id'], outcome: TransferOutcome, refundSpacingMs = 0): Refund {
    const capabilities = everyWallet({ ...CAPABLE, refundSpacingMs });
    this.decide((payment, context) =>
      applyReservation(payment, { refund, outcome, capabilities, isSender: true }, context),
    );
    return this.payment.refunds.find((row) => row.id === refund)!;
  }

  refund(sub: number, amountFen: bigint, refundSpacingMs = 0): Refund {
    const id = this.newId('refund');
    const { id: subOrder } = this.payment.subOrders[sub]!;
    const limits = { refundCountMax: 1_000, refundWindowMs: WINDOW_MS, refundSpacingMs };
    const capabilities = everyWallet({ ...CAPABLE, ...limits });
    const input = {
      id,
      subOrder,
      amountFen,
      reason: 'r',
      shortfall: 'advance',
      capabilities,
    } as const;
    this.decide((payment, context) => reserveRefund(payment, input, context));
    return this.payment.refunds.find((row) => row.id === id)!;
  }

  say(
    refund: Refund,
    status: RefundReport['status'],
    said: Partial<RefundReport> = { settlementFen: null },
    call?: RefundCall,
  ): Refund {
    const report: RefundReport = { ...silentRefund(status), ...said, status };
    this.decide((payment, context) =>
      applyRefundReport(
        payment,
        { refund: refund.id, refundNo: refund.refundNo, report, ...(call && { call }) },
        context,
      ),
    );
    return this.payment.refunds.find((row) => row.id === refund.id)!;
  }

  leftFen(sub: number): bigint {
    const { amountFen, refundedFen } = this.payment.subOrders[sub]!;
    return amountFen - refundedFen;
  }

  /** Of every leg and sub_order: what moved and may still move lies between nothing and all. */
  check(): void {
    const { legs, subOrders, refunds, escrows } = this.payment;
    for (const leg of legs) {
      const receiptFen = leg.receiptAmountFen!;
      const paidFor = subOrders.filter(({ id }) => leg.subOrders.includes(id));
      const { shares } = sharesOf(leg, paidFor, receiptFen);
      expect(sumFen(shares.map((row) => row.netFen + row.feeFen))).toBe(receiptFen);
      for (const { subOrder, netFen, feeFen } of shares) {
        const own = refunds.filter((row) => row.subOrder === subOrder.id);
        const standing = own.filter((row) => row.status !== 'failed');
        for (const row of own) expect(row.movedFen >= 0n, 'never negative').toBe(true);
        const movedFen = sumFen(standing.map((row) => row.movedFen));
        expect(movedFen <= netFen + feeFen, 'never more than its share').toBe(true);
        const feeBack = sumFen(standing.map((row) => row.allocation!.feeFen));
        expect(feeBack <= feeFen, 'never more fee than it was charged').toBe(true);
        if (subOrder.refundedFen === subOrder.amountFen) {
          expect(movedFen, 'whole: to the fen').toBe(netFen + feeFen);
          expect(escrows.find((row) => row.subOrder === subOrder.id)!.heldFen).toBe(0n);
        }
      }
    }
    expect(sumFen(this.balances.values()), 'rule 5').toBe(0n);
  }
}

const cart: fc.Arbitrary<Cart> = fc.record({
  subs: fc.array(
    fc.record({
      merchant: fc.integer({ min: 1, max: 3 }),
      amountFen: fc.oneof(fc.bigInt({ min: 1n, max: 30n }), fc.bigInt({ min: 1n, max: 999_999n })),
    }),
    { minLength: 1, maxLength: 5 },
  ),
  feeBps: fc.constantFrom(0, 1, 38, 60, 333, 10_000),
  receiptMille: fc.oneof(fc.constant(1_000n), fc.bigInt({ min: 0n, max: 1_000n })),
  isOneLeg: fc.boolean(),
});

interface Step {
  readonly sub: number;
  readonly perMille: bigint;
  /** What becomes of it, or of one that waits since earlier. */
  readonly end: 'succeeded' | 'failed' | 'waits' | 'fails_an_earlier';
}

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({
    sub: fc.nat({ max: 4 }),
    perMille: fc.bigInt({ min: 0n, max: 1_000n }),
    end: fc.constantFrom<Step['end']>('succeeded', 'failed', 'waits', 'fails_an_earlier'),
  }),
  { maxLength: 40 },
);

const isWaiting = (refund: Refund) => refund.status === 'created';

describe('refunds of parts', () => {
  it('never move more than came, and at the end exactly that', () => {
    fc.assert(
      fc.property(cart, steps, (bought, some) => {
        const paid = new Paid(bought);
        for (const { sub: at, perMille, end } of some) {
          const sub = at % bought.subs.length;
          const leftFen = paid.leftFen(sub);
          if (leftFen > 0n) {
            const partFen = (leftFen * perMille) / 1_000n;
            const refund = paid.refund(sub, partFen > 0n ? partFen : 1n);
            if (end === 'succeeded' || end === 'failed') paid.say(refund, end);
          }
          const earlier = paid.payment.refunds.find(isWaiting);
          if (end === 'fails_an_earlier' && earlier !== undefined) paid.say(earlier, 'failed');
          paid.check();
        }
        for (const sub of bought.subs.keys()) {
          const leftFen = paid.leftFen(sub);
          if (leftFen > 0n) paid.refund(sub, leftFen);
        }
        for (const refund of paid.payment.refunds.filter(isWaiting)) paid.say(refund, 'succeeded');
        paid.check();
        const wallet = bought.isOneLeg ? 'jdpay' : 'alipay';
        for (const account of [clearing(wallet), feeDue(wallet), refundDue])
          expect(paid.balances.get(account) ?? 0n, account).toBe(0n);
      }),
      { numRuns: 1_000 },
    );
  }, 60_000);
});

describe('the wallet’s window for refunds (rule 7)', () => {
  const reserve = (paid: Paid) => {
    const id = paid.newId('refund');
    const { id: subOrder } = paid.payment.subOrders[0]!;
    const capabilities = everyWallet({ ...CAPABLE, refundWindowMs: WINDOW_MS });
    return reserveRefund(
      paid.payment,
      { id, subOrder, amountFen: 1n, reason: 'r', shortfall: 'advance', capabilities },
      { nowMs: paid.nowMs, newId: paid.newId },
    );
  };
  const subs = [{ merchant: 1, amountFen: 1_000n }];
  const open = () => new Paid({ subs, feeBps: 60, receiptMille: 1_000n, isOneLeg: false });

  const closesMs = ({ payment }: Paid) => payment.legs[0]!.paidAtMs! + WINDOW_MS;

  it('counts from the payment, to the millisecond, and says when it closed', () => {
    const paid = open();
    paid.nowMs = closesMs(paid);
    expect(reserve(paid).ok).toBe(true);
    paid.nowMs += 1;
    expect(reserve(paid)).toMatchObject({
      ok: false,
      error: {
        code: 'refund_not_possible',
        message: `the wallet took refunds of this payment until ${new Date(closesMs(paid)).toISOString()}`,
      },
    });
  });

  it('closes for no refund that was promised in time', () => {
    const paid = open();
    paid.nowMs = closesMs(paid);
    const refund = paid.refund(0, 400n);
    paid.nowMs += 86_400_000;
    paid.say(refund, 'unknown');
    expect(paid.say(refund, 'succeeded').status).toBe('succeeded');
    paid.check();
  });
});

/** A wallet's own share of a part, cumulative over the order: how it rounds is not published. */
type Rounding = (receiptFen: bigint, refundedFen: bigint, amountFen: bigint) => bigint;
const ROUNDINGS: Readonly<Record<string, Rounding>> = {
  down: (receiptFen, refundedFen, amountFen) => (receiptFen * refundedFen) / amountFen,
  up: (receiptFen, refundedFen, amountFen) =>
    (receiptFen * refundedFen + amountFen - 1n) / amountFen,
  discountLast: (receiptFen, refundedFen) => (refundedFen < receiptFen ? refundedFen : receiptFen),
};

describe('partial refunds whose wallet reports what it moved', () => {
  it('clearing is what the wallet holds after every one of them, to the fen (rule 6)', () => {
    const rounding = fc.constantFrom(...Object.keys(ROUNDINGS));
    fc.assert(
      fc.property(cart, steps, rounding, (bought, some, name) => {
        const round = ROUNDINGS[name]!;
        const paid = new Paid({ ...bought, isOneLeg: false });
        const upToFen = new Map(paid.payment.legs.map((leg) => [leg.id, 0n]));
        const settle = (refund: Refund): void => {
          const leg = paid.payment.legs.find((row) => row.id === refund.leg)!;
          const before = upToFen.get(leg.id)!;
          const after = before + refund.amountFen;
          const receiptFen = leg.receiptAmountFen!;
          const settlementFen =
            round(receiptFen, after, leg.amountFen) - round(receiptFen, before, leg.amountFen);
          upToFen.set(leg.id, after);
          // First by a callback without a figure, as wallets do.
          paid.say(refund, 'succeeded', {});
          paid.say(refund, 'succeeded', { settlementFen });
          const heldFen = sumFen(
            paid.payment.legs.map(
              (row) =>
                row.receiptAmountFen! -
                round(row.receiptAmountFen!, upToFen.get(row.id)!, row.amountFen),
            ),
          );
          expect(paid.balances.get(clearing('alipay')) ?? 0n, name).toBe(heldFen);
          expect(sumFen(paid.balances.values()), 'rule 5').toBe(0n);
          expect(paid.balances.get(refundDue) ?? 0n, 'nothing is left owed').toBe(0n);
          for (const escrow of paid.payment.escrows)
            expect(escrow.heldFen >= 0n, 'rule 7').toBe(true);
        };
        for (const { sub: at, perMille, end } of some) {
          const sub = at % bought.subs.length;
          const leftFen = paid.leftFen(sub);
          if (leftFen === 0n) continue;
          const partFen = (leftFen * perMille) / 1_000n;
          const refund = paid.refund(sub, partFen > 0n ? partFen : 1n);
          if (end === 'failed') paid.say(refund, 'failed');
          else settle(refund);
        }
        for (const sub of bought.subs.keys()) {
          const leftFen = paid.leftFen(sub);
          if (leftFen > 0n) settle(paid.refund(sub, leftFen));
        }
        expect(paid.balances.get(clearing('alipay')) ?? 0n).toBe(0n);
      }),
      { numRuns: 500 },
    );
  }, 60_000);

  it('moves its own amount where there was no discount, however the fee was shared', () => {
    const [own, other] = [19n, 1n].map((amountFen, at) => ({ merchant: at + 1, amountFen }));
    const subs = [own!, own!, other!];
    const paid = new Paid({ subs, feeBps: 333, receiptMille: 1_000n, isOneLeg: false });
    for (const [at, { amountFen }] of subs.entries())
      expect(paid.refund(at, amountFen).movedFen).toBe(amountFen);
  });

  it('a figure that cannot be true is not believed, and asked for again', () => {
    const subs = [{ merchant: 1, amountFen: 1_000n }];
    const paid = new Paid({ subs, feeBps: 60, receiptMille: 970n, isOneLeg: false });
    for (const settlementFen of [-1n, 401n]) {
      const refund = paid.refund(0, 400n);
      const now = paid.say(refund, 'succeeded', { settlementFen });
      expect(now.status).toBe('unknown');
      expect(paid.say(refund, 'succeeded', { settlementFen: 388n }).status).toBe('succeeded');
    }
  });

  it('without a figure where one is to be had, it is asked for at once', () => {
    const subs = [{ merchant: 1, amountFen: 1_000n }];
    const paid = new Paid({ subs, feeBps: 60, receiptMille: 970n, isOneLeg: false });
    const refund = paid.say(paid.refund(0, 400n), 'succeeded', {});
    expect(refund).toMatchObject({ status: 'processing', dueAtMs: paid.nowMs });
    expect(paid.say(refund, 'succeeded', { settlementFen: 387n })).toMatchObject({
      ...{ status: 'succeeded', movedFen: 387n, dueAtMs: null },
    });
    const whole = new Paid({ subs, feeBps: 60, receiptMille: 1_000n, isOneLeg: false });
    const undiscounted = whole.say(whole.refund(0, 400n), 'succeeded', {});
    expect(undiscounted.status, 'nothing to ask').toBe('succeeded');
  });
});

const REFUSED = { wallet: 'alipay', code: 'X', message: 'x', requestId: null } as const;

describe('a refund that its wallet called failed', () => {
  const ATTENTION = 'refund.requires_attention';
  const subs = [{ merchant: 1, amountFen: 1_000n }];
  const open = (receiptMille = 1_000n) =>
    new Paid({ subs, feeBps: 60, receiptMille, isOneLeg: false });
  const refusal = { walletError: REFUSED };

  it('D5: and that succeeds after all is booked as what moved, and an operator is alerted', () => {
    const paid = open();
    const refund = paid.refund(0, 400n);
    paid.say(refund, 'failed', refusal);
    expect([paid.leftFen(0), paid.balances.get(refundDue)]).toEqual([1_000n, 0n]);
    const emitted = paid.emitted.length;
    for (let time = 0; time < 2; time += 1) {
      expect(paid.say(refund, 'succeeded')).toMatchObject({
        ...{ status: 'succeeded', failure: { code: REFUNDED_AFTER_FAILURE }, dueAtMs: null },
      });
      expect(paid.balances.get(clearing('alipay')), 'rule 6').toBe(600n);
      expect(paid.emitted.slice(emitted)).toEqual(['refund.succeeded', ATTENTION]);
    }
    expect(paid.leftFen(0)).toBe(600n);
    expect(paid.payment.intent.amountRefundedFen).toBe(400n);
    paid.say(paid.refund(0, 600n), 'succeeded');
    paid.check();
    for (const account of [clearing('alipay'), feeDue('alipay'), refundDue])
      expect(paid.balances.get(account), account).toBe(0n);
  });

  it('D5: and that was paid beside another of the same fen: what no account covers is owed', () => {
    const paid = open();
    const first = paid.refund(0, 1_000n);
    paid.say(first, 'failed', refusal);
    const second = paid.refund(0, 600n);
    paid.say(second, 'succeeded');
    // The wallet had 400 left, and says it moved 1,000: that cannot be true.
    expect(paid.say(first, 'succeeded')).toMatchObject({ status: 'failed' });
    expect(paid.emitted.filter((type) => type === ATTENTION)).toHaveLength(1);
    expect(paid.balances.get(clearing('alipay'))).toBe(400n);
    const third = paid.refund(0, 400n);
    paid.say(third, 'failed', refusal);
    const fourth = paid.refund(0, 300n);
    paid.say(third, 'succeeded');
    expect(paid.balances.get(clearing('alipay'))).toBe(0n);
    expect(
      paid.balances.get(owed(walletAccountOf(merchantId(1)))),
      'the fourth is still on its way',
    ).toBe(300n);
    // It can not go through any more; its reservation comes back, and so does the advance.
    paid.say(fourth, 'failed', refusal);
    expect(paid.leftFen(0)).toBe(0n);
    expect(paid.balances.get(owed(walletAccountOf(merchantId(1))))).toBe(0n);
    expect(sumFen(paid.balances.values()), 'rule 5').toBe(0n);
  });

  it('D5: and whose figure only a query returns is queried once more, and never sent', () => {
    const paid = open(970n);
    const refund = paid.refund(0, 400n);
    paid.say(refund, 'failed', refusal);
    expect(paid.say(refund, 'succeeded', {})).toMatchObject({
      ...{ status: 'failed', dueAtMs: paid.nowMs },
    });
    const context = { nowMs: paid.nowMs, newId: paid.newId };
    const claimed = claimRefund(paid.payment, refund.id, context);
    expect(claimed).toMatchObject({ ok: true, value: { answer: { isFirstCall: false } } });
    expect(paid.say(refund, 'succeeded', { settlementFen: 387n })).toMatchObject({
      ...{ status: 'succeeded', movedFen: 387n },
    });
    expect(paid.balances.get(clearing('alipay'))).toBe(583n);
  });

  it('D5: that the wallet could not be called is ignored once another process changed the refund', () => {
    const paid = open();
    const refund = paid.refund(0, 100n);
    const claim = () => {
      paid.nowMs += 20_000;
      paid.decide((payment, context) => claimRefund(payment, refund.id, context));
    };
    const noteAs = (tries: number) =>
      paid.decide((payment, context) =>
        noteUnsent(payment, { refund: refund.id, isFirstCall: true, tries }, context),
      );
    const sentAtMs = () => paid.payment.refunds[0]!.sentAtMs;
    claim();
    noteAs(0);
    // The other has asked and sent: its number may be on its way.
    expect(sentAtMs()).not.toBeNull();
    noteAs(1);
    expect(sentAtMs()).toBeNull();
  });

  it('D5: a refusal is final only as the answer to the first call', () => {
    const paid = open();
    const refund = paid.refund(0, 400n);
    const [first, repeat] = [false, true].map((isRepeat) => ({ isRepeat, tries: 0 }));
    expect(paid.say(refund, 'failed', refusal, repeat).status).toBe('unknown');
    expect(paid.balances.get(refundDue), 'what may have moved stays reserved').toBe(-400n);
    paid.nowMs += UNKNOWN_PATIENCE_MS;
    const emitted = paid.say(refund, 'failed', refusal, repeat);
    expect(emitted.failure).toEqual({ code: OUTCOME_UNKNOWN, walletError: REFUSED });
    // The refund itself, closed: that is a report about every call.
    expect(paid.say(refund, 'failed', {}, repeat).status).toBe('failed');
    const other = paid.refund(0, 400n);
    expect(paid.say(other, 'failed', refusal, first).status).toBe('failed');
  });

  it('D5: the refusal of a first call that is heard late is not believed: the number was sent again', () => {
    const paid = open();
    const refund = paid.refund(0, 400n);
    paid.nowMs += 20_000;
    paid.decide((payment, context) => claimRefund(payment, refund.id, context));
    paid.say(refund, 'processing', {}, { isRepeat: true, tries: 1 });
    expect(paid.say(refund, 'failed', refusal, { isRepeat: false, tries: 0 })).toMatchObject({
      status: 'processing',
      dueAtMs: expect.any(Number),
    });
    expect(paid.balances.get(refundDue), 'it stays reserved').toBe(-400n);
  });

  it('D5: one that was called failed, and that its wallet has taken, is asked about to its end', () => {
    const paid = open();
    const refund = paid.refund(0, 400n);
    expect(paid.say(refund, 'failed', refusal)).toMatchObject({ status: 'failed', dueAtMs: null });
    for (const said of ['submitted', 'processing', 'abnormal'] as const) {
      expect(paid.say(refund, said)).toMatchObject({ status: 'failed', dueAtMs: paid.nowMs });
      expect(paid.say(refund, 'not_found')).toMatchObject({ status: 'failed', dueAtMs: null });
    }
    paid.say(refund, 'processing');
    expect(paid.say(refund, 'succeeded')).toMatchObject({
      status: 'succeeded',
      failure: { code: REFUNDED_AFTER_FAILURE },
    });
  });

  it('spaces refunds of one order also after one that still waits for its turn', () => {
    const paid = open();
    const SPACING_MS = 60_000;
    const waits = [1n, 2n, 3n].map((amountFen) => {
      paid.nowMs += 1_000;
      const { sentAtMs, dueAtMs } = paid.refund(0, amountFen, SPACING_MS);
      return sentAtMs === null ? dueAtMs! : sentAtMs;
    });
    expect(waits.map((atMs) => atMs - waits[0]!)).toEqual([0, SPACING_MS, 2 * SPACING_MS]);
  });
});

describe('figures of a refund that cannot be true', () => {
  const ATTENTION = 'refund.requires_attention';

  it('D10: another amount, hour after hour in processing, alerts an operator, once', () => {
    const subs = [{ merchant: 1, amountFen: 1_000n }];
    const paid = new Paid({ subs, feeBps: 60, receiptMille: 1_000n, isOneLeg: false });
    const refund = paid.refund(0, 400n);
    paid.say(refund, 'processing');
    for (let hour = 0; hour < 720; hour += 1) {
      paid.nowMs += 3_600_000;
      const now = paid.say(refund, 'succeeded', { amountFen: 401n, settlementFen: null });
      expect(now.status).toBe('processing');
    }
    expect(paid.emitted.filter((type) => type === ATTENTION)).toHaveLength(1);
    expect(paid.payment.refunds[0]?.failure?.code).toBe(OUTCOME_UNKNOWN);
  });

  it('D10: more than arrived was never moved: it is queried again, and an operator is alerted', () => {
    const subs = [{ merchant: 1, amountFen: 1_000n }];
    const paid = new Paid({ subs, feeBps: 60, receiptMille: 600n, isOneLeg: false });
    const [one, two] = [paid.refund(0, 500n), paid.refund(0, 500n)];
    paid.say(one, 'succeeded', { settlementFen: 500n });
    expect(paid.balances.get(clearing('alipay'))).toBe(100n);
    expect(paid.say(two, 'succeeded', { settlementFen: 500n }).status).toBe('unknown');
    paid.nowMs += UNKNOWN_PATIENCE_MS;
    paid.say(two, 'succeeded', { settlementFen: 500n });
    expect(paid.emitted.filter((type) => type === ATTENTION)).toHaveLength(1);
    expect(paid.balances.get(clearing('alipay')), 'rule 6').toBe(100n);
    expect(paid.say(two, 'succeeded', { settlementFen: 100n }).status).toBe('succeeded');
    expect(paid.balances.get(clearing('alipay'))).toBe(0n);
    expect(paid.balances.get(owed(walletAccountOf(merchantId(1)))) ?? 0n).toBe(0n);
  });
});

describe('a refund with unknown outcome', () => {
  const ATTENTION = 'refund.requires_attention';
  const open = () => {
    const subs = [{ merchant: 1, amountFen: 1_000n }];
    const paid = new Paid({ subs, feeBps: 60, receiptMille: 1_000n, isOneLeg: false });
    return { paid, refund: paid.refund(0, 400n) };
  };
  const alarms = ({ emitted }: Paid) => emitted.filter((type) => type === ATTENTION).length;

  it('raises an alert after an hour, and stays unknown', () => {
    const { paid, refund } = open();
    paid.say(refund, 'unknown');
    paid.nowMs += UNKNOWN_PATIENCE_MS - 1;
    paid.say(refund, 'unknown');
    expect(alarms(paid)).toBe(0);
    paid.nowMs += 1;
    for (let time = 0; time < 3; time += 1) {
      const now = paid.say(refund, 'unknown');
      expect(now).toMatchObject({ status: 'unknown', failure: { code: OUTCOME_UNKNOWN } });
      expect(now.dueAtMs, 'it is asked about as before').not.toBeNull();
      expect(alarms(paid)).toBe(1);
    }
    // Taken and unheard of in turn: no news.
    paid.say(refund, 'submitted');
    paid.say(refund, 'unknown');
    expect(alarms(paid)).toBe(1);
    expect(paid.say(refund, 'succeeded')).toMatchObject({ status: 'succeeded', failure: null });
  });

  it('reported as processing raises no alert; without a report it does', () => {
    const { paid, refund } = open();
    paid.say(refund, 'processing');
    paid.nowMs += 10 * UNKNOWN_PATIENCE_MS;
    paid.say(refund, 'processing');
    expect(alarms(paid)).toBe(0);
    expect(paid.say(refund, 'unknown').status).toBe('processing');
    paid.say(refund, 'unknown');
    expect(alarms(paid)).toBe(1);
  });

  it('has no failure once it is reported again', () => {
    const { paid, refund } = open();
    paid.nowMs += UNKNOWN_PATIENCE_MS;
    expect(paid.say(refund, 'unknown').failure).toMatchObject({ code: OUTCOME_UNKNOWN });
    expect(paid.say(refund, 'processing').failure).toBeNull();
    expect(paid.say(refund, 'succeeded').failure).toBeNull();
    expect(alarms(paid)).toBe(1);
  });
});

describe('a refund of what was released', () => {
  it('that fails returns to balance and fee what it took, and nothing of other refunds', () => {
    const subs = [{ merchant: 1, amountFen: 1_000n }];
    const paid = new Paid({ subs, feeBps: 60, receiptMille: 1_000n, isOneLeg: false });
    const { id: subOrder } = paid.payment.subOrders[0]!;
    paid.decide((payment, context) => releaseEscrow(payment, subOrder, context));
    const first = paid.say(paid.refund(0, 300n), 'succeeded');
    const account = walletAccountOf(merchantId(1));
    const availableFen = () => paid.merchants.of(account)?.availableFen;
    const [before, feeFen] = [availableFen(), paid.balances.get(feeDue('alipay'))];
    paid.say(paid.refund(0, 200n), 'failed');
    expect(paid.payment.refunds[0]!.allocation).toEqual(first.allocation);
    expect(first.allocation).toEqual({ escrowFen: 0n, feeFen: 2n, balanceFen: 298n });
    expect(availableFen()).toBe(before);
    expect(paid.balances.get(feeDue('alipay'))).toBe(feeFen);
    paid.say(paid.refund(0, 700n), 'succeeded');
    expect(availableFen()).toBe(0n);
    expect(paid.balances.get(feeDue('alipay'))).toBe(0n);
    paid.check();
  });

  it.each([
    { settlementFen: 387n, moved: [{ kind: 'charge', amountFen: 384n }] },
    // What was charged and given back at once moves nothing.
    { settlementFen: 0n, moved: [] },
  ])('and succeeds after all with $settlementFen fen is charged once, net', (figure) => {
    const subs = [{ merchant: 1, amountFen: 1_000n }];
    const paid = new Paid({ subs, feeBps: 60, receiptMille: 970n, isOneLeg: false });
    const { id: subOrder } = paid.payment.subOrders[0]!;
    paid.decide((payment, context) => releaseEscrow(payment, subOrder, context));
    const refund = paid.refund(0, 400n);
    paid.say(refund, 'failed');
    const before = paid.transfers.length;
    const { settlementFen, moved } = figure;
    expect(paid.say(refund, 'succeeded', { settlementFen }).movedFen).toBe(settlementFen);
    expect(paid.transfers.slice(before)).toMatchObject(moved);
    expect(paid.transfers.slice(before)).toHaveLength(moved.length);
    expect(paid.balances.get(transferInTransit) ?? 0n, 'rule 5').toBe(0n);
    expect(paid.balances.get(clearing('alipay')), 'rule 6').toBe(970n - settlementFen);
    expect(sumFen(paid.balances.values()), 'rule 5').toBe(0n);
  });

  const releasedWhole = (receiptMille = 1_000n): Paid => {
    const subs = [{ merchant: 1, amountFen: 1_000n }];
    const paid = new Paid({ subs, feeBps: 60, receiptMille, isOneLeg: false });
    const { id: subOrder } = paid.payment.subOrders[0]!;
    paid.decide((payment, context) => releaseEscrow(payment, subOrder, context));
    return paid;
  };

  it('and a fen more than is left at its wallet, by rounding, is sent and takes what is left', () => {
    const paid = releasedWhole(970n);
    const first = paid.refund(0, 400n);
    paid.isAnswerHeld = true;
    const rest = paid.refund(0, 600n);
    // By our own rounding it moved 388.
    paid.say(first, 'succeeded', { settlementFen: 389n });
    expect(paid.answer(rest.id, 'applied')).toMatchObject({ status: 'created', movedFen: 582n });
    const done = paid.say(rest, 'succeeded', { settlementFen: null });
    expect(done).toMatchObject({ status: 'succeeded', movedFen: 581n });
    expect(paid.balances.get(clearing('alipay')), 'rule 6').toBe(0n);
    expect(sumFen(paid.balances.values()), 'rule 5').toBe(0n);
  });

  it.each([
    // The figure of another that succeeded after all took everything.
    { receiptMille: 970n, movedFen: 970n },
    // Without a discount nothing is rounded.
    { receiptMille: 1_000n, movedFen: 401n },
  ])(
    'is not sent where $movedFen fen of $receiptMille ‰ are gone',
    ({ receiptMille, movedFen }) => {
      const paid = releasedWhole(receiptMille);
      const first = paid.refund(0, movedFen === 401n ? 401n : 1_000n);
      paid.say(first, 'failed', { walletError: REFUSED });
      paid.isAnswerHeld = true;
      const second = paid.refund(0, 600n);
      paid.say(first, 'succeeded', { settlementFen: movedFen });
      expect(paid.answer(second.id, 'applied')).toMatchObject({
        ...{ status: 'failed', failure: { code: 'refund_not_possible' }, sentAtMs: null },
      });
      expect(sumFen(paid.balances.values()), 'rule 5').toBe(0n);
    },
  );

  it('is spaced when its balance has answered, and not after others that still wait for theirs', () => {
    const SPACING_MS = 60_000;
    const paid = releasedWhole();
    paid.isAnswerHeld = true;
    const asked = [100n, 200n, 300n].map((amountFen) => paid.refund(0, amountFen, SPACING_MS));
    const plans = asked.map(({ id }) => {
      const { sentAtMs, dueAtMs } = paid.answer(id, 'applied', SPACING_MS);
      return sentAtMs === null ? dueAtMs! : sentAtMs;
    });
    expect(plans.map((atMs) => atMs - paid.nowMs)).toEqual([0, SPACING_MS, 2 * SPACING_MS]);
  });

  it('that waited for hours raises its alert an hour after it was sent', () => {
    const paid = releasedWhole();
    paid.isAnswerHeld = true;
    const { id } = paid.refund(0, 400n);
    paid.nowMs += 2 * UNKNOWN_PATIENCE_MS;
    const sent = paid.answer(id, 'applied');
    expect(paid.say(sent, 'unknown')).toMatchObject({ status: 'unknown', failure: null });
    expect(paid.emitted).not.toContain('refund.requires_attention');
    paid.nowMs += UNKNOWN_PATIENCE_MS;
    expect(paid.say(sent, 'unknown').failure).toMatchObject({ code: OUTCOME_UNKNOWN });
    expect(paid.emitted).toContain('refund.requires_attention');
  });
});
