/**
 * `npm run fuzz`: every parser of foreign bytes against mutated inputs. One row a parser.
 *
 *   npm run fuzz [-- --count 100000] [--only NFC] [--seed 1]
 */
import { PARSERS } from './parsers.ts';
import { runParser } from './run-parser.ts';

const USAGE =
  'usage: npm run fuzz [-- --count <inputs each>] [--only <part of a name>] [--seed <n>]';
const settings = readArguments(process.argv.slice(2));

let passed = 0;
let failed = 0;
const chosen = PARSERS.filter(({ name }) =>
  name.toLowerCase().includes(settings.only.toLowerCase()),
);
for (const parser of chosen) {
  const startedMs = performance.now();
  const report = await runParser(parser, settings).catch((error: unknown) => ({
    accepted: 0,
    refused: 0,
    slowestMs: 0,
    problem: String(error),
  }));
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  const figures = `${report.accepted} accepted, ${report.refused} refused, slowest ${report.slowestMs.toFixed(1)} ms, ${seconds} s`;
  if (report.problem === null) passed += 1;
  else failed += 1;
  const verdict = report.problem === null ? 'ok  ' : 'FAIL';
  console.log(`${verdict}  ${parser.name.padEnd(56)} ${report.problem ?? figures}`);
}
console.log(`${passed} passed, ${failed} failed`);
if (failed > 0 || passed === 0) process.exitCode = 1;

function readArguments(given: readonly string[]): { count: number; only: string; seed: number } {
  const read = { count: '100000', only: '', seed: '20240904' };
  for (let at = 0; at < given.length; at += 2) {
    const name = given[at]?.replace(/^--/, '') ?? '';
    const value = given[at + 1];
    if (!(name in read) || value === undefined) stop(`what is ${given[at]}?`);
    read[name as keyof typeof read] = value ?? '';
  }
  if (!/^[1-9]\d{0,8}$/.test(read.count)) stop(`--count is 1 or more, not ${read.count}`);
  if (!/^\d{1,9}$/.test(read.seed)) stop(`--seed is a number, not ${read.seed}`);
  return { count: Number(read.count), only: read.only, seed: Number(read.seed) };
}

function stop(why: string): never {
  console.error(`fuzz: ${why}\n${USAGE}`);
  process.exit(2);
}
