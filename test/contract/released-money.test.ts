/**
 * Money after its release: it travels to the merchant's balance, refunds are reserved there before
 * a wallet hears of them, and what comes back goes back; on both databases, beside the city.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { settleDirectly } from '../../src/core/balance/balance.ts';
import type { Shortfall } from '../../src/core/balance/transfer.ts';
import type { Refund } from '../../src/core/payment/model.ts';
import { formatId, type Id, shardOfId } from '../../src/kernel/id.ts';
import { balanceRoot, MERCHANT_BALANCE } from '../../src/store/balance/aggregate.ts';
import type { Json } from '../helpers/api.ts';
import { rows } from '../store/engine-support.ts';
import { ENGINES } from '../store/engines.ts';
import {
  inTime,
  newKey,
  type Order,
  openStage,
  paidOrder,
  post,
  refunded,
  type Stage,
  WAYS,
  walletOrders,
} from './stage.ts';

for (const engine of ENGINES) {
  describe.skipIf(!engine.isAvailable)(`released money on ${engine.name}`, () => {
    let stage: Stage;
    beforeAll(async () => {
      stage = await openStage(engine);
    });
    afterAll(async () => {
      expect(await stage?.taobao.ledgerProblems()).toEqual([]);
      await stage?.close();
    });

    const payBy = (name: string, amounts: readonly number[]) => {
      const way = WAYS.find(({ wallet, product }) => name === `${wallet}.${product}`)!;
      return paidOrder(stage, way, amounts);
    };
    const release = async ({ intent, subOrders }: Order, sub = 0) => {
      return stage.platform.composed.useCases.releaseEscrow({
        marketplace: await marketplaceOf(stage),
        intent: intent as Id<'payment_intent'>,
        subOrder: subOrders[sub] as Id<'sub_order'>,
      });
    };
    const atRest = () =>
      inTime(
        stage,
        'nothing is in transit',
        () => rows(stage.db, `select kind from transfers where status = 'owed'`),
        (owed) => owed.length === 0,
        1,
      );
    const balanceOf = async (order: Order) => {
      const [leg] = await rows(
        stage.db,
        `select wallet_account from payment_legs
          where order_no = '${String((order.attempt.legs as Json[])[0]?.order_no)}'`,
      );
      const [balance] = await rows(
        stage.db,
        `select available::int, owed::int from merchant_balances
          where id = ${String(leg?.wallet_account)}`,
      );
      return balance ?? { available: 0, owed: 0 };
    };
    const ask = (order: Order, amount: number) => {
      const body = { payment_intent: order.intent, sub_order: order.subOrders[0], amount };
      return post(stage.taobao, '/v1/refunds', { ...body, reason: 'sent back' }, newKey());
    };
    const askFor = async (
      order: Order,
      amount: number,
      shortfall: Shortfall,
      id?: Id<'refund'>,
    ) => {
      const { platform, useCases } = stage.platform.composed;
      const intent = order.intent as Id<'payment_intent'>;
      const made = await useCases.createRefund({
        ...{ marketplace: await marketplaceOf(stage), intent, shortfall, isLivemode: false },
        id: id ?? platform.ids.next('refund', shardOfId(intent)),
        subOrder: order.subOrders[0] as Id<'sub_order'>,
        ...{ amountFen: BigInt(amount), reason: 'sent back' },
      });
      return made.ok ? made.value.refund : made.error.code;
    };
    it('is the merchant’s balance, and pays its refunds from there, to the fen', async () => {
      const order = await payBy('wechatpay.native', [1_000]);
      const before = await balanceOf(order);
      expect(await release(order)).toMatchObject({ ok: true, value: { status: 'released' } });
      // Again it moves nothing.
      expect(await release(order)).toMatchObject({ ok: true, value: { heldFen: 0n } });
      await atRest();
      const released = await balanceOf(order);
      const gained = Number(released.available) - Number(before.available);
      expect(gained).toBeGreaterThan(990);
      await refunded(stage, await ask(order, 400));
      await refunded(stage, await ask(order, 600));
      await atRest();
      expect(await walletOrders(stage, order)).toMatchObject([{ refunded: 1_000 }]);
      expect(await balanceOf(order)).toEqual(before);
      expect(await stage.taobao.balanceOf('transfer:in_transit')).toBe(0);
    });

    it('is not released while a refund of it is open, nor before it is paid', async () => {
      const order = await payBy('alipay.precreate', [1_000]);
      await stage.sandbox.fault('refund_stuck', { wallet: 'alipay' });
      const open = await ask(order, 300);
      expect(open.status).toBe(201);
      expect(open.body.status).toBe('pending');
      const refused = await release(order);
      expect(refused).toMatchObject({ ok: false, error: { code: 'escrow_not_releasable' } });
      await stage.sandbox.clearFaults();
      await refunded(stage, open);
      expect(await release(order)).toMatchObject({ ok: true });
      await atRest();
      const other = { ...order, subOrders: ['so_0000000000000'] };
      expect(await release(other)).toMatchObject({ ok: false, error: { code: 'not_found' } });
    });

    it('that is spent refuses, waits for or advances a refund, as it is asked', async () => {
      const order = await payBy('wechatpay.native', [2_000]);
      await release(order);
      await atRest();
      const { available } = await balanceOf(order);
      await spend(stage, order, Number(available) - 100);

      const id = stage.platform.composed.platform.ids.next(
        'refund',
        shardOfId(order.intent as Id<'payment_intent'>),
      );
      for (let time = 0; time < 2; time += 1)
        expect(await askFor(order, 500, 'refuse', id)).toBe('merchant_balance_short');

      const waits = await askFor(order, 500, 'wait');
      expect(waits).toMatchObject({ status: 'created', awaitsBalance: true });
      await stage.sandbox.advance(60);
      expect(await walletOrders(stage, order), 'no wallet has heard of it').toMatchObject([
        { refunded: 0 },
      ]);
      await refunded(stage, await ask(order, 300));
      expect((await balanceOf(order)).owed).toBeGreaterThan(0);

      // What is released next repays the advance, and then pays the refund that waits.
      const next = await payBy('wechatpay.native', [2_000]);
      await release(next);
      await refunded(stage, { status: 201, body: { id: (waits as Refund).id } });
      await atRest();
      expect((await balanceOf(order)).owed).toBe(0);
      expect(await walletOrders(stage, order)).toMatchObject([{ refunded: 800 }]);
    });

    it('of a wallet that settles directly is released as it is paid', async () => {
      const order = await payBy('unionpay.qr', [1_500]);
      await atRest();
      const paid = await balanceOf(order);
      expect(Number(paid.available)).toBeGreaterThan(0);
      await refunded(stage, await ask(order, 1_500));
      await atRest();
      const after = await balanceOf(order);
      expect(Number(after.available)).toBeLessThan(Number(paid.available));
      expect(await walletOrders(stage, order)).toMatchObject([{ refunded: 1_500 }]);
    });
  });
}

async function marketplaceOf(stage: Stage): Promise<Id<'marketplace'>> {
  const [row] = await rows(stage.cells.home, `select id from marketplaces where name = 'taobao'`);
  return formatId('marketplace', row?.id as bigint);
}

/** Settled straight to the merchant's bank: it is gone from the balance. */
async function spend(stage: Stage, order: Order, amountFen: number): Promise<void> {
  const [row] = await rows(
    stage.db,
    `select b.shard, b.id, a.config from merchant_balances b
      join payment_legs l on l.wallet_account = b.id
      join payment_attempts a on a.shard = l.shard and a.intent = l.intent and a.id = l.attempt
      where l.order_no = '${String((order.attempt.legs as Json[])[0]?.order_no)}'`,
  );
  const settlement = {
    currency: 'cny' as const,
    ...{ id: newKey(), amountFen: BigInt(amountFen), occurredAtMs: Date.now() },
    config: formatId('wallet_config', row?.config as bigint),
  };
  const shard = Number(row?.shard);
  const settled = await stage.platform.composed.platform.engine.submit({
    aggregate: MERCHANT_BALANCE,
    name: 'settle_directly',
    ...{ shard, marketplace: null, needs: [settlement.id] },
    root: balanceRoot({ shard, id: formatId('wallet_account', row?.id as bigint) }),
    decide: (state, context) => settleDirectly(state, settlement, context),
  });
  expect(settled).toMatchObject({ ok: true });
}
