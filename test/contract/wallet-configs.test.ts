/**
 * Another account's credentials for a wallet that is in use: what was started with the previous
 * account is still verified, polled and refunded there, and new payments go to the new one.
 */
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { setAccount } from '../../src/cli/admin.ts';
import { readSandboxCredentials } from '../../src/cli/demo-marketplaces.ts';
import { readSettings } from '../../src/cli/settings.ts';
import { setWallet, setWalletStatus, type WalletInput } from '../../src/cli/wallet-admin.ts';
import { isOfAccount } from '../../src/core/wallet/config.ts';
import { createIdSource } from '../../src/engine/ids.ts';
import { formatId, idValue, parseId } from '../../src/kernel/id.ts';
import type { WalletName } from '../../src/kernel/wallet-names.ts';
import { wallClock } from '../../src/runtime/clock.ts';
import { readMarketplaces } from '../../src/store/merchant/marketplaces.ts';
import { readConfigs } from '../../src/store/wallet/configs.ts';
import { WALLETS } from '../../src/wallets/registry.ts';
import { type Json, Marketplace } from '../helpers/api.ts';
import { ENGINES } from '../store/engines.ts';
import * as shop from './stage.ts';

const WAYS: readonly shop.Way[] = [
  { wallet: 'wechatpay', product: 'native', device: 'desktop', combines: true },
  { wallet: 'alipay', product: 'page', device: 'desktop', combines: true },
  { wallet: 'unionpay', product: 'qr', device: 'desktop', combines: false },
  { wallet: 'jdpay', product: 'qr', device: 'desktop', combines: false },
];

for (const engine of ENGINES) {
  describe.skipIf(!engine.isAvailable)(`another account's credentials on ${engine.name}`, () => {
    let stage: shop.Stage;
    const ids = createIdSource(11, wallClock);
    beforeAll(async () => {
      stage = await shop.openStage(engine);
    });
    afterAll(() => stage?.close());

    const tmallAccount = (wallet: WalletName) => {
      const account = readSandboxCredentials(stage.platform.dir).marketplaces.tmall?.[wallet];
      if (account === undefined) throw new Error(`no credentials for ${wallet}`);
      return account;
    };

    const session = () => ({ db: stage.db, cells: stage.cells, ids });
    const said = (): ((line: string) => void) => () => undefined;

    /** An account at the wallet in the city, given to Taobao as an operator does. */
    async function setCredentials(
      wallet: WalletName,
      credentials: unknown,
      more: Partial<WalletInput> = {},
    ): Promise<void> {
      const { dir, url } = stage.platform;
      const file = path.join(dir, `${wallet}-other.json`);
      fs.writeFileSync(file, JSON.stringify(credentials));
      const settings = readSettings({ HUTONG_DIR: dir, HUTONG_PUBLIC_URL: url });
      if (!settings.ok) throw new Error(settings.error);
      const input = { marketplace: 'taobao', wallet, file, acceptsDirectSettlement: null };
      await setWallet(session(), settings.value, { ...input, ...more }, said());
      stage.platform.composed.platform.directory.forget();
    }

    async function setNumber(
      wallet: WalletName,
      place: number,
      walletMerchant: string,
      config: string | null = null,
    ): Promise<void> {
      const merchant = String(stage.taobao.merchants[place]);
      const input = { marketplace: 'taobao', merchant, wallet, walletMerchant, config };
      await setAccount(session(), { ...input, feeBps: 60, hasConsented: true }, said());
      stage.platform.composed.platform.directory.forget();
    }

    const numberAt = (wallet: WalletName, place: number, shopName = 'tmall'): string => {
      const account = readSandboxCredentials(stage.platform.dir).marketplaces[shopName]?.[wallet];
      return String(account?.subMerchants[place]?.walletMerchant);
    };

    /** Tmall's account, and the first merchant's number under it. */
    async function replaceCredentials(wallet: WalletName): Promise<void> {
      await setCredentials(wallet, tmallAccount(wallet).credentials);
      await setNumber(wallet, 0, numberAt(wallet, 0));
    }

    const accountsOf = async (place: number): Promise<Json[]> => {
      const at = `/v1/merchants/${stage.taobao.merchants[place]}/wallet_accounts`;
      return (await stage.taobao.expect(200, 'GET', at)).data as Json[];
    };

    test('D2: credentials of one account renew it, and none of its secrets is in its identity', () => {
      const { taobao, tmall } = readSandboxCredentials(stage.platform.dir).marketplaces;
      for (const [name, module] of WALLETS) {
        const own = taobao?.[name]?.credentials;
        const identity = module.identityOf(own);
        const foreign = module.identityOf(tmall?.[name]?.credentials);
        if (identity === undefined || foreign === undefined) throw new Error(name);
        const text = JSON.stringify(own).replaceAll(stage.sandbox.url, 'https://wallet.example');
        const elsewhere: unknown = JSON.parse(text);
        expect(elsewhere).not.toEqual(own);
        expect(isOfAccount(identity, module.identityOf(elsewhere) ?? {}), name).toBe(true);
        expect(isOfAccount(identity, foreign), name).toBe(false);
        expect(module.identityOf({}), name).toBeUndefined();
        for (const number of Object.values(identity)) {
          expect(number, name).toMatch(/^[0-9A-Za-z]{6,32}$/);
          expect(
            [...stage.secrets].some((secret) => secret.includes(number)),
            name,
          ).toBe(false);
        }
      }
    });

    test.each(WAYS)(
      'D2: $wallet: what the old account holds is finished there',
      async (way) => {
        const { wallet } = way;
        const paid = await shop.paidOrder(stage, way, [1_500]);
        const open = await shop.startOrder(stage, way, [2_000]);
        const unpaid = await shop.startOrder(stage, way, [2_100]);
        const [before] = await shop.walletOrders(stage, open);
        await replaceCredentials(wallet);

        await stage.sandbox.pay(open.scan);
        await shop.becomes(stage, open.intent, 'succeeded');
        // Its callbacks are lost: found by polling the account that it was sent to.
        await stage.sandbox.fault('callback_lost', { wallet, times: 30 });
        await stage.sandbox.pay(unpaid.scan);
        await shop.inTime(
          stage,
          'the payment without a callback is found',
          () => stage.taobao.getIntent(unpaid.intent),
          (now) => now.status === 'succeeded',
        );
        await stage.sandbox.clearFaults();

        for (const [order, amount] of [
          [paid, 1_500],
          [open, 700],
        ] as const) {
          await shop.refunded(stage, await shop.refund(stage, order, amount));
          const [truth] = await shop.walletOrders(stage, order);
          expect(truth?.refunded).toBe(amount);
        }

        const next = await shop.paidOrder(stage, way, [900]);
        const [after] = await shop.walletOrders(stage, next);
        expect(after?.merchant).not.toBe(before?.merchant);
        await shop.refunded(stage, await shop.refund(stage, next, 900));
        expect(await stage.taobao.ledgerProblems()).toEqual([]);
        expect(await shop.clearingOf(stage, open)).toBe(1_300);
      },
      120_000,
    );

    test('D2: wallet accounts say through which account a merchant is paid; carts keep to one', async () => {
      const rows = (await accountsOf(0)).filter(({ wallet }) => wallet === 'wechatpay');
      expect(rows).toMatchObject([
        { object: 'wallet_account', status: 'active', wallet_merchant: numberAt('wechatpay', 0) },
        { status: 'retiring', wallet_merchant: numberAt('wechatpay', 0, 'taobao') },
      ]);
      const [now, before] = rows;
      expect(now?.config).not.toBe(before?.config);
      const foreign = `/v1/merchants/${stage.tmall.merchants[0]}/wallet_accounts`;
      await stage.taobao.expect(404, 'GET', foreign);

      const [first, second] = stage.taobao.merchants;
      const cart = await shop.createIntent(stage, [400, 500]);
      const withheld = async () => {
        const at = `/v1/payment_intents/${String(cart.id)}/offers?device=desktop`;
        const found = (await stage.taobao.expect(200, 'GET', at)).withheld as Json[];
        return found.find((row) => row.wallet === 'wechatpay' && row.product === null);
      };
      expect(await withheld()).toMatchObject({
        reason: 'merchant_not_onboarded',
        merchants: [second],
      });
      await setWalletStatus(session(), String(before?.config), 'active', said());
      stage.platform.composed.platform.directory.forget();
      expect(await withheld()).toMatchObject({
        reason: 'cart_not_combinable',
        merchants: [first, second],
      });
      const body = { wallet: 'wechatpay', product: 'native' };
      const at = `/v1/payment_intents/${String(cart.id)}/attempts`;
      const refused = await shop.post(stage.taobao, at, body, shop.newKey());
      expect([refused.status, shop.codeOf(refused)]).toEqual([409, 'wallet_not_offered']);
      // Under one account again, they are paid in one go.
      await setNumber('wechatpay', 1, numberAt('wechatpay', 1));
      const [way] = WAYS;
      const order = await shop.startAndScan(stage, cart, way!);
      await stage.sandbox.pay(order.scan);
      await shop.becomes(stage, order.intent, 'succeeded');
    }, 60_000);

    test('D2: an attempt is sent to the account that it stores, while credentials are replaced', async () => {
      const { marketplaces } = readSandboxCredentials(stage.platform.dir);
      const sides = ['taobao', 'tmall'].map((name) => ({
        credentials: marketplaces[name]?.wechatpay?.credentials,
        number: numberAt('wechatpay', 0, name),
      }));
      const urls = [stage.taobao.url, await stage.platform.beside()];
      const started: { intent: string; attempt: Json }[] = [];
      const refusals: unknown[] = [];
      const buy = async (url: string): Promise<void> => {
        await sleep(Math.random() * 60);
        const market = new Marketplace(url, stage.taobao.key, stage.taobao.merchants);
        const intent = String((await market.createIntent([1_000])).id);
        const body = { wallet: 'wechatpay', product: 'native' };
        const at = `/v1/payment_intents/${intent}/attempts`;
        const answer = await shop.post(market, at, body, shop.newKey());
        if (answer.status === 201) started.push({ intent, attempt: answer.body });
        else refusals.push(shop.codeOf(answer));
      };
      const replace = async (round: number): Promise<void> => {
        const side = sides[round % 2];
        await setCredentials('wechatpay', side?.credentials);
        const config = await configOf(side?.credentials);
        await setWalletStatus(session(), config, 'active', said());
        await sleep(Math.random() * 40);
        await setNumber('wechatpay', 0, String(side?.number), config);
        await sleep(Math.random() * 40);
        for (const other of sides.filter((one) => one !== side))
          await setWalletStatus(session(), await configOf(other.credentials), 'retiring', said());
      };
      const configOf = async (credentials: unknown): Promise<string> => {
        const identity = WALLETS.get('wechatpay')?.identityOf(credentials);
        const rows = await readConfigs(stage.db);
        const own = rows.find(
          (row) =>
            row.marketplace === marketplace &&
            row.wallet === 'wechatpay' &&
            isOfAccount(row.identity ?? { none: '' }, identity ?? {}),
        );
        return String(own?.id);
      };
      const marketplace = (await readMarketplaces(stage.db)).find(
        (row) => row.name === 'taobao',
      )?.id;
      for (let round = 0; round < 24; round += 1) {
        await Promise.all([replace(round), ...[0, 1, 0, 1].map((at) => buy(String(urls[at])))]);
      }

      const numberOf = new Map<string, string>();
      for (const side of sides) numberOf.set(await configOf(side.credentials), side.number);
      const stored = await stage.db.read(
        {
          name: 'attempts_and_numbers',
          text: `select a.id, a.config, l.wallet_merchant from payment_attempts a
            join payment_legs l on l.shard = a.shard and l.intent = a.intent and l.attempt = a.id`,
        },
        [],
      );
      const byId = new Map(stored.map((row) => [String(row.id), row]));
      for (const { attempt } of started) {
        const row = byId.get(String(idValue(parseId('payment_attempt', String(attempt.id))!)));
        const config = formatId('wallet_config', row?.config as bigint);
        expect(row?.wallet_merchant).toBe(numberOf.get(config));
      }
      // Both were used, and what was refused was refused by name.
      const used = started.map(
        ({ attempt }) =>
          byId.get(String(idValue(parseId('payment_attempt', String(attempt.id))!)))?.config,
      );
      expect(new Set(used).size).toBe(2);
      expect(refusals.every((code) => code === 'wallet_not_offered')).toBe(true);
      expect(started.length).toBeGreaterThan(20);

      // Every one of them can be paid, and its callback or query finds it.
      const scans = await Promise.all(
        started.map(({ attempt }) => stage.sandbox.scan('wechatpay', attempt.next_action)),
      );
      await Promise.all(scans.map((scan) => stage.sandbox.pay(scan)));
      for (const { intent } of started) await shop.becomes(stage, intent, 'succeeded');
      expect(await stage.taobao.ledgerProblems()).toEqual([]);
    }, 180_000);
  });
}
