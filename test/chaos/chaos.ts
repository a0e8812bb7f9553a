/**
 * `npm run chaos -- --minutes 2`: rule 8 on PostgreSQL. Platform and database are killed by
 * kill -9 again and again while a load process pays; half of the kills fall inside a batch. Then
 * the load's journal and the wallets' orders are held against the platform.
 *
 *   --minutes <n>   how long the storm lasts (2); it goes on until 6 kills of each are done
 */
import { randomInt } from 'node:crypto';
import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { end } from '../helpers/processes.ts';
import { openTally, type Tally } from '../helpers/table.ts';
import {
  bookedLegs,
  clearingOf,
  doubles,
  type Evidence,
  foundByApi,
  gather,
  ledgerProblems,
  liveAttempts,
  ofKind,
  openWork,
  replaysThatDiffer,
  undelivered,
  unpaidAtWallet,
  WALLETS,
  walletDifferences,
  walletOrders,
} from './audit.ts';
import { freezeBackendInBatch, freezePlatformInBatch } from './in-flight.ts';
import { readJournal } from './journal.ts';
import { connect, openStage, type Stage } from './stage.ts';

const KILLS_MIN = 6;
/** On a slow machine the storm goes on until its kills are done, but not for ever. */
const OVERTIME_MS_MAX = 480_000;
const SETTLE_MS_MAX = 300_000;

type Target = 'platform' | 'database';

interface Kill {
  readonly target: Target;
  readonly atMs: number;
  readonly isInFlight: boolean;
  /** From the kill until it answered again. */
  readonly backMs: number;
  readonly backAtMs: number;
}

const print = (line: string): void => void process.stdout.write(`${line}\n`);

function minutesAsked(): number {
  const at = process.argv.indexOf('--minutes');
  const minutes = at < 0 ? 2 : Number(process.argv[at + 1]);
  if (!(minutes > 0 && minutes <= 600)) throw new Error('--minutes is a number from 0 to 600');
  return minutes;
}

async function main(): Promise<void> {
  const minutes = minutesAsked();
  const stage = await openStage(print);
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
    const startedMs = Date.now();
    const kills = await storm(stage, minutes * 60_000);
    const stormMs = Date.now() - startedMs;
    await stage.stopLoad();
    const settled = await settle(stage);
    isGood = await judge(stage, kills, { stormMs, ...settled });
  } finally {
    await stage.close();
    if (isGood) fs.rmSync(stage.dir, { recursive: true, force: true });
    else print(`what was said and written is kept in ${stage.dir}`);
  }
}

/** Kills in turn, at random moments; every second kill of each waits for a batch in flight. */
async function storm(stage: Stage, durationMs: number): Promise<Kill[]> {
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
  const platform = stage.platform();
  let isInFlight = false;
  if (inBatch && platform.pid !== undefined) {
    isInFlight =
      target === 'platform'
        ? await freezePlatformInBatch(admin, platform.pid)
        : await freezeBackendInBatch(admin);
  }
  const atMs = Date.now();
  if (target === 'platform') {
    await end(platform, 'SIGKILL');
    await admin.end();
    await stage.revivePlatform();
  } else {
    await stage.database.kill9();
    await admin.end().catch(() => undefined);
    await stage.reviveDatabase();
  }
  const backAtMs = Date.now();
  return { target, atMs, isInFlight, backMs: backAtMs - atMs, backAtMs };
}

/** Nothing is helped along: the platform's own janitor must find what the kills left behind. */
async function settle(
  stage: Stage,
): Promise<{ readonly settleMs: number; readonly isSettled: boolean }> {
  const admin = await connect(stage.databaseUrl);
  const startedMs = Date.now();
  try {
    for (;;) {
      const paid = (await walletOrders(stage)).filter((order) => order.isPaid);
      const legs = await bookedLegs(admin);
      const missing = paid.filter((order) => legs.get(order.orderNo)?.isBooked !== true).length;
      const waiting = await openWork(admin);
      const settleMs = Date.now() - startedMs;
      if (missing === 0 && waiting === 0) return { settleMs, isSettled: true };
      if (settleMs > SETTLE_MS_MAX) return { settleMs, isSettled: false };
      await sleep(1_000);
    }
  } finally {
    await admin.end();
  }
}

interface Times {
  readonly stormMs: number;
  readonly settleMs: number;
  readonly isSettled: boolean;
}

async function judge(stage: Stage, kills: readonly Kill[], times: Times): Promise<boolean> {
  const evidence = await gather(stage);
  figures(stage, kills, times, evidence);
  const tally = openTally();
  judgeKills(tally, kills);
  const seconds = Math.round(times.settleMs / 1000);
  tally.row(
    'the platform came to rest by itself',
    times.isSettled ? null : `not within ${seconds} s`,
    `${seconds} s after the load`,
  );
  await judgeAcknowledged(tally, stage, evidence);
  await judgeBooks(tally, stage, evidence);
  const defects = stage.platformLog().match(/"msg":"a command failed by a defect"/g)?.length ?? 0;
  tally.row('no platform ended by itself', sentence(stage.ownEnds()));
  tally.row('no command failed by a defect', defects === 0 ? null : `${defects} in the log`);
  return tally.close();
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

async function judgeAcknowledged(tally: Tally, stage: Stage, evidence: Evidence): Promise<void> {
  const { journal } = evidence;
  const acknowledged = journal.filter((entry) => 'post' in entry).length;
  const { found, problems } = await foundByApi(stage, journal);
  tally.row(
    'acknowledged = found (rule 8)',
    acknowledged === 0
      ? 'nothing was acknowledged'
      : (sentence(problems) ?? (found === acknowledged ? null : `${acknowledged}, found ${found}`)),
    `${acknowledged} = ${found}`,
  );
  const [last] = ofKind(journal, 'end');
  tally.row(
    'the load finished everything it began',
    last === undefined ? 'it did not end' : last.abandoned === 0 ? null : `${last.abandoned} left`,
    `${last?.repeats ?? 0} requests sent again`,
  );
  const refused = ofKind(journal, 'refused').map((row) => `${row.path}: ${row.status} ${row.code}`);
  tally.row('no request was refused', sentence(refused));
  const replays = await replaysThatDiffer(stage, journal);
  tally.row('replays answer the same (rule 12)', sentence(replays.problems), `${replays.count}`);
}

async function judgeBooks(tally: Tally, stage: Stage, evidence: Evidence): Promise<void> {
  const admin = await connect(stage.databaseUrl);
  try {
    tally.row('zero doubles', sentence(await doubles(admin, evidence.journal)));
    const paid = evidence.orders.filter((order) => order.isPaid);
    const { booked, problems } = await walletDifferences(admin, evidence.orders);
    tally.row(
      'paid at the wallet = booked',
      sentence([...unpaidAtWallet(evidence), ...problems]),
      `${paid.length} = ${booked}`,
    );
    const delivery = await undelivered(admin, stage.received());
    tally.row(
      'every event was delivered (rule 9)',
      delivery.events === 0 ? 'there were no events' : sentence(delivery.problems),
      `${delivery.events} events`,
    );
    const known = new Set(paid.map((order) => order.orderNo));
    const live = await liveAttempts(admin);
    tally.row(
      'no live attempt is paid at its wallet',
      sentence(live.filter((orderNo) => known.has(orderNo))),
      `${live.length} live, none paid`,
    );
    tally.row('ledger balanced (rule 5)', sentence(await ledgerProblems(admin)));
    for (const wallet of WALLETS) {
      const own = paid.filter((order) => order.wallet === wallet);
      const there = own.reduce((sum, order) => sum + order.amount - order.refunded, 0);
      const here = await clearingOf(admin, wallet);
      tally.row(
        `clearing of ${wallet} = paid - refunded there (rule 6)`,
        here === there ? null : `${here} here, ${there} there`,
        `${here} fen`,
      );
    }
  } finally {
    await admin.end();
  }
}

function figures(
  stage: Stage,
  kills: readonly Kill[],
  { stormMs }: Times,
  { journal, orders }: Evidence,
): void {
  const acknowledgedAt = readJournal(stage.journal)
    .filter((entry) => 'post' in entry)
    .map((entry) => entry.atMs);
  print('\n      time      kill -9    moment           process back  first acknowledgement');
  for (const kill of kills) {
    const first = acknowledgedAt.find((atMs) => atMs >= kill.backAtMs);
    const again = first === undefined ? '-' : `${first - kill.atMs} ms`;
    print(
      `      ${clockText(kill.atMs)}  ${kill.target.padEnd(9)}  ${(kill.isInFlight ? 'batch in flight' : 'any').padEnd(15)}  ${`${kill.backMs} ms`.padStart(12)}  ${again.padStart(21)}`,
    );
  }
  const paid = orders.filter((order) => order.isPaid).length;
  print(
    `\n      ${Math.round(stormMs / 1000)} s of storm: ${ofKind(journal, 'intent').length} intents, ` +
      `${ofKind(journal, 'attempt').length} attempts and ${ofKind(journal, 'refund').length} refunds ` +
      `acknowledged, ${paid} orders paid at the wallets\n`,
  );
}

function sentence(problems: readonly string[]): string | null {
  if (problems.length === 0) return null;
  const more = problems.length > 3 ? ` and ${problems.length - 3} more` : '';
  return `${problems.slice(0, 3).join('; ')}${more}`;
}

function clockText(atMs: number): string {
  return new Date(atMs).toISOString().slice(11, 19);
}

await main();
