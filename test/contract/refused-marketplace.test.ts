/**
 * A wallet that refuses the marketplace's own credentials, seen from outside: the seller's API, the
 * buyer's page, the operator's log, metrics, `hutong wallet list` and `hutong doctor`. The serial
 * number of another account stands in the configuration; the city verifies it as the wallet does.
 */
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readSandboxCredentials } from '../../src/cli/demo-marketplaces.ts';
import { lookInside } from '../../src/cli/doctor-inside.ts';
import { readSettings, type Settings } from '../../src/cli/settings.ts';
import { listWallets, setWallet } from '../../src/cli/wallet-admin.ts';
import type { AttemptOrder } from '../../src/core/wallet/order.ts';
import { createIdSource } from '../../src/engine/ids.ts';
import { callWallet } from '../../src/flows/base/wallet-call.ts';
import { startWritingRefusals } from '../../src/flows/wallet/credential-refusals.ts';
import { wallClock } from '../../src/runtime/clock.ts';
import { readConfigs } from '../../src/store/wallet/configs.ts';
import type { Wallet } from '../../src/wallets/wallet.ts';
import type { Json } from '../helpers/api.ts';
import { ENGINES } from '../store/engines.ts';
import * as shop from './stage.ts';

/** A wallet that takes our credentials again. */
const MENDED: Pick<Wallet, 'startAttempt' | 'queryAttempt'> = {
  startAttempt: async () => ({ outcome: 'pending', nextAction: null }),
  queryAttempt: async () => ({ outcome: 'answered', legs: [] }),
};
const ORDER: AttemptOrder = {
  ...{ product: 'native', combineOrderNo: null, legs: [], createdAtMs: 0, expiresAtMs: 0 },
  ...{ description: 'd', payer: {}, payerIp: null, device: 'desktop', holdDays: 1 },
  ...{ returnUrl: null, notifyUrl: 'https://a.example/n', handOutUrl: 'https://a.example/h' },
};

const MESSAGE = '商户证书序列号有误';
const METRIC = 'hutong_wallet_credentials_refused_total{wallet="wechatpay",operation="create"}';
const LOGGED = "the wallet refuses the marketplace's own credentials or permissions";

for (const engine of ENGINES) {
  describe.skipIf(!engine.isAvailable)(`a refused marketplace on ${engine.name}`, () => {
    let stage: shop.Stage;
    let settings: Settings;
    const ids = createIdSource(12, wallClock);
    const own = () => readSandboxCredentials(stage.platform.dir).marketplaces.taobao?.wechatpay;
    const other = () => readSandboxCredentials(stage.platform.dir).marketplaces.tmall?.wechatpay;
    const platform = () => stage.platform.composed.platform;

    beforeAll(async () => {
      stage = await shop.openStage(engine);
      const { dir, url } = stage.platform;
      const read = readSettings({ HUTONG_DIR: dir, HUTONG_PUBLIC_URL: url });
      if (!read.ok) throw new Error(read.error);
      settings = read.value;
    });
    afterAll(() => stage?.close());

    async function set(credentials: unknown): Promise<void> {
      const file = path.join(stage.platform.dir, 'wechatpay-set.json');
      fs.writeFileSync(file, JSON.stringify(credentials));
      const input = { marketplace: 'taobao', wallet: 'wechatpay', file };
      const more = { acceptsDirectSettlement: null };
      await setWallet(
        { db: stage.db, cells: stage.cells, ids },
        settings,
        { ...input, ...more },
        () => undefined,
      );
      platform().directory.forget();
    }

    async function setWrong(): Promise<void> {
      const { serialNo } = (other()?.credentials ?? {}) as { readonly serialNo?: string };
      // With the certificate it would be seen when it is set.
      const { merchantCertificate, apiV2Key, ...more } = (own()?.credentials ?? {}) as Json;
      expect([merchantCertificate, apiV2Key]).not.toContain(undefined);
      await set({ ...more, serialNo });
    }

    const start = async (key = shop.newKey(), given?: Json) => {
      const intent = given ?? (await shop.createIntent(stage, [4_200]));
      const at = `/v1/payment_intents/${intent.id}/attempts`;
      const body = { wallet: 'wechatpay', product: 'native' };
      return { intent, answer: await shop.post(stage.taobao, at, body, key) };
    };

    const writeNow = (by = platform()) => startWritingRefusals(by).stop();
    const linesOf = async (): Promise<string[]> => {
      const lines: string[] = [];
      const print = (line: string) => void lines.push(line);
      const { cells } = stage;
      await listWallets({ db: stage.db, cells }, 'taobao', print);
      await lookInside({ cells, settings, nowMs: () => wallClock.nowMs() }, print);
      return lines.filter((line) => line.includes('refused our credentials'));
    };

    test('the seller learns that it is not the order, again by the same key', async () => {
      await setWrong();
      const key = shop.newKey();
      const { intent, answer } = await start(key);
      expect(answer.status).toBe(402);
      expect(answer.body.error).toMatchObject({
        type: 'wallet_error',
        code: 'wallet_declined',
        retryable: false,
        message: `wechatpay refused the marketplace's own credentials or permissions: ${MESSAGE}`,
        wallet_error: { wallet: 'wechatpay', code: 'SIGN_ERROR', misconfigured: true },
      });
      const again = await start(key, intent);
      expect(again.answer.status).toBe(402);
      expect((again.answer.body.error as Json).wallet_error).toEqual(
        (answer.body.error as Json).wallet_error,
      );
      const list = await stage.taobao.expect(
        200,
        'GET',
        `/v1/payment_intents/${intent.id}/attempts`,
      );
      expect(list.data).toMatchObject([
        {
          status: 'failed',
          failure: { code: 'wallet_declined', wallet_error: { misconfigured: true } },
        },
      ]);
    });

    test('the buyer is asked to choose another wallet, in both languages', async () => {
      const { intent } = await start();
      const texts = { zh: '微信支付现在不能使用', en: 'WeChat Pay cannot be used right now' };
      for (const [lang, text] of Object.entries(texts)) {
        const page = await fetch(String(intent.cashier_url), {
          headers: { 'accept-language': lang },
        });
        const body = await page.text();
        expect(body).toContain(text);
        expect(body).not.toContain(MESSAGE);
      }
    });

    test('the operator finds it: logged once, counted each time, in doctor and the list', async () => {
      await start();
      const logged = stage.platform
        .logText()
        .split('\n')
        .filter((line) => line.includes(LOGGED));
      expect(logged).toHaveLength(1);
      const line = JSON.parse(logged[0] ?? '') as Json;
      expect(line).toMatchObject({
        ...{ wallet: 'wechatpay', operation: 'create', code: 'SIGN_ERROR', message: MESSAGE },
        marketplace: expect.stringMatching(/^mkt_/),
        wallet_config: expect.stringMatching(/^wc_/),
      });
      const metrics = await platform().metrics.render();
      const count = metrics.split('\n').find((row) => row.startsWith(METRIC));
      expect(Number(count?.split(' ')[1])).toBeGreaterThanOrEqual(3);
      expect(await linesOf()).toEqual([]);
      await writeNow();
      const found = await linesOf();
      expect(found).toHaveLength(2);
      for (const one of found) expect(one).toContain(`(create: SIGN_ERROR ${MESSAGE})`);
      expect(found[1]).toMatch(/^✗ wechatpay\s+of taobao: /);
    });

    test('it is forgotten when the credentials are renewed, and when it succeeds again', async () => {
      await set(own()?.credentials);
      expect(await linesOf()).toEqual([]);
      await setWrong();
      await start();
      // Of credentials that are renewed before it is written, nothing is written.
      await set(own()?.credentials);
      await writeNow();
      expect(await linesOf()).toEqual([]);
      await setWrong();
      await start();
      await writeNow();
      expect(await linesOf()).toHaveLength(2);
      // Mended at the wallet: the same configuration is taken again, by the same operation only.
      const row = (await readConfigs(stage.db)).find(({ refusal }) => refusal !== null);
      platform().directory.forget();
      const opened = row && (await platform().directory.wallet(row.id));
      if (opened === undefined) throw new Error('no refused configuration is open');
      const mended = { ...opened, wallet: { ...opened.wallet, ...MENDED } };
      // What is noted of a wallet is written while it is the one that is open.
      const directory = { ...platform().directory, wallet: async () => mended };
      const since = { ...platform(), directory };
      await callWallet.query(since, mended, ORDER);
      await writeNow(since);
      expect(await linesOf()).toHaveLength(2);
      await callWallet.start(since, mended, ORDER);
      await writeNow(since);
      expect(await linesOf()).toEqual([]);
    });
  });
}
