/**
 * The demo as a user starts it: a command in a process group of its own, awaited by its banner,
 * stopped by Ctrl-C to the whole group. Ends nothing but that group.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../tools/free-port.ts';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const READY_TEXT = 'Hutong 互通 is running';
const STOP_PATIENCE_MS = 30_000;

export interface DemoFile {
  readonly platform: { readonly url: string };
  readonly sandbox: { readonly url: string };
  readonly bazaar: { readonly url: string };
  readonly marketplaces: Readonly<
    Record<string, { readonly secret_key: string; readonly merchants: string[] }>
  >;
}

export interface DemoProcess {
  readonly file: DemoFile;
  /** All that it printed, stdout and stderr. */
  readonly output: () => string;
  readonly readyAfterMs: number;
  /** Ctrl-C; false where something of the group was still alive after its time and was killed. */
  readonly stop: () => Promise<boolean>;
}

export interface DemoOptions {
  readonly command: readonly [string, ...string[]];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Where `demo.json` appears. */
  readonly dir: string;
  readonly timeoutMs: number;
  readonly onLine?: (line: string) => void;
}

/** `npm start`'s own command on free ports with a folder that goes away with it. */
export async function startOwnDemo(): Promise<DemoProcess> {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'hutong-e2e-'));
  const demo = await startDemoProcess({
    command: [process.execPath, 'bin/hutong.js', 'start'],
    cwd: ROOT,
    env: { ...process.env, ...(await freePorts()), HUTONG_DIR: dir, DATABASE_URL: undefined },
    dir,
    timeoutMs: 120_000,
  });
  return {
    ...demo,
    stop: async () => {
      const isGone = await demo.stop();
      fs.rmSync(dir, { recursive: true, force: true });
      return isGone;
    },
  };
}

export async function startDemoProcess(options: DemoOptions): Promise<DemoProcess> {
  const startedMs = performance.now();
  const [file, ...args] = options.command;
  const child = spawn(file, args, {
    cwd: options.cwd,
    env: options.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  // Each stream has its own lines: halves of two must not become one.
  for (const stream of [child.stdout, child.stderr]) {
    let begun = '';
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      const lines = `${begun}${text}`.split('\n');
      begun = lines.pop() ?? '';
      for (const line of lines) options.onLine?.(line);
    });
  }
  try {
    await banner(child, options.timeoutMs, () => output);
  } catch (error) {
    await stopGroup(child);
    throw error;
  }
  return {
    file: JSON.parse(fs.readFileSync(path.join(options.dir, 'demo.json'), 'utf8')) as DemoFile,
    output: () => output,
    readyAfterMs: performance.now() - startedMs,
    stop: () => stopGroup(child),
  };
}

function banner(child: ChildProcess, timeoutMs: number, output: () => string): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (what: string): void => {
      clearTimeout(timer);
      reject(new Error(`the demo ${what}:\n${output()}`));
    };
    const timer = setTimeout(() => fail(`printed no banner within ${timeoutMs} ms`), timeoutMs);
    child.once('error', (error) => fail(`could not be started: ${error.message}`));
    child.once('exit', (code) => fail(`ended with code ${code}`));
    child.stdout?.on('data', () => {
      if (!output().includes(READY_TEXT)) return;
      clearTimeout(timer);
      resolve();
    });
  });
}

async function stopGroup(child: ChildProcess): Promise<boolean> {
  const { pid } = child;
  if (pid === undefined) return true;
  signalGroup(pid, 'SIGINT');
  const deadlineMs = performance.now() + STOP_PATIENCE_MS;
  while (signalGroup(pid, 0)) {
    if (performance.now() > deadlineMs) {
      signalGroup(pid, 'SIGKILL');
      return false;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return true;
}

/** False if no process is left in the group. */
function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-pid, signal);
  } catch {
    return false;
  }
}

/** Free ports for platform, sandbox and bazaar, as settings. */
export async function freePorts(): Promise<Record<string, string>> {
  const ports = await Promise.all([freePort(), freePort(), freePort()]);
  const names = ['HUTONG_PORT', 'HUTONG_SANDBOX_PORT', 'HUTONG_BAZAAR_PORT'];
  return Object.fromEntries(names.map((name, index) => [name, String(ports[index])]));
}
