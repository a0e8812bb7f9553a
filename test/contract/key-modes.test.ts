/**
 * Test and live keys are apart, through the API of a whole platform beside a city: what a key of
 * the other mode asks for is refused before anything moves, and reading stays possible.
 */
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { KEY_VERSION, readSandboxCredentials } from '../../src/cli/demo-marketplaces.ts';
import { readSettings } from '../../src/cli/settings.ts';
import { setWallet } from '../../src/cli/wallet-admin.ts';
import { createIdSource } from '../../src/engine/ids.ts';
import { hashKey } from '../../src/flows/key/authenticate.ts';
import { must } from '../../src/kernel/assert.ts';
import { shardOf } from '../../src/kernel/id.ts';
import { wallClock } from '../../src/runtime/clock.ts';
import { addKey } from '../../src/store/key/api-keys.ts';
import { readMarketplaces } from '../../src/store/merchant/marketplaces.ts';
import { WALLETS } from '../../src/wallets/registry.ts';
import { type Answer, type Json, Marketplace } from '../helpers/api.ts';
import { testNote } from '../helpers/audit-note.ts';
import { ENGINES } from '../store/engines.ts';
import * as shop from './stage.ts';

const WAY: shop.Way = {
  ...{ wallet: 'unionpay', product: 'qr', device: 'desktop', combines: false },
};
const START = { wallet: 'unionpay', product: 'qr' };

for (const engine of ENGINES) {
  describe.skipIf(!engine.isAvailable)(`keys and modes on ${engine.name}`, () => {
    let stage: shop.Stage;
    /** The same marketplace with its sk_live_ key. */
    let live: Marketplace;
    const ids = createIdSource(12, wallClock);
    beforeAll(async () => {
      stage = await shop.openStage(engine);
      live = new Marketplace(stage.taobao.url, await liveKey(), stage.taobao.merchants);
    });
    afterAll(() => stage?.close());

    async function liveKey(): Promise<string> {
      const { id: marketplace } = must(
        (await readMarketplaces(stage.db)).find(({ name }) => name === 'taobao'),
        'taobao',
      );
      const key = `sk_live_${randomBytes(20).toString('hex')}`;
      const row = {
        ...{ id: ids.next('api_key', shardOf(marketplace)), marketplace, scopes: ['*'] },
        ...{ version: KEY_VERSION, hash: hashKey(key), hint: key.slice(0, 12) },
        createdAtMs: wallClock.nowMs(),
      };
      await addKey(stage.db, row, testNote(marketplace));
      return key;
    }

    const outcomeOf = (answer: Answer) => [answer.status, shop.codeOf(answer)];
    const MISMATCH = [403, 'key_mode_mismatch'];

    const ask = (by: Marketplace, path: string, body: unknown): Promise<Answer> =>
      shop.post(by, path, body, shop.newKey());
    const start = (by: Marketplace, intent: unknown): Promise<Answer> =>
      ask(by, `/v1/payment_intents/${String(intent)}/attempts`, START);
    const withheld = async (by: Marketplace, intent: unknown): Promise<unknown[]> => {
      const at = `/v1/payment_intents/${String(intent)}/offers?device=desktop`;
      const { withheld: rows } = await by.expect(200, 'GET', at);
      return (rows as Json[]).filter(({ product }) => product === null).map((row) => row.reason);
    };

    test('S14: the city’s credentials are test; one address of the live wallet makes them live', () => {
      const { taobao } = readSandboxCredentials(stage.platform.dir).marketplaces;
      const hosts = {
        wechatpay: ['https://api.mch.weixin.qq.com', null],
        alipay: ['https://openapi.alipay.com', 'https://openapi-sandbox.dl.alipaydev.com'],
        unionpay: ['https://gateway.95516.com', 'https://gateway.test.95516.com'],
        jdpay: ['https://paygate.jd.com', null],
      } as const;
      for (const [name, module] of WALLETS) {
        const own = taobao?.[name]?.credentials as { endpoints: Record<string, string> };
        expect(module.isLivemode(own), name).toBe(false);
        const at = (places: readonly string[], host: string) => {
          const moved = places.map((place) => {
            const { pathname } = new URL(own.endpoints[place] ?? '');
            return [place, `${host}${pathname.length > 1 ? pathname : ''}`];
          });
          return { ...own, endpoints: { ...own.endpoints, ...Object.fromEntries(moved) } };
        };
        const places = Object.keys(own.endpoints);
        const [real, sandbox] = hosts[name as keyof typeof hosts];
        for (const place of places) {
          const moved = at([place], real);
          expect(module.identityOf(moved), `${name} ${place}`).toBeDefined();
          expect(module.isLivemode(moved), `${name} ${place}`).toBe(true);
        }
        if (sandbox !== null) expect(module.isLivemode(at(places, sandbox)), name).toBe(false);
        // A relay with an unknown destination.
        expect(module.isLivemode(at(places, 'https://relay.internal')), name).toBe(true);
        expect(module.isLivemode({}), name).toBe(true);
      }
    });

    test('S14: a live key starts nothing at test configurations, and the error says why', async () => {
      const intent = await live.createIntent([500]);
      expect(await withheld(live, intent.id)).toEqual(Array(4).fill('key_mode_mismatch'));
      expect(outcomeOf(await start(live, intent.id))).toEqual(MISMATCH);
      // Without a wallet, by what the buyer shows: nothing accepts it.
      const shown = { payer: { auth_code: '134567890123456789' } };
      const byCode = await ask(live, `/v1/payment_intents/${String(intent.id)}/attempts`, shown);
      expect(byCode.status).toBe(409);
      expect((await live.getIntent(String(intent.id))).status).toBe('requires_wallet');
      // Its cashier, which has no key, starts nothing either.
      const choices = async ({ cashier_url: url }: Json): Promise<boolean> =>
        (await (await fetch(String(url))).text()).includes('name="wallet"');
      expect(await choices(intent)).toBe(false);
      expect(await choices(await stage.taobao.createIntent([500]))).toBe(true);
    });

    test('S14: neither mode moves money of a payment of the other; both read it', async () => {
      const order = await shop.paidOrder(stage, WAY, [900]);
      const refund = {
        ...{ payment_intent: order.intent, sub_order: order.subOrders[0], amount: 300 },
        reason: 'requested_by_customer',
      };
      expect(outcomeOf(await ask(live, '/v1/refunds', refund))).toEqual(MISMATCH);
      const open = await shop.startOrder(stage, WAY, [800]);
      const at = `/v1/payment_intents/${open.intent}`;
      expect(outcomeOf(await ask(live, `${at}/cancel`, {}))).toEqual(MISMATCH);
      expect(outcomeOf(await start(live, open.intent))).toEqual(MISMATCH);
      const resolution = { outcome: 'refund', reason: 'not ours' };
      expect(outcomeOf(await ask(live, `${at}/resolve`, resolution))).toEqual(MISMATCH);
      expect((await live.getIntent(open.intent)).status).toBe('requires_action');
      const own = await live.createIntent([700]);
      const foreign = `/v1/payment_intents/${String(own.id)}`;
      expect(outcomeOf(await ask(stage.taobao, `${foreign}/cancel`, {}))).toEqual(MISMATCH);
      expect(outcomeOf(await start(stage.taobao, own.id))).toEqual(MISMATCH);
      // Reading is not moving.
      const list = await live.expect(200, 'GET', '/v1/payment_intents?limit=100');
      expect((list.data as Json[]).map(({ id }) => id)).toContain(order.intent);
      // Each goes on with its own.
      expect((await ask(live, `${foreign}/cancel`, {})).body.status).toBe('canceled');
      await shop.refunded(stage, await shop.refund(stage, order, 300));
      expect((await ask(stage.taobao, `${at}/cancel`, {})).status).toBe(200);
    });

    test('S14: an order number of one mode is not given to a key of the other', async () => {
      const more = { merchant_order_no: 'MODE-1' };
      const { id } = await stage.taobao.createIntent([400], more);
      await expect(live.createIntent([400], more)).rejects.toThrow('key_mode_mismatch');
      const at = `/v1/payment_intents/${String(id)}/attempts`;
      expect(outcomeOf(await ask(live, at, START))).toEqual(MISMATCH);
    });

    test('S14: a counter makes payments of the mode of the key that made it', async () => {
      const at = `/v1/merchants/${live.merchants[0]}/counters`;
      const made = await ask(live, at, { name: 'live till' });
      expect(made.status).toBe(201);
      expect(outcomeOf(await ask(stage.taobao, at, { name: 'live till' }))).toEqual(MISMATCH);
      const { useCases } = stage.platform.composed;
      const view = await useCases.counters.open(String(made.body.url).split('/c/')[1] ?? '');
      if (!view.ok) throw new Error(view.error.message);
      const visit = useCases.counters.newVisit();
      const paid = { amountFen: 100n, visit, device: 'desktop', buyerIp: '203.0.113.9' } as const;
      const payment = await useCases.counters.pay(view.value, paid);
      if (!payment.ok) throw new Error(payment.error.message);
      expect(payment.value.intent.isLivemode).toBe(true);
      expect(outcomeOf(await start(stage.taobao, payment.value.intent.id))).toEqual(MISMATCH);
    });

    test('S14: payments of before modes were kept go on with either key, where their orders are', async () => {
      const older = async (amount: number): Promise<string> => {
        const { id } = await live.createIntent([amount]);
        await stage.db.script(
          `update payment_intents set livemode = null where merchant_order_no = '${String(
            (await live.getIntent(String(id))).merchant_order_no,
          )}'`,
        );
        await stage.platform.restart();
        return String(id);
      };
      const id = await older(600);
      expect(await withheld(stage.taobao, id)).toEqual([]);
      expect(outcomeOf(await start(live, id))).toEqual(MISMATCH);
      expect((await start(stage.taobao, id)).status).toBe(201);
      // Now its order is at a test configuration.
      expect(outcomeOf(await ask(live, `/v1/payment_intents/${id}/cancel`, {}))).toEqual(MISMATCH);
      expect((await ask(stage.taobao, `/v1/payment_intents/${id}/cancel`, {})).status).toBe(200);
    }, 60_000);

    test('S14: the credentials decide: with live addresses a test key moves nothing there', async () => {
      const paid = await shop.paidOrder(stage, WAY, [900]);
      const open = await shop.createIntent(stage, [500]);
      expect(await withheld(stage.taobao, open.id)).toEqual([]);
      const account = readSandboxCredentials(stage.platform.dir).marketplaces.taobao?.unionpay;
      const endpoints = { gateway: 'https://gateway.95516.com' };
      const file = path.join(stage.platform.dir, 'live.json');
      fs.writeFileSync(file, JSON.stringify({ ...(account?.credentials as Json), endpoints }));
      const { dir, url } = stage.platform;
      const settings = readSettings({ HUTONG_DIR: dir, HUTONG_PUBLIC_URL: url });
      if (!settings.ok) throw new Error(settings.error);
      const input = { marketplace: 'taobao', wallet: 'unionpay', file };
      await setWallet(
        { db: stage.db, cells: stage.cells, ids },
        settings.value,
        { ...input, acceptsDirectSettlement: null },
        () => undefined,
      );
      stage.platform.composed.platform.directory.forget();
      expect(await withheld(stage.taobao, open.id)).toEqual(['key_mode_mismatch']);
      expect(outcomeOf(await start(stage.taobao, open.id))).toEqual(MISMATCH);
      expect(outcomeOf(await shop.refund(stage, paid, 100))).toEqual(MISMATCH);
      // A live payment is offered it, and nothing else.
      const own = await live.createIntent([500]);
      expect(await withheld(live, own.id)).toEqual(Array(3).fill('key_mode_mismatch'));
      const at = `/v1/payment_intents/${String(own.id)}/offers?device=desktop`;
      const { offered } = await live.expect(200, 'GET', at);
      expect(new Set((offered as Json[]).map(({ wallet }) => wallet))).toContain('unionpay');
    });
  });
}
