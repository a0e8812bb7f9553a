/**
 * The ledger as a marketplace reads it: by the account that was paid, each transaction with its
 * object and the wallet's own time, shared accounts by configuration.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../helpers/api.ts';
import { ENGINES } from '../store/engines.ts';
import {
  inTime,
  nameOf,
  openStage,
  paidOrder,
  refund,
  refunded,
  type Stage,
  WAYS,
} from './stage.ts';

const engine = ENGINES.find((one) => one.isAvailable)!;
const ONE_OF_EACH = ['wechatpay.native', 'alipay.precreate', 'unionpay.web', 'jdpay.qr'];
const PAID = 1_000;
const BACK = 400;
/** At 0.6 %: the fee that is expected, and its part of the refund. */
const HELD = 994 - 397;

describe(`the ledger on ${engine.name}`, () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage(engine);
  });
  afterAll(async () => {
    await stage?.close();
  });

  const read = (path: string): Promise<Json[]> =>
    stage.taobao.expect(200, 'GET', path).then(({ data }) => data as Json[]);

  for (const way of WAYS.filter((row) => ONE_OF_EACH.includes(nameOf(row)))) {
    it(`says whose money ${way.wallet} holds, what was booked and when`, async () => {
      const { wallet } = way;
      const order = await paidOrder(stage, way, [PAID]);
      const [leg] = order.attempt.legs as Json[];
      const done = await refunded(stage, await refund(stage, order, BACK));
      // By the wallets' own clocks, two of which tell whole seconds; JD Pay tells no time.
      const settledMs = Date.parse(String(done.settled_at));
      if (wallet === 'wechatpay' || wallet === 'unionpay') expect(settledMs % 1_000).toBe(0);
      expect(settledMs).toBeGreaterThan(Date.parse(String(done.created_at)) - 1_000);

      const booked = await read(`/v1/ledger/transactions?payment_intent=${order.intent}`);
      // Released as it was paid: the fee is reserved first, the rest with the balance's answer.
      const isDirect = wallet === 'unionpay';
      expect(booked.map(({ moment, source }) => [moment, source])).toEqual([
        ['refund_succeeded', done.id],
        ['refund_reserved', done.id],
        ...(isDirect ? [['refund_reserved', done.id]] : []),
        ...(isDirect ? [['escrow_released', expect.stringMatching(/^esc_/)]] : []),
        ['paid', leg?.id],
      ]);
      const [returned, reserved] = booked;
      const paid = booked.at(-1);
      expect(reserved?.occurred_at).toBe(reserved?.created_at);
      expect(returned?.occurred_at).toBe(done.settled_at);
      if (wallet !== 'jdpay') expect(Date.parse(String(paid?.occurred_at)) % 1_000).toBe(0);

      const merchant = stage.taobao.merchants[0];
      const accounts = await read(`/v1/merchants/${merchant}/wallet_accounts`);
      const own = accounts.find((row) => row.wallet === wallet);
      const entries = booked.flatMap((row) => row.entries as Json[]);
      for (const { account, wallet_config: config } of entries) {
        const isShared = !/^(?:wallet_account|transfer):/.test(String(account));
        expect(config, String(account)).toBe(isShared ? own?.config : null);
      }
      const balance = await inTime(
        stage,
        'nothing is in transit',
        async () => (await read('/v1/balances')).filter((row) => row.wallet === wallet),
        (rows) => rows.every((row) => row.in_transit === 0),
        1,
      );
      const held = isDirect ? { escrow: 0, available: HELD } : { escrow: HELD, available: 0 };
      expect(balance).toEqual([
        {
          ...{ object: 'balance', merchant, wallet, wallet_account: own?.id, currency: 'cny' },
          ...held,
          ...{ pending: held.escrow, owed: 0, in_transit: 0 },
        },
      ]);
      const shared = await read(`/v1/ledger/accounts?wallet_config=${String(own?.config)}`);
      expect(shared.map(({ name, balance: fen }) => [name, fen])).toEqual([
        ['buyer:refund_due', 0],
        [`wallet:${wallet}:clearing`, PAID - BACK],
        [`wallet:${wallet}:fee_due`, PAID - BACK - HELD],
      ]);
    });
  }

  it('is read in pages, behind an account by its name or its id', async () => {
    const all = await read('/v1/ledger/accounts');
    expect(all.length).toBeGreaterThan(6);
    for (const key of ['name', 'id']) {
      const seen: Json[] = [];
      for (let after = ''; ; ) {
        const page = await stage.taobao.expect(200, 'GET', `/v1/ledger/accounts?limit=2${after}`);
        seen.push(...(page.data as Json[]));
        if (page.has_more !== true) break;
        after = `&starting_after=${encodeURIComponent(String(seen.at(-1)?.[key]))}`;
      }
      expect(seen).toEqual(all);
    }
    const beyond = await read('/v1/ledger/accounts?starting_after=zzz');
    expect(beyond).toEqual([]);
  });

  it('says what one merchant has, and nothing of a merchant of others', async () => {
    const all = await read('/v1/balances');
    const [merchant, other] = stage.taobao.merchants;
    expect(all.length).toBeGreaterThan(0);
    const own = await read(`/v1/balances?merchant=${merchant}`);
    expect(own).toEqual(all.filter((row) => row.merchant === merchant));
    expect(await read(`/v1/balances?merchant=${other}`)).toEqual(
      all.filter((row) => row.merchant === other),
    );
    const { data } = await stage.tmall.expect(200, 'GET', `/v1/balances?merchant=${merchant}`);
    expect(data).toEqual([]);
  });
});
