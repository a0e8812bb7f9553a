/**
 * `npm run bench -- against COMMIT --wallet W`: the same complete payments on this checkout and on
 * another commit of it, built beside and run in turn. The other one gets this one's benchmark, so
 * that both are measured alike; what is compared is the platform, its sandbox and its store.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BenchedWallet } from './buyer.ts';
import type { Outcome } from './report.ts';
import { median } from './server-facts.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const ROUNDS = 3;
/** How much faster the other one may be before this one counts as slower. */
const SLOWER_MAX = 1.1;

interface Run {
  readonly completePerS: number;
  readonly cpuMs: number;
}

export async function benchAgainst(
  commit: string,
  wallet: BenchedWallet,
  print: (line: string) => void,
): Promise<Outcome> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hutong-against-'));
  const other = path.join(folder, 'checkout');
  try {
    build(commit, other);
    const rounds: { here: Run; there: Run }[] = [];
    for (let number = 1; number <= ROUNDS; number += 1) {
      const there = run(other, wallet);
      const here = run(ROOT, wallet);
      rounds.push({ here, there });
      print(`round ${number}: here ${shown(here)}, ${commit} ${shown(there)}`);
    }
    return judge(commit, wallet, rounds);
  } finally {
    execFileSync('git', ['worktree', 'remove', '--force', other], { cwd: ROOT, stdio: 'ignore' });
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

function build(commit: string, other: string): void {
  execFileSync('git', ['worktree', 'add', '--detach', other, commit], {
    cwd: ROOT,
    stdio: 'ignore',
  });
  fs.cpSync(path.join(ROOT, 'bench'), path.join(other, 'bench'), { recursive: true });
  // Its packages are installed by its own lock, as its users have them.
  execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: other, stdio: 'ignore' });
}

function run(folder: string, wallet: BenchedWallet): Run {
  const args = ['run', '-s', 'bench', '--', 'payments', '--wallet', wallet, '--quick', '--json'];
  const { stdout, stderr } = spawnSync('npm', args, { cwd: folder, encoding: 'utf8' });
  const last = stdout.trim().split('\n').at(-1) ?? '';
  const figures = last.startsWith('{') ? (JSON.parse(last) as Record<string, unknown>) : {};
  if (figures.ok !== true)
    throw new Error(`the payments benchmark failed in ${folder}:\n${stderr}\n${last}`);
  return {
    completePerS: Number(figures.complete_per_s),
    cpuMs: Number(figures.cpu_ms_per_payment),
  };
}

const shown = ({ completePerS, cpuMs }: Run): string =>
  `${completePerS.toFixed(0)} payments/s at ${cpuMs.toFixed(2)} ms`;

function judge(
  commit: string,
  wallet: BenchedWallet,
  rounds: readonly { readonly here: Run; readonly there: Run }[],
): Outcome {
  const faster = median(rounds.map(({ here, there }) => there.completePerS / here.completePerS));
  const cheaper = median(rounds.map(({ here, there }) => here.cpuMs / there.cpuMs));
  return {
    figures: {
      wallet,
      commit,
      rounds: rounds.length,
      here_per_s: Math.round(median(rounds.map(({ here }) => here.completePerS))),
      there_per_s: Math.round(median(rounds.map(({ there }) => there.completePerS))),
      there_to_here: Math.round(faster * 100) / 100,
      cpu_here_to_there: Math.round(cheaper * 100) / 100,
    },
    // Written so that a figure that is no number misses too.
    misses: faster <= SLOWER_MAX ? [] : [`${commit} is faster by ${faster.toFixed(2)}`],
  };
}
