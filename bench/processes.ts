/**
 * `npm run bench -- payments --processes 1,2,4`: what a complete payment costs where the same load
 * is spread over several platform processes on one database. Each number has its own world and its
 * own warm-up; then payments arrive at the same rates, each request at the next process and each
 * callback through a balancer. CPU of all platform processes and of PostgreSQL counts.
 */
import { closedLoad, openLoad } from '../tools/load.ts';
import { openLoadClient } from '../tools/load-client.ts';
import { type BenchedWallet, createBuyer } from './buyer.ts';
import { buildPlatform, ENTRIES_EACH, listen } from './payments.ts';
import { cpuMsOf } from './process-cpu.ts';
import type { Outcome } from './report.ts';
import { assertBooked, assertDurable, readBooks } from './server-facts.ts';
import { openWebhookSink } from './webhook-sink.ts';
import { startWorld, type World } from './world.ts';

/** What the platform has where nothing else is set. */
const LANES = 4;
const WARM_UP = { underWay: 64, durationMs: 60_000, countEachMax: 2_000 } as const;
const MAXIMUM = { underWay: 64, durationMs: 8_000 } as const;
/** Of what the first run did at most: half of it, and so little that most payments are alone. */
const LOADS = { half: 0.5, thin: 0.15 } as const;
const LOAD = { durationMs: 30_000, underWayMax: 2_000 } as const;
type LoadName = keyof typeof LOADS;
const LOAD_NAMES = Object.keys(LOADS) as LoadName[];
/**
 * Two processes to one, where the load is thin. At half of the maximum one process shares its
 * commits among many payments, which two cannot: that is printed.
 */
const RATIO_MAX = 1.4;

export interface ProcessesOptions {
  readonly wallet: BenchedWallet;
  /** How many processes, one run each; the first is what the others are compared with. */
  readonly processes: readonly number[];
}

/** CPU a payment. */
interface Cost {
  readonly platformMs: number;
  readonly databaseMs: number;
}

interface Run {
  readonly processes: number;
  readonly maximumPerS: number;
  readonly costs: Readonly<Record<LoadName, Cost>>;
  readonly errors: readonly string[];
}

export async function benchProcesses(
  { wallet, processes }: ProcessesOptions,
  print: (line: string) => void,
): Promise<Outcome> {
  const command = await buildPlatform();
  const runs: Run[] = [];
  for (const count of processes) {
    const world = await startWorld({ lanes: LANES, processes: count, command, print });
    if (world === undefined) return { figures: {}, misses: ['PostgreSQL is not installed'] };
    try {
      const run = await measure(world, wallet, runs[0]?.maximumPerS);
      runs.push(run);
      for (const name of LOAD_NAMES) {
        const { platformMs, databaseMs } = run.costs[name];
        print(
          `${count}, ${name}: platform ${platformMs.toFixed(2)} ms, PostgreSQL ${databaseMs.toFixed(2)} ms`,
        );
      }
    } finally {
      await world.stop();
    }
  }
  return judge(runs);
}

async function measure(
  world: World,
  wallet: BenchedWallet,
  knownPerS: number | undefined,
): Promise<Run> {
  await assertDurable(world.databaseUrl);
  const sink = await openWebhookSink();
  const client = openLoadClient();
  try {
    await listen(world, client, sink);
    const buy = createBuyer(world, client, sink, wallet, () => undefined);
    const processes = world.platforms.length;
    const { countEachMax, ...warmUp } = WARM_UP;
    const warm = await closedLoad(buy, { ...warmUp, countMax: countEachMax * processes });
    const fast = await closedLoad(buy, MAXIMUM);
    const maximumPerS = knownPerS ?? (fast.doneInTime * 1_000) / MAXIMUM.durationMs;
    const errors = [...warm.errors, ...fast.errors];
    const costs = new Map<LoadName, Cost>();
    let paid = warm.done + fast.done;
    for (const name of LOAD_NAMES) {
      const before = cpuOf(world);
      const load = await openLoad(buy, { ...LOAD, ratePerS: maximumPerS * LOADS[name] });
      const after = cpuOf(world);
      costs.set(name, {
        platformMs: (after.platformMs - before.platformMs) / load.done,
        databaseMs: (after.databaseMs - before.databaseMs) / load.done,
      });
      paid += load.done;
      errors.push(...load.errors);
    }
    assertBooked(await readBooks(world.databaseUrl), paid, ENTRIES_EACH);
    return {
      processes,
      maximumPerS,
      costs: Object.fromEntries(costs) as Record<LoadName, Cost>,
      errors,
    };
  } finally {
    client.close();
    await sink.close();
  }
}

function cpuOf({ platforms, server }: World) {
  return {
    platformMs: platforms.reduce((sum, { pid }) => sum + cpuMsOf(pid), 0),
    databaseMs: cpuMsOf(server.pid() ?? 0),
  };
}

const round = (value: number): number => Math.round(value * 100) / 100;

function judge(runs: readonly Run[]): Outcome {
  const [first] = runs;
  const errors = runs.flatMap((run) => run.errors);
  const misses = errors.length === 0 ? [] : [`${errors.length} errors, the first: ${errors[0]}`];
  const figures: Record<string, number> = { lanes: LANES, errors: errors.length };
  if (first === undefined) return { figures, misses: ['no run'] };
  for (const load of LOAD_NAMES) {
    const suffix = load === 'half' ? '' : `_${load}`;
    figures[`load${suffix}_per_s`] = round(first.maximumPerS * LOADS[load]);
    for (const { processes, costs } of runs) {
      const name = `processes_${processes}${suffix}`;
      const { platformMs, databaseMs } = costs[load];
      figures[`${name}_platform_ms`] = round(platformMs);
      figures[`${name}_postgres_ms`] = round(databaseMs);
      if (processes === first.processes) continue;
      const one = first.costs[load];
      const ratio = (platformMs + databaseMs) / (one.platformMs + one.databaseMs);
      figures[`${name}_ratio`] = round(ratio);
      // Written so that a figure that is no number misses too.
      const isJudged = load === 'thin' && first.processes === 1 && processes === 2;
      if (isJudged && !(ratio <= RATIO_MAX))
        misses.push(`${load}: two processes cost ${round(ratio)} of one, more than ${RATIO_MAX}`);
    }
  }
  return { figures, misses };
}
