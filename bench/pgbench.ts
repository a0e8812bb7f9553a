/** pgbench's TPC-B on a server of ours: how fast the machine is, and how steady. */
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { findBinaries, type TestPostgres } from '../tools/postgres.ts';

const PGBENCH = { scale: 10, clients: 16, threads: 1, seconds: 5 } as const;

/** TPC-B made ready; each call is one run and gives its transactions a second. */
export async function preparePgbench(server: TestPostgres): Promise<() => number> {
  const binary = path.join(findBinaries() ?? '', 'pgbench');
  await server.database('tpcb');
  const target = ['-h', '127.0.0.1', '-p', String(server.port), '-U', 'postgres'];
  const run = (args: readonly string[]): string =>
    execFileSync(binary, [...target, ...args, 'tpcb'], { encoding: 'utf8', stdio: 'pipe' });
  run(['-i', '-q', '-s', String(PGBENCH.scale)]);
  const { clients, threads, seconds } = PGBENCH;
  return () => {
    const said = run(['-c', String(clients), '-j', String(threads), '-T', String(seconds)]);
    const tps = Number(/tps = ([\d.]+)/.exec(said)?.[1]);
    if (!Number.isFinite(tps)) throw new Error(`pgbench said no rate:\n${said}`);
    return tps;
  };
}
