/**
 * A whole platform beside a whole sandbox city, in this process, on a database of the caller's: for
 * suites that must be able to look inside. Nothing is replaced; both talk over real HTTP.
 */
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type RunningSandbox, runSandbox } from '../../sandbox/cli.ts';
import {
  type DemoMarketplace,
  readSandboxCredentials,
  seedMarketplaces,
} from '../../src/cli/demo-marketplaces.ts';
import { type FollowedClock, followCityClock } from '../../src/cli/follow-clock.ts';
import { type ComposedPlatform, compose } from '../../src/compose.ts';
import { createHttpClient } from '../../src/runtime/http-client.ts';
import { keyRingOf } from '../../src/runtime/key-ring.ts';
import { createLog } from '../../src/runtime/log.ts';
import type { Cells } from '../../src/store/cells.ts';
import { freePort } from '../../tools/free-port.ts';
import { pooledKeyPair } from './key-pool.ts';

export interface TestPlatform {
  readonly url: string;
  readonly sandbox: RunningSandbox;
  readonly composed: ComposedPlatform;
  readonly marketplaces: ReadonlyMap<string, DemoMarketplace>;
  readonly clock: FollowedClock['clock'];
  /** Holds `master.key`, as HUTONG_DIR does: for the operator's commands. */
  readonly dir: string;
  /** Every line that the platform logged. */
  readonly logText: () => string;
  /**
   * Stops the platform and composes it again over the same cells, whose `close` must keep them.
   */
  readonly restart: () => Promise<void>;
  /** Another process of the platform on the same database, at an address of its own. */
  readonly beside: () => Promise<string>;
  readonly close: () => Promise<void>;
}

const LOOPBACK = ['127.0.0.0/8', '::1'];

export async function composeForTest(options: {
  readonly cells: Cells;
  readonly logLevel?: string;
}): Promise<TestPlatform> {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'hutong-test-'));
  const port = await freePort();
  const sandbox = await runSandbox({
    newKeyPair: pooledKeyPair,
    dir,
    port: 0,
    host: '127.0.0.1',
    allowLocalCallbacks: true,
    quiet: true,
    writeDemoCredentials: false,
  });
  const lines: string[] = [];
  const log = createLog({
    level: options.logLevel ?? 'debug',
    destination: { write: (line: string) => void lines.push(line) },
  });
  const http = createHttpClient();
  let composed: ComposedPlatform | undefined;
  const city = followCityClock({
    sandboxUrl: sandbox.url,
    follower: 'platform',
    publicUrl: `http://127.0.0.1:${port}`,
    http,
    settle: async () => (composed === undefined ? null : composed.settle()),
  });
  await city.ready;
  const url = `http://127.0.0.1:${port}`;
  const masterKey = randomBytes(32);
  fs.writeFileSync(path.join(dir, 'master.key'), masterKey.toString('hex'), { mode: 0o600 });
  const composeAt = async (listenPort: number): Promise<ComposedPlatform> => {
    const started = await compose({
      cells: options.cells,
      keyRing: keyRingOf(masterKey),
      publicUrl: `http://127.0.0.1:${listenPort}`,
      log,
      clock: city.clock,
      webhookAllow: LOOPBACK,
      rateLimit: null,
      onFenced: () => lines.push('fenced\n'),
    });
    await started.server.listen({ port: listenPort, host: '127.0.0.1' });
    started.sweeper.start();
    return started;
  };
  const start = async (): Promise<ComposedPlatform> => {
    composed = await composeAt(port);
    return composed;
  };
  const others: ComposedPlatform[] = [];
  let opened = await start();
  const marketplaces = await seedMarketplaces(opened.platform, dir, readSandboxCredentials(dir));
  return {
    url,
    sandbox,
    get composed() {
      return opened;
    },
    marketplaces,
    clock: city.clock,
    dir,
    logText: () => lines.join(''),
    restart: async () => {
      composed = undefined;
      await opened.stop();
      opened = await start();
    },
    beside: async () => {
      const otherPort = await freePort();
      others.push(await composeAt(otherPort));
      return `http://127.0.0.1:${otherPort}`;
    },
    close: async () => {
      city.stop();
      http.close();
      for (const other of others) await other.stop();
      await opened.stop();
      await sandbox.stop();
      fs.rmSync(dir, { recursive: true, force: true });
    },
  };
}
