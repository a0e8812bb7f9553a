/**
 * The pictures of the sandbox's phone that need no demo: each part of the page, at a city of its
 * own, and the city's first page.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { runSandbox } from '../sandbox/cli.ts';

export interface PhoneShot {
  readonly name: string;
  readonly path: string;
  /** Until the page shows what the picture is of. */
  readonly ready: (page: Page) => Promise<void>;
}

const shown = (selector: string) => (page: Page) => page.locator(selector).waitFor();

export const PHONE_SHOTS: readonly PhoneShot[] = [
  { name: 'phone-scan', path: '/phone?wallet=unionpay', ready: shown('#scan') },
  {
    name: 'phone-code-wechatpay',
    path: '/phone?mode=code&wallet=wechatpay',
    ready: shown('#code-picture svg'),
  },
  {
    name: 'phone-code-alipay',
    path: '/phone?mode=code&wallet=alipay',
    ready: shown('#code-picture svg'),
  },
  { name: 'phone-tap', path: '/phone?mode=tap&wallet=unionpay', ready: shown('#tap-part') },
  { name: 'phone-tap-none', path: '/phone?mode=tap&wallet=alipay', ready: shown('#tap-empty') },
  { name: 'sandbox-landing', path: '/', ready: shown('h1') },
];

export async function openPhoneCity(): Promise<{
  readonly url: string;
  readonly close: () => Promise<void>;
}> {
  const dir = mkdtempSync(join(tmpdir(), 'hutong-phone-'));
  const sandbox = await runSandbox({
    ...{ dir, port: 0, host: '127.0.0.1', allowLocalCallbacks: true, quiet: true },
    writeDemoCredentials: false,
  });
  return {
    url: sandbox.url,
    close: async () => {
      await sandbox.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
