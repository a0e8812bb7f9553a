/**
 * `npm run drill -- NAME`: what operators do while buyers pay, done on real processes. The last
 * line has the figures; a miss ends with a code that is not zero.
 */
import { runKeysDrill } from './keys.ts';

const DRILLS = { keys: runKeysDrill };

async function main(): Promise<void> {
  const name = process.argv[2] ?? '';
  const drill = Object.entries(DRILLS).find(([known]) => known === name)?.[1];
  const print = (line: string): void => void process.stdout.write(`${line}\n`);
  if (drill === undefined) {
    print(`the drills are: ${Object.keys(DRILLS).join(', ')}`);
    process.exitCode = 2;
    return;
  }
  const problems = await drill({ loadMs: 12_000, retires: true, print });
  for (const problem of problems) print(`FAIL  ${problem}`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}

await main();
