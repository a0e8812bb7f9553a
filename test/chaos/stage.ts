/**
 * The stage: a PostgreSQL server, a sandbox city, a platform and a load, each a process of its own.
 * Platform and database are killed by SIGKILL and brought back the way an operator's supervisor
 * does; nothing in the platform knows that it is being tested.
 */
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import {
  type DemoMarketplace,
  readSandboxCredentials,
  seedMarketplaces,
} from '../../src/cli/demo-marketplaces.ts';
import { openDatabase } from '../../src/cli/open-database.ts';
import { compose } from '../../src/compose.ts';
import { keyRingOf } from '../../src/runtime/key-ring.ts';
import { createLog } from '../../src/runtime/log.ts';
import { freePort } from '../../tools/free-port.ts';
import { startPostgres, type TestPostgres } from '../../tools/postgres.ts';
import { Marketplace } from '../helpers/api.ts';
import { end, start, startAgain, untilAnswers, untilSays } from '../helpers/processes.ts';
import { openInbox, type WebhookInbox } from '../helpers/webhook-inbox.ts';
import type { LoadConfig } from './load.ts';

export interface Stage {
  readonly dir: string;
  readonly platformUrl: string;
  readonly sandboxUrl: string;
  readonly databaseUrl: string;
  readonly journal: string;
  readonly shops: ReadonlyMap<string, DemoMarketplace>;
  /** Its process, while it runs. */
  readonly platform: () => ChildProcess;
  /** Resolves when the killed or ended platform answers /readyz again. */
  readonly revivePlatform: () => Promise<void>;
  readonly database: TestPostgres;
  readonly reviveDatabase: () => Promise<void>;
  readonly stopLoad: () => Promise<void>;
  readonly platformLog: () => string;
  /** How platforms exited that were not killed. */
  readonly ownEnds: () => readonly string[];
  /** Ids of the events that the marketplaces' endpoint took, verified. */
  readonly received: () => ReadonlySet<string>;
  readonly close: () => Promise<void>;
}

/** undefined, with the reason printed, where no PostgreSQL is installed. */
export async function openStage(print: (line: string) => void): Promise<Stage | undefined> {
  const database = await startPostgres({ print });
  if (database === undefined) return undefined;
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'hutong-chaos-'));
  const children: ChildProcess[] = [];
  const inbox = await openInbox();
  const close = async (): Promise<void> => {
    for (const child of children.splice(0).reverse()) await end(child, 'SIGTERM');
    await inbox.close();
    await database.stop();
  };
  try {
    return await furnish({ database, dir, children, inbox, close, print });
  } catch (error) {
    await close();
    throw error;
  }
}

interface Props {
  readonly database: TestPostgres;
  readonly dir: string;
  readonly children: ChildProcess[];
  readonly inbox: WebhookInbox;
  readonly close: () => Promise<void>;
  readonly print: (line: string) => void;
}

async function furnish(props: Props): Promise<Stage> {
  const { database, dir, children, inbox, close, print } = props;
  print(`database    ${database.version}, fsync on`);
  const databaseUrl = await database.database('chaos');
  const [platformPort, sandboxPort] = await Promise.all([freePort(), freePort()]);
  const platformUrl = `http://127.0.0.1:${platformPort}`;
  const sandboxUrl = `http://127.0.0.1:${sandboxPort}`;
  const masterKey = randomBytes(32);
  const env = {
    ...process.env,
    HUTONG_DIR: dir,
    HUTONG_PORT: String(platformPort),
    HUTONG_SANDBOX_PORT: String(sandboxPort),
    HUTONG_MASTER_KEY: masterKey.toString('hex'),
    HUTONG_WEBHOOK_ALLOW: '127.0.0.0/8',
    HUTONG_RATE_LIMIT: '0',
    HUTONG_LOG_LEVEL: 'warn',
    DATABASE_URL: databaseUrl,
  };
  const city = start(
    ['bin/hutong.js', 'sandbox', '--allow-local-callbacks', '--no-demo-papers'],
    env,
    path.join(dir, 'sandbox.log'),
  );
  children.push(city);
  // It answers a moment before its credentials are written; its last line says that it is ready.
  await untilAnswers(`${sandboxUrl}/control/clock`, city);
  await untilSays(path.join(dir, 'sandbox.log'), 'ready in', city);
  print('sandbox     ready');
  const shops = await seed({ dir, databaseUrl, masterKey, platformUrl });

  const logFile = path.join(dir, 'platform.log');
  let platform: ChildProcess | undefined;
  const ownEnds: string[] = [];
  const revivePlatform = async (): Promise<void> => {
    for (;;) {
      if (platform !== undefined) children.splice(children.indexOf(platform), 1);
      const born = start(['bin/hutong.js', 'serve'], env, logFile);
      platform = born;
      children.push(born);
      born.once('exit', (code, signal) => {
        if (signal !== 'SIGKILL' && children.includes(born)) ownEnds.push(String(signal ?? code));
      });
      // A platform that starts while its database is away ends: started again, as systemd does.
      if (
        await untilAnswers(`${platformUrl}/readyz`, born).then(
          () => true,
          () => false,
        )
      )
        return;
      await end(born, 'SIGKILL');
    }
  };
  await revivePlatform();
  print('platform    ready');
  for (const { secretKey, merchants } of shops.values()) {
    const shop = new Marketplace(platformUrl, secretKey, merchants);
    const endpoint = { url: inbox.url, enabled_events: ['*'] };
    const made = await shop.expect(201, 'POST', '/v1/webhook_endpoints', endpoint);
    inbox.trust(String(made.secret));
  }
  const journal = path.join(dir, 'acknowledged.jsonl');
  const load = await startLoad({ dir, platformUrl, sandboxUrl, journal, shops, workers: 12 });
  children.push(load);
  return {
    dir,
    platformUrl,
    sandboxUrl,
    databaseUrl,
    journal,
    shops,
    database,
    revivePlatform,
    close,
    platform: () => platform as ChildProcess,
    reviveDatabase: () => startAgain(database),
    stopLoad: () => end(load, 'SIGTERM'),
    received: () => new Set(inbox.events.map((event) => String(event.id))),
    ownEnds: () => ownEnds,
    platformLog: () => fs.readFileSync(logFile, 'utf8'),
  };
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
    db: await openDatabase({ databaseUrl, dir, lanes: 1 }, () => undefined),
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
