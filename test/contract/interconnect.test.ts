/**
 * Interconnection, by API only, against a city whose wallets know nothing of Hutong: QuickPass pays
 * a WeChat Pay code and an Alipay code of a merchant who signed with neither UnionPay nor JD. The
 * judge of the clearing is what the wallets themselves believe.
 */
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createIdSource } from '../../src/engine/ids.ts';
import { parseId, shardOf } from '../../src/kernel/id.ts';
import { wallClock } from '../../src/runtime/clock.ts';
import { readMarketplaces } from '../../src/store/merchant/marketplaces.ts';
import { putAccount } from '../../src/store/merchant/merchants.ts';
import { accountsOf } from '../helpers/accounts.ts';
import { call, type Json, Marketplace } from '../helpers/api.ts';
import { testNote } from '../helpers/audit-note.ts';
import { ENGINES } from '../store/engines.ts';
import {
  becomes,
  clearingOf,
  codeOf,
  newKey,
  type Order,
  openStage,
  post,
  refund,
  refunded,
  type Stage,
} from './stage.ts';

const ENGINE = ENGINES.find((engine) => engine.isAvailable)!;
const ACROSS = [
  { wallet: 'wechatpay', product: 'native' },
  { wallet: 'alipay', product: 'precreate' },
] as const;

let stage: Stage;
/** Sells by the two acceptors only. */
let shop: Marketplace;

beforeAll(async () => {
  stage = await openStage(ENGINE);
  const made = await stage.taobao.expect(201, 'POST', '/v1/merchants', {
    name: '老街茶铺',
    external_id: 'interconnect-shop',
  });
  const merchant = parseId('merchant', String(made.id))!;
  const marketplace = (await readMarketplaces(stage.db)).find((row) => row.name === 'taobao')!.id;
  const ids = createIdSource(9, wallClock);
  const accounts = await accountsOf(stage.db, marketplace);
  for (const { wallet } of ACROSS) {
    const other = accounts.find((row) => row.wallet === wallet)!;
    const id = ids.next('wallet_account', shardOf(merchant));
    await putAccount(stage.db, { ...other, id, merchant, createdAtMs: 1 }, testNote(marketplace));
  }
  stage.platform.composed.platform.directory.forget();
  shop = new Marketplace(stage.taobao.url, stage.taobao.key, [merchant]);
});
afterAll(async () => {
  await stage?.close();
});

const offersOf = async (intent: Json) =>
  shop.expect(200, 'GET', `/v1/payment_intents/${String(intent.id)}/offers?device=desktop`);
const start = (intent: Json, body: Json) =>
  post(shop, `/v1/payment_intents/${String(intent.id)}/attempts`, body, newKey());
const attemptsOf = async (intent: string) => {
  const list = await shop.expect(200, 'GET', `/v1/payment_intents/${intent}/attempts`);
  return list.data as Json[];
};
const clearing = async (date = ''): Promise<Json> => {
  const query = date === '' ? '' : `?date=${date}`;
  return (await call('GET', `${stage.sandbox.url}/control/clearing${query}`)).body;
};

/** What the wallets' records show crossed between two institutions, less refunds. */
async function crossedFen(): Promise<Map<string, number>> {
  const crossed = new Map<string, number>();
  for (const wallet of ['wechatpay', 'alipay']) {
    for (const order of await stage.sandbox.orders(wallet)) {
      const payer = order.payer_wallet;
      if (payer === null || payer === wallet) continue;
      const key = `${String(payer)}>${wallet}`;
      const net = Number(order.payer_amount) - Number(order.refunded);
      crossed.set(key, (crossed.get(key) ?? 0) + net);
    }
  }
  return crossed;
}

async function paidAcross(way: (typeof ACROSS)[number], amount: number): Promise<Order> {
  const intent = await shop.createIntent([amount]);
  const started = await start(intent, { ...way, payer_wallet: 'unionpay' });
  expect(started.status).toBe(201);
  const attempt = started.body;
  expect(attempt).toMatchObject({
    wallet: way.wallet,
    payer_wallet: 'unionpay',
    payer_wallet_chosen: 'unionpay',
    payer_wallet_reported: null,
  });
  const scan = await stage.sandbox.scan('unionpay', attempt.next_action);
  expect((await stage.sandbox.pay(scan)).status).toBe('paid');
  await becomes(stage, String(intent.id), 'succeeded');
  const subOrders = (intent.sub_orders as Json[]).map((sub) => String(sub.id));
  return { intent: String(intent.id), subOrders, attempt, scan };
}

describe('a merchant who signed with the acceptors only', () => {
  it.each(ACROSS)('rule 10: QuickPass is offered by the code of $wallet', async (way) => {
    const offers = await offersOf(await shop.createIntent([1_200]));
    expect(offers.offered).toEqual(
      expect.arrayContaining([
        { ...way, payer_wallet: 'unionpay', combined: false, needs_payer: false },
      ]),
    );
    const own = (offers.offered as Json[]).filter((row) => row.wallet === 'unionpay');
    expect(own).toEqual([]);
  });

  it.each(ACROSS)('QuickPass pays a code of $wallet, and the wallet says so', async (way) => {
    const order = await paidAcross(way, 12_34);
    const [attempt] = await attemptsOf(order.intent);
    expect(attempt).toMatchObject({
      ...way,
      status: 'succeeded',
      payer_wallet: 'unionpay',
      payer_wallet_reported: 'unionpay',
    });
    expect(await clearingOf(stage, order)).toBe(12_34);
    await refunded(stage, await refund(stage, order, 2_34));
    expect(await clearingOf(stage, order)).toBe(10_00);
  });

  it('rule 3: who really paid is no conflict, and is never read off the choice', async () => {
    const intent = await shop.createIntent([5_00]);
    const { body } = await start(intent, { wallet: 'wechatpay', product: 'native' });
    expect(body).toMatchObject({ payer_wallet_chosen: 'wechatpay', payer_wallet_reported: null });
    await stage.sandbox.pay(await stage.sandbox.scan('unionpay', body.next_action));
    await becomes(stage, String(intent.id), 'succeeded');
    const [attempt] = await attemptsOf(String(intent.id));
    expect(attempt).toMatchObject({
      payer_wallet_chosen: 'wechatpay',
      payer_wallet_reported: 'unionpay',
    });
    const other = await shop.createIntent([6_00]);
    const chosen = await start(other, { ...ACROSS[0], payer_wallet: 'unionpay' });
    await stage.sandbox.pay(await stage.sandbox.scan('wechatpay', chosen.body.next_action));
    await becomes(stage, String(other.id), 'succeeded');
    const [byWechat] = await attemptsOf(String(other.id));
    expect(byWechat!.payer_wallet_chosen).toBe('unionpay');
    expect(byWechat!.payer_wallet_reported).not.toBe('unionpay');
  });
});

describe('the marketplace’s table', () => {
  const set = (payer: string, acceptor: string, status: string) =>
    shop.expect(200, 'POST', '/v1/interconnects', {
      ...{ payer_wallet: payer, acceptor_wallet: acceptor, status },
    });

  it.each([
    [{ ...ACROSS[1], payer_wallet: 'jdpay' }, 409, 'payer_wallet_not_connected'],
    [{ ...ACROSS[0], payer_wallet: 'alipay' }, 409, 'payer_wallet_not_connected'],
    [
      { wallet: 'wechatpay', product: 'h5', payer_wallet: 'unionpay' },
      409,
      'payer_wallet_not_connected',
    ],
    [{ ...ACROSS[0], payer_wallet: 'cash' }, 400, 'parameter_invalid'],
  ])('refuses %j', async (body, status, code) => {
    const intent = await shop.createIntent([1_00]);
    const answer = await start(intent, body);
    expect([answer.status, codeOf(answer)]).toEqual([status, code]);
    expect((answer.body.error as Json).param).toBe('payer_wallet');
    expect(await attemptsOf(String(intent.id))).toEqual([]);
  });

  it('a paused pair is neither offered nor startable, until it is active again', async () => {
    const intent = await shop.createIntent([1_00]);
    await set('unionpay', 'wechatpay', 'paused');
    const offers = (await offersOf(intent)).offered as Json[];
    expect(
      offers.filter((row) => row.payer_wallet === 'unionpay').map((row) => row.wallet),
    ).toEqual(['alipay']);
    const refused = await start(intent, { ...ACROSS[0], payer_wallet: 'unionpay' });
    expect(codeOf(refused)).toBe('payer_wallet_not_connected');
    const list = (await shop.expect(200, 'GET', '/v1/interconnects')).data as Json[];
    expect(list.find((row) => row.status === 'paused')).toMatchObject({
      payer_wallet: 'unionpay',
      acceptor_wallet: 'wechatpay',
    });
    await set('unionpay', 'wechatpay', 'active');
    const started = await start(intent, { ...ACROSS[0], payer_wallet: 'unionpay' });
    expect(started.status).toBe(201);
  });

  it('rule 11: one marketplace’s table says nothing of another’s', async () => {
    await set('unionpay', 'wechatpay', 'paused');
    const list = (await stage.tmall.expect(200, 'GET', '/v1/interconnects')).data as Json[];
    expect(list.every((row) => row.status === 'active')).toBe(true);
    await set('unionpay', 'wechatpay', 'active');
  });

  it('may name a pair that no institution connects: nothing is lost, and it is paused again', async () => {
    // The city connects JD Pay with WeChat Pay only.
    await set('jdpay', 'alipay', 'active');
    const intent = await shop.createIntent([7_00]);
    const pair = { ...ACROSS[1], payer_wallet: 'jdpay' };
    expect((await offersOf(intent)).offered).toEqual(
      expect.arrayContaining([expect.objectContaining(pair)]),
    );
    const started = await start(intent, pair);
    expect(started.status).toBe(201);
    const { code } = started.body.next_action as Json;
    const url = `${stage.sandbox.url}/phone/scan`;
    const refused = await call('POST', url, { body: { wallet: 'jdpay', code } });
    expect([refused.status, codeOf(refused)]).toEqual([422, 'code_of_another_wallet']);
    // Its own wallet still pays the very same code.
    await stage.sandbox.pay(await stage.sandbox.scan('alipay', started.body.next_action));
    const paid = await becomes(stage, String(intent.id), 'succeeded');
    expect(paid).toMatchObject({ amount_received: 7_00 });
    const [attempt] = await attemptsOf(String(intent.id));
    expect(attempt).toMatchObject({
      payer_wallet_chosen: 'jdpay',
      payer_wallet_reported: 'alipay',
    });
    await set('jdpay', 'alipay', 'paused');
    const next = await shop.createIntent([7_00]);
    expect(codeOf(await start(next, pair))).toBe('payer_wallet_not_connected');
  });

  it('one wallet is no pair', async () => {
    const body = { payer_wallet: 'alipay', acceptor_wallet: 'alipay', status: 'active' };
    const answer = await post(shop, '/v1/interconnects', body, newKey());
    expect([answer.status, codeOf(answer)]).toEqual([400, 'parameter_invalid']);
  });
});

describe('clearing', () => {
  it('balances to zero, with the wallets’ orders, refunds included, and in the files', async () => {
    const order = await paidAcross(ACROSS[0], 88_00);
    const { date } = await clearing();
    await stage.sandbox.advance(86_400);
    await refunded(stage, await refund(stage, order, 8_00));
    const closed = await clearing(String(date));
    expect(closed.state).toBe('closed');
    const days = [closed, await clearing()];
    const cleared = new Map<string, number>();
    for (const day of days) {
      const positions = day.positions as Json[];
      expect(positions.reduce((sum, row) => sum + Number(row.net), 0)).toBe(0);
      for (const pair of day.pairs as Json[]) {
        const key = `${String(pair.payer_wallet)}>${String(pair.acceptor_wallet)}`;
        cleared.set(key, (cleared.get(key) ?? 0) + Number(pair.net));
      }
    }
    expect(Object.fromEntries(cleared)).toEqual(Object.fromEntries(await crossedFen()));
    expect(cleared.size).toBe(2);
    for (const pair of closed.pairs as Json[]) {
      const file = fs.readFileSync(path.join(stage.platform.dir, String(pair.file)), 'utf8');
      const rows = file
        .split('\r\n')
        .slice(2, -2)
        .map((line) => line.split(','));
      expect(rows).toHaveLength((pair.movements as Json[]).length);
      const sumFen = rows.reduce((sum, [kind = '', , , , , amount = '']) => {
        const fen = Math.round(Number(amount) * 100);
        return kind === 'refund' ? sum - fen : sum + fen;
      }, 0);
      expect(sumFen).toBe(pair.net);
    }
  });
});
