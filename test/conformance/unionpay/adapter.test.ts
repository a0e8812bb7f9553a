/** The adapter against the sandbox over real HTTP: every product, every outcome. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { AttemptOrder, StartOutcome, Wallet } from '../../../src/wallets/wallet.ts';
import { openTestCity, orderOf, refundOf, type TestCity } from './city.ts';

let city: TestCity;
let wallet: Wallet;

beforeAll(async () => {
  city = await openTestCity();
  wallet = city.openWallet();
});
afterEach(() => city.opened.faults.clear());
afterAll(() => city.close());

function actionOf(outcome: StartOutcome) {
  if (outcome.outcome !== 'pending' || outcome.nextAction === null) {
    throw new Error(JSON.stringify(outcome));
  }
  return outcome.nextAction;
}

async function legOf(order: AttemptOrder) {
  const asked = await wallet.queryAttempt(order);
  if (asked.outcome !== 'answered') throw new Error(JSON.stringify(asked));
  return asked.legs[0]!;
}

async function lastNotification() {
  await city.settle();
  const { body, headers, target } = city.callbacks.at(-1)!;
  const type = String(headers['content-type']);
  return wallet.parseNotification({
    method: 'POST',
    target,
    headers: { 'content-type': type },
    body,
  });
}

async function payBy(product: 'qr' | 'web' | 'app'): Promise<AttemptOrder> {
  const order = orderOf(city, { product });
  const action = actionOf(await wallet.startAttempt(order));
  const code = action.type === 'qr_code' ? action.code : { ...action };
  expect((await city.scanAndPay(code)).status).toBe('paid');
  return order;
}

describe('a life', () => {
  for (const product of ['qr', 'web', 'app'] as const) {
    test(`${product}: start, pay, query, notify, refund in two parts`, async () => {
      const order = await payBy(product);
      const leg = await legOf(order);
      expect(leg).toMatchObject({
        status: 'succeeded',
        amountFen: 8_888n,
        currency: 'cny',
        payee: null,
        payerWalletReported: 'unionpay',
      });
      expect(Math.abs(leg.paidAtMs! - city.opened.kit.clock.nowMs())).toBeLessThan(60_000);
      const told = await lastNotification();
      expect(told).toMatchObject({
        ok: true,
        value: { type: 'attempt', orderNo: order.legs[0]!.orderNo, legs: [leg] },
      });
      for (const [amountFen, transactionId] of [
        [3_000n, leg.walletTransactionId],
        [5_888n, null],
      ] as const) {
        const refund = refundOf(city, order, amountFen, transactionId);
        expect((await wallet.refund(refund)).status).toBe('processing');
        expect((await wallet.refund(refund)).status).toBe('submitted');
        expect((await wallet.queryRefund(refund)).status).toBe('processing');
        await city.advance(10_000);
        expect(await wallet.queryRefund(refund)).toMatchObject({ status: 'succeeded', amountFen });
        expect(await lastNotification()).toMatchObject({
          ok: true,
          value: {
            type: 'refund',
            refundNo: refund.refundNo,
            orderNo: order.legs[0]!.orderNo,
            report: { status: 'succeeded', amountFen },
          },
        });
      }
      const more = await wallet.refund(refundOf(city, order, 1n, leg.walletTransactionId));
      expect(more).toMatchObject({ status: 'failed', walletError: { code: '36' } });
      // The refund is a transaction of its own: the purchase stays paid.
      expect((await legOf(order)).status).toBe('succeeded');
    });
  }
});
