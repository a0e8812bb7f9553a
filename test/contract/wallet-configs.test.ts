/**
 * Another account's papers for a wallet that is in use: what was started with the account before is
 * still verified, asked about and refunded there, and what is new goes to the new one.
 */
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { setAccount } from '../../src/cli/admin.ts';
import { readSandboxPapers } from '../../src/cli/demo-papers.ts';
import { readSettings } from '../../src/cli/settings.ts';
import { setWallet } from '../../src/cli/wallet-admin.ts';
import type { WalletName } from '../../src/core/wallet.ts';
import { createIdSource } from '../../src/engine/ids.ts';
import { wallClock } from '../../src/runtime/clock.ts';
import { ENGINES } from '../store/engines.ts';
import * as shop from './stage.ts';

const WAYS: readonly shop.Way[] = [
  { wallet: 'wechatpay', product: 'native', device: 'desktop', combines: true },
  { wallet: 'alipay', product: 'page', device: 'desktop', combines: true },
  { wallet: 'unionpay', product: 'qr', device: 'desktop', combines: false },
  { wallet: 'jdpay', product: 'qr', device: 'desktop', combines: false },
];

for (const engine of ENGINES) {
  describe.skipIf(!engine.isAvailable)(`another account's papers on ${engine.name}`, () => {
    let stage: shop.Stage;
    const ids = createIdSource(11, wallClock);
    beforeAll(async () => {
      stage = await shop.openStage(engine);
    });
    afterAll(() => stage?.close());

    const papersOf = (wallet: WalletName) => {
      const papers = readSandboxPapers(stage.platform.dir).marketplaces.tmall?.[wallet];
      if (papers === undefined) throw new Error(`no papers for ${wallet}`);
      return papers;
    };

    /** Tmall's account at the wallet, given to Taobao as an operator does. */
    async function replacePapers(wallet: WalletName): Promise<string[]> {
      const { dir } = stage.platform;
      const lines: string[] = [];
      const print = (line: string): void => void lines.push(line);
      const file = path.join(dir, `${wallet}-other.json`);
      fs.writeFileSync(file, JSON.stringify(papersOf(wallet).credentials));
      const settings = readSettings({ HUTONG_DIR: dir, HUTONG_PUBLIC_URL: stage.platform.url });
      if (!settings.ok) throw new Error(settings.error);
      const desk = { db: stage.db, ids };
      const input = { marketplace: 'taobao', wallet, file, acceptsDirectSettlement: null };
      await setWallet(desk, settings.value, input, print);
      await setAccount(
        desk,
        {
          ...{ marketplace: 'taobao', wallet, feeBps: 60, hasConsented: true },
          merchant: String(stage.taobao.merchants[0]),
          walletMerchant: String(papersOf(wallet).subMerchants[0]?.walletMerchant),
        },
        print,
      );
      stage.platform.composed.platform.directory.forget();
      return lines;
    }

    test.each(WAYS)(
      'D2: $wallet: what the old account holds is finished there',
      async (way) => {
        const { wallet } = way;
        const paid = await shop.paidOrder(stage, way, [1_500]);
        const open = await shop.startOrder(stage, way, [2_000]);
        const unheard = await shop.startOrder(stage, way, [2_100]);
        const [before] = await shop.walletOrders(stage, open);
        await replacePapers(wallet);

        await stage.sandbox.pay(open.scan);
        await shop.becomes(stage, open.intent, 'succeeded');
        // Its callbacks are lost: found by asking the account it was told to.
        await stage.sandbox.fault('callback_lost', { wallet, times: 30 });
        await stage.sandbox.pay(unheard.scan);
        await shop.inTime(
          stage,
          'the payment without a callback is found',
          () => stage.taobao.getIntent(unheard.intent),
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
        expect((await shop.clearingOf(stage, open)) as number).toBe(1_300);
      },
      120_000,
    );
  });
}
