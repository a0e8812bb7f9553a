/**
 * What complete payments need, each a process of its own: PostgreSQL (durable), the sandbox city,
 * the platform as production runs it. All on loopback, all gone after `stop`.
 */
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { startChild } from '../src/cli/child.ts';
import type { DemoMarketplace } from '../src/cli/demo-marketplaces.ts';
import { type Forwarder, openForwarder } from '../tools/forward.ts';
import { freePort } from '../tools/free-port.ts';
import { type PostgresOptions, startPostgres, type TestPostgres } from '../tools/postgres.ts';
import { seedDatabase } from '../tools/seed.ts';
import { NODE_FLAGS } from './node-flags.ts';

const START_TIMEOUT_MS = 60_000;

/** The sandbox and the server of databases, for any number of platforms. */
export interface Ground {
  readonly server: TestPostgres;
  readonly sandboxUrl: string;
  /** A migrated database with the demo's marketplaces. */
  readonly seed: (name: string) => Promise<Seeded>;
  readonly serve: (databaseUrl: string, options: ServeOptions) => Promise<Served>;
  readonly stop: () => Promise<void>;
}

export interface Seeded {
  readonly databaseUrl: string;
  readonly marketplaces: ReadonlyMap<string, DemoMarketplace>;
}

interface Platform {
  readonly url: string;
  readonly pid: number;
}

export interface Served {
  /** At least one. */
  readonly platforms: readonly Platform[];
  /** Of the first. */
  readonly platformUrl: string;
  readonly platformPid: number;
}

interface ServeOptions {
  readonly lanes: number;
  /** Of the platform, on one database, behind a balancer; default: one, alone. */
  readonly processes?: number;
  /** The command to run as the platform: of the checkout, or of what `npm run build` made of it. */
  readonly command?: string | undefined;
  /** Arguments of node itself, for profiling the platform. */
  readonly nodeArgs?: readonly string[];
}

export interface World extends Seeded, Served {
  readonly server: TestPostgres;
  readonly sandboxUrl: string;
  readonly stop: () => Promise<void>;
}

/** undefined where no PostgreSQL is installed. */
export async function startWorld(
  options: ServeOptions & { readonly print: (line: string) => void },
): Promise<World | undefined> {
  const ground = await startGround(options);
  if (ground === undefined) return undefined;
  const { server, sandboxUrl, stop } = ground;
  try {
    const seeded = await ground.seed('hutong');
    const served = await ground.serve(seeded.databaseUrl, options);
    return { server, sandboxUrl, stop, ...seeded, ...served };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** undefined where no PostgreSQL is installed. */
export async function startGround(
  options: PostgresOptions & { readonly print: (line: string) => void },
): Promise<Ground | undefined> {
  const { print, settings = {} } = options;
  const server = await startPostgres({ print, settings });
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
      args: [
        ...NODE_FLAGS,
        'bin/hutong.js',
        'sandbox',
        '--allow-local-callbacks',
        '--no-demo-papers',
      ],
      env: { HUTONG_DIR: dir, HUTONG_SANDBOX_PORT: String(sandboxPort) },
      readyText: 'ready in',
      timeoutMs: START_TIMEOUT_MS,
    });
    stops.push(sandbox.stop);
    const masterKey = randomBytes(32);
    return {
      server,
      sandboxUrl: `http://127.0.0.1:${sandboxPort}`,
      seed: async (name) => {
        const databaseUrl = await server.database(name);
        return { databaseUrl, marketplaces: await seedDatabase({ databaseUrl, masterKey, dir }) };
      },
      serve: (databaseUrl, serve) => startPlatforms({ dir, masterKey, databaseUrl, serve, stops }),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startPlatforms(of: {
  readonly dir: string;
  readonly masterKey: Buffer;
  readonly databaseUrl: string;
  readonly serve: ServeOptions;
  readonly stops: (() => Promise<void>)[];
}): Promise<Served> {
  const { lanes, processes = 1, command = 'bin/hutong.js', nodeArgs = [] } = of.serve;
  const ports = await Promise.all(Array.from({ length: processes }, freePort));
  const balancer = ports.length === 1 ? undefined : await openBalancer(ports);
  if (balancer !== undefined) of.stops.push(balancer.close);
  const platforms: Platform[] = [];
  for (const port of ports) {
    const platform = await startChild({
      name: 'the platform',
      args: [...NODE_FLAGS, ...nodeArgs, command, 'serve'],
      env: {
        HUTONG_DIR: of.dir,
        HUTONG_PORT: String(port),
        HUTONG_LANES: String(lanes),
        HUTONG_LOG_LEVEL: 'warn',
        HUTONG_RATE_LIMIT: '0',
        HUTONG_MASTER_KEY: of.masterKey.toString('hex'),
        HUTONG_WEBHOOK_ALLOW: '127.0.0.0/8',
        DATABASE_URL: of.databaseUrl,
        ...(balancer === undefined
          ? {}
          : { HUTONG_PUBLIC_URL: `http://127.0.0.1:${balancer.port}` }),
      },
      readyText: 'ready at',
      timeoutMs: START_TIMEOUT_MS,
    });
    of.stops.push(platform.stop);
    platforms.push({ url: `http://127.0.0.1:${port}`, pid: platform.process.pid ?? 0 });
  }
  const [first] = platforms;
  if (first === undefined) throw new Error('a world has a platform');
  return { platforms, platformUrl: first.url, platformPid: first.pid };
}

/** Hands connections to the ports in turn: where wallets' callbacks arrive. */
function openBalancer(ports: readonly number[]): Promise<Forwarder> {
  let turn = 0;
  return openForwarder(() => {
    turn += 1;
    return ports[turn % ports.length];
  });
}
