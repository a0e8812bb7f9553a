/**
 * A buyer confirms a payment code at the moment of its reversal, with delays at every seam and lost
 * answers: whatever the wallet collected and refunded is booked as paid and refunded with reason
 * `reversed`, or, if it reports no figures of a revoked order, marked for its bill; and the
 * wallet's balance equals the ledger (rules 1, 5 and 6).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Json } from '../helpers/api.ts';
import { ENGINES } from '../store/engines.ts';
import {
  createIntent,
  inTime,
  newKey,
  type Order,
  openStage,
  post,
  type Stage,
  walletOrders,
} from './stage.ts';

const engine = ENGINES.find((one) => one.isAvailable)!;
const ROUNDS = 36;
const ROUNDS_MAX = 6 * ROUNDS;
const AT_ONCE = 4;
const AMOUNT = 1_000;
const DELAY_MS_MAX = 30;

const upTo = (ms: number) => sleep(Math.random() * ms);

describe(`payment codes confirmed while they are reversed, on ${engine.name}`, () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage(engine);
  });
  afterAll(async () => {
    await stage?.close();
  });
  beforeEach(() => stage.sandbox.clearFaults());

  /** The buyer must confirm on the phone. */
  const waiting = async (wallet: string): Promise<Order> => {
    const auth_code = String((await stage.sandbox.post('/phone/code', { wallet })).auth_code);
    stage.secrets.add(auth_code);
    const { id } = await createIntent(stage, [AMOUNT]);
    await stage.sandbox.fault('userpaying', { wallet });
    const path = `/v1/payment_intents/${String(id)}/attempts`;
    const answer = await post(stage.taobao, path, { payer: { auth_code } }, newKey());
    expect([answer.status, answer.body.status]).toEqual([201, 'pending']);
    const scan = await stage.sandbox.scan(wallet, auth_code);
    return { intent: String(id), subOrders: [], attempt: answer.body, scan };
  };

  const raced = async ({ intent, attempt, scan }: Order) => {
    const [leg] = attempt.legs as Json[];
    const match = { operation: 'close', order_no: leg?.order_no };
    if (Math.random() < 0.3)
      await stage.sandbox.fault('answer_lost', { wallet: attempt.wallet, match });
    const cancel = `/v1/payment_intents/${intent}/cancel`;
    await Promise.all([
      upTo(DELAY_MS_MAX).then(() => post(stage.taobao, cancel, {}, newKey())),
      // The phone may say that it is too late.
      upTo(DELAY_MS_MAX).then(() => stage.sandbox.pay(scan).catch(() => undefined)),
    ]);
  };

  const attemptOf = async (order: Order): Promise<Json> => {
    const { id } = order.attempt;
    const intent = await stage.taobao.getIntent(order.intent);
    return ((intent.attempts as Json).data as Json[]).find((row) => row.id === id)!;
  };

  const rowsOf = async (name: string, text: string) => {
    const rows = await stage.db.read({ name, text }, []);
    return new Map(rows.map((row) => [String(row.order_no), row]));
  };

  const atRest = async (orders: readonly Order[]) => {
    const open = async () => {
      const [row] = await stage.db.read(
        {
          name: 'race_open',
          text: `select (select count(*) from payment_attempts
              where status in ('created', 'pending', 'unknown'))
            + (select count(*) from refunds where status not in ('succeeded', 'failed')) as open`,
        },
        [],
      );
      return Number(row?.open);
    };
    await inTime(stage, `${orders.length} races at rest`, open, (count) => count === 0, 15);
  };

  /** Its outcome in the ledger and at its wallet. */
  const endOf = async (order: Order, stored: Awaited<ReturnType<typeof rowsOf>>) => {
    const [atWallet] = await walletOrders(stage, order);
    const [leg] = order.attempt.legs as Json[];
    const row = stored.get(String(leg?.order_no));
    const { status } = await attemptOf(order);
    const state = String(atWallet?.state);
    const refundedFen = Number(atWallet?.refunded);
    const wasPaid = state === 'paid' || state === 'refunded';
    return {
      status: String(status),
      isMarked: row?.provisional === true && row?.due_at === null,
      isRefunded: Number(row?.reversed) === 1,
      state,
      heldFen: (wasPaid ? Number(atWallet?.amount) : 0) - refundedFen,
      isRefundedAtWallet: refundedFen > 0,
    };
  };

  const endsOf = async (orders: readonly Order[]) => {
    await atRest(orders);
    const stored = await rowsOf(
      'race_ends',
      `select l.order_no, a.provisional, a.due_at, (select count(*) from refunds r
          where r.shard = l.shard and r.intent = l.intent and r.leg = l.id
            and r.reason = 'reversed' and r.status = 'succeeded') as reversed
        from payment_legs l join payment_attempts a
          on a.shard = l.shard and a.intent = l.intent and a.id = l.attempt`,
    );
    const ends = [];
    for (const order of orders) ends.push(await endOf(order, stored));
    return ends;
  };

  it.each(['wechatpay', 'alipay', 'unionpay', 'jdpay'])(
    'D6: %s: what was paid and refunded is booked so, or marked for the bill',
    async (wallet) => {
      const orders: Order[] = [];
      let ends: Awaited<ReturnType<typeof endsOf>> = [];
      // On a busy machine it takes more of them until one is won late.
      while (!ends.some((end) => end.isRefundedAtWallet) && orders.length < ROUNDS_MAX) {
        for (let round = 0; round < ROUNDS; round += AT_ONCE) {
          const batch: Order[] = [];
          for (let at = 0; at < AT_ONCE; at += 1) batch.push(await waiting(wallet));
          await Promise.all(batch.map(raced));
          orders.push(...batch);
        }
        ends = await endsOf(orders);
      }
      const given = ends.filter((end) => end.isRefundedAtWallet);
      const wrong = given.filter(
        (end) =>
          !(end.status === 'superseded' && end.isRefunded) &&
          !(wallet === 'wechatpay' && end.status === 'closed' && end.isMarked),
      );
      expect(wrong).toEqual([]);
      const unpaid = ends.filter((end) => !end.isRefundedAtWallet && end.status !== 'succeeded');
      expect(unpaid.filter((end) => end.status !== 'closed' && end.status !== 'failed')).toEqual(
        [],
      );
      // A race that was never won late proves nothing about reversals.
      expect(given.length).toBeGreaterThan(0);
      const paid = ends.filter(({ status }) => status === 'succeeded');
      expect(await stage.taobao.balanceOf(`wallet:${wallet}:clearing`)).toBe(paid.length * AMOUNT);
      expect(ends.reduce((sum, end) => sum + end.heldFen, 0)).toBe(paid.length * AMOUNT);
      expect(await stage.taobao.balanceOf('buyer:refund_due')).toBe(0);
      expect(await stage.taobao.ledgerProblems()).toEqual([]);
    },
    240_000,
  );
});
