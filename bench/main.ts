/** `npm run bench -- NAME [--json]`: one benchmark, its figures, and whether they are good enough. */
import { benchEngine } from './engine.ts';
import { benchPayments } from './payments.ts';
import { type Outcome, report } from './report.ts';

type Bench = (print: (line: string) => void) => Promise<Outcome>;

const BENCHES: Readonly<Record<string, Bench>> = { engine: benchEngine, payments: benchPayments };

const args = process.argv.slice(2);
const isJson = args.includes('--json');
const name = args.find((arg) => !arg.startsWith('--')) ?? '';
const bench = Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined;
if (bench === undefined) {
  process.stderr.write(`usage: npm run bench -- ${Object.keys(BENCHES).join('|')} [--json]\n`);
  process.exitCode = 2;
} else {
  const outcome = await bench((line) => void process.stderr.write(`${line}\n`));
  report(name, outcome, isJson);
}
