/** The stage of the drill: PostgreSQL, a sandbox city and two `hutong serve` over one key file. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { builtCommand } from '../../tools/built-command.ts';
import { freePort } from '../../tools/free-port.ts';
import { startPostgres } from '../../tools/postgres.ts';
import { seedDatabase } from '../../tools/seed.ts';
import { Marketplace, Sandbox } from '../helpers/api.ts';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const READY_TIMEOUT_MS = 120_000;

export interface KeysStage {
  readonly databaseUrl: string;
  readonly keyFile: string;
  readonly sandbox: Sandbox;
  /** The same marketplace, seen through each of the two processes. */
  readonly shops: readonly [Marketplace, Marketplace];
  /** `hutong keys …`: what it printed, and its exit code. */
  readonly hutong: (...args: string[]) => Promise<{ readonly code: number; readonly text: string }>;
  readonly logText: () => string;
  /** Are the two processes that were started still those? */
  readonly isUnbroken: () => boolean;
  readonly close: () => Promise<void>;
}

export async function openKeysStage(): Promise<KeysStage | undefined> {
  const database = await startPostgres({ fsync: false });
  if (database === undefined) return undefined;
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'hutong-keys-'));
  const children: ChildProcess[] = [];
  const logFile = path.join(dir, 'platform.log');
  const close = async (): Promise<void> => {
    for (const child of children.splice(0).reverse()) await end(child);
    await database.stop();
    fs.rmSync(dir, { recursive: true, force: true });
  };
  try {
    const databaseUrl = await database.database('keys');
    const keyFile = path.join(dir, 'master.key');
    const masterKey = randomBytes(32);
    fs.writeFileSync(keyFile, masterKey.toString('hex'), { mode: 0o600 });
    const sandboxPort = await freePort();
    const env: NodeJS.ProcessEnv = {
      ...process.env,
      HUTONG_DIR: dir,
      HUTONG_SANDBOX_PORT: String(sandboxPort),
      HUTONG_MASTER_KEY_FILE: keyFile,
      HUTONG_WEBHOOK_ALLOW: '127.0.0.0/8',
      HUTONG_RATE_LIMIT: '0',
      HUTONG_LOG_LEVEL: 'warn',
      DATABASE_URL: databaseUrl,
    };
    const cityLog = path.join(dir, 'sandbox.log');
    const city = [builtCommand(), 'sandbox', '--allow-local-callbacks', '--no-demo-papers'];
    children.push(start(city, env, cityLog));
    await until(() => fs.readFileSync(cityLog, 'utf8').includes('ready in'), 'the sandbox');
    const seeded = await seedDatabase({ databaseUrl, masterKey, dir });
    const taobao = seeded.get('taobao');
    if (taobao === undefined) throw new Error('the credentials have a marketplace taobao');
    const open = async (): Promise<Marketplace> => {
      const port = await freePort();
      const child = start([builtCommand(), 'serve'], { ...env, HUTONG_PORT: `${port}` }, logFile);
      children.push(child);
      const url = `http://127.0.0.1:${port}`;
      await until(() => answers(`${url}/readyz`), url);
      return new Marketplace(url, taobao.secretKey, taobao.merchants);
    };
    const shops = [await open(), await open()] as const;
    const platforms = children.slice(1);
    return {
      databaseUrl,
      keyFile,
      sandbox: new Sandbox(`http://127.0.0.1:${sandboxPort}`),
      shops,
      hutong: (...args) => run(args, env),
      logText: () => fs.readFileSync(logFile, 'utf8'),
      isUnbroken: () => platforms.every((child) => child.exitCode === null && !child.killed),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function start(args: readonly string[], env: NodeJS.ProcessEnv, logFile: string): ChildProcess {
  const log = fs.openSync(logFile, 'a', 0o600);
  const child = spawn(process.execPath, args, { cwd: ROOT, env, stdio: ['ignore', log, log] });
  fs.closeSync(log);
  return child;
}

async function run(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<{ readonly code: number; readonly text: string }> {
  try {
    const given = [builtCommand(), ...args];
    const { stdout, stderr } = await promisify(execFile)(process.execPath, given, {
      cwd: ROOT,
      env,
    });
    return { code: 0, text: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, text: `${stdout}${stderr}` };
  }
}

async function answers(url: string): Promise<boolean> {
  const response = await fetch(url, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
  await response?.body?.cancel();
  return response?.ok === true;
}

async function until(isSo: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadlineMs = performance.now() + READY_TIMEOUT_MS;
  while (performance.now() < deadlineMs) {
    if (await isSo()) return;
    await sleep(50);
  }
  throw new Error(`${what} is not ready after ${READY_TIMEOUT_MS} ms`);
}

function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
  });
}
