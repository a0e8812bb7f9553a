/**
 * Processes of a test's own: started in the repository with a log file, waited for by what they
 * answer or say, and ended by their own pid.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { TestPostgres } from '../../tools/postgres.ts';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const READY_TIMEOUT_MS = 60_000;

export function start(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  logFile: string,
): ChildProcess {
  const log = fs.openSync(logFile, 'a', 0o600);
  const child = spawn(process.execPath, args, { cwd: ROOT, env, stdio: ['ignore', log, log] });
  fs.closeSync(log);
  return child;
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** Signals one process of ours and waits for its end. */
export function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (hasEnded(child)) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill(signal);
  });
}

export async function untilAnswers(url: string, child: ChildProcess): Promise<void> {
  const deadlineMs = performance.now() + READY_TIMEOUT_MS;
  while (performance.now() < deadlineMs && !hasEnded(child)) {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) }).catch(
      () => undefined,
    );
    await response?.body?.cancel();
    if (response?.ok === true) return;
    await sleep(25);
  }
  throw new Error(`${url} does not answer`);
}

export async function untilSays(logFile: string, text: string, child: ChildProcess): Promise<void> {
  const deadlineMs = performance.now() + READY_TIMEOUT_MS;
  while (performance.now() < deadlineMs && !hasEnded(child)) {
    if (fs.readFileSync(logFile, 'utf8').includes(text)) return;
    await sleep(50);
  }
  throw new Error(
    `a process did not say "${text}": ${fs.readFileSync(logFile, 'utf8').slice(-500)}`,
  );
}

/** A child of the killed postmaster may need a moment to be gone. */
export async function startAgain(database: Pick<TestPostgres, 'start'>): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await database.start();
      return;
    } catch (error) {
      if (tries === 20) throw error;
      await sleep(200);
    }
  }
}
