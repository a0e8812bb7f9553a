/**
 * `npm run bench -- payments`: complete payments over HTTP, from the marketplace's create to its
 * webhook, against the sandbox in its own process. First the maximum is found with a fixed number
 * under way, then payments arrive at 60 % of it for 30 s, whatever the system does with them. The
 * figure is the platform's CPU a payment over the CPU of the cryptography that none can avoid.
 */

import { closedLoad, openLoad } from '../tools/load.ts';
import { openLoadClient } from '../tools/load-client.ts';
import { type BenchedWallet, createBuyer, type PaymentTimes } from './buyer.ts';
import { measureCryptoMs } from './crypto-floor.ts';
import { cpuMsOf } from './process-cpu.ts';
import type { Outcome } from './report.ts';
import { assertBooked, assertDurable, measureFsync, readBooks, spreadOf } from './server-facts.ts';
import { openWebhookSink } from './webhook-sink.ts';
import { startWorld, type World } from './world.ts';

const LANES = 1;
/** Until V8 has compiled what is hot, as in any process that has run for a minute. */
const WARM_UP = { underWay: 64, durationMs: 75_000, countMax: 6_000 } as const;
const MAXIMUM = { underWay: 64, durationMs: 10_000 } as const;
/** For a comparison of two versions: the maximum alone, sooner. */
const QUICK_WARM_UP = { underWay: 64, durationMs: 20_000, countMax: 2_000 } as const;
const LOAD = { share: 0.6, durationMs: 30_000, underWayMax: 2_000 } as const;
const CPU_TO_CRYPTO_MAX = 2.7;
const ENTRIES_EACH = 3;

export interface PaymentsOptions {
  readonly wallet: BenchedWallet;
  /** Only a short warm-up, the maximum and its CPU; nothing is judged but errors. */
  readonly isQuick: boolean;
}

export async function benchPayments(
  options: PaymentsOptions,
  print: (line: string) => void,
): Promise<Outcome> {
  const profileTo = process.env.HUTONG_BENCH_PROFILE;
  const nodeArgs = profileTo === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileTo}`];
  const world = await startWorld({ lanes: LANES, nodeArgs, print });
  if (world === undefined) return { figures: {}, misses: ['PostgreSQL is not installed'] };
  try {
    return await measure(world, options, print);
  } finally {
    await world.stop();
  }
}

async function measure(
  world: World,
  { wallet, isQuick }: PaymentsOptions,
  print: (line: string) => void,
): Promise<Outcome> {
  const durable = await assertDurable(world.databaseUrl);
  const fsyncMs = measureFsync(world.server.folder);
  const sink = await openWebhookSink();
  const client = openLoadClient();
  try {
    await listen(world, client, sink);
    const times: PaymentTimes[] = [];
    const buy = createBuyer(world, client, sink, wallet, (paid) => times.push(paid));
    const cryptoMs = measureCryptoMs();
    const warm = await closedLoad(buy, isQuick ? QUICK_WARM_UP : WARM_UP);
    const cpuAtMaximumMs = cpuMsOf(world.platformPid);
    const maximum = await closedLoad(buy, MAXIMUM);
    const maximumCpuMs = (cpuMsOf(world.platformPid) - cpuAtMaximumMs) / maximum.done;
    const maximumPerS = (maximum.doneInTime * 1_000) / MAXIMUM.durationMs;
    print(`at most ${maximumPerS.toFixed(0)} complete payments/s`);
    if (isQuick) {
      assertBooked(await readBooks(world.databaseUrl), warm.done + maximum.done, ENTRIES_EACH);
      const errors = [...warm.errors, ...maximum.errors];
      return quickOutcome(wallet, maximumPerS, maximumCpuMs, errors);
    }

    times.length = 0;
    const callsBefore = await walletCalls(world);
    const cpuBeforeMs = cpuMsOf(world.platformPid);
    const ratePerS = maximumPerS * LOAD.share;
    const load = await openLoad(buy, { ...LOAD, ratePerS });
    const cpuMs = (cpuMsOf(world.platformPid) - cpuBeforeMs) / load.done;
    const callsAfter = await walletCalls(world);

    const paid = warm.done + maximum.done + load.done;
    assertBooked(await readBooks(world.databaseUrl), paid, ENTRIES_EACH);
    const callMs = (callsAfter.ms - callsBefore.ms) / (callsAfter.count - callsBefore.count);
    const errors = [warm, maximum, load].flatMap((part) => part.errors);
    for (const error of errors.slice(0, 5)) print(`error: ${error}`);
    return judge({
      wallet,
      complete_per_s: round(maximumPerS),
      load_per_s: round((load.doneInTime * 1_000) / LOAD.durationMs),
      load_share: LOAD.share,
      load_s: LOAD.durationMs / 1_000,
      payments: load.done,
      payments_before: warm.done + maximum.done,
      errors: errors.length + sink.refused(),
      cpu_ms_per_payment: round(cpuMs),
      crypto_ms_per_payment: round(cryptoMs),
      cpu_to_crypto: round(cpuMs / cryptoMs),
      ...latencies(times, callMs),
      webhooks_verified: sink.verified(),
      lanes: LANES,
      fsync_ms_p50: round(fsyncMs.p50),
      ...durable,
    });
  } finally {
    client.close();
    await sink.close();
  }
}

const round = (value: number): number => Math.round(value * 100) / 100;

async function listen(
  world: World,
  client: ReturnType<typeof openLoadClient>,
  sink: Awaited<ReturnType<typeof openWebhookSink>>,
): Promise<void> {
  const [shop] = world.marketplaces.values();
  const endpoint = await client.post(
    `${world.platformUrl}/v1/webhook_endpoints`,
    { url: sink.url, enabled_events: ['payment_intent.succeeded'] },
    { expected: 201, headers: { authorization: `Bearer ${shop?.secretKey}` } },
  );
  sink.trust(String(endpoint.secret));
}

/**
 * What the platform adds to a payment: its two answers and the way from "paid" to the webhook,
 * less the wallet's own answer to the order (its mean in this run; the platform's metrics have it).
 */
function latencies(times: readonly PaymentTimes[], walletCallMs: number): Record<string, number> {
  const added = times.map((one) => one.createMs + one.attemptMs + one.webhookMs - walletCallMs);
  const rows = {
    added: spreadOf(added),
    create: spreadOf(times.map(({ createMs }) => createMs)),
    attempt: spreadOf(times.map(({ attemptMs }) => attemptMs)),
    paid_to_webhook: spreadOf(times.map(({ webhookMs }) => webhookMs)),
  };
  const figures = Object.entries(rows).flatMap(([name, { p50, p99 }]) => [
    [`${name}_ms_p50`, round(p50)],
    [`${name}_ms_p99`, round(p99)],
  ]);
  return { ...Object.fromEntries(figures), wallet_call_ms_mean: round(walletCallMs) };
}

async function walletCalls(world: World): Promise<{ readonly count: number; readonly ms: number }> {
  const text = await (await fetch(`${world.platformUrl}/metrics`)).text();
  const total = (suffix: string): number => {
    const lines = text.matchAll(
      new RegExp(`^hutong_wallet_call_seconds_${suffix}\\{[^}]*\\} (\\S+)$`, 'gm'),
    );
    return [...lines].reduce((sum, line) => sum + Number(line[1]), 0);
  };
  return { count: total('count'), ms: total('sum') * 1_000 };
}

function quickOutcome(
  wallet: BenchedWallet,
  maximumPerS: number,
  cpuMs: number,
  errors: readonly string[],
): Outcome {
  return {
    figures: {
      wallet,
      complete_per_s: round(maximumPerS),
      cpu_ms_per_payment: round(cpuMs),
      errors: errors.length,
    },
    misses: errors.length === 0 ? [] : [`${errors.length} errors, the first: ${errors[0]}`],
  };
}

function judge(figures: Record<string, number | string>): Outcome {
  const misses: string[] = [];
  if (figures.errors !== 0) misses.push(`${figures.errors} errors`);
  // The floor is WeChat Pay's cryptography: for the others their ratio to it only informs.
  const isJudged = figures.wallet === 'wechatpay';
  // Written so that a figure that is no number misses too.
  if (isJudged && !(Number(figures.cpu_to_crypto) <= CPU_TO_CRYPTO_MAX))
    misses.push(`cpu_to_crypto ${figures.cpu_to_crypto} is above ${CPU_TO_CRYPTO_MAX}`);
  return { figures, misses };
}
