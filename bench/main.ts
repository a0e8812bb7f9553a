/**
 * `npm run bench -- NAME [--json]`: one benchmark, its figures, and whether they are good enough.
 * Flags of V8's heap cannot be set once it runs, so the benchmark is a child of this process.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { benchEngine } from './engine.ts';
import { NODE_FLAGS } from './node-flags.ts';
import { benchPayments } from './payments.ts';
import { type Outcome, report } from './report.ts';

type Bench = (print: (line: string) => void) => Promise<Outcome>;

const BENCHES: Readonly<Record<string, Bench>> = { engine: benchEngine, payments: benchPayments };

const args = process.argv.slice(2);
const name = args.find((arg) => !arg.startsWith('--')) ?? '';
const bench = Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined;
if (bench === undefined) {
  process.stderr.write(`usage: npm run bench -- ${Object.keys(BENCHES).join('|')} [--json]\n`);
  process.exitCode = 2;
} else if (NODE_FLAGS.every((flag) => process.execArgv.includes(flag))) {
  const outcome = await bench((line) => void process.stderr.write(`${line}\n`));
  report(name, outcome, args.includes('--json'));
} else {
  const runner = fileURLToPath(new URL('../tools/run.js', import.meta.url));
  const child = [...NODE_FLAGS, runner, 'bench/main.ts', ...args];
  process.exitCode = spawnSync(process.execPath, child, { stdio: 'inherit' }).status ?? 1;
}
