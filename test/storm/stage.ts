/**
 * The stage of the storm: one PostgreSQL, one sandbox city, two platforms on that database, each
 * behind a line of its own that can be cut around COMMIT. Processes are killed by SIGKILL and
 * brought back as an operator's supervisor does it.
 */
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { DemoMarketplace } from '../../src/cli/demo-marketplaces.ts';
import { builtCommand } from '../../tools/built-command.ts';
import { freePort } from '../../tools/free-port.ts';
import { seedDatabase } from '../../tools/seed.ts';
import { type CommitProxy, startCommitProxy } from '../helpers/commit-proxy.ts';
import { end, start, untilAnswers, untilSays } from '../helpers/processes.ts';
import { openStormDatabase, type StormDatabase } from './database.ts';

export interface StormPlatform {
  readonly url: string;
  /** Where it releases what is held of a sub_order. */
  readonly backUrl: string;
  readonly line: CommitProxy;
  readonly process: () => ChildProcess;
  /** It has answered /readyz since it was last killed. */
  readonly isReady: () => boolean;
  /** Resolves when the killed or ended platform answers /readyz again. */
  readonly revive: () => Promise<void>;
}

export interface Stage {
  readonly dir: string;
  readonly sandboxUrl: string;
  readonly database: StormDatabase;
  readonly platforms: readonly StormPlatform[];
  readonly shops: ReadonlyMap<string, DemoMarketplace>;
  readonly logText: () => string;
  /** How platforms exited that were not killed. */
  readonly ownEnds: () => readonly string[];
  readonly close: () => Promise<void>;
}

const PLATFORM_COUNT = 2;

/** undefined, with the reason printed, where no PostgreSQL is installed. */
export async function openStage(print: (line: string) => void): Promise<Stage | undefined> {
  const database = await openStormDatabase(print);
  if (database === undefined) return undefined;
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'hutong-storm-'));
  const children = new Set<ChildProcess>();
  const lines: CommitProxy[] = [];
  const close = async (): Promise<void> => {
    for (const child of [...children].reverse()) await end(child, 'SIGKILL');
    for (const line of lines) await line.close();
    await database.close();
  };
  try {
    return await furnish({ database, dir, children, lines, close, print });
  } catch (error) {
    await close();
    throw error;
  }
}

async function furnish(props: {
  readonly database: StormDatabase;
  readonly dir: string;
  readonly children: Set<ChildProcess>;
  readonly lines: CommitProxy[];
  readonly close: () => Promise<void>;
  readonly print: (line: string) => void;
}): Promise<Stage> {
  const { database, dir, children, print } = props;
  const masterKey = randomBytes(32);
  const sandboxPort = await freePort();
  const sandboxUrl = `http://127.0.0.1:${sandboxPort}`;
  const env = {
    ...process.env,
    HUTONG_DIR: dir,
    HUTONG_SANDBOX_PORT: String(sandboxPort),
    HUTONG_MASTER_KEY: masterKey.toString('hex'),
    HUTONG_WEBHOOK_ALLOW: '127.0.0.0/8',
    HUTONG_RATE_LIMIT: '0',
    HUTONG_LOG_LEVEL: 'warn',
  };
  const cityLog = path.join(dir, 'sandbox.log');
  const city = start(
    [builtCommand(), 'sandbox', '--allow-local-callbacks', '--no-demo-papers'],
    env,
    cityLog,
  );
  children.add(city);
  await untilAnswers(`${sandboxUrl}/control/clock`, city);
  await untilSays(cityLog, 'ready in', city);
  print('sandbox     ready');
  const shops = await seedDatabase({ databaseUrl: database.url, masterKey, dir });

  const logFile = path.join(dir, 'platform.log');
  const ownEnds: string[] = [];
  const platforms: StormPlatform[] = [];
  for (let number = 0; number < PLATFORM_COUNT; number += 1) {
    const line = await startCommitProxy(database.url);
    props.lines.push(line);
    const platform = await openPlatform({ env, line, logFile, children, ownEnds });
    platforms.push(platform);
    print(`platform ${number + 1}  ready`);
  }
  return {
    dir,
    sandboxUrl,
    database,
    platforms,
    shops,
    logText: () => fs.readFileSync(logFile, 'utf8'),
    ownEnds: () => ownEnds,
    close: props.close,
  };
}

async function openPlatform(options: {
  readonly env: NodeJS.ProcessEnv;
  readonly line: CommitProxy;
  readonly logFile: string;
  readonly children: Set<ChildProcess>;
  readonly ownEnds: string[];
}): Promise<StormPlatform> {
  const { line, logFile, children, ownEnds } = options;
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const backPort = await freePort();
  const own = { HUTONG_PORT: String(port), STORM_BACK_PORT: String(backPort) };
  const env = { ...options.env, ...own, DATABASE_URL: line.url };
  let child: ChildProcess | undefined;
  let isUp = false;
  const revive = async (): Promise<void> => {
    isUp = false;
    for (;;) {
      // What was meant for the one that died would cut its successor's migrations.
      line.forgetCuts();
      if (child !== undefined) children.delete(child);
      const born = start(['tools/run.js', 'test/storm/platform.ts'], env, logFile);
      child = born;
      children.add(born);
      // One that starts while its database is away ends: started again, as systemd does.
      isUp = await untilAnswers(`${url}/readyz`, born).then(
        () => true,
        () => false,
      );
      if (isUp) {
        born.once('exit', (code, signal) => {
          if (signal !== 'SIGKILL') ownEnds.push(String(signal ?? code));
        });
        return;
      }
      await end(born, 'SIGKILL');
    }
  };
  await revive();
  const backUrl = `http://127.0.0.1:${backPort}`;
  return { url, backUrl, line, process: () => child as ChildProcess, isReady: () => isUp, revive };
}
