/**
 * The stage: a PostgreSQL server, a sandbox city, platforms and a load, each a process of its own.
 * Platforms and database are killed by SIGKILL and brought back the way an operator's supervisor
 * does; nothing in the platform knows that it is being tested. A fleet has several platforms behind
 * a balancer, a synchronous standby behind the database's address, and another cell on another
 * server.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import pg from 'pg';
import {
  type DemoMarketplace,
  readSandboxCredentials,
  seedMarketplaces,
} from '../../src/cli/demo-marketplaces.ts';
import { openCells } from '../../src/cli/open-database.ts';
import { compose } from '../../src/compose.ts';
import { keyRingOf } from '../../src/runtime/key-ring.ts';
import { createLog } from '../../src/runtime/log.ts';
import { builtCommand } from '../../tools/built-command.ts';
import { openForwarder } from '../../tools/forward.ts';
import { freePort } from '../../tools/free-port.ts';
import { startPostgres, type TestPostgres } from '../../tools/postgres.ts';
import { Marketplace } from '../helpers/api.ts';
import { end, start, startAgain, untilAnswers, untilSays } from '../helpers/processes.ts';
import { openInbox } from '../helpers/webhook-inbox.ts';
import { openBalancer } from './balancer.ts';
import type { LoadConfig } from './load.ts';
import { type PlatformProcess, startPlatform } from './platform-process.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface Stage {
  readonly dir: string;
  /** Where requests and callbacks go: the platform's own, or the balancer's. */
  readonly platformUrl: string;
  readonly sandboxUrl: string;
  /** It stays when the standby takes over. */
  readonly databaseUrl: string;
  readonly journal: string;
  readonly shops: ReadonlyMap<string, DemoMarketplace>;
  readonly platforms: readonly PlatformProcess[];
  /** One more beside the others. */
  readonly addPlatform: () => Promise<PlatformProcess>;
  readonly database: TestPostgres;
  readonly reviveDatabase: () => Promise<void>;
  /** kill -9 of the server, then its standby is promoted by hand; when it took writes. */
  readonly failOver: () => Promise<number>;
  /** The server of the fleet's other cell, `west`. */
  readonly west: TestPostgres | null;
  /** An operator's command; what it printed. */
  readonly hutong: (...args: readonly string[]) => Promise<string>;
  readonly stopLoad: () => Promise<void>;
  readonly platformLog: () => string;
  /** Ids of the events that the marketplaces' endpoint took, verified. */
  readonly received: () => ReadonlySet<string>;
  readonly close: () => Promise<void>;
}

export interface StageOptions {
  readonly print: (line: string) => void;
  /** Several platforms behind a balancer, and a standby. */
  readonly fleet?: { readonly platforms: number };
}

/** undefined, with the reason printed, where no PostgreSQL is installed. */
export async function openStage(options: StageOptions): Promise<Stage | undefined> {
  const database = await startPostgres(options);
  if (database === undefined) return undefined;
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'hutong-chaos-'));
  const stops: (() => Promise<void>)[] = [() => database.stop()];
  const close = async (): Promise<void> => {
    for (const stop of stops.splice(0).reverse()) await stop();
  };
  try {
    return await furnish({ ...options, database, dir, stops, close });
  } catch (error) {
    await close();
    throw error;
  }
}

interface Props extends StageOptions {
  readonly database: TestPostgres;
  readonly dir: string;
  /** In the order in which things were opened. */
  readonly stops: (() => Promise<void>)[];
  readonly close: () => Promise<void>;
}

async function furnish(props: Props): Promise<Stage> {
  const { database, dir, stops, close, print, fleet } = props;
  print(`database    ${database.version}, fsync on`);
  const address = await openAddress(props);
  const databaseUrl = address.of(await database.database('chaos'));
  const west = fleet === undefined ? null : await openWest(props);
  const sandboxUrl = `http://127.0.0.1:${await freePort()}`;
  const masterKey = randomBytes(32);
  const env = {
    ...process.env,
    HUTONG_DIR: dir,
    HUTONG_SANDBOX_PORT: new URL(sandboxUrl).port,
    HUTONG_MASTER_KEY: masterKey.toString('hex'),
    HUTONG_WEBHOOK_ALLOW: '127.0.0.0/8',
    HUTONG_RATE_LIMIT: '0',
    HUTONG_LOG_LEVEL: 'warn',
    DATABASE_URL: databaseUrl,
    ...(west === null ? {} : { DATABASE_URL_WEST: west.url }),
  };
  await openCity(props, sandboxUrl, env);
  const balancer = fleet === undefined ? undefined : await openBalancer();
  if (balancer !== undefined) stops.push(balancer.close);
  const ports = [await freePort()];
  for (let more = 1; more < (fleet?.platforms ?? 1); more += 1) ports.push(await freePort());
  const platformUrl = balancer?.url ?? `http://127.0.0.1:${ports[0]}`;
  const shops = await seed({ dir, databaseUrl, masterKey, platformUrl });
  const hutong = (...args: readonly string[]) => runCommand(args, env);
  if (west !== null) await hutong('cells', 'add', 'west', '--url-setting', 'DATABASE_URL_WEST');

  const logFile = path.join(dir, 'platform.log');
  const ownEnv = balancer === undefined ? env : { ...env, HUTONG_PUBLIC_URL: platformUrl };
  const platforms: PlatformProcess[] = [];
  const addPlatform = async (port: number): Promise<PlatformProcess> => {
    const platform = await startPlatform({ port, env: ownEnv, logFile });
    stops.push(platform.stop);
    platforms.push(platform);
    balancer?.add(port);
    return platform;
  };
  for (const port of ports) await addPlatform(port);
  print(`platforms   ${platforms.length} ready`);
  const inbox = await openInbox();
  stops.push(() => inbox.close());
  for (const { secretKey, merchants } of shops.values()) {
    const shop = new Marketplace(platformUrl, secretKey, merchants);
    const endpoint = { url: inbox.url, enabled_events: ['*'] };
    const made = await shop.expect(201, 'POST', '/v1/webhook_endpoints', endpoint);
    inbox.trust(String(made.secret));
  }
  const journal = path.join(dir, 'acknowledged.jsonl');
  const load = await startLoad({ dir, platformUrl, sandboxUrl, journal, shops, workers: 12 });
  stops.push(() => end(load, 'SIGTERM'));
  return {
    ...{ dir, platformUrl, sandboxUrl, databaseUrl, journal, shops, database, platforms, close },
    addPlatform: async () => addPlatform(await freePort()),
    reviveDatabase: () => startAgain(database),
    failOver: address.failOver,
    west,
    hutong,
    stopLoad: () => end(load, 'SIGTERM'),
    received: () => new Set(inbox.events.map((event) => String(event.id))),
    platformLog: () => fs.readFileSync(logFile, 'utf8'),
  };
}

/** Another server, for the cell that is moved to and killed. */
async function openWest({ stops, print }: Props): Promise<TestPostgres> {
  const west = await startPostgres({ print });
  assert(west, 'PostgreSQL is installed');
  stops.push(() => west.stop());
  print('west        a server of its own, for another cell');
  return west;
}

async function runCommand(args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [builtCommand(), ...args], {
    cwd: ROOT,
    env,
  });
  return stdout;
}

interface Address {
  /** The same database at the address that stays. */
  readonly of: (url: string) => string;
  readonly failOver: () => Promise<number>;
}

/** The database as the platforms reach it: itself, or what stands before it and its standby. */
async function openAddress({ database, stops, print, fleet }: Props): Promise<Address> {
  if (fleet === undefined)
    return { of: (url) => url, failOver: () => Promise.reject(new Error('there is no standby')) };
  const standby = await database.standby();
  stops.push(() => standby.stop());
  print('standby     follows, every commit waits for it');
  let to = database.port;
  const address = await openForwarder(() => to);
  stops.push(address.close);
  return {
    of: (url) => Object.assign(new URL(url), { port: String(address.port) }).href,
    failOver: async () => {
      await database.kill9();
      await standby.promote();
      const promotedAtMs = Date.now();
      to = standby.port;
      address.cut(database.port);
      return promotedAtMs;
    },
  };
}

async function openCity(
  { dir, stops, print }: Props,
  sandboxUrl: string,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const logFile = path.join(dir, 'sandbox.log');
  const args = [builtCommand(), 'sandbox', '--allow-local-callbacks', '--no-demo-papers'];
  const city = start(args, env, logFile);
  stops.push(() => end(city, 'SIGTERM'));
  // It answers a moment before its credentials are written; its last line says that it is ready.
  await untilAnswers(`${sandboxUrl}/control/clock`, city);
  await untilSays(logFile, 'ready in', city);
  print('sandbox     ready');
}

/** The marketplaces from the sandbox's credentials, before the first `serve`. */
async function seed(options: {
  readonly dir: string;
  readonly databaseUrl: string;
  readonly masterKey: Buffer;
  readonly platformUrl: string;
}): Promise<ReadonlyMap<string, DemoMarketplace>> {
  const { dir, databaseUrl, masterKey, platformUrl } = options;
  const composed = await compose({
    cells: await openCells({ databaseUrl, dir, lanes: 1, cellUrls: new Map() }, () => undefined),
    keyRing: keyRingOf(masterKey),
    publicUrl: platformUrl,
    log: createLog({ level: 'error' }),
    webhookAllow: [],
    onFenced: () => undefined,
  });
  try {
    return await seedMarketplaces(composed.platform, dir, readSandboxCredentials(dir));
  } finally {
    await composed.stop();
  }
}

async function startLoad(options: {
  readonly dir: string;
  readonly platformUrl: string;
  readonly sandboxUrl: string;
  readonly journal: string;
  readonly workers: number;
  readonly shops: ReadonlyMap<string, DemoMarketplace>;
}): Promise<ChildProcess> {
  const { platformUrl, sandboxUrl, journal, workers } = options;
  const shops = [...options.shops].map(([name, shop]) => ({ name, ...shop }));
  const config: LoadConfig = { platformUrl, sandboxUrl, journal, workers, shops };
  const file = path.join(options.dir, 'load.json');
  fs.writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
  const args = ['tools/run.js', 'test/chaos/load.ts', file];
  return start(args, process.env, path.join(options.dir, 'load.log'));
}

/** A connection of the tool's own, beside the platform's. */
export async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: 'chaos' });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}
