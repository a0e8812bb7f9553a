/**
 * What a complete payment needs, each a process of its own: PostgreSQL (durable), the sandbox city,
 * the platform as production runs it. All on loopback, all gone after `stop`.
 */
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { startChild } from '../src/cli/child.ts';
import type { DemoMarketplace } from '../src/cli/demo-marketplaces.ts';
import { startPostgres, type TestPostgres } from '../tools/postgres.ts';
import { seedDatabase } from '../tools/seed.ts';
import { NODE_FLAGS } from './node-flags.ts';

const START_TIMEOUT_MS = 60_000;

interface Platform {
  readonly url: string;
  readonly pid: number;
}

export interface World {
  readonly server: TestPostgres;
  readonly databaseUrl: string;
  /** At least one. */
  readonly platforms: readonly Platform[];
  /** Of the first. */
  readonly platformUrl: string;
  readonly platformPid: number;
  readonly sandboxUrl: string;
  readonly marketplaces: ReadonlyMap<string, DemoMarketplace>;
  readonly stop: () => Promise<void>;
}

/** undefined where no PostgreSQL is installed. */
export async function startWorld(options: {
  readonly lanes: number;
  /** Of the platform, on one database, behind a balancer; default: one, alone. */
  readonly processes?: number;
  /** The command to run as the platform: of the checkout, or of what `npm run build` made of it. */
  readonly command?: string | undefined;
  /** Arguments of node itself, for profiling the platform. */
  readonly nodeArgs?: readonly string[];
  readonly print: (line: string) => void;
}): Promise<World | undefined> {
  const server = await startPostgres({ print: options.print });
  if (server === undefined) return undefined;
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'hutong-bench-'));
  const stops: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of stops.reverse()) await end();
    await server.stop();
    fs.rmSync(dir, { recursive: true, force: true });
  };
  try {
    const sandboxPort = await freePort();
    const sandbox = await startChild({
      name: 'the sandbox',
      args: ['bin/hutong.js', 'sandbox', '--allow-local-callbacks', '--no-demo-papers'],
      env: { HUTONG_DIR: dir, HUTONG_SANDBOX_PORT: String(sandboxPort) },
      readyText: 'ready in',
      timeoutMs: START_TIMEOUT_MS,
    });
    stops.push(sandbox.stop);
    const databaseUrl = await server.database('hutong');
    const masterKey = randomBytes(32);
    const marketplaces = await seedDatabase({ databaseUrl, masterKey, dir });
    const ports = await Promise.all(Array.from({ length: options.processes ?? 1 }, freePort));
    const balancer = ports.length === 1 ? undefined : await openBalancer(ports);
    if (balancer !== undefined) stops.push(balancer.close);
    const platforms: Platform[] = [];
    for (const port of ports) {
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
          ...(balancer === undefined ? {} : { HUTONG_PUBLIC_URL: balancer.url }),
        },
        readyText: 'ready at',
        timeoutMs: START_TIMEOUT_MS,
      });
      stops.push(platform.stop);
      platforms.push({ url: `http://127.0.0.1:${port}`, pid: platform.process.pid ?? 0 });
    }
    const [first] = platforms;
    if (first === undefined) throw new Error('a world has a platform');
    return {
      server,
      databaseUrl,
      platforms,
      platformUrl: first.url,
      platformPid: first.pid,
      sandboxUrl: `http://127.0.0.1:${sandboxPort}`,
      marketplaces,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Hands connections to the ports in turn: where wallets' callbacks arrive. */
async function openBalancer(
  ports: readonly number[],
): Promise<{ readonly url: string; readonly close: () => Promise<void> }> {
  const open = new Set<net.Socket>();
  let turn = 0;
  const server = net.createServer((incoming) => {
    const port = ports[turn % ports.length] ?? 0;
    turn += 1;
    const outgoing = net.connect(port, '127.0.0.1');
    for (const [socket, other] of [
      [incoming, outgoing],
      [outgoing, incoming],
    ] as const) {
      open.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        open.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  });
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as net.AddressInfo).port));
  });
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      for (const socket of open) socket.destroy();
      server.close(() => resolve());
    });
  return { url: `http://127.0.0.1:${port}`, close };
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
