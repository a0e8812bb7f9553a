/**
 * `npm run chaos -- --minutes 2`: rule 8 on PostgreSQL. Platform and database are killed by
 * kill -9 again and again while a load process pays. Then the load's journal and the wallets'
 * orders are held against the platform.
 *
 *   --minutes <n>   how long the storm lasts (2; with --fleet 5); it goes on until its kills are done
 *   --fleet         three platforms behind a balancer and a synchronous standby: kill -9, SIGSTOP
 *                   of a minute and back, a number taken over, a failover to the standby
 */
import fs from 'node:fs';
import { parseArgs } from 'node:util';
import { runFleet } from './fleet.ts';
import { killOneByOne } from './kills.ts';
import { openStage } from './stage.ts';

const PLATFORMS = 3;

const print = (line: string): void => void process.stdout.write(`${line}\n`);

function options(): { readonly durationMs: number; readonly isFleet: boolean } {
  const { values } = parseArgs({
    options: { minutes: { type: 'string' }, fleet: { type: 'boolean', default: false } },
  });
  const minutes = Number(values.minutes ?? (values.fleet ? 5 : 2));
  if (!(minutes > 0 && minutes <= 600)) throw new Error('--minutes is a number from 0 to 600');
  return { durationMs: minutes * 60_000, isFleet: values.fleet };
}

async function main(): Promise<void> {
  const { durationMs, isFleet } = options();
  const stage = await openStage({ print, ...(isFleet && { fleet: { platforms: PLATFORMS } }) });
  if (stage === undefined) {
    // Said already why: this proves nothing without a real server.
    print('0 passed, 0 failed, 1 skipped');
    process.exitCode = 1;
    return;
  }
  let isGood = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void stage.close().finally(() => process.exit(130)));
  try {
    const run = isFleet ? runFleet : killOneByOne;
    isGood = await run(stage, durationMs, print);
  } finally {
    await stage.close();
    if (isGood) fs.rmSync(stage.dir, { recursive: true, force: true });
    else print(`what was said and written is kept in ${stage.dir}`);
  }
}

await main();
