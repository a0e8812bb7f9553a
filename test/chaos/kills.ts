/**
 * One platform and its database, killed by kill -9 again and again while a load process pays; half
 * of the kills fall inside a batch (rule 8).
 */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { end } from '../helpers/processes.ts';
import { openTally, type Tally } from '../helpers/table.ts';
import { type Evidence, gather } from './audit.ts';
import { freezeBackendInBatch, freezePlatformInBatch } from './in-flight.ts';
import {
  acknowledgedAt,
  amountsOf,
  clockText,
  judgeAcknowledged,
  judgeBooks,
  judgeLog,
  judgeRest,
  sentence,
  settle,
} from './judge.ts';
import { connect, type Stage } from './stage.ts';

const KILLS_MIN = 6;
/** On a slow machine the storm goes on until its kills are done, but not for ever. */
const OVERTIME_MS_MAX = 480_000;

type Print = (line: string) => void;
type Target = 'platform' | 'database';

interface Kill {
  readonly target: Target;
  readonly atMs: number;
  readonly isInFlight: boolean;
  /** From the kill until it answered again. */
  readonly backMs: number;
  readonly backAtMs: number;
}

/** Is it good? */
export async function killOneByOne(
  stage: Stage,
  durationMs: number,
  print: Print,
): Promise<boolean> {
  const startedMs = Date.now();
  const kills = await storm(stage, durationMs, print);
  const stormMs = Date.now() - startedMs;
  await stage.stopLoad();
  const settled = await settle(stage);
  const evidence = await gather(stage);
  figures(kills, stormMs, evidence, print);
  const tally = openTally();
  judgeKills(tally, kills);
  judgeRest(tally, settled);
  await judgeAcknowledged(tally, stage, evidence);
  await judgeBooks(tally, stage, evidence);
  const ends = stage.platforms.flatMap((platform) => platform.ownEnds());
  tally.row('no platform ended by itself', sentence(ends));
  judgeLog(tally, stage);
  return tally.close();
}

/** Kills in turn, at random moments; every second kill of each waits for a batch in flight. */
async function storm(stage: Stage, durationMs: number, print: Print): Promise<Kill[]> {
  const kills: Kill[] = [];
  const startedMs = Date.now();
  const count = (target: Target): number => kills.filter((kill) => kill.target === target).length;
  const isDone = (): boolean => {
    const elapsedMs = Date.now() - startedMs;
    const isEnough = count('platform') >= KILLS_MIN && count('database') >= KILLS_MIN;
    return elapsedMs >= durationMs + OVERTIME_MS_MAX || (elapsedMs >= durationMs && isEnough);
  };
  await sleep(2_000);
  while (!isDone()) {
    const target: Target = count('platform') <= count('database') ? 'platform' : 'database';
    await sleep(randomInt(500, 4_000));
    const kill = await killOnce(stage, target, count(target) % 2 === 0);
    kills.push(kill);
    print(
      `${clockText(kill.atMs)}  kill -9 ${target.padEnd(9)} ${kill.isInFlight ? 'batch in flight' : 'any moment     '}  back after ${kill.backMs} ms`,
    );
  }
  return kills;
}

async function killOnce(stage: Stage, target: Target, inBatch: boolean): Promise<Kill> {
  const admin = await connect(stage.databaseUrl);
  const [platform] = stage.platforms;
  assert(platform !== undefined, 'a stage has a platform');
  let isInFlight = false;
  const { pid } = platform.process();
  if (inBatch && pid !== undefined) {
    isInFlight =
      target === 'platform'
        ? await freezePlatformInBatch(admin, pid)
        : await freezeBackendInBatch(admin);
  }
  const atMs = Date.now();
  if (target === 'platform') {
    await end(platform.process(), 'SIGKILL');
    await admin.end();
    await platform.revive();
  } else {
    await stage.database.kill9();
    await admin.end().catch(() => undefined);
    await stage.reviveDatabase();
  }
  const backAtMs = Date.now();
  return { target, atMs, isInFlight, backMs: backAtMs - atMs, backAtMs };
}

function judgeKills(tally: Tally, kills: readonly Kill[]): void {
  for (const target of ['platform', 'database'] as const) {
    const own = kills.filter((kill) => kill.target === target);
    const inFlight = own.filter((kill) => kill.isInFlight).length;
    const problem =
      own.length < KILLS_MIN
        ? `only ${own.length} kills`
        : inFlight * 2 < own.length
          ? `only ${inFlight} of ${own.length} while a batch was in flight`
          : null;
    tally.row(`kill -9 of the ${target}`, problem, `${own.length}, ${inFlight} inside a batch`);
  }
}

function figures(kills: readonly Kill[], stormMs: number, evidence: Evidence, print: Print): void {
  const acknowledged = acknowledgedAt(evidence);
  print('\n      time      kill -9    moment           process back  first acknowledgement');
  for (const kill of kills) {
    const first = acknowledged.find((atMs) => atMs >= kill.backAtMs);
    const again = first === undefined ? '-' : `${first - kill.atMs} ms`;
    print(
      `      ${clockText(kill.atMs)}  ${kill.target.padEnd(9)}  ${(kill.isInFlight ? 'batch in flight' : 'any').padEnd(15)}  ${`${kill.backMs} ms`.padStart(12)}  ${again.padStart(21)}`,
    );
  }
  print(`\n      ${Math.round(stormMs / 1000)} s of storm: ${amountsOf(evidence)}\n`);
}
