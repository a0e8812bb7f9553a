/**
 * Payment codes over HTTP: which wallet gets which code, what is refused before any wallet is
 * called, and that a code, which is money for a minute, is stored nowhere. A reversal whose answer
 * is lost has the same outcome by every route (rules 1, 5 and 6).
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { call, type Json } from '../helpers/api.ts';
import { ENGINES } from '../store/engines.ts';
import {
  becomes,
  codeOf,
  createIntent,
  eventsOf,
  inTime,
  newKey,
  type Order,
  openStage,
  post,
  type Stage,
  walletOrders,
} from './stage.ts';

const engine = ENGINES.find((one) => one.isAvailable)!;

describe(`payment codes on ${engine.name}`, () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage(engine);
  });
  afterAll(async () => {
    await stage?.close();
  });

  const start = async (body: Json) => {
    const intent = await createIntent(stage, [1_000]);
    return post(stage.taobao, `/v1/payment_intents/${String(intent.id)}/attempts`, body, newKey());
  };
  const refusalOf = async (body: Json) => {
    const answer = await start(body);
    const { param } = (answer.body.error ?? {}) as Json;
    return [answer.status, codeOf(answer), param];
  };

  it.each<readonly [string, Json, readonly unknown[]]>([
    ['neither wallet nor code', { product: 'native' }, [400, 'parameter_invalid', 'wallet']],
    ['no product and no code', { wallet: 'wechatpay' }, [400, 'parameter_invalid', 'product']],
    ['letters', { payer: { auth_code: 'hello' } }, [400, 'auth_code_malformed', 'payer.auth_code']],
    [
      'letters, at a named wallet',
      { wallet: 'wechatpay', product: 'native', payer: { auth_code: 'hello' } },
      [400, 'auth_code_malformed', 'payer.auth_code'],
    ],
    [
      'digits that no wallet begins with',
      { payer: { auth_code: '991234567890123456' } },
      [400, 'auth_code_not_recognised', 'payer.auth_code'],
    ],
    [
      'a code one digit short',
      { payer: { auth_code: '13051234567890123' } },
      [400, 'auth_code_not_recognised', 'payer.auth_code'],
    ],
    [
      'a code for a product that takes none',
      { wallet: 'wechatpay', product: 'native', payer: { auth_code: '130512345678901234' } },
      [400, 'parameter_invalid', 'payer.auth_code'],
    ],
    [
      'both a code and a tap',
      { payer: { auth_code: '130512345678901234', field55: '9F2608' } },
      [400, 'parameter_invalid', 'payer.field55'],
    ],
    [
      'a tap in half bytes',
      { payer: { field55: '9F2' } },
      [400, 'parameter_invalid', 'payer.field55'],
    ],
    [
      'a tap that breaks off, at a named product',
      { wallet: 'unionpay', product: 'nfc', payer: { field55: '9F2608AA' } },
      [400, 'parameter_invalid', 'payer.field55'],
    ],
    [
      'a tap without what it needs',
      { payer: { field55: '9F2608AAAAAAAAAAAAAAAA' } },
      [400, 'parameter_invalid', 'payer.field55'],
    ],
  ])('refuses %s', async (_name, body, expected) => {
    expect(await refusalOf(body)).toEqual(expected);
  });

  it('does not say that a wallet refused what was never sent to it', async () => {
    const intent = await createIntent(stage, [1_000]);
    const path = `/v1/payment_intents/${String(intent.id)}/attempts`;
    const body = { wallet: 'unionpay', product: 'bar', payer: { auth_code: '281234567890123456' } };
    const answer = await post(stage.taobao, path, body, newKey());
    expect([answer.status, codeOf(answer)]).toEqual([402, 'wallet_declined']);
    const { message } = answer.body.error as Json;
    expect(message).toMatch(/^unionpay was not asked: a payment code of UnionPay has 19 digits/);
  });

  it('is found by the number that the wallet knows, and by no other', async () => {
    const intent = await createIntent(stage, [1_000]);
    const path = `/v1/payment_intents/${String(intent.id)}/attempts`;
    const body = { wallet: 'wechatpay', product: 'native', payer: {} };
    const started = await post(stage.taobao, path, body, newKey());
    const [leg] = started.body.legs as Json[];
    const orderNo = String(leg?.order_no);
    const search = async (no: string, key = stage.taobao.key) => {
      const url = `${stage.platform.url}/v1/payment_intents?order_no=${no}`;
      return call('GET', url, { key });
    };
    const found = (answer: { body: Json }) => (answer.body.data as Json[]).map(({ id }) => id);
    expect(found(await search(orderNo))).toEqual([intent.id]);
    const other = `${orderNo.slice(0, 13)}${orderNo.slice(0, 13)}01`;
    expect(found(await search(other))).toEqual([]);
    expect(found(await search(`${orderNo.slice(0, 26)}R1`))).toEqual([]);
    expect(found(await search(orderNo, stage.tmall.key))).toEqual([]);
    // A wallet's own number may look like one of ours; it belongs to no payment.
    expect(found(await search('4200332126202611239984078845'))).toEqual([]);
    expect((await search('nope')).body.error).toMatchObject({ param: 'order_no' });
  });

  it('makes no attempt of a tap that cannot be read', async () => {
    const intent = await createIntent(stage, [1_000]);
    const path = `/v1/payment_intents/${String(intent.id)}/attempts`;
    const body = { wallet: 'unionpay', product: 'nfc', payer: { field55: '9F26' } };
    expect((await post(stage.taobao, path, body, newKey())).status).toBe(400);
    const listed = await call('GET', `${stage.platform.url}${path}`, { key: stage.taobao.key });
    expect(listed.body.data).toEqual([]);
  });

  it('never repeats the digits of a code in a refusal', async () => {
    for (const auth_code of ['991234567890123456', '13051234567890123', '62123x']) {
      const answer = await start({ payer: { auth_code } });
      expect(answer.status).toBe(400);
      expect(JSON.stringify(answer.body)).not.toContain(auth_code);
    }
  });

  describe('a reversal whose answer is lost', () => {
    beforeEach(() => stage.sandbox.clearFaults());

    const showCode = async (wallet: string) =>
      String((await stage.sandbox.post('/phone/code', { wallet })).auth_code);

    /** Started with a code of the phone; the attempt as the API then says it. */
    const startByCode = async (wallet: string, intent: Json): Promise<Order> => {
      const auth_code = await showCode(wallet);
      stage.secrets.add(auth_code);
      const path = `/v1/payment_intents/${String(intent.id)}/attempts`;
      const answer = await post(stage.taobao, path, { payer: { auth_code } }, newKey());
      expect([answer.status, answer.body.wallet]).toEqual([201, wallet]);
      return { intent: String(intent.id), subOrders: [], attempt: answer.body, scan: '' };
    };

    const attemptsOf = async (order: Order): Promise<Json[]> =>
      ((await stage.taobao.getIntent(order.intent)).attempts as Json).data as Json[];
    const statusOf = async (order: Order) =>
      (await attemptsOf(order)).find(({ id }) => id === order.attempt.id)?.status;

    /** The buyer has paid without our knowledge: the start's answer is lost. */
    const unknownStart = async (wallet: string, intent: Json): Promise<Order> => {
      await stage.sandbox.fault('answer_lost', { wallet, match: { operation: 'create' } });
      const order = await startByCode(wallet, intent);
      expect(order.attempt.status).toBe('unknown');
      expect(await walletOrders(stage, order)).toMatchObject([{ state: 'paid', refunded: 0 }]);
      return order;
    };

    /** What the intent's transactions moved, account by account; what moved to and fro is gone. */
    const movedBy = async (intent: string): Promise<Json> => {
      const moved: Record<string, number> = {};
      for await (const row of stage.taobao.transactions()) {
        if (row.payment_intent !== intent) continue;
        for (const entry of row.entries as Json[]) {
          const account = String(entry.account);
          moved[account] = (moved[account] ?? 0) + Number(entry.debit) - Number(entry.credit);
        }
      }
      return Object.fromEntries(Object.entries(moved).filter(([, fen]) => fen !== 0));
    };

    /** The buyer's money is back, once, and the intent may be paid again, by one attempt only. */
    const isOpenAgain = async (wallet: string, order: Order) => {
      expect(await walletOrders(stage, order)).toMatchObject([
        { state: 'refunded', refunded: 1_000, amount: 1_000 },
      ]);
      const open = await stage.taobao.getIntent(order.intent);
      expect(open).toMatchObject({ status: 'requires_wallet', amount_received: 0 });
      expect(open.succeeded_attempt ?? null).toBeNull();
      expect(await movedBy(order.intent)).toEqual({});
      await stage.sandbox.clearFaults();
      const second = await startByCode(wallet, open);
      const paid = await becomes(stage, order.intent, 'succeeded');
      expect(paid).toMatchObject({ amount_received: 1_000, succeeded_attempt: second.attempt.id });
    };

    /** Whatever comes late changes nothing any more. */
    const staysPaidOnce = async (order: Order, ended: string) => {
      const before = await movedBy(order.intent);
      await stage.sandbox.advance(900);
      await stage.sandbox.advance(900);
      const after = await stage.taobao.getIntent(order.intent);
      expect(after).toMatchObject({ status: 'succeeded', amount_received: 1_000 });
      const statuses = (await attemptsOf(order)).map(({ status }) => status).sort();
      expect(statuses).toEqual([ended, 'succeeded'].sort());
      expect(await movedBy(order.intent)).toEqual(before);
      const types = eventsOf(stage, order.intent).map(({ type }) => type);
      expect(types.filter((type) => type === 'payment_intent.succeeded')).toHaveLength(1);
      expect(await walletOrders(stage, order)).toMatchObject([{ refunded: 1_000 }]);
      expect(await stage.taobao.ledgerProblems()).toEqual([]);
      expect(await stage.taobao.balanceOf('buyer:refund_due')).toBe(0);
    };

    const lose = (wallet: string, operation: string, times = 1) =>
      stage.sandbox.fault('answer_lost', { wallet, match: { operation }, times });

    /** The newest attempt: from here on no success of it counts. */
    const isToBeReversed = async () => {
      const text = 'select closing_at from payment_attempts order by id desc limit 1';
      const [row] = await stage.db.read({ name: 'contract_closing_at', text }, []);
      return (row?.closing_at ?? null) !== null;
    };

    const lostCloses = async () => {
      const armed = (await call('GET', `${stage.sandbox.url}/control/faults`)).body.data as Json[];
      return armed.filter(({ match }) => (match as Json).operation === 'close').length;
    };

    const LOST_CALLBACKS = ['callback_lost', { times: 50 }] as const;
    const SLOW_CLOSE = ['refund_stuck', { match: { operation: 'close' } }] as const;
    /** How the reversal is reported; its own answer is lost in each. */
    const REPORTED: readonly (readonly [string, string, readonly (readonly [string, Json])[]])[] = [
      ['wechatpay', 'a query', []],
      ['alipay', 'a query', [['callback_lost', { times: 50 }]]],
      ['alipay', 'a callback that overtakes that of the payment', [['callback_reordered', {}]]],
      ['alipay', 'a callback, that of the payment before it', [['callback_late', {}]]],
      ['unionpay', 'a query', [LOST_CALLBACKS]],
      ['unionpay', 'a query, a while after it was taken', [LOST_CALLBACKS, SLOW_CLOSE]],
    ];

    it.each(REPORTED)('%s: reported by %s', async (wallet, by, faults) => {
      await lose(wallet, 'query', 1_000);
      for (const [fault, more] of faults) await stage.sandbox.fault(fault, { wallet, ...more });
      const order = await unknownStart(wallet, await createIntent(stage, [1_000]));
      const isPaymentFirst = by.endsWith('before it');
      if (isPaymentFirst) {
        const match = { operation: 'close' };
        await stage.sandbox.fault('close_lost', { wallet, match, times: 4 });
      }
      await lose(wallet, 'close');
      const isSo = (decided: boolean) => decided;
      await inTime(stage, 'to be reversed', isToBeReversed, isSo, 15);
      if (by.startsWith('a query')) {
        // A wallet that is looked at first is not reversed before it could be.
        await stage.sandbox.clearFaults();
        if (wallet === 'wechatpay') await lose(wallet, 'close');
      }
      const look = () => stage.taobao.getIntent(order.intent);
      const isFree = (now: Json) => now.status === 'requires_wallet';
      await inTime(stage, 'open again', look, isFree, 10);
      const isNothing = (moved: Json) => Object.keys(moved).length === 0;
      await inTime(stage, 'refunded', () => movedBy(order.intent), isNothing, 10);
      expect(await lostCloses()).toBe(0);
      const ended = String(await statusOf(order));
      expect(['closed', 'superseded']).toContain(ended);
      await isOpenAgain(wallet, order);
      await staysPaidOnce(order, ended);
    });
  });
});
