/** One platform, one city and one browser for all races; a browser context is a race's own. */
import { setTimeout as sleep } from 'node:timers/promises';
import { chromium } from 'playwright-core';
import { oneCell } from '../../src/store/cells.ts';
import { CHROMIUM, CHROMIUM_ARGS } from '../e2e/shopper.ts';
import { Marketplace } from '../helpers/api.ts';
import { openMigratedPglite } from '../helpers/migrated-pglite.ts';
import { composeForTest, type TestPlatform } from '../helpers/platform.ts';
import { openDelayingProxy } from './delaying-proxy.ts';
import type { RaceStage } from './race.ts';

export interface OpenRaceStage extends RaceStage {
  readonly platform: TestPlatform;
  readonly close: () => Promise<void>;
}

export async function openRaceStage(): Promise<OpenRaceStage> {
  const db = await openMigratedPglite();
  const platform = await composeForTest({ cells: oneCell(db), logLevel: 'warn' });
  const taobao = platform.marketplaces.get('taobao');
  if (taobao === undefined) throw new Error('no marketplace taobao');
  const proxy = await openDelayingProxy(platform.url);
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_ARGS });
  return {
    platform,
    browser,
    proxy,
    shop: new Marketplace(platform.url, taobao.secretKey, taobao.merchants),
    gatewayOrigin: new URL(platform.sandbox.url).origin,
    close: async () => {
      await Promise.race([browser.close(), sleep(10_000, undefined, { ref: false })]);
      await proxy.close();
      await platform.close();
    },
  };
}
