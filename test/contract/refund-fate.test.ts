/**
 * A refund with open outcome, for every wallet: interrupted between call and outcome it is queried
 * before it is sent again, and while its wallet cannot be called an operator is alerted (rule 2).
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { call, type Json, until } from '../helpers/api.ts';
import { ENGINES } from '../store/engines.ts';
import {
  clearingOf,
  eventsOf,
  nameOf,
  openStage,
  paidOrder,
  refund,
  type Stage,
  WAYS,
  walletOrders,
} from './stage.ts';

const engine = ENGINES.find((one) => one.isAvailable)!;
const ONE_OF_EACH = ['wechatpay.native', 'alipay.precreate', 'unionpay.web', 'jdpay.qr'];

describe(`the fate of a refund on ${engine.name}`, () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage(engine);
  });
  afterAll(async () => {
    await stage?.close();
  });
  beforeEach(() => stage.sandbox.clearFaults());

  const shown = (id: string): Promise<Json> => stage.taobao.expect(200, 'GET', `/v1/refunds/${id}`);

  for (const way of WAYS.filter((row) => ONE_OF_EACH.includes(nameOf(row)))) {
    const { wallet } = way;

    it(`D5: killed after ${wallet} took it and before that was committed, it is asked about`, async () => {
      const order = await paidOrder(stage, way, [1_000]);
      await stage.sandbox.fault('answer_lost', { wallet, match: { operation: 'refund' } });
      await stage.sandbox.fault('callback_lost', { wallet, times: 100 });
      const answer = await refund(stage, order, 400);
      expect(answer.body.status).toBe('pending');
      const id = String(answer.body.id);
      // What a kill between the call and its outcome leaves: the row as it was promised.
      await stage.db.script(
        `update refunds set status = 'created', tries = 0, wallet_refund_id = null
           where refund_no = '${String(answer.body.refund_no)}'`,
      );
      await stage.platform.restart();
      // Whoever sends it again unasked is answered with a refusal, or with nothing.
      await stage.sandbox.fault('server_error', { wallet, match: { operation: 'refund' } });
      await stage.sandbox.advance(20);
      await until(
        'it succeeded',
        () => shown(id),
        ({ status }) => status === 'succeeded',
      );
      const { body } = await call('GET', `${stage.sandbox.url}/control/faults`);
      const waiting = (body.data as Json[]).filter(({ fault }) => fault === 'server_error');
      expect(waiting, 'it was not sent a second time').toHaveLength(1);
      expect(await walletOrders(stage, order)).toMatchObject([{ refunded: 400 }]);
      expect(await clearingOf(stage, order)).toBe(600);
    });
  }

  it('L4: a refund whose configuration cannot be read is logged, and after an hour raises an alert', async () => {
    const way = WAYS.find((row) => nameOf(row) === 'wechatpay.native')!;
    const order = await paidOrder(stage, way, [1_000]);
    await stage.db.script(`update wallet_configs set sealed = 'x' || sealed`);
    await stage.platform.restart();
    const answer = await refund(stage, order, 400);
    const id = String(answer.body.id);
    expect(answer.body.status).toBe('pending');
    const alarms = () =>
      eventsOf(stage, id).filter(({ type }) => type === 'refund.requires_attention');
    await stage.sandbox.advance(3_500);
    expect(alarms()).toEqual([]);
    expect(stage.platform.logText()).toContain('its wallet configuration cannot be read');
    for (let hour = 0; hour < 3; hour += 1) await stage.sandbox.advance(3_600);
    await until(
      'alerted',
      async () => alarms(),
      (alarms) => alarms.length === 1,
    );
    await stage.db.script(`update wallet_configs set sealed = substr(sealed, 2)`);
    await stage.platform.restart();
    await stage.sandbox.advance(3_700);
    await until(
      'it succeeded',
      () => shown(id),
      ({ status }) => status === 'succeeded',
    );
    expect(await walletOrders(stage, order)).toMatchObject([{ refunded: 400 }]);
    expect(alarms()).toHaveLength(1);
  });
});
