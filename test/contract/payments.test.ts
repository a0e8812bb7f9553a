/**
 * What every wallet, every product and every engine must do alike: written once, run for each. All
 * of it goes over HTTP, against a city whose wallets know nothing of Hutong.
 */
import http from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WALLETS } from '../../src/wallets/registry.ts';
import { call, type Json, until } from '../helpers/api.ts';
import { openInbox } from '../helpers/webhook-inbox.ts';
import { ENGINES } from '../store/engines.ts';
import {
  becomes,
  clearingOf,
  codeOf,
  createIntent,
  eventsOf,
  inTime,
  nameOf,
  newKey,
  type Order,
  openStage,
  paidOrder,
  payerOf,
  post,
  refund,
  refunded,
  type Stage,
  startAndScan,
  startOrder,
  WAYS,
  type Way,
  walletOrders,
} from './stage.ts';

const NATIVE = WAYS[0]!;
const PRECREATE = WAYS.find((way) => way.product === 'precreate')!;
const PAGE = WAYS.find((way) => way.product === 'page')!;
const JD_QR = WAYS.find((way) => way.wallet === 'jdpay' && way.product === 'qr')!;
const UNIONPAY_QR = WAYS.find((way) => way.wallet === 'unionpay' && way.product === 'qr')!;
const ONE_OF_EACH = [NATIVE, PRECREATE, JD_QR] as const;
const COMBINING = WAYS.filter((way) => way.combines);

const named = (ways: readonly Way[]) => ways.map((way) => [nameOf(way), way] as const);

for (const engine of ENGINES) {
  describe.skipIf(!engine.isAvailable)(`payments on ${engine.name}`, () => {
    let stage: Stage;
    /** Due to buyers until an operator acts: refunds that the wallet refused for good. */
    let refusedFen = 0;
    beforeAll(async () => {
      stage = await openStage(engine);
    });
    afterAll(async () => {
      await stage?.close();
    });

    describe('creating', () => {
      const bodyOf = (more: Json = {}): Json => ({
        amount: 1_000,
        currency: 'cny',
        merchant_order_no: `C${newKey()}`,
        description: '茶壶',
        sub_orders: [
          { merchant: stage.taobao.merchants[0], amount: 600, description: '壶' },
          { merchant: stage.taobao.merchants[1], amount: 400, description: '杯' },
        ],
        buyer: { id: 'b', device: 'desktop' },
        ...more,
      });

      it('answers 201, and 200 to the same number with the same content', async () => {
        const body = bodyOf();
        const first = await post(stage.taobao, '/v1/payment_intents', body, newKey());
        expect(first.status).toBe(201);
        expect(first.body).toMatchObject({ status: 'requires_wallet', amount: 1_000 });
        expect((first.body.sub_orders as Json[]).map((sub) => sub.amount)).toEqual([600, 400]);
        expect(String(first.body.client_secret).length).toBeGreaterThan(20);
        const again = await post(stage.taobao, '/v1/payment_intents', body, newKey());
        expect([again.status, again.body.id]).toEqual([200, first.body.id]);
        const own = (await stage.taobao.getIntent(String(first.body.id))) as Json;
        expect(own.client_secret).toBeUndefined();
        stage.secrets.add(String(first.body.client_secret));
      });

      it('refuses the same number with other content', async () => {
        const body = bodyOf();
        await post(stage.taobao, '/v1/payment_intents', body, newKey());
        const other = { ...body, description: 'another' };
        const answer = await post(stage.taobao, '/v1/payment_intents', other, newKey());
        expect([answer.status, codeOf(answer)]).toEqual([409, 'merchant_order_no_conflict']);
      });

      it('makes one intent of twenty creates at once', async () => {
        const body = bodyOf();
        const answers = await Promise.all(
          Array.from({ length: 20 }, () =>
            post(stage.taobao, '/v1/payment_intents', body, newKey()),
          ),
        );
        expect(new Set(answers.map((answer) => answer.body.id)).size).toBe(1);
        expect(answers.filter((answer) => answer.status === 201).length).toBe(1);
      });

      it.each([
        ['amount_mismatch', { amount: 999 }],
        ['expires_at_invalid', { expires_at: '2020-01-01T00:00:00Z' }],
      ])('refuses with %s', async (code, more) => {
        const answer = await post(stage.taobao, '/v1/payment_intents', bodyOf(more), newKey());
        expect([answer.status, codeOf(answer)]).toEqual([400, code]);
      });

      it('refuses a merchant of another marketplace', async () => {
        const [merchant] = stage.tmall.merchants;
        const sub_orders = [{ merchant, amount: 1_000, description: 'x' }];
        const body = bodyOf({ sub_orders });
        const answer = await post(stage.taobao, '/v1/payment_intents', body, newKey());
        expect([answer.status, codeOf(answer)]).toEqual([400, 'merchant_unknown']);
      });
    });

    describe('offers', () => {
      const offersOf = async (amounts: number[], device: string): Promise<Json> => {
        const { id } = await createIntent(stage, amounts, device);
        return stage.taobao.expect(200, 'GET', `/v1/payment_intents/${String(id)}/offers`);
      };
      /** What the merchant scans is no device's: it is withheld on each. */
      const CLAIMED = [...WALLETS.values()].flatMap(({ name, capabilities }) =>
        capabilities.products.map(({ product }) => `${name}.${product}`),
      );
      const names = (rows: unknown): string[] =>
        (rows as Json[])
          .filter((row) => (row.payer_wallet ?? row.wallet) === row.wallet)
          .map((row) => `${String(row.wallet)}.${String(row.product)}`)
          .sort();

      it.each([...new Set(WAYS.map((way) => way.device))])(
        'offers on %s what works there, and says why not the rest',
        async (device) => {
          const offers = await offersOf([500], device);
          // Alipay's wap page also works inside Alipay's own app, UnionPay's on any session.
          const works = WAYS.filter(
            (way) =>
              way.device === device ||
              (device === 'alipay' && way.product === 'wap') ||
              (device === 'desktop' && way.product === 'web'),
          ).map(nameOf);
          expect(names(offers.offered)).toEqual(works.sort());
          const withheld = offers.withheld as Json[];
          expect(new Set(withheld.map((row) => row.reason))).toEqual(
            new Set(['device_unsupported']),
          );
          expect(names([...(offers.offered as Json[]), ...withheld])).toEqual(CLAIMED.sort());
        },
      );

      it('withholds precreate and jsapi for a cart of several sellers', async () => {
        const onDesktop = await offersOf([500, 600], 'desktop');
        // Another wallet may scan a code: then its product is offered once more.
        expect([...new Set(names(onDesktop.offered))]).toEqual([
          'alipay.page',
          'jdpay.pc',
          'jdpay.qr',
          'unionpay.qr',
          'unionpay.web',
          'wechatpay.native',
        ]);
        expect(onDesktop.withheld).toContainEqual({
          wallet: 'alipay',
          product: 'precreate',
          reason: 'cart_not_combinable',
          reached_through: [],
        });
        const inAlipay = await offersOf([500, 600], 'alipay');
        expect(names(inAlipay.offered)).toEqual(['alipay.wap']);
        expect(inAlipay.withheld).toContainEqual({
          wallet: 'alipay',
          product: 'jsapi',
          reason: 'cart_not_combinable',
          reached_through: [],
        });
      });

      it('refuses to start what is withheld, with the reason', async () => {
        const { id } = await createIntent(stage, [500, 600]);
        const body = { wallet: 'alipay', product: 'precreate' };
        const path = `/v1/payment_intents/${String(id)}/attempts`;
        const answer = await post(stage.taobao, path, body, newKey());
        expect(codeOf(answer)).toBe('wallet_not_offered');
        expect(JSON.stringify(answer.body)).toContain('cart_not_combinable');
      });

      it('refuses jsapi without a payer', async () => {
        const { id } = await createIntent(stage, [500], 'wechat');
        const body = { wallet: 'wechatpay', product: 'jsapi' };
        const path = `/v1/payment_intents/${String(id)}/attempts`;
        const answer = await post(stage.taobao, path, body, newKey());
        expect([answer.status, codeOf(answer)]).toEqual([400, 'payer_missing']);
      });
    });

    describe.each(named(WAYS))('%s', (_name, way) => {
      it('is started, scanned, paid and notified', async () => {
        const order = await startOrder(stage, way, [4_321]);
        expect(order.attempt).toMatchObject({ status: 'pending', wallet: way.wallet });
        expect((await stage.taobao.getIntent(order.intent)).status).toBe('requires_action');
        expect((await stage.sandbox.pay(order.scan)).status).toBe('paid');
        const paid = await becomes(stage, order.intent, 'succeeded');
        expect(paid).toMatchObject({ amount_received: 4_321, amount_refunded: 0 });
        expect(paid.succeeded_attempt).toBe(order.attempt.id);
        const [leg] = ((paid.attempts as Json).data as Json[])[0]!.legs as Json[];
        expect(leg).toMatchObject({ status: 'succeeded', amount: 4_321, payer_amount: 4_321 });
        expect((await walletOrders(stage, order))[0]?.transaction_id).toBe(
          leg?.wallet_transaction_id,
        );
        await until(
          'delivered',
          async () => eventsOf(stage, order.intent).map((event) => event.type),
          (types) => types.includes('payment_intent.succeeded'),
        );
      });

      it('is found by asking when the callback is lost', async () => {
        const order = await startOrder(stage, way, [777]);
        const [leg] = order.attempt.legs as Json[];
        await stage.sandbox.fault('callback_lost', {
          wallet: way.wallet,
          match: { order_no: leg?.order_no },
          times: 20,
        });
        await stage.sandbox.pay(order.scan);
        const look = () => stage.taobao.getIntent(order.intent);
        await inTime(stage, 'found', look, (now) => now.status === 'succeeded', 10);
        await stage.sandbox.clearFaults();
      });

      it('stays open when the buyer lacks funds or gives up', async () => {
        const order = await startOrder(stage, way, [50]);
        await stage.sandbox.pay(order.scan, 'insufficient_funds');
        await stage.sandbox.pay(order.scan, 'cancel');
        expect((await stage.taobao.getIntent(order.intent)).status).toBe('requires_action');
        await stage.sandbox.pay(order.scan);
        await becomes(stage, order.intent, 'succeeded');
      });
    });

    describe.each(named(COMBINING))('%s for several sellers', (_name, way) => {
      it('pays all or nothing, and gives one seller’s part back', async () => {
        const order = await paidOrder(stage, way, [1_001, 2_002, 3_003]);
        expect((order.attempt.legs as Json[]).length).toBe(3);
        expect((await walletOrders(stage, order)).map((row) => row.amount).sort()).toEqual([
          1_001, 2_002, 3_003,
        ]);
        await refunded(stage, await refund(stage, order, 2_002, 1));
        const rows = await walletOrders(stage, order);
        expect(rows.map((row) => row.refunded).sort()).toEqual([0, 0, 2_002]);
        const over = await refund(stage, order, 1, 1);
        expect([over.status, codeOf(over)]).toEqual([409, 'refund_exceeds_payment']);
      });
    });

    it('jdpay.qr for several sellers is one order, each part refunded separately', async () => {
      const order = await paidOrder(stage, JD_QR, [1_001, 2_002, 3_003]);
      expect((order.attempt.legs as Json[]).length).toBe(1);
      expect((await walletOrders(stage, order)).map((row) => row.amount)).toEqual([6_006]);
      await refunded(stage, await refund(stage, order, 2_002, 1));
      const over = await refund(stage, order, 1, 1);
      expect([over.status, codeOf(over)]).toEqual([409, 'refund_exceeds_payment']);
      await refunded(stage, await refund(stage, order, 3_003, 2));
      expect((await walletOrders(stage, order))[0]).toMatchObject({ refunded: 5_005 });
    });

    describe.each(named(ONE_OF_EACH))('%s', (_name, way) => {
      it('books a notification once, however often it comes', async () => {
        const order = await startOrder(stage, way, [888]);
        const [leg] = order.attempt.legs as Json[];
        await stage.sandbox.fault('callback_duplicated', {
          wallet: way.wallet,
          match: { order_no: leg?.order_no },
        });
        await stage.sandbox.pay(order.scan);
        await becomes(stage, order.intent, 'succeeded');
        await stage.sandbox.advance(120);
        const moments: string[] = [];
        for await (const row of stage.taobao.transactions())
          if (row.payment_intent === order.intent) moments.push(String(row.moment));
        expect(moments).toEqual(['paid']);
      });

      it('refunds in parts up to what was paid, and not a fen more (rule 7)', async () => {
        const order = await paidOrder(stage, way, [1_000]);
        await refunded(stage, await refund(stage, order, 1));
        await stage.sandbox.advance(90);
        const over = await refund(stage, order, 1_000);
        expect([over.status, codeOf(over)]).toEqual([409, 'refund_exceeds_payment']);
        const [one, two] = await Promise.all([
          refund(stage, order, 999),
          refund(stage, order, 999),
        ]);
        expect([one.status, two.status].sort()).toEqual([201, 409]);
        await refunded(stage, one.status === 201 ? one : two);
        expect((await stage.taobao.getIntent(order.intent)).amount_refunded).toBe(1_000);
        expect((await walletOrders(stage, order))[0]).toMatchObject({
          refunded: 1_000,
          state: 'refunded',
        });
      });

      it('sends refunds that follow at once in their turn', async () => {
        const order = await paidOrder(stage, way, [300]);
        const answers = [
          await refund(stage, order, 100),
          await refund(stage, order, 100),
          await refund(stage, order, 100),
        ];
        for (const answer of answers) await refunded(stage, answer);
        expect((await walletOrders(stage, order))[0]).toMatchObject({ refunded: 300 });
      });

      it('repeats a refund by its key, and refuses one of what was not paid', async () => {
        const order = await paidOrder(stage, way, [200]);
        const body = {
          payment_intent: order.intent,
          sub_order: order.subOrders[0],
          amount: 60,
          reason: 'r',
        };
        const key = newKey();
        const first = await post(stage.taobao, '/v1/refunds', body, key);
        const again = await post(stage.taobao, '/v1/refunds', body, key);
        expect(first.status).toBe(201);
        expect(again.body.id).toBe(first.body.id);
        expect(again.headers.get('idempotent-replayed')).toBe('true');
        const unpaid = await startOrder(stage, way, [200]);
        const refusal = await refund(stage, unpaid, 10);
        expect([refusal.status, codeOf(refusal)]).toEqual([409, 'refund_not_possible']);
      });

      it('books a coupon by what really moves', async () => {
        const order = await startOrder(stage, way, [10_000]);
        const coupon = { platform: 500, merchant: 300 };
        await stage.sandbox.post('/phone/pay', { scan: order.scan, outcome: 'success', coupon });
        const paid = await becomes(stage, order.intent, 'succeeded');
        const [leg] = ((paid.attempts as Json).data as Json[])[0]!.legs as Json[];
        // JD's wire knows only coupons that JD itself pays for.
        const receipt = way.wallet === 'jdpay' ? 10_000 : 9_700;
        expect(leg).toMatchObject({
          amount: 10_000,
          payer_amount: 9_200,
          receipt_amount: receipt,
        });
        expect(await clearingOf(stage, order)).toBe(receipt);
        await refunded(stage, await refund(stage, order, 3_333));
        await stage.sandbox.advance(90);
        await refunded(stage, await refund(stage, order, 6_667));
        expect(await clearingOf(stage, order)).toBe(0);
      });

      it('waits in conflict for an operator when the amount differs (rule 3)', async () => {
        const order = await startOrder(stage, way, [640]);
        const [leg] = order.attempt.legs as Json[];
        await stage.sandbox.fault('wrong_amount', {
          wallet: way.wallet,
          match: { order_no: leg?.order_no, operation: 'callback' },
        });
        const before = await stage.taobao.balanceOf('suspense');
        await stage.sandbox.pay(order.scan);
        const conflicted = await becomes(stage, order.intent, 'conflicted');
        expect(conflicted.amount_received).toBe(0);
        await stage.sandbox.advance(600);
        expect((await stage.taobao.getIntent(order.intent)).status).toBe('conflicted');
        expect((await stage.taobao.balanceOf('suspense')) - before).toBe(641);
        const refusal = await refund(stage, order, 10);
        expect(codeOf(refusal)).toBe('refund_not_possible');
        const path = `/v1/payment_intents/${order.intent}/resolve`;
        const resolution = { outcome: 'refund', reason: 'the buyer was asked' };
        const key = newKey();
        const ended = await post(stage.taobao, path, resolution, key);
        expect([ended.status, ended.body.status]).toEqual([200, 'canceled']);
        expect(ended.body.resolution).toMatchObject({
          ...resolution,
          by: expect.stringMatching(/^key_/),
        });
        expect((await post(stage.taobao, path, resolution, key)).body).toEqual(ended.body);
        const other = await post(
          stage.taobao,
          path,
          { ...resolution, outcome: 'accept' },
          newKey(),
        );
        expect([other.status, codeOf(other)]).toEqual([409, 'payment_intent_not_conflicted']);
        const held = () => clearingOf(stage, order);
        await inTime(stage, 'it was refunded', held, (heldFen) => heldFen === 0, 60);
        expect((await walletOrders(stage, order)).map((row) => row.refunded)).toEqual([640]);
        expect(await stage.taobao.balanceOf('suspense')).toBe(before);
        // Deliveries may overtake one another (rule 9).
        const eventTypes = async () =>
          eventsOf(stage, order.intent).map((event) => String(event.type));
        const hasArrived = (types: string[]) =>
          ['resolved', 'canceled'].every((resolution) =>
            types.includes(`payment_intent.${resolution}`),
          );
        await until('both events have arrived', eventTypes, hasArrived);
      });

      it('counts when an operator accepts what the wallet took (rule 3)', async () => {
        const order = await startOrder(stage, way, [640]);
        const [leg] = order.attempt.legs as Json[];
        const match = { order_no: leg?.order_no, operation: 'callback' };
        await stage.sandbox.fault('wrong_amount', { wallet: way.wallet, match });
        const before = await stage.taobao.balanceOf('suspense');
        const path = `/v1/payment_intents/${order.intent}/resolve`;
        const resolution = { outcome: 'accept', reason: 'the bill says 6.40' };
        const early = await post(stage.taobao, path, resolution, newKey());
        expect([early.status, codeOf(early)]).toEqual([409, 'payment_intent_not_conflicted']);
        await stage.sandbox.pay(order.scan);
        await becomes(stage, order.intent, 'conflicted');
        await stage.sandbox.advance(600);
        const ended = await post(stage.taobao, path, resolution, newKey());
        expect([ended.status, ended.body.status]).toEqual([200, 'succeeded']);
        expect(ended.body.amount_received).toBe(640);
        expect(await stage.taobao.balanceOf('suspense')).toBe(before);
        expect(await clearingOf(stage, order)).toBe(640);
        await refunded(stage, await refund(stage, order, 640));
        expect(await clearingOf(stage, order)).toBe(0);
      });

      it('is canceled as confirmed by the wallet, and the old code answers closed', async () => {
        const order = await startOrder(stage, way, [100]);
        const path = `/v1/payment_intents/${order.intent}/cancel`;
        const canceled = await post(stage.taobao, path, {}, newKey());
        // JD's revoke could take back what has just been paid: its orders run out (rule 2).
        const runsOut = way.wallet === 'jdpay';
        const said = runsOut ? 'processing' : 'canceled';
        expect([canceled.status, canceled.body.status]).toEqual([200, said]);
        if (runsOut) await stage.sandbox.advance(1_810);
        await becomes(stage, order.intent, 'canceled');
        expect((await stage.sandbox.pay(order.scan)).status).toBe('closed');
        const again = await post(stage.taobao, path, {}, newKey());
        expect([again.status, again.body.status]).toEqual([200, 'canceled']);
        const late = await post(
          stage.taobao,
          `/v1/payment_intents/${order.intent}/attempts`,
          { wallet: way.wallet, product: way.product },
          newKey(),
        );
        expect([late.status, codeOf(late)]).toEqual([409, 'payment_intent_not_payable']);
      });

      it('is not canceled once it is paid', async () => {
        const order = await paidOrder(stage, way, [100]);
        const path = `/v1/payment_intents/${order.intent}/cancel`;
        const answer = await post(stage.taobao, path, {}, newKey());
        expect([answer.status, codeOf(answer)]).toEqual([409, 'payment_intent_not_cancelable']);
      });

      it('is not lost when it is canceled after it was paid, the callback lost', async () => {
        const order = await startOrder(stage, way, [100]);
        const [leg] = order.attempt.legs as Json[];
        const match = { order_no: leg?.order_no };
        await stage.sandbox.fault('callback_lost', { wallet: way.wallet, match, times: 5 });
        await stage.sandbox.pay(order.scan);
        // Wallets report times in seconds.
        await stage.sandbox.advance(2);
        const path = `/v1/payment_intents/${order.intent}/cancel`;
        await post(stage.taobao, path, {}, newKey());
        await becomes(stage, order.intent, 'succeeded');
        await stage.sandbox.clearFaults();
      });

      it('expires by the clock', async () => {
        const order = await startOrder(stage, way, [100]);
        const bare = await createIntent(stage, [100]);
        await stage.sandbox.advance(1_810);
        await becomes(stage, String(bare.id), 'expired');
        await inTime(
          stage,
          'expired',
          () => stage.taobao.getIntent(order.intent),
          (now) => now.status === 'expired',
        );
        expect((await stage.sandbox.pay(order.scan)).status).toBe('closed');
      });
    });

    describe.each(named([...ONE_OF_EACH, UNIONPAY_QR]))(
      'an amount that %s never corrects',
      (_name, way) => {
        it('refunded by a figure that was never paid, it is refused and alerts an operator', async () => {
          const order = await startOrder(stage, way, [640]);
          const [leg] = order.attempt.legs as Json[];
          // In every callback and every query: it is never corrected.
          const match = { order_no: leg?.order_no };
          await stage.sandbox.fault('wrong_amount', { wallet: way.wallet, match, times: 50 });
          const before = await stage.taobao.balanceOf('suspense');
          const owedBefore = await stage.taobao.balanceOf('buyer:refund_due');
          await stage.sandbox.pay(order.scan);
          await becomes(stage, order.intent, 'conflicted');
          expect((await stage.taobao.balanceOf('suspense')) - before).toBe(641);
          const path = `/v1/payment_intents/${order.intent}/resolve`;
          const resolution = { outcome: 'refund', reason: 'the wallet says 6.41' };
          const ended = await post(stage.taobao, path, resolution, newKey());
          expect([ended.status, ended.body.status]).toEqual([200, 'canceled']);
          const isAlarm = (event: Json) => {
            const { object } = event.data as { object: Json };
            return event.type === 'refund.requires_attention' && object.leg === leg?.id;
          };
          const alarms = async () => stage.inbox.events.filter(isAlarm);
          const hasArrived = (events: readonly Json[]) => events.length > 0;
          const [alarm] = await inTime(stage, 'an operator is alerted', alarms, hasArrived, 60);
          expect((alarm!.data as Json).object).toMatchObject({ amount: 641, reason: 'conflicted' });
          expect((await walletOrders(stage, order)).map((row) => row.refunded)).toEqual([0]);
          // Nothing was lost on the way: what the wallet holds is due to the buyer.
          expect(await stage.taobao.balanceOf('suspense')).toBe(before);
          // Alipay and UnionPay name beside the figure what really arrived.
          const arrived = ['alipay', 'unionpay'].includes(way.wallet) ? 640 : 641;
          expect((await stage.taobao.balanceOf('buyer:refund_due')) - owedBefore).toBe(arrived);
          expect(await clearingOf(stage, order)).toBe(arrived);
          refusedFen += arrived;
          await stage.sandbox.clearFaults();
        });
      },
    );

    describe('rule 11: tenants apart', () => {
      it('answers 404 to another marketplace’s key, wherever it knocks', async () => {
        const order = await paidOrder(stage, NATIVE, [150]);
        const made = await refund(stage, order, 10);
        const [event] = (await stage.taobao.expect(200, 'GET', '/v1/events?limit=1'))
          .data as Json[];
        const attempt = String(order.attempt.id);
        const reads = [
          `/v1/payment_intents/${order.intent}`,
          `/v1/payment_intents/${order.intent}/offers`,
          `/v1/payment_intents/${order.intent}/attempts`,
          `/v1/payment_intents/${order.intent}/attempts/${attempt}`,
          `/v1/refunds/${String(made.body.id)}`,
          `/v1/events/${String(event?.id)}`,
          `/v1/webhook_endpoints/${stage.endpoint}`,
        ];
        for (const path of reads) {
          const answer = await call('GET', `${stage.tmall.url}${path}`, { key: stage.tmall.key });
          expect([path, answer.status]).toEqual([path, 404]);
        }
        const sub_order = order.subOrders[0];
        const writes: [string, Json][] = [
          [`/v1/payment_intents/${order.intent}/cancel`, {}],
          [
            `/v1/payment_intents/${order.intent}/attempts`,
            { wallet: 'wechatpay', product: 'native' },
          ],
          ['/v1/refunds', { payment_intent: order.intent, sub_order, amount: 1, reason: 'r' }],
          [`/v1/events/${String(event?.id)}/resend`, {}],
          [`/v1/webhook_endpoints/${stage.endpoint}/rotate_secret`, {}],
        ];
        for (const [path, body] of writes) {
          const answer = await post(stage.tmall, path, body, newKey());
          expect([path, answer.status]).toEqual([path, 404]);
        }
        const lists = await stage.tmall.expect(200, 'GET', '/v1/payment_intents?limit=100');
        expect(JSON.stringify(lists)).not.toContain(order.intent);
        expect((await stage.tmall.expect(200, 'GET', '/v1/ledger/transactions')).data).toEqual([]);
      });
    });

    describe('rule 12: same request, same answer', () => {
      it('replays, and refuses another body under the same key', async () => {
        const { id } = await createIntent(stage, [100]);
        const path = `/v1/payment_intents/${String(id)}/attempts`;
        const body = { wallet: 'wechatpay', product: 'native' };
        const key = newKey();
        const first = await post(stage.taobao, path, body, key);
        const again = await post(stage.taobao, path, body, key);
        expect([first.status, again.status]).toEqual([201, 201]);
        expect(again.body).toEqual(first.body);
        expect(first.headers.get('idempotent-replayed')).toBeNull();
        expect(again.headers.get('idempotent-replayed')).toBe('true');
        const other = await post(stage.taobao, path, { ...body, product: 'h5' }, key);
        expect([other.status, codeOf(other)]).toEqual([422, 'idempotency_key_reused']);
        const missing = await call('POST', `${stage.taobao.url}${path}`, {
          key: stage.taobao.key,
          body,
          headers: { 'idempotency-key': '' },
        });
        expect([missing.status, codeOf(missing)]).toEqual([400, 'idempotency_key_missing']);
      });

      it('does it once for many at the same moment', async () => {
        const { id } = await createIntent(stage, [100]);
        const path = `/v1/payment_intents/${String(id)}/attempts`;
        const key = newKey();
        const answers = await Promise.all(
          Array.from({ length: 8 }, () =>
            post(stage.taobao, path, { wallet: 'wechatpay', product: 'native' }, key),
          ),
        );
        const isReplay = (answer: (typeof answers)[number]) =>
          answer.headers.get('idempotent-replayed') === 'true';
        for (const answer of answers) {
          if (answer.status === 201) continue;
          expect([answer.status, codeOf(answer)]).toEqual([409, 'idempotency_key_in_flight']);
        }
        const done = answers.filter((answer) => answer.status === 201 && !isReplay(answer));
        expect(done.length).toBe(1);
        const intent = await stage.taobao.getIntent(String(id));
        expect(((intent.attempts as Json).data as Json[]).length).toBe(1);
      });

      it('gives the client_secret again on a replay, though it is stored nowhere', async () => {
        const body = {
          amount: 5,
          currency: 'cny',
          merchant_order_no: `R${newKey()}`,
          description: 'x',
          sub_orders: [{ merchant: stage.taobao.merchants[0], amount: 5, description: 'x' }],
          buyer: { id: 'b', device: 'desktop' },
        };
        const key = newKey();
        const first = await post(stage.taobao, '/v1/payment_intents', body, key);
        const again = await post(stage.taobao, '/v1/payment_intents', body, key);
        expect(again.headers.get('idempotent-replayed')).toBe('true');
        expect(again.body.client_secret).toBe(first.body.client_secret);
        stage.secrets.add(String(first.body.client_secret));
      });
    });

    describe('webhooks', () => {
      it('sends growing versions, and the same event again when asked to', async () => {
        const order = await paidOrder(stage, PAGE, [60]);
        const eventTypes = await until(
          'delivered',
          async () => eventsOf(stage, order.intent),
          (events) => events.some((event) => event.type === 'payment_intent.succeeded'),
        );
        const byVersion = [...eventTypes].sort(
          (a, b) => Number(a.object_version) - Number(b.object_version),
        );
        expect(byVersion.map((event) => event.type)).toEqual([
          'payment_intent.created',
          'payment_intent.requires_action',
          'payment_intent.succeeded',
        ]);
        const event = byVersion[2]!;
        const count = () => stage.inbox.events.filter((one) => one.id === event.id).length;
        const before = count();
        const path = `/v1/events/${String(event.id)}/resend`;
        await stage.taobao.expect(200, 'POST', path, {});
        await until(
          'sent again',
          async () => count(),
          (now) => now > before,
        );
        const stored = await stage.taobao.expect(200, 'GET', `/v1/events/${String(event.id)}`);
        expect(stored).toEqual(event);
      });

      it('signs with both secrets while one is being replaced', async () => {
        const hook = await openInbox();
        const other = await openInbox();
        const body = { url: hook.url, enabled_events: ['payment_intent.created'] };
        const made = await stage.taobao.expect(201, 'POST', '/v1/webhook_endpoints', body);
        stage.secrets.add(String(made.secret));
        hook.trust(String(made.secret));
        const path = `/v1/webhook_endpoints/${String(made.id)}`;
        // An update leaves what it does not name.
        const { secret: _once, ...endpoint } = made;
        expect(await stage.taobao.expect(200, 'POST', path, {})).toEqual(endpoint);
        const rotated = await stage.taobao.expect(200, 'POST', `${path}/rotate_secret`, {});
        stage.secrets.add(String(rotated.secret));
        expect(rotated.secret).not.toBe(made.secret);
        // One receiver still has the old secret, another already the new one.
        await createIntent(stage, [10]);
        await until(
          'old secret',
          async () => hook.events.length,
          (count) => count === 1,
        );
        other.trust(String(rotated.secret));
        await stage.taobao.expect(200, 'POST', path, { url: other.url });
        await createIntent(stage, [10]);
        await until(
          'new secret',
          async () => other.events.length,
          (count) => count === 1,
        );
        expect([hook.refused, other.refused]).toEqual([[], []]);
        await stage.taobao.expect(200, 'DELETE', path);
        await hook.close();
        await other.close();
      });

      it('lets no dead endpoint delay another (rule 9)', async () => {
        const hangs = http.createServer(() => undefined);
        await new Promise<void>((resolve) => hangs.listen(0, '127.0.0.1', resolve));
        const { port } = hangs.address() as { port: number };
        const made = await stage.taobao.expect(201, 'POST', '/v1/webhook_endpoints', {
          url: `http://127.0.0.1:${port}/`,
          enabled_events: ['*'],
        });
        stage.secrets.add(String(made.secret));
        const startedMs = performance.now();
        for (let count = 0; count < 40; count += 1) {
          const { id } = await createIntent(stage, [10]);
          if (count < 39) continue;
          await until(
            'the living endpoint',
            async () => eventsOf(stage, String(id)).length,
            (events) => events === 1,
            3_000,
          );
        }
        expect(performance.now() - startedMs).toBeLessThan(10_000);
        await stage.taobao.expect(200, 'DELETE', `/v1/webhook_endpoints/${String(made.id)}`);
        hangs.closeAllConnections();
        await new Promise((resolve) => hangs.close(resolve));
      });
    });

    it('keeps everything over a restart (rule 8)', async () => {
      const paid = await paidOrder(stage, NATIVE, [900]);
      const open: Order[] = [];
      for (const way of ONE_OF_EACH) open.push(await startOrder(stage, way, [910]));
      const key = newKey();
      const body = {
        payment_intent: paid.intent,
        sub_order: paid.subOrders[0],
        amount: 5,
        reason: 'r',
      };
      const made = await post(stage.taobao, '/v1/refunds', body, key);
      const before = await stage.taobao.getIntent(paid.intent);
      await stage.platform.restart();
      expect(await stage.taobao.getIntent(paid.intent)).toMatchObject({
        id: before.id,
        status: 'succeeded',
        amount_received: 900,
      });
      const again = await post(stage.taobao, '/v1/refunds', body, key);
      expect([again.headers.get('idempotent-replayed'), again.body.id]).toEqual([
        'true',
        made.body.id,
      ]);
      for (const order of open) {
        await stage.sandbox.pay(order.scan);
        await becomes(stage, order.intent, 'succeeded');
      }
      await refunded(stage, made);
    });

    it('switches, and pays once (rule 1)', async () => {
      const intent = await createIntent(stage, [70]);
      const first = await startAndScan(stage, intent, NATIVE);
      const second = await startAndScan(stage, intent, PAGE);
      expect((await stage.sandbox.pay(first.scan)).status).toBe('closed');
      await stage.sandbox.pay(second.scan);
      const paid = await becomes(stage, second.intent, 'succeeded');
      const statuses = ((paid.attempts as Json).data as Json[]).map((one) => one.status);
      expect(statuses.sort()).toEqual(['closed', 'succeeded']);
      expect(payerOf(stage, NATIVE)).toEqual({});
    });

    it('ends with a balanced ledger, in agreement with the wallets (rules 5 and 6)', async () => {
      await stage.sandbox.advance(3_600);
      expect(await stage.taobao.ledgerProblems()).toEqual([]);
      expect(await stage.taobao.balanceOf('buyer:refund_due')).toBe(refusedFen);
      expect(stage.inbox.refused).toEqual([]);
      expect(stage.platform.logText()).not.toContain('"defect"');
    });

    it('keeps no secret in its log or its tables', async () => {
      const tables = ['events', 'idempotency_keys', 'deliveries', 'payment_intents'];
      const places: [string, string][] = [['the log', stage.platform.logText()]];
      for (const table of [...tables, 'payment_legs', 'refunds', 'notifications']) {
        const text = `select row_to_json(t)::text as row from ${table} t`;
        const rows = await stage.db.read({ name: `contract_${table}`, text }, []);
        places.push([table, rows.map((row) => String(row.row)).join('\n')]);
      }
      expect(places[0]?.[1].length).toBeGreaterThan(10_000);
      for (const [place, text] of places) {
        const leaked = [...stage.secrets].filter(
          (secret) => secret.length >= 8 && text.includes(secret),
        );
        expect([place, leaked]).toEqual([place, []]);
        expect([place, /PRIVATE KEY|whsec_|Bearer sk_/.exec(text)?.[0]]).toEqual([
          place,
          undefined,
        ]);
      }
      for (const table of ['wallet_configs', 'webhook_endpoints']) {
        const text = `select sealed from ${table}`;
        const { home } = stage.cells;
        const rows = await home.read({ name: `contract_sealed_${table}`, text }, []);
        expect(rows.length).toBeGreaterThan(0);
        for (const { sealed } of rows) expect(String(sealed)).toMatch(/^v2\.[\w.-]+$/);
      }
    });
  });
}
