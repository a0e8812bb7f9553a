/**
 * What a complete payment needs, each a process of its own: PostgreSQL (durable), the sandbox city,
 * the platform as production runs it. All on loopback, all gone after `stop`.
 */
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { type Child, startChild } from '../src/cli/child.ts';
import type { DemoMarketplace } from '../src/cli/demo-marketplaces.ts';
import { startPostgres, type TestPostgres } from '../tools/postgres.ts';
import { seedDatabase } from '../tools/seed.ts';
import { NODE_FLAGS } from './node-flags.ts';

const START_TIMEOUT_MS = 60_000;

export interface World {
  readonly server: TestPostgres;
  readonly databaseUrl: string;
  readonly platformUrl: string;
  readonly platformPid: number;
  readonly sandboxUrl: string;
  readonly marketplaces: ReadonlyMap<string, DemoMarketplace>;
  readonly stop: () => Promise<void>;
}

/** undefined where no PostgreSQL is installed. */
export async function startWorld(options: {
  readonly lanes: number;
  /** The command to run as the platform: of the checkout, or of what `npm run build` made of it. */
  readonly command?: string | undefined;
  /** Arguments of node itself, for profiling the platform. */
  readonly nodeArgs?: readonly string[];
  readonly print: (line: string) => void;
}): Promise<World | undefined> {
  const server = await startPostgres({ print: options.print });
  if (server === undefined) return undefined;
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'hutong-bench-'));
  const children: Child[] = [];
  const stop = async (): Promise<void> => {
    for (const child of children.reverse()) await child.stop();
    await server.stop();
    fs.rmSync(dir, { recursive: true, force: true });
  };
  try {
    const [port, sandboxPort] = [await freePort(), await freePort()];
    const sandbox = await startChild({
      name: 'the sandbox',
      args: ['bin/hutong.js', 'sandbox', '--allow-local-callbacks', '--no-demo-papers'],
      env: { HUTONG_DIR: dir, HUTONG_SANDBOX_PORT: String(sandboxPort) },
      readyText: 'ready in',
      timeoutMs: START_TIMEOUT_MS,
    });
    children.push(sandbox);
    const databaseUrl = await server.database('hutong');
    const masterKey = randomBytes(32);
    const marketplaces = await seedDatabase({ databaseUrl, masterKey, dir });
    const platform = await startChild({
      name: 'the platform',
      args: [
        ...NODE_FLAGS,
        ...(options.nodeArgs ?? []),
        options.command ?? 'bin/hutong.js',
        'serve',
      ],
      env: {
        HUTONG_DIR: dir,
        HUTONG_PORT: String(port),
        HUTONG_LANES: String(options.lanes),
        HUTONG_LOG_LEVEL: 'warn',
        HUTONG_RATE_LIMIT: '0',
        HUTONG_MASTER_KEY: masterKey.toString('hex'),
        HUTONG_WEBHOOK_ALLOW: '127.0.0.0/8',
        DATABASE_URL: databaseUrl,
      },
      readyText: 'ready at',
      timeoutMs: START_TIMEOUT_MS,
    });
    children.push(platform);
    return {
      server,
      databaseUrl,
      platformUrl: `http://127.0.0.1:${port}`,
      platformPid: platform.process.pid ?? 0,
      sandboxUrl: `http://127.0.0.1:${sandboxPort}`,
      marketplaces,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A port of loopback that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = net.createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as net.AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}
