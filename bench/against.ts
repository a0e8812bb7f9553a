/**
 * `npm run bench -- against COMMIT --engine | --payments`: a benchmark of this checkout and the same
 * one of another commit, in turn. Each commit is a black box: it runs its own workload with its own
 * tools, and the JSON line it ends with is all that is read. What is compared is one figure, as the
 * ratio of two runs that stood side by side; a miss is an interval wholly above what is allowed.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { medianInterval } from './interval.ts';
import type { Outcome } from './report.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
export const ROUNDS_MIN = 7;
/** How much dearer this checkout may be. */
const RATIO_MAX = 1.05;
const RUN_TIMEOUT_MS = 15 * 60_000;

export interface Compared {
  readonly args: readonly string[];
  readonly figure: string;
  /** A rate is better when it is higher: there / here. A cost: here / there. */
  readonly isRate: boolean;
}

export const COMPARED: Readonly<Record<'engine' | 'payments', Compared>> = {
  engine: { args: ['engine', '--json'], figure: 'payments_per_s', isRate: true },
  payments: {
    args: ['payments', '--quick', '--json'],
    figure: 'cpu_ms_per_payment',
    isRate: false,
  },
};

export interface AgainstOptions {
  readonly commit: string;
  readonly compared: Compared;
  readonly rounds: number;
  readonly print: (line: string) => void;
}

export async function benchAgainst(options: AgainstOptions): Promise<Outcome> {
  const { commit, compared, rounds, print } = options;
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hutong-against-'));
  const other = path.join(folder, 'checkout');
  try {
    checkOut(commit, other);
    const pairs: { readonly here: number; readonly there: number }[] = [];
    for (let number = 1; number <= rounds; number += 1) {
      const pair = runPair(other, compared, { isHereFirst: number % 2 === 0 });
      pairs.push(pair);
      const ratio = ratioOf(pair, compared).toFixed(3);
      print(`round ${number}: here ${pair.here}, ${commit} ${pair.there}, ratio ${ratio}`);
    }
    return judge(options, pairs);
  } finally {
    spawnSync('git', ['worktree', 'remove', '--force', other], { cwd: ROOT, stdio: 'ignore' });
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

function checkOut(commit: string, other: string): void {
  const git = (args: readonly string[]) =>
    execFileSync('git', args, { cwd: ROOT, stdio: ['ignore', 'ignore', 'pipe'] });
  git(['worktree', 'add', '--detach', other, commit]);
  // Its packages are installed by its own lock, as its users have them.
  execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: other, stdio: 'ignore' });
}

function runPair(other: string, compared: Compared, { isHereFirst }: { isHereFirst: boolean }) {
  if (isHereFirst) {
    const here = run(ROOT, compared);
    return { here, there: run(other, compared) };
  }
  const there = run(other, compared);
  return { here: run(ROOT, compared), there };
}

/** A benchmark that misses a mark of its own has measured all the same; one with errors has not. */
function run(folder: string, { args, figure }: Compared): number {
  const { stdout, stderr } = spawnSync('npm', ['run', '-s', 'bench', '--', ...args], {
    cwd: folder,
    encoding: 'utf8',
    timeout: RUN_TIMEOUT_MS,
  });
  const value = figureOf(stdout, figure);
  if (value !== undefined) return value;
  const said = `${(stderr ?? '').slice(-2_000)}\n${(stdout ?? '').slice(-2_000)}`;
  throw new Error(`bench ${args.join(' ')} gave no ${figure} in ${folder}:\n${said}`);
}

/** The figure of the last line, where it is a number above zero and nothing failed. */
function figureOf(stdout: string | null, figure: string): number | undefined {
  const last = (stdout ?? '').trim().split('\n').at(-1) ?? '';
  try {
    const figures = JSON.parse(last) as Record<string, unknown>;
    const value = Number(figures[figure]);
    const hasErrors = Number(figures.errors ?? 0) !== 0;
    return Number.isFinite(value) && value > 0 && !hasErrors ? value : undefined;
  } catch {
    return undefined;
  }
}

function ratioOf(pair: { readonly here: number; readonly there: number }, { isRate }: Compared) {
  return isRate ? pair.there / pair.here : pair.here / pair.there;
}

function judge(
  { commit, compared }: AgainstOptions,
  pairs: readonly { readonly here: number; readonly there: number }[],
): Outcome {
  const interval = medianInterval(pairs.map((pair) => ratioOf(pair, compared)));
  const round = (value: number): number => Math.round(value * 1_000) / 1_000;
  const middle = (values: readonly number[]): number => round(medianInterval(values).median);
  return {
    figures: {
      compared: compared.args[0] ?? '',
      figure: compared.figure,
      commit,
      rounds: pairs.length,
      here: middle(pairs.map(({ here }) => here)),
      there: middle(pairs.map(({ there }) => there)),
      ratio: round(interval.median),
      ratio_low: round(interval.low),
      ratio_high: round(interval.high),
      confidence: round(interval.confidence),
      ratio_max: RATIO_MAX,
    },
    // Written so that a figure that is no number misses too.
    misses:
      interval.low <= RATIO_MAX
        ? []
        : [`${compared.figure}: the ratio to ${commit} is ${round(interval.low)} at least`],
  };
}
