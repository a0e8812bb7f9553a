/** What a flood may cost, and that no genuine callback is lost to it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { orderNumber, refundNumber } from '../../core/payment/order-number.ts';
import { parseId } from '../../kernel/id.ts';
import type { NotificationClaim } from '../../wallets/wallet.ts';
import { createNotificationGuard } from './notification-guard.ts';
import { createOwnPayments } from './own-payments.ts';

const config = parseId('wallet_config', 'wc_0000000000001')!;
const other = parseId('wallet_config', 'wc_0000000000002')!;
const intent = parseId('payment_intent', 'pi_0000000000001')!;
const attempt = parseId('payment_attempt', 'pa_0000000000001')!;
const refund = parseId('refund', 're_0000000000001')!;
const ours = orderNumber(intent, attempt, 1);
const claimOf = (orderNo: string): NotificationClaim => ({ kind: 'order', orderNo });
const numberOf = (index: number) =>
  orderNumber(parseId('payment_intent', `pi_${String(index).padStart(13, '0')}`)!, attempt, 1);

function open(answer: () => Promise<void> = async () => undefined) {
  let nowMs = 1_000_000;
  const wall = { nowMs: () => nowMs };
  const asked: number[] = [];
  let isDown = false;
  const payments = createOwnPayments(wall, async (intents) => {
    asked.push(intents.length);
    await answer();
    if (isDown) throw new Error('the database is away');
    return intents.includes(intent) ? [{ intent, config }] : [];
  });
  return {
    guard: createNotificationGuard(wall, payments),
    payments,
    asked,
    wait: (ms: number) => {
      nowMs += ms;
    },
    goDown: (down: boolean) => {
      isDown = down;
    },
  };
}

/** A forged callback: does its signature get verified? */
async function forged(
  { guard }: ReturnType<typeof open>,
  from = '203.0.113.1',
  claim = claimOf('STRANGER'),
): Promise<boolean> {
  const visit = guard.visit(from, config);
  const isVerified = await visit.gate(claim);
  visit.refused();
  return isVerified;
}

async function flood(stage: ReturnType<typeof open>, count: number, claim?: NotificationClaim) {
  const all = await Promise.all(
    Array.from({ length: count }, () => forged(stage, undefined, claim)),
  );
  return all.filter(Boolean).length;
}

describe('the budget of refused callbacks', () => {
  test('S3: 1,000 at once from one address: 60 signatures are verified, then 60 a second', async () => {
    const stage = open();
    expect(await flood(stage, 1_000)).toBe(60);
    expect(await flood(stage, 1_000)).toBe(0);
    stage.wait(1_000);
    expect(await flood(stage, 1_000)).toBe(60);
  });

  test('S3: one address does not spend for another, nor one configuration for another', async () => {
    const stage = open();
    await flood(stage, 1_000);
    expect(await forged(stage, '203.0.113.2')).toBe(true);
    const visit = stage.guard.visit('203.0.113.1', other);
    expect(await visit.gate(claimOf(''))).toBe(true);
  });

  test('S3: behind the flood, what names a payment of ours or opened is always verified', async () => {
    const stage = open();
    await flood(stage, 1_000);
    expect(await forged(stage, undefined, claimOf(ours))).toBe(true);
    expect(await forged(stage, undefined, claimOf(refundNumber(intent, refund, 1)))).toBe(true);
    expect(await forged(stage, undefined, { kind: 'opened' })).toBe(true);
    const elsewhere = stage.guard.visit('203.0.113.1', other);
    for (let index = 0; index < 60; index += 1) await elsewhere.gate(claimOf(''));
    expect(await elsewhere.gate(claimOf(ours)), 'ours, of another configuration').toBe(false);
  });

  test('S3: what verifies costs nothing: 5,000 genuine ones never ask the database', async () => {
    const stage = open();
    for (let index = 0; index < 5_000; index += 1) {
      const visit = stage.guard.visit('203.0.113.1', config);
      expect(await visit.gate(claimOf(numberOf(index)))).toBe(true);
      visit.verified();
    }
    expect(stage.asked).toEqual([]);
  });

  test('S3: beyond the budget nothing is logged either', async () => {
    const stage = open();
    const logged = Array.from({ length: 1_000 }, () =>
      stage.guard.visit('203.0.113.1', config).refused(),
    );
    expect(logged.filter(Boolean)).toHaveLength(60);
  });

  test('S3: the memory of addresses is bounded, and who comes after shares a budget', async () => {
    const stage = open();
    let verified = 0;
    for (let index = 0; index < 12_000; index += 1) {
      if (await forged(stage, `2001:db8:0:${index.toString(16)}::/64`)) verified += 1;
    }
    expect(verified).toBe(10_000 + 60);
    stage.wait(1_000);
    expect(await forged(stage, '203.0.113.77'), 'those that are idle are forgotten').toBe(true);
  });
});

describe('whose payment it is', () => {
  test('S3: 10,000 invented numbers at once are one question of 1,000 at a time, the rest is no', async () => {
    const stage = open();
    const answers = await Promise.all(
      Array.from({ length: 10_000 }, (_one, index) =>
        stage.payments.has(config, numberOf(index + 2)),
      ),
    );
    expect(answers.some(Boolean)).toBe(false);
    expect(stage.asked.length).toBeLessThanOrEqual(2);
    expect(Math.max(...stage.asked)).toBeLessThanOrEqual(1_000);
  });

  test('S3: the same number a thousand times is one question, and what is ours stays known', async () => {
    const stage = open();
    for (let index = 0; index < 1_000; index += 1) {
      expect(await stage.payments.has(config, ours)).toBe(true);
      expect(await stage.payments.has(config, numberOf(7))).toBe(false);
    }
    expect(stage.asked).toEqual([1, 1]);
    stage.wait(1_000);
    await stage.payments.has(config, numberOf(7));
    await stage.payments.has(config, ours);
    expect(stage.asked, 'a stranger is asked about again, a second later').toEqual([1, 1, 1]);
  });

  test('S3: a database that is away is a no that is not remembered', async () => {
    const stage = open();
    stage.goDown(true);
    expect(await stage.payments.has(config, ours)).toBe(false);
    stage.goDown(false);
    expect(await stage.payments.has(config, ours)).toBe(true);
  });

  test('property: what is no number of ours is never asked about', async () => {
    const stage = open();
    await fc.assert(
      fc.asyncProperty(fc.string({ maxLength: 40 }), async (text) => {
        expect(await stage.payments.has(config, text)).toBe(false);
      }),
    );
    expect(stage.asked).toEqual([]);
  });
});
