/**
 * `npm run races`: the switch between wallets under every fault, in both directions, on a platform
 * and a city of its own. One row per (fault x direction).
 *
 *   npm run races [-- --only close_lost]
 */
import { call, type Json } from '../helpers/api.ts';
import { openTally } from '../helpers/table.ts';
import { CASES, type Case, canStrike } from './cases.ts';
import { hasClose, WALLETS, type Wallet } from './race.ts';
import { openTown, type Town } from './town.ts';

const DIRECTIONS: readonly (readonly [Wallet, Wallet])[] = WALLETS.flatMap((from) =>
  WALLETS.filter((to) => to !== from).map((to) => [from, to] as const),
);

async function main(): Promise<void> {
  const onlyAt = process.argv.indexOf('--only');
  const only = onlyAt < 0 ? '' : (process.argv[onlyAt + 1] ?? '');
  const town = await openTown();
  process.stdout.write(`on ${town.home}\n`);
  const tally = openTally();
  try {
    for (const one of CASES) {
      const { name, run } = one;
      for (const [from, to] of DIRECTIONS) {
        if (!canRun(one, from, to) || !canStrike(one, from, to)) continue;
        const row = `${from} -> ${to}  ${name}`;
        if (!row.includes(only)) continue;
        const startedMs = performance.now();
        const problem = await problemOf(town, () => run(town, from, to));
        const note = `${((performance.now() - startedMs) / 1_000).toFixed(1)} s`;
        tally.row(row, problem, note);
        await town.sandbox.clearFaults();
      }
    }
    tally.row('the log tells of no defect', defectIn(town));
  } finally {
    await town.close();
  }
  tally.close();
}

/** A case about a close call has nothing to say of a wallet that has none. */
function canRun({ closing }: Pick<Case, 'closing'>, from: Wallet, to: Wallet): boolean {
  if (closing === 'not_first') return !hasClose(from);
  if (closing === 'both') return hasClose(from) && hasClose(to);
  return closing === undefined || hasClose(from);
}

async function problemOf(town: Town, run: () => Promise<void>): Promise<string | null> {
  try {
    await run();
    return await unstruck(town);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** A fault that never fired tested nothing. Only `close_lost` stands by for whoever may close. */
async function unstruck({ sandbox }: Town): Promise<string | null> {
  const { body } = await call('GET', `${sandbox.url}/control/faults`);
  const armed = body.data as Json[];
  const idle = armed.find(
    ({ fault, times, times_left }) => fault !== 'close_lost' && times === times_left,
  );
  return idle === undefined ? null : `the fault never struck: ${JSON.stringify(idle)}`;
}

/** An adapter that threw, a command that failed by an assertion, a sweep that failed. */
function defectIn({ logText }: Town): string | null {
  return (
    logText()
      .split('\n')
      .find((line) => line.includes('"defect"')) ?? null
  );
}

await main();
