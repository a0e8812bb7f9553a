/**
 * A PostgreSQL server of this machine that somebody else has started: killed by the pid in its data
 * folder, and started again with the command line that it had.
 */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { asPostgres } from './postgres.ts';
import { childrenOf, kill } from './process-tree.ts';

export interface RunningPostgres {
  /** SIGKILL to the postmaster and all its children. */
  readonly kill9: () => Promise<void>;
  /** Resolves when it takes connections again. */
  readonly start: () => Promise<void>;
}

/** `url` is a superuser's. */
export async function findRunningPostgres(url: string): Promise<RunningPostgres> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client
    .query<{ folder: string; command: string }>(
      `select current_setting('data_directory') as folder,
         pg_read_file('postmaster.opts') as command`,
    )
    .finally(() => client.end());
  const [{ folder, command } = { folder: '', command: '' }] = rows;
  const pgCtl = path.join(path.dirname(command.split(' ')[0] ?? ''), 'pg_ctl');
  return {
    kill9: () => kill9(folder),
    // A restart, and not a start: it reads the command line of the one before.
    start: () => run([pgCtl, 'restart', '-w', '-D', folder, '-l', path.join(folder, 'log.again')]),
  };
}

async function kill9(folder: string): Promise<void> {
  const file = fs.readFileSync(path.join(folder, 'postmaster.pid'), 'utf8');
  const postmaster = Number(file.split('\n')[0]);
  const pids = [postmaster, ...childrenOf(postmaster)];
  for (const pid of pids) kill(pid, 'SIGKILL');
  while (pids.some(isThere)) await sleep(10);
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function run(command: readonly string[]): Promise<void> {
  const [program = '', ...args] = [...asPostgres(), ...command];
  const child = spawn(program, args, { cwd: '/', stdio: 'ignore' });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
  if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}`);
}
