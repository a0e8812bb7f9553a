/**
 * `npm run cashier-race -- --times 96`: N buyers click, one after another, the combinations of
 * race.ts in turn, on a real Chromium, platform and city. No buyer may get stuck, and no tab may go
 * anywhere that was not clicked.
 */
import { missingForBrowser } from '../e2e/shopper.ts';
import { COMBINATIONS, nameOf, race } from './race.ts';
import { openRaceStage } from './stage.ts';

const TIMES = COMBINATIONS.length;

function readTimes(args: readonly string[]): number {
  const at = args.indexOf('--times');
  if (at < 0) return TIMES;
  const times = Number(args[at + 1]);
  if (Number.isSafeInteger(times) && times > 0) return times;
  throw new Error(`--times is a number of races, 1 or more, not ${args[at + 1] ?? 'nothing'}`);
}

async function main(): Promise<void> {
  const times = readTimes(process.argv.slice(2));
  const missing = missingForBrowser();
  if (missing !== null) throw new Error(`the races need a browser: ${missing}`);
  const stage = await openRaceStage();
  let stuck = 0;
  let moved = 0;
  const startedMs = performance.now();
  try {
    for (let count = 0; count < times; count += 1) {
      const combination = COMBINATIONS[count % COMBINATIONS.length];
      if (combination === undefined) continue;
      const { isStuck, isOtherMoved, note } = await race(stage, combination);
      if (isStuck) stuck += 1;
      if (isOtherMoved) moved += 1;
      const what = [isStuck ? 'STUCK' : '', isOtherMoved ? 'MOVED' : ''].join(' ').trim();
      const line = `${(what === '' ? 'ok' : what).padEnd(11)} ${nameOf(combination)}`;
      process.stdout.write(what === '' ? `${line}\n` : `${line}: ${note}\n`);
    }
  } finally {
    await stage.close();
  }
  const seconds = Math.round((performance.now() - startedMs) / 1_000);
  process.stdout.write(
    `cashier-race: ${times} races, ${stuck} stuck, ${moved} tabs moved that were not pressed, ${seconds} s\n`,
  );
  if (stuck + moved > 0) process.exitCode = 1;
}

await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
// A browser that does not end must not keep the command.
process.exit();
