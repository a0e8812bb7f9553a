/**
 * `npm run bench -- NAME [--json]`: one benchmark, its figures, and whether they are good enough.
 * Flags of V8's heap cannot be set once it runs, so the benchmark is a child of this process.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { benchAgainst, COMPARED, ROUNDS_MIN } from './against.ts';
import { type BenchedWallet, SCANNED_PRODUCTS } from './buyer.ts';
import { PAYMENTS_DEFAULT, PAYMENTS_MIN } from './growth-sizes.ts';
import { NODE_FLAGS } from './node-flags.ts';
import { benchPayments } from './payments.ts';
import { benchProcesses } from './processes.ts';
import { type Outcome, report } from './report.ts';

type Bench = (options: Options, print: (line: string) => void) => Promise<Outcome>;

interface Options {
  readonly wallet: BenchedWallet;
  readonly isQuick: boolean;
  /** How many platform processes, one run each; null = one, in every respect. */
  readonly processes: readonly number[] | null;
  readonly commit: string | undefined;
  readonly compared: keyof typeof COMPARED | undefined;
  readonly rounds: number;
  /** Of the large database. */
  readonly payments: number;
}

const BENCHES: Readonly<Record<string, Bench>> = {
  engine: async (_options, print) => (await import('./engine.ts')).benchEngine(print),
  payments: ({ processes, ...options }, print) =>
    processes === null
      ? benchPayments(options, print)
      : benchProcesses({ ...options, processes }, print),
  growth: async ({ payments }, print) =>
    (await import('./growth.ts')).benchGrowth({ payments }, print),
  cells: async (_options, print) => (await import('./cells.ts')).benchCells(print),
  peers: async (_options, print) => (await import('./peers.ts')).benchPeers(print),
  against: ({ commit, compared, rounds }, print) => {
    if (commit === undefined || compared === undefined) return Promise.reject(new Error(USAGE));
    return benchAgainst({ commit, compared: COMPARED[compared], rounds, print });
  },
};
const WALLETS = Object.keys(SCANNED_PRODUCTS);
const USAGE = `usage: npm run bench -- engine [--json]
       npm run bench -- payments [--wallet ${WALLETS.join('|')}] [--quick] [--json]
       npm run bench -- payments --processes 1,2,4 [--json]
       npm run bench -- growth [--payments N] [--json]
       npm run bench -- cells [--json]
       npm run bench -- peers [--json]
       npm run bench -- against COMMIT --engine|--payments [--rounds N] [--json]
`;

const args = process.argv.slice(2);
const { values, positionals } = parse(args);
const [name = '', second] = positionals;
const isGrowth = name === 'growth';
const commit = isGrowth ? undefined : second;
const payments = Number((isGrowth ? second : undefined) ?? PAYMENTS_DEFAULT);
const compared = values.engine === values.payments ? undefined : comparedName();
const rounds = Number(values.rounds);
const processes = values.processes === undefined ? null : countsOf(values.processes);
const bench = Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined;
const wallet = WALLETS.find((word) => word === values.wallet) as BenchedWallet | undefined;
if (bench === undefined || wallet === undefined || !isUsable()) {
  process.stderr.write(USAGE);
  process.exitCode = 2;
} else if (NODE_FLAGS.every((flag) => process.execArgv.includes(flag))) {
  const isQuick = values.quick;
  const options = { wallet, isQuick, processes, commit, compared, rounds, payments };
  const outcome = await bench(options, (line) => void process.stderr.write(`${line}\n`));
  report(name, outcome, values.json);
} else {
  const runner = fileURLToPath(new URL('../tools/run.js', import.meta.url));
  const child = [...NODE_FLAGS, runner, 'bench/main.ts', ...args];
  process.exitCode = spawnSync(process.execPath, child, { stdio: 'inherit' }).status ?? 1;
}

function comparedName(): keyof typeof COMPARED {
  return values.engine ? 'engine' : 'payments';
}

function countsOf(text: string): readonly number[] {
  return text.split(',').map(Number);
}

function isUsable(): boolean {
  if (processes !== null) {
    const isPossible = processes.every((count) => Number.isInteger(count) && count >= 1);
    return name === 'payments' && isPossible && processes.every((count) => count <= 16);
  }
  if (isGrowth) return Number.isSafeInteger(payments) && payments >= PAYMENTS_MIN;
  if (name !== 'against') return true;
  const isRoundsGood = Number.isSafeInteger(rounds) && rounds >= ROUNDS_MIN;
  return commit !== undefined && compared !== undefined && isRoundsGood;
}

function parse(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false },
        quick: { type: 'boolean', default: false },
        engine: { type: 'boolean', default: false },
        payments: { type: 'boolean', default: false },
        rounds: { type: 'string', default: String(ROUNDS_MIN) },
        processes: { type: 'string' },
        wallet: { type: 'string', default: 'wechatpay' },
      },
    });
  } catch {
    const values = { json: false, quick: false, wallet: '', engine: false, payments: false };
    return { values: { ...values, rounds: '', processes: undefined }, positionals: [] };
  }
}
