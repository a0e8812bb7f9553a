/**
 * An order that its wallet did not know when it expired, and that a buyer's old tab opens and pays
 * later, with every callback lost: the polls that follow such a close find it, and it is refunded
 * automatically (rules 2 and 4). JD Pay counts an order's life from when its form is posted.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../helpers/api.ts';
import { ENGINES } from '../store/engines.ts';
import {
  clearingOf,
  createIntent,
  inTime,
  openStage,
  type Stage,
  WAYS,
  walletOrders,
} from './stage.ts';

const engine = ENGINES.find((one) => one.isAvailable)!;
const MINUTE = 60;

/** What a tab holds that was opened in time and is left open. */
async function formBehind(url: string): Promise<unknown> {
  const body = await (await fetch(url)).text();
  const block = /<script type="application\/json" id="next-action">(.*?)<\/script>/s.exec(body);
  return JSON.parse(block?.[1] ?? 'null');
}

describe(`paid after a close on "not found", on ${engine.name}`, () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage(engine);
  });
  afterAll(async () => {
    await stage?.close();
  });

  for (const product of ['pc', 'h5'] as const) {
    it(`D1b: jdpay.${product}, its form posted after the end, is found and refunded`, async () => {
      const way = WAYS.find((row) => row.wallet === 'jdpay' && row.product === product)!;
      const intent = await createIntent(stage, [1_000], way.device);
      const id = String(intent.id);
      const attempt = await stage.taobao.startAttempt(id, 'jdpay', product, {});
      const kept = await formBehind(String((attempt.next_action as Json).url));
      await stage.sandbox.advance(41 * MINUTE);
      const shown = await inTime(
        stage,
        'the intent expired',
        () => stage.taobao.getIntent(id),
        ({ status }) => status === 'expired',
        MINUTE,
      );
      const attemptNow = ((shown.attempts as Json).data as Json[])[0]!;
      expect(attemptNow.status).toBe('closed');
      await stage.sandbox.fault('callback_lost', { wallet: 'jdpay', times: 1_000 });
      const scan = await stage.sandbox.scan('jdpay', kept);
      await stage.sandbox.pay(scan);
      const order = { intent: id, subOrders: [], attempt, scan };
      expect(await walletOrders(stage, order)).toMatchObject([{ refunded: 0, amount: 1_000 }]);
      for (let hour = 0; hour < 8; hour += 1) await stage.sandbox.advance(60 * MINUTE);
      expect(await walletOrders(stage, order)).toMatchObject([{ refunded: 1_000 }]);
      expect(await clearingOf(stage, order)).toBe(0);
      const after = await stage.taobao.getIntent(id);
      expect(after.status).toBe('expired');
      expect(((after.attempts as Json).data as Json[])[0]!.status).toBe('superseded');
      expect(await stage.taobao.ledgerProblems()).toEqual([]);
      await stage.sandbox.clearFaults();
    });
  }

  it('D1b: one that is never opened is no longer due after three days', async () => {
    const intent = await createIntent(stage, [700], 'desktop');
    const attempt = await stage.taobao.startAttempt(String(intent.id), 'jdpay', 'pc', {});
    const due = async (): Promise<number> => {
      const rows = await stage.db.read(
        {
          name: 'contract_due',
          text: 'select due_at from payment_attempts where due_at is not null and created_at >= $1',
        },
        [Date.parse(String(attempt.created_at))],
      );
      return rows.length;
    };
    await stage.sandbox.advance(60 * MINUTE);
    expect(await due()).toBe(1);
    for (let day = 0; day < 4; day += 1) await stage.sandbox.advance(24 * 60 * MINUTE);
    expect(await due()).toBe(0);
    expect(stage.platform.logText()).not.toContain('is long over');
  });
});
