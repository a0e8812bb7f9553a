/**
 * `npm run bench -- NAME [--json]`: one benchmark, its figures, and whether they are good enough.
 * Flags of V8's heap cannot be set once it runs, so the benchmark is a child of this process.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { benchAgainst } from './against.ts';
import { type BenchedWallet, SCANNED_PRODUCTS } from './buyer.ts';
import { NODE_FLAGS } from './node-flags.ts';
import { benchPayments } from './payments.ts';
import { type Outcome, report } from './report.ts';

type Bench = (options: Options, print: (line: string) => void) => Promise<Outcome>;

interface Options {
  readonly wallet: BenchedWallet;
  readonly isQuick: boolean;
  readonly commit: string | undefined;
}

/** Each is loaded when it is run: `against` runs `payments` over sources that know no later one. */
const BENCHES: Readonly<Record<string, Bench>> = {
  engine: async (_options, print) => (await import('./engine.ts')).benchEngine(print),
  payments: benchPayments,
  against: ({ commit, wallet }, print) => {
    if (commit === undefined) throw new Error('against what? npm run bench -- against COMMIT');
    return benchAgainst(commit, wallet, print);
  },
};
const WALLETS = Object.keys(SCANNED_PRODUCTS);
const USAGE = `usage: npm run bench -- engine [--json]
       npm run bench -- payments [--wallet ${WALLETS.join('|')}] [--quick] [--json]
       npm run bench -- against COMMIT [--wallet ${WALLETS.join('|')}] [--json]
`;

const args = process.argv.slice(2);
const { values, positionals } = parse(args);
const [name = '', commit] = positionals;
const bench = Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined;
const wallet = WALLETS.find((word) => word === values.wallet) as BenchedWallet | undefined;
if (bench === undefined || wallet === undefined) {
  process.stderr.write(USAGE);
  process.exitCode = 2;
} else if (NODE_FLAGS.every((flag) => process.execArgv.includes(flag))) {
  const options = { wallet, isQuick: values.quick, commit };
  const outcome = await bench(options, (line) => void process.stderr.write(`${line}\n`));
  report(name, outcome, values.json);
} else {
  const runner = fileURLToPath(new URL('../tools/run.js', import.meta.url));
  const child = [...NODE_FLAGS, runner, 'bench/main.ts', ...args];
  process.exitCode = spawnSync(process.execPath, child, { stdio: 'inherit' }).status ?? 1;
}

function parse(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false },
        quick: { type: 'boolean', default: false },
        wallet: { type: 'string', default: 'wechatpay' },
      },
    });
  } catch {
    return { values: { json: false, quick: false, wallet: '' }, positionals: [] };
  }
}
