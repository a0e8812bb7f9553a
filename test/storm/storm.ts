/**
 * `npm run storm -- --minutes 5`: two platforms on one PostgreSQL, every call sent to both, every
 * wallet and payment codes, every fault but those of bills, kill -9 of either platform and of the
 * database, COMMITs cut before and after the server received them. Then everything must come to
 * rest, and tables, API and the wallets' own records must agree.
 *
 *   --minutes <n>   how long it storms (5); it goes on until platforms and database were killed
 *
 * The last line is one of figures; the exit code is 1 where there is a problem.
 */
import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '../chaos/stage.ts';
import { auditStorm } from './audit.ts';
import { calmDown } from './calm.ts';
import { startLoad } from './load.ts';
import { openStage, type Stage } from './stage.ts';
import { startWeather, type Weather } from './weather.ts';

const BUYERS = 8;
const MINUTES_MAX = 600;
const KILLS_MIN = { platform: 2, database: 1 } as const;
/** On a slow machine the storm goes on until its kills are done, but not for ever. */
const OVERTIME_MS_MAX = 300_000;
const PROBLEMS_SHOWN = 40;

const print = (line: string): void => void process.stdout.write(`${line}\n`);

function minutesAsked(): number {
  const at = process.argv.indexOf('--minutes');
  const minutes = at < 0 ? 5 : Number(process.argv[at + 1]);
  if (minutes > 0 && minutes <= MINUTES_MAX) return minutes;
  process.stderr.write(`usage: npm run storm [-- --minutes N]; N is above 0, to ${MINUTES_MAX}\n`);
  process.exit(2);
}

async function main(): Promise<void> {
  const minutes = minutesAsked();
  const stage = await openStage(print);
  if (stage === undefined) {
    // Said already why: this proves nothing without a real server.
    print('0 intents, not run: 1 problem');
    process.exitCode = 1;
    return;
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void stage.close().finally(() => process.exit(130)));
  let isGood = false;
  try {
    isGood = await run(stage, minutes);
  } finally {
    await stage.close();
    if (isGood) fs.rmSync(stage.dir, { recursive: true, force: true });
    else print(`what was said and written is kept in ${stage.dir}`);
  }
  process.exitCode = isGood ? 0 : 1;
}

async function run(stage: Stage, minutes: number): Promise<boolean> {
  const shops = [...stage.shops].map(([name, shop]) => ({ name, ...shop }));
  const load = startLoad({
    platformUrls: stage.platforms.map(({ url }) => url),
    backUrls: stage.platforms.map(({ backUrl }) => backUrl),
    sandboxUrl: stage.sandboxUrl,
    shops,
    buyers: BUYERS,
  });
  const weather = startWeather(stage, print);
  await sleep(minutes * 60_000);
  const deadlineMs = performance.now() + OVERTIME_MS_MAX;
  while (tooQuiet(weather).length > 0 && performance.now() < deadlineMs) await sleep(1_000);
  await weather.stop();
  print('calm        buyers finish what they began');
  await load.stop();
  const admin = await connect(stage.database.everyCellUrl);
  try {
    const { alive, resolved } = await calmDown(stage, admin);
    const audit = await auditStorm(stage, admin, load.orders);
    const problems = [
      ...load.problems,
      ...alive.map((what) => `still alive: ${what}`),
      ...audit.problems,
      ...tooQuiet(weather),
      ...(audit.released === 0 ? ['nothing was released'] : []),
      ...(audit.refundedAfter === 0 ? ['nothing was refunded after its release'] : []),
    ];
    for (const problem of problems.slice(0, PROBLEMS_SHOWN)) print(`PROBLEM     ${problem}`);
    const { platform, database } = weather.kills();
    print(
      `${audit.intents} intents, ${audit.paidAtWallets} orders paid at wallets, ` +
        `${audit.released} released, ${audit.refunds} refunds, ` +
        `${audit.refundedAfter} of them after release, ` +
        `${resolved} conflicts resolved, ${platform} + ${database} kills, ${weather.cuts()} cuts, ` +
        `${problems.length} problems`,
    );
    return problems.length === 0;
  } finally {
    await admin.end();
  }
}

/** A storm that killed and cut nothing shows nothing. */
function tooQuiet(weather: Weather): string[] {
  const { platform, database } = weather.kills();
  return [
    ...(platform < KILLS_MIN.platform ? [`only ${platform} kills of a platform`] : []),
    ...(database < KILLS_MIN.database ? [`only ${database} kills of the database`] : []),
    ...(weather.cuts() === 0 ? ['no COMMIT was cut'] : []),
  ];
}

await main();
