/**
 * A fleet: three platforms behind a balancer, a database with a synchronous standby, and another
 * cell on a server of its own. Half of the shards move there and back, and its server is killed;
 * processes are killed, frozen for a minute and woken, one's number is given to another while it is
 * frozen, and the database fails over to its standby; the load goes on all the time.
 * Acknowledgements must come again soon after each, and nothing may be lost or done twice.
 */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { end } from '../helpers/processes.ts';
import { openTally, type Tally } from '../helpers/table.ts';
import { type Evidence, gather } from './audit.ts';
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
import type { PlatformProcess } from './platform-process.ts';
import { connect, type Stage } from './stage.ts';

type Print = (line: string) => void;

const KILLS_MIN = 6;
const FROZEN_MS = 60_000;
/** Between a kill and the next: each is seen alone. */
const PAUSE_MS = 8_000;
/** A supervisor starts what ended after so long. */
const REVIVE_AFTER_MS = 1_000;
/** How long after something happened the acknowledgements are watched. */
const WATCHED_MS = 8_000;
/** An exit by which a process says that another has its number. */
const FENCED = '70';

const LIMITS_MS = {
  'kill -9': 3_000,
  SIGSTOP: 2_000,
  SIGCONT: 2_000,
  failover: 15_000,
  'cell moved': 3_000,
} as const;
/** How long payments of moved shards may wait, by the mover's own word. */
const MOVE_PAUSE_MS = 1_000;
const CELL_DOWN_MS = 10_000;

interface Incident {
  readonly what: keyof typeof LIMITS_MS | 'cell down';
  readonly atMs: number;
}

interface Storm {
  readonly incidents: readonly Incident[];
  /** Of the process whose number was given to another while it was frozen. */
  readonly fencedEnds: readonly string[];
  /** Of all others. */
  readonly otherEnds: readonly string[];
  readonly movePausesMs: readonly number[];
  /** When the other cell's server was away. */
  readonly away: { readonly fromMs: number; readonly toMs: number };
  readonly stormMs: number;
}

/** Is it good? */
export async function runFleet(stage: Stage, durationMs: number, print: Print): Promise<boolean> {
  const storm = await runStorm(stage, durationMs, print);
  await stage.stopLoad();
  const settled = await settle(stage);
  const evidence = await gather(stage);
  print(`\n      ${Math.round(storm.stormMs / 1000)} s of storm: ${amountsOf(evidence)}\n`);
  const tally = openTally();
  judgePauses(tally, storm.incidents, evidence);
  judgeMoves(tally, storm.movePausesMs);
  judgeAway(tally, storm.away, evidence);
  judgeEnds(tally, storm);
  judgeRest(tally, settled);
  await judgeAcknowledged(tally, stage, evidence);
  await judgeBooks(tally, stage, evidence);
  judgeLog(tally, stage);
  return tally.close();
}

async function runStorm(stage: Stage, durationMs: number, print: Print): Promise<Storm> {
  const incidents: Incident[] = [];
  const startedMs = Date.now();
  const note = (what: Incident['what'], detail: string, atMs = Date.now()): void => {
    incidents.push({ what, atMs });
    print(`${clockText(atMs)}  ${what.padEnd(8)}  ${detail}`);
  };
  const kill = async (platform: PlatformProcess): Promise<void> => {
    await end(platform.process(), 'SIGKILL');
    note('kill -9', `the platform on port ${platform.port}`);
    await sleep(REVIVE_AFTER_MS);
    await platform.revive();
    await sleep(PAUSE_MS);
  };
  const [first, second, third] = stage.platforms;
  assert(first && second && third, 'a fleet has three platforms');
  await sleep(2_000);
  const movePausesMs = [await moveHalf(stage, 'west', note)];
  const away = await killCell(stage, note);
  movePausesMs.push(await moveHalf(stage, 'home', note));
  await takeNumber(stage, { frozen: first, note, meanwhile: () => kill(second) });
  await freezeAndWake({ frozen: third, note, meanwhile: () => kill(second) });
  note('failover', 'kill -9 of the database, its standby was promoted', await stage.failOver());
  await sleep(PAUSE_MS);
  const running = stage.platforms.filter((platform) => platform !== first);
  for (let turn = 0; ; turn += 1) {
    const kills = incidents.filter(({ what }) => what === 'kill -9').length;
    if (kills >= KILLS_MIN && Date.now() - startedMs >= durationMs) break;
    await kill(running[turn % running.length] ?? second);
  }
  return {
    incidents,
    fencedEnds: first.ownEnds(),
    otherEnds: running.flatMap((platform) => platform.ownEnds()),
    movePausesMs,
    away,
    stormMs: Date.now() - startedMs,
  };
}

type Note = (what: Incident['what'], detail: string, atMs?: number) => void;

/** As an operator does it, while the load goes on; how long its payments waited. */
async function moveHalf(stage: Stage, to: string, note: Note): Promise<number> {
  note('cell moved', `shards 0-127 begin to move to ${to}`);
  const output = await stage.hutong('cells', 'move', '0-127', to);
  const [, pause] = /after a pause of (\d+) ms/.exec(output) ?? [];
  assert(pause, `the mover says how long it paused: ${output}`);
  note('cell moved', `they are in ${to}, after a pause of ${pause} ms`);
  await sleep(PAUSE_MS);
  return Number(pause);
}

async function killCell({ west }: Stage, note: Note): Promise<Storm['away']> {
  assert(west, 'a fleet has another cell');
  await west.kill9();
  const fromMs = Date.now();
  note('cell down', 'kill -9 of the server of west');
  await sleep(CELL_DOWN_MS);
  const toMs = Date.now();
  await west.start();
  note('cell down', 'its server is back');
  await sleep(PAUSE_MS);
  return { fromMs, toMs };
}

interface Freeze {
  readonly frozen: PlatformProcess;
  readonly note: (what: Incident['what'], detail: string) => void;
  /** Done to others while it is frozen. */
  readonly meanwhile: () => Promise<void>;
}

async function freezeAndWake({ frozen, note, meanwhile }: Freeze): Promise<void> {
  const stoppedMs = Date.now();
  frozen.process().kill('SIGSTOP');
  note('SIGSTOP', `the platform on port ${frozen.port}, for a minute`);
  await sleep(PAUSE_MS);
  while (Date.now() - stoppedMs < FROZEN_MS) await meanwhile();
  frozen.process().kill('SIGCONT');
  note('SIGCONT', 'it goes on');
  await sleep(PAUSE_MS);
}

/**
 * Its lease ends while it is frozen, and a new process gets its very number, as where 256 of them
 * run. Woken, it must write nothing any more and end by itself.
 */
async function takeNumber(stage: Stage, { frozen, note, meanwhile }: Freeze): Promise<void> {
  const admin = await connect(stage.databaseUrl);
  try {
    frozen.process().kill('SIGSTOP');
    note('SIGSTOP', `the platform on port ${frozen.port}, until its number is taken`);
    await sleep(PAUSE_MS);
    const number = await leastRenewed(admin);
    while (!(await hasExpired(admin, number))) await meanwhile();
    await occupyAllBut(admin, number);
    const added = await stage.addPlatform();
    assert(!(await hasExpired(admin, number)), `number ${number} was taken by a new process`);
    await admin.query("delete from process_leases where holder = 'chaos'");
    frozen.process().kill('SIGCONT');
    note('SIGCONT', `its number ${number} is the new one's on port ${added.port}`);
    await sleep(PAUSE_MS);
  } finally {
    await admin.end();
  }
}

/** Nobody has been killed yet: of the running processes' numbers, the one that is not renewed. */
async function leastRenewed(admin: pg.Client): Promise<number> {
  const { rows } = await admin.query<{ number: number }>(
    'select number from process_leases where expires_at > clock_timestamp() order by expires_at',
  );
  assert(rows[0], 'a leased number');
  return rows[0].number;
}

async function hasExpired(admin: pg.Client, number: number): Promise<boolean> {
  const { rows } = await admin.query<{ over: boolean }>(
    'select expires_at < clock_timestamp() as over from process_leases where number = $1',
    [number],
  );
  return rows[0]?.over === true;
}

async function occupyAllBut(admin: pg.Client, number: number): Promise<void> {
  await admin.query(
    `insert into process_leases (number, holder, expires_at)
      select n, 'chaos', clock_timestamp() + interval '2 minutes' from generate_series(0, 255) n
      where n <> $1
      on conflict (number) do update set holder = excluded.holder, expires_at = excluded.expires_at
        where process_leases.expires_at < clock_timestamp()`,
    [number],
  );
}

/** The longest time without an acknowledgement behind each incident. */
function judgePauses(tally: Tally, incidents: readonly Incident[], evidence: Evidence): void {
  const acknowledged = acknowledgedAt(evidence);
  for (const what of Object.keys(LIMITS_MS) as (keyof typeof LIMITS_MS)[]) {
    const pauses = incidents.flatMap((incident, index) => {
      const nextMs = incidents[index + 1]?.atMs ?? Number.POSITIVE_INFINITY;
      const toMs = Math.min(incident.atMs + WATCHED_MS, nextMs);
      return incident.what === what ? [longestPause(acknowledged, incident.atMs, toMs)] : [];
    });
    const longest = Math.max(...pauses);
    const limit = LIMITS_MS[what];
    tally.row(
      `${what}: acknowledgements again within ${limit / 1000} s`,
      pauses.length === 0 ? 'it did not happen' : longest > limit ? `${longest} ms` : null,
      `${pauses.length}, at most ${longest} ms`,
    );
  }
}

function longestPause(acknowledged: readonly number[], fromMs: number, toMs: number): number {
  let longest = 0;
  let last = fromMs;
  for (const atMs of acknowledged) {
    if (atMs < fromMs) continue;
    if (last >= toMs) break;
    // What follows the window belongs to the next incident, unless nothing came within it.
    const endMs = last === fromMs ? atMs : Math.min(atMs, toMs);
    longest = Math.max(longest, endMs - last);
    last = atMs;
  }
  return longest;
}

function judgeMoves(tally: Tally, pausesMs: readonly number[]): void {
  const longest = Math.max(...pausesMs);
  tally.row(
    `payments of moved shards wait for ${MOVE_PAUSE_MS / 1000} s at most`,
    longest > MOVE_PAUSE_MS ? `${longest} ms` : null,
    pausesMs.map((pause) => `${pause} ms`).join(', '),
  );
}

function judgeAway(tally: Tally, { fromMs, toMs }: Storm['away'], evidence: Evidence): void {
  const count = acknowledgedAt(evidence).filter((atMs) => atMs > fromMs && atMs < toMs).length;
  tally.row(
    'while a cell is away, payments of others are acknowledged',
    count === 0 ? 'none was' : null,
    `${count} in ${Math.round((toMs - fromMs) / 1000)} s`,
  );
}

function judgeEnds(tally: Tally, { fencedEnds, otherEnds }: Storm): void {
  tally.row(
    'the one whose number was taken ended by itself, once',
    fencedEnds.join() === FENCED ? null : `it ended: ${fencedEnds.join() || 'not at all'}`,
    `exit ${FENCED}`,
  );
  tally.row('no other platform ended by itself', sentence(otherEnds));
}
