/**
 * Large payments: what a decision and its saving look at grows with the payment, not with its
 * square. Counted are reads of rows, whatever the machine's speed.
 */
import { expect, test } from 'vitest';
import type { DecideContext } from '../../src/core/draft.ts';
import type { PaymentDecision } from '../../src/core/payment/draft.ts';
import type { Payment } from '../../src/core/payment/model.ts';
import { applyReport } from '../../src/core/payment/report.ts';
import { startAttempt } from '../../src/core/payment/start.ts';
import { reserveRefund } from '../../src/core/refund/refund.ts';
import { applyRefundReport } from '../../src/core/refund/report.ts';
import { silentRefund } from '../../src/core/wallet/report.ts';
import type { Session } from '../../src/database/db.ts';
import { savePayments } from '../../src/store/payment/payments.ts';
import {
  answered,
  CAPABLE,
  everyWallet,
  newAttempt,
  numberedIds,
  orderedPayment,
  paidReport,
} from '../helpers/payments.ts';

const NOW_MS = Date.UTC(2026, 0, 1);
const PRICE_FEN = 100_000n;
const newId = numberedIds();
const context: DecideContext = { nowMs: NOW_MS, newId };

function decided<A>(decision: PaymentDecision<A>): Payment {
  if (!decision.ok) throw new Error(decision.error.message);
  return decision.value.state;
}

/** A cart of so many sellers, each with a leg of its own or all in one. */
function started(sellers: number, isOneLeg: boolean): Payment {
  const bought = Array.from({ length: sellers }, (_, at) => ({
    ...{ merchant: at + 1, amountFen: PRICE_FEN },
  }));
  const payment = orderedPayment(newId, bought, { nowMs: NOW_MS });
  const oneLegMerchant = isOneLeg ? 'own' : null;
  const attempt = newAttempt(payment, { id: newId('payment_attempt'), oneLegMerchant });
  return decided(startAttempt(payment, attempt, context));
}

const capabilities = everyWallet({ ...CAPABLE, refundCountMax: 1_000_000 });

function refunded(payment: Payment, at: number): PaymentDecision<unknown> {
  const { id: subOrder } = payment.subOrders[at % payment.subOrders.length]!;
  const input = { id: newId('refund'), subOrder, amountFen: 10n, reason: 'r', capabilities };
  return reserveRefund(payment, input, context);
}

function paid(payment: Payment): PaymentDecision<Payment> {
  const { id: attempt } = payment.attempts[0]!;
  const report = answered(payment.legs.map((leg) => paidReport(leg)));
  return applyReport(payment, { attempt, report, capabilities: CAPABLE }, context);
}

function settled(payment: Payment): PaymentDecision<unknown> {
  const { id: refund, refundNo } = payment.refunds.at(-1)!;
  const report = { ...silentRefund('succeeded'), settlementFen: null };
  return applyRefundReport(payment, { refund, refundNo, report }, context);
}

/** The same payment, whose rows count how often one of their properties is read. */
function counted(payment: Payment): { readonly payment: Payment; readonly reads: () => number } {
  let reads = 0;
  const handler: ProxyHandler<object> = {
    get: (row, name) => {
      reads += 1;
      return Reflect.get(row, name);
    },
  };
  const watch = <T extends object>(rows: readonly T[]): readonly T[] =>
    rows.map((row) => new Proxy(row, handler) as T);
  return {
    payment: {
      intent: payment.intent,
      subOrders: watch(payment.subOrders),
      attempts: watch(payment.attempts),
      legs: watch(payment.legs),
      refunds: watch(payment.refunds),
      escrows: watch(payment.escrows),
    },
    reads: () => reads,
  };
}

const nowhere = { run: async () => [] } as unknown as Session;

function workOf(payment: Payment, decide: (payment: Payment) => PaymentDecision<unknown>): number {
  const { payment: before, reads } = counted(payment);
  const after = decided(decide(before));
  savePayments(nowhere, [{ before, after }], { batchId: 1n, nextPlace: () => 1n });
  return reads();
}

/** Twice the rows are at most so much more work; a square would be four times as much. */
const DOUBLED_MAX = 2.4;

function expectLinear(made: (size: number) => Payment, decide: typeof paid | typeof settled): void {
  const [less, more] = [45, 90].map((size) => workOf(made(size), decide));
  expect(more! / less!).toBeLessThan(DOUBLED_MAX);
}

test.each([false, true])('a cart is paid, in one leg: %s', (isOneLeg) => {
  expectLinear((sellers) => started(sellers, isOneLeg), paid);
});

test('a refund of a payment with many of them is reserved, and settled', () => {
  const made = (sellers: number): Payment => {
    let payment = decided(paid(started(sellers, false)));
    for (let at = 0; at < 4 * sellers; at += 1) payment = decided(refunded(payment, at));
    return payment;
  };
  expectLinear(made, (payment) => refunded(payment, 7));
  expectLinear(made, settled);
});
