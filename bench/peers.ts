/**
 * `npm run bench -- peers`: complete paid checkouts of shop platforms, and complete payments of
 * ours, in turn on one PostgreSQL. What is compared and what not: peers/README.md.
 */
import assert from 'node:assert/strict';
import os from 'node:os';
import { closedLoad, type Work } from '../tools/load.ts';
import { type LoadClient, openLoadClient } from '../tools/load-client.ts';
import { createBuyer } from './buyer.ts';
import { medianInterval } from './interval.ts';
import { buildPlatform, ENTRIES_EACH, listen } from './payments.ts';
import { type Installed, installPeer } from './peers/install.ts';
import { medusa } from './peers/medusa.ts';
import { type Peer, servePeer } from './peers/peer.ts';
import { vendure } from './peers/vendure.ts';
import { preparePgbench } from './pgbench.ts';
import { cpuMsOf, machineCpuMs } from './process-cpu.ts';
import type { Outcome } from './report.ts';
import { assertBooked, assertDurable, query, readBooks } from './server-facts.ts';
import { openWebhookSink } from './webhook-sink.ts';
import { type Ground, startGround } from './world.ts';

const PEERS: readonly Peer[] = [vendure, medusa];
const MINUTES_MAX = 15;
const INSTALL_MINUTES_MAX = 15;
const LANES = 1;
const ROUNDS = 2;
const ROUND_MS = 30_000;
/** Until V8 has compiled what is hot. */
const OUR_WARM_UP = { underWay: 64, durationMs: 60_000, countMax: 6_000 } as const;
const OUR_UNDER_WAY = [64, 256] as const;
const PEER_WARM_UP = { underWay: 4, durationMs: 60_000 } as const;
/** Each is tried, and the fastest is what a side is measured with. */
const PEER_UNDER_WAY = [1, 4, 16] as const;
const TRY_MS = 10_000;

export async function benchPeers(print: (line: string) => void): Promise<Outcome> {
  print(
    `at most ${MINUTES_MAX} minutes on two cores, and ${INSTALL_MINUTES_MAX} more a peer where it is not installed yet`,
  );
  const installed = new Map<Peer, Installed>();
  const misses: string[] = [];
  for (const peer of PEERS) {
    const result = installPeer(peer, print);
    if (typeof result === 'string') misses.push(result);
    else installed.set(peer, result);
  }
  if (misses.length > 0) return { figures: {}, misses: [...new Set(misses)] };
  const command = await buildPlatform();
  const ground = await startGround({ print });
  if (ground === undefined) return { figures: {}, misses: ['PostgreSQL is not installed'] };
  const client = openLoadClient();
  const sides: Side[] = [];
  try {
    const pgbench = await preparePgbench(ground.server);
    const tpsBefore = pgbench();
    print(`pgbench before: ${tpsBefore.toFixed(0)} tps`);
    const ours = await openOurs(ground, client, command, print);
    sides.push(ours);
    for (const [peer, { folder }] of installed)
      sides.push(await openPeer(ground, client, peer, folder, print));
    for (const { databaseUrl } of sides) await query(databaseUrl, 'vacuum analyze');
    const rounds: Round[] = [];
    for (let number = 1; number <= ROUNDS; number += 1) {
      const round: Round = new Map();
      for (const side of sides) round.set(side.name, await measure(ground, side, print));
      rounds.push(round);
    }
    for (const side of sides) await side.assertPaid();
    const tpsAfter = pgbench();
    print(`pgbench after: ${tpsAfter.toFixed(0)} tps`);
    const durable = await assertDurable(ground.server.url);
    const machine = { pgbench_tps_before: whole(tpsBefore), pgbench_tps_after: whole(tpsAfter) };
    const { version } = ground.server;
    return judge(sides, installed, rounds, { ...machine, server: version, ...durable });
  } finally {
    for (const side of sides) await side.close();
    client.close();
    await ground.stop();
  }
}

interface Side {
  readonly name: string;
  /** The process that is measured, with its children. */
  readonly pid: number;
  readonly databaseUrl: string;
  readonly work: Work;
  readonly underWay: number;
  /** What was done outside of the rounds. */
  readonly tally: Tally;
  /** Fails unless the tables hold as many paid as were counted. */
  readonly assertPaid: () => Promise<void>;
  readonly close: () => Promise<void>;
}

interface Tally {
  done: number;
  errors: number;
}

interface Measured {
  readonly perS: number;
  readonly cpuMs: number;
  readonly processCpuMs: number;
  readonly count: number;
  /** The share of the machine that other work took meanwhile. */
  readonly elsewhere: number;
  readonly errors: readonly string[];
}

type Round = Map<string, Measured>;

async function openOurs(
  ground: Ground,
  client: LoadClient,
  command: string,
  print: (line: string) => void,
): Promise<Side> {
  const seeded = await ground.seed('hutong');
  const served = await ground.serve(seeded.databaseUrl, { lanes: LANES, command });
  const sink = await openWebhookSink();
  const world = { ...ground, ...seeded, ...served };
  await listen(world, client, sink);
  const work = createBuyer(world, client, sink, 'wechatpay', () => undefined);
  const tally = { done: 0, errors: 0 };
  await run(tally, work, OUR_WARM_UP);
  const underWay = await fastest('hutong', tally, work, OUR_UNDER_WAY, print);
  return {
    name: 'hutong',
    pid: served.platformPid,
    databaseUrl: seeded.databaseUrl,
    work,
    underWay,
    tally,
    assertPaid: async () => {
      assertBooked(await readBooks(seeded.databaseUrl), tally.done, ENTRIES_EACH);
    },
    close: sink.close,
  };
}

async function openPeer(
  ground: Ground,
  client: LoadClient,
  peer: Peer,
  folder: string,
  print: (line: string) => void,
): Promise<Side> {
  const databaseUrl = await ground.server.database(peer.name);
  const served = await servePeer(peer, { folder, databaseUrl, client });
  try {
    const { checkout: work } = served;
    const tally = { done: 0, errors: 0 };
    const [first] = (await run(tally, work, PEER_WARM_UP)).errors;
    if (tally.done === 0) throw new Error(`${peer.name} sells nothing: ${first}`);
    const underWay = await fastest(peer.name, tally, work, PEER_UNDER_WAY, print);
    return {
      name: peer.name,
      pid: served.pid,
      databaseUrl,
      work,
      underWay,
      tally,
      assertPaid: async () => {
        const paid = await served.paid();
        const { done, errors } = tally;
        // One whose answer was an error may be paid all the same.
        const isGood = paid >= done && paid <= done + errors;
        assert.ok(isGood, `${peer.name}: ${paid} paid orders, ${done} counted, ${errors} errors`);
      },
      close: served.stop,
    };
  } catch (error) {
    await served.stop();
    throw error;
  }
}

async function fastest(
  name: string,
  tally: Tally,
  work: Work,
  tried: readonly number[],
  print: (line: string) => void,
): Promise<number> {
  const tries = [];
  for (const underWay of tried) {
    const load = await run(tally, work, { underWay, durationMs: TRY_MS });
    const perS = (load.done * 1_000) / load.tookMs;
    tries.push({ underWay, perS });
    const { length } = load.errors;
    print(`${name}: ${underWay} under way, ${perS.toFixed(2)} checkouts/s, ${length} errors`);
  }
  return tries.reduce((a, b) => (b.perS > a.perS ? b : a)).underWay;
}

async function run(tally: Tally, work: Work, options: Parameters<typeof closedLoad>[1]) {
  const load = await closedLoad(work, options);
  tally.done += load.done;
  tally.errors += load.errors.length;
  return load;
}

/** The rate counts until the last has ended, so that slow checkouts are not cut off. */
async function measure(
  { server }: Ground,
  side: Side,
  print: (line: string) => void,
): Promise<Measured> {
  const cpu = () => ({
    process: cpuMsOf(side.pid),
    server: cpuMsOf(server.pid() ?? 0),
    // What this benchmark has not started.
    elsewhere: machineCpuMs() - cpuMsOf(process.pid),
  });
  const before = cpu();
  const { work, underWay } = side;
  const load = await run(side.tally, work, { underWay, durationMs: ROUND_MS });
  const after = cpu();
  const processMs = after.process - before.process;
  const measured = {
    perS: (load.done * 1_000) / load.tookMs,
    cpuMs: (processMs + after.server - before.server) / load.done,
    processCpuMs: processMs / load.done,
    count: load.done,
    elsewhere: (after.elsewhere - before.elsewhere) / (load.tookMs * os.availableParallelism()),
    errors: load.errors,
  };
  const { perS, cpuMs, elsewhere } = measured;
  print(
    `${side.name}: ${perS.toFixed(2)} checkouts/s, ${cpuMs.toFixed(1)} ms of CPU each, ${whole(elsewhere * 100)} % of the machine busy with other work`,
  );
  for (const error of load.errors.slice(0, 3)) print(`error: ${error}`);
  return measured;
}

const whole = (value: number): number => Math.round(value);
const round = (value: number): number => Math.round(value * 100) / 100;

function judge(
  sides: readonly Side[],
  installed: ReadonlyMap<Peer, Installed>,
  rounds: readonly Round[],
  facts: Readonly<Record<string, number | string>>,
): Outcome {
  const figures: Record<string, number | string> = {};
  const misses: string[] = [];
  const values = (name: string, of: (measured: Measured) => number): number[] =>
    rounds.map((row) => of(row.get(name) as Measured));
  const middle = (name: string, of: (measured: Measured) => number): number =>
    round(medianInterval(values(name, of)).median);
  for (const { name, underWay } of sides) {
    const errors = values(name, (measured) => measured.errors.length).reduce((a, b) => a + b, 0);
    figures[`${name}_per_s`] = middle(name, ({ perS }) => perS);
    figures[`${name}_cpu_ms`] = middle(name, ({ cpuMs }) => cpuMs);
    figures[`${name}_process_cpu_ms`] = middle(name, ({ processCpuMs }) => processCpuMs);
    figures[`${name}_checkouts`] = values(name, ({ count }) => count).reduce((a, b) => a + b, 0);
    figures[`${name}_under_way`] = underWay;
    figures[`${name}_elsewhere_share`] = middle(name, ({ elsewhere }) => elsewhere);
    figures[`${name}_errors`] = errors;
    if (errors > 0) misses.push(`${name}: ${errors} errors`);
  }
  const ours = values('hutong', ({ perS }) => perS);
  const oursCpu = values('hutong', ({ cpuMs }) => cpuMs);
  for (const [{ name, must, aim }, { version }] of installed) {
    const theirs = values(name, ({ perS }) => perS);
    const theirsCpu = values(name, ({ cpuMs }) => cpuMs);
    const rate = medianInterval(ours.map((mine, index) => mine / (theirs[index] ?? Number.NaN)));
    const cpu = medianInterval(theirsCpu.map((its, index) => its / (oursCpu[index] ?? Number.NaN)));
    figures[`${name}_version`] = version;
    figures[`ratio_to_${name}`] = round(rate.median);
    figures[`ratio_to_${name}_low`] = round(rate.low);
    figures[`ratio_to_${name}_high`] = round(rate.high);
    figures[`cpu_ratio_to_${name}`] = round(cpu.median);
    figures[`must_${name}`] = must;
    figures[`aim_${name}`] = aim;
    // Written so that a figure that is no number misses too.
    if (!(rate.median >= must))
      misses.push(`${round(rate.median)} times ${name}'s checkouts a second, less than ${must}`);
  }
  return { figures: { ...figures, rounds: rounds.length, lanes: LANES, ...facts }, misses };
}
