/**
 * How long a payment can be refunded (rule 7): as its product's wallet allows, refused before the
 * wallet is called. Within the window the city's own gateway accepts the refund, so that the figure
 * is not only ours.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ENGINES } from '../store/engines.ts';
import {
  codeOf,
  newKey,
  openStage,
  paidOrder,
  post,
  refund,
  refunded,
  type Stage,
  WAYS,
  walletOrders,
} from './stage.ts';

const engine = ENGINES.find((one) => one.isAvailable)!;
const DAY = 86_400;

describe(`the window for refunds on ${engine.name}`, () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage(engine);
  });
  afterAll(async () => {
    await stage?.close();
  });

  const payBy = (name: string) => {
    const way = WAYS.find(({ wallet, product }) => name === `${wallet}.${product}`)!;
    return paidOrder(stage, way, [1_000]);
  };

  it('is the product’s own: of UnionPay 30 days for codes, 90 else', async () => {
    const [code, page, other] = [
      await payBy('unionpay.qr'),
      await payBy('unionpay.web'),
      await payBy('wechatpay.native'),
    ];
    const isTaken = async (order: typeof code, amount: number) => {
      await refunded(stage, await refund(stage, order, amount));
    };
    const isRefused = async (order: typeof code) => {
      const before = await walletOrders(stage, order);
      const answer = await refund(stage, order, 1);
      expect([answer.status, codeOf(answer)]).toEqual([409, 'refund_not_possible']);
      expect(JSON.stringify(answer.body)).toContain(
        'the wallet took refunds of this payment until',
      );
      expect(await walletOrders(stage, order)).toEqual(before);
      expect((await stage.taobao.getIntent(order.intent)).status).toBe('succeeded');
    };
    await stage.sandbox.advance(30 * DAY - 600);
    for (const order of [code, page, other]) await isTaken(order, 100);
    await stage.sandbox.advance(DAY);
    await isRefused(code);
    await isTaken(page, 200);
    await stage.sandbox.advance(58 * DAY);
    await isTaken(page, 300);
    await stage.sandbox.advance(2 * DAY);
    await isRefused(page);
    await isTaken(other, 100);
    expect(await walletOrders(stage, code)).toMatchObject([{ refunded: 100 }]);
    expect(await walletOrders(stage, page)).toMatchObject([{ refunded: 600 }]);
    expect(await stage.taobao.ledgerProblems()).toEqual([]);
  });

  it('answers the same again to the same key', async () => {
    const order = await payBy('unionpay.qr');
    await stage.sandbox.advance(31 * DAY);
    const body = { payment_intent: order.intent, sub_order: order.subOrders[0], amount: 1 };
    const key = newKey();
    const send = () => post(stage.taobao, '/v1/refunds', { ...body, reason: 'late' }, key);
    const [first, second] = [await send(), await send()];
    expect([first.status, codeOf(first)]).toEqual([409, 'refund_not_possible']);
    expect([second.status, codeOf(second)]).toEqual([409, 'refund_not_possible']);
  });
});
