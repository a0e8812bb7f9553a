/**
 * `npm run bench -- growth`: the same platform on a small database (10,000 payments, 10 merchants)
 * and on a large one (2,000,000 and 200,000), on one server, in turn. What must not grow: CPU a
 * payment, every look-up and sweep, memory, and the time until a change of a merchant is seen.
 */
import fs from 'node:fs';
import os from 'node:os';
import pg from 'pg';
import type { DemoMarketplace } from '../src/cli/demo-marketplaces.ts';
import type { Db } from '../src/database/db.ts';
import { openPostgres } from '../src/database/postgres.ts';
import { must } from '../src/kernel/assert.ts';
import type { Id } from '../src/kernel/id.ts';
import { oneCell } from '../src/store/cells.ts';
import { readMarketplaces } from '../src/store/merchant/marketplaces.ts';
import { readAccounts } from '../src/store/merchant/merchants.ts';
import { readConfigs } from '../src/store/wallet/configs.ts';
import { closedLoad, type Work } from '../tools/load.ts';
import { type LoadClient, openLoadClient } from '../tools/load-client.ts';
import { createBuyer } from './buyer.ts';
import { slowestChangeMs } from './growth-change.ts';
import { type LookUpTime, type Searched, timeLookUps } from './growth-look-ups.ts';
import { readSample, readSeededMerchants, seedGrowth } from './growth-seed.ts';
import { makeTemplates, type TemplateOwner } from './growth-templates.ts';
import { medianInterval } from './interval.ts';
import { cpuMsOf } from './process-cpu.ts';
import type { Outcome } from './report.ts';
import { assertDurable, untilVacuumed } from './server-facts.ts';
import { openWebhookSink, type WebhookSink } from './webhook-sink.ts';
import { type Ground, type Seeded, type Served, startGround } from './world.ts';

const SMALL = { payments: 10_000, merchants: 10 } as const;
const PAYMENTS_A_MERCHANT = 10;
/** Of the disk, with the WAL and what an index needs while it is made. */
const BYTES_A_PAYMENT = 12_000;
const WAL_BYTES = 6e9;
const SAMPLE = 300;
const ROUNDS = 7;
const WARM_UP = { underWay: 32, durationMs: 45_000, countMax: 2_500 } as const;
/** Long enough that no collection of garbage and no checkpoint decides a round. */
const ROUND = { underWay: 32, durationMs: 60_000, countMax: 1_500 } as const;
const MUST = { cpu: 1.15, memory: 1.3, lookUpMs: 5, lookUpRatio: 2, moreMs: 1, seenMs: 1_000 };
/** So that the large database's rows are written once, and its checkpoints are few. */
const SETTINGS = {
  // An index that is made on seeded rows is not logged; both databases are on this one server.
  wal_level: 'minimal',
  max_wal_senders: 0,
  shared_buffers: '1GB',
  maintenance_work_mem: '512MB',
  max_wal_size: '4GB',
  checkpoint_timeout: '30min',
} as const;

interface GrowthOptions {
  readonly payments: number;
}

export async function benchGrowth(
  { payments }: GrowthOptions,
  print: (line: string) => void,
): Promise<Outcome> {
  const minutes = Math.ceil(12 + payments / 80_000);
  print(`${payments} payments: at most ${minutes} minutes on two cores`);
  const needed = payments * BYTES_A_PAYMENT + WAL_BYTES;
  const { bavail, bsize } = fs.statfsSync(os.tmpdir());
  if (bavail * bsize < needed) {
    const miss = `the disk of ${os.tmpdir()} has ${inGb(bavail * bsize)} GB free, ${inGb(needed)} are needed`;
    return { figures: { payments }, misses: [miss] };
  }
  const ground = await startGround({ print, settings: SETTINGS });
  if (ground === undefined) return { figures: {}, misses: ['PostgreSQL is not installed'] };
  const sides: Side[] = [];
  try {
    const nowMs = Date.now();
    const merchants = Math.max(SMALL.merchants, Math.floor(payments / PAYMENTS_A_MERCHANT));
    const small = await openSide(ground, { name: 'small', ...SMALL, nowMs, print });
    sides.push(small);
    const large = await openSide(ground, { name: 'large', payments, merchants, nowMs, print });
    sides.push(large);
    return await measure(ground, small, large, print);
  } finally {
    for (const side of sides) await side.close();
    await ground.stop();
  }
}

const inGb = (bytes: number): string => (bytes / 1e9).toFixed(1);

interface SideOptions {
  readonly name: string;
  readonly payments: number;
  readonly merchants: number;
  readonly nowMs: number;
  readonly print: (line: string) => void;
}

/** A seeded database with its own platform and buyers. */
interface Side extends Seeded, Served {
  readonly options: SideOptions;
  readonly searched: Searched;
  readonly shop: DemoMarketplace;
  readonly buy: Work;
  readonly close: () => Promise<void>;
}

async function openSide(ground: Ground, options: SideOptions): Promise<Side> {
  const seeded = await ground.seed(options.name);
  const [entry] = seeded.marketplaces;
  const [name, account] = must(entry, 'a marketplace');
  const db = openPostgres({ url: seeded.databaseUrl, lanes: 1, readers: 1 });
  const owner = await ownerOf(db, name, account);
  const templates = await makeTemplates(db, owner);
  const client = new pg.Client({ connectionString: seeded.databaseUrl });
  await client.connect();
  await seedGrowth(seeded.databaseUrl, { ...options, owner, templates });
  const sample = await readSample(client, SAMPLE);
  const shop = { secretKey: account.secretKey, merchants: await readSeededMerchants(client) };
  await client.end();
  const served = await ground.serve(seeded.databaseUrl, { lanes: 1 });
  const sink = await openWebhookSink();
  const http = openLoadClient();
  const url = served.platformUrl;
  await listen(url, shop, http, sink);
  const world = { ...ground, ...served, marketplaces: new Map([[name, shop]]) };
  const { marketplace } = owner;
  return {
    ...{ options, shop, ...seeded, ...served },
    searched: { db, cells: oneCell(db), marketplace, sample, nowMs: options.nowMs },
    buy: createBuyer(world, http, sink, 'wechatpay', () => undefined),
    close: async () => {
      http.close();
      await sink.close();
      await db.close();
    },
  };
}

async function ownerOf(db: Db, name: string, shop: DemoMarketplace): Promise<TemplateOwner> {
  const found = (await readMarketplaces(db)).find((row) => row.name === name);
  const { id: marketplace } = must(found, 'the marketplace');
  const config = (await readConfigs(db)).find(
    (row) => row.marketplace === marketplace && row.wallet === 'wechatpay',
  );
  const merchant = must(shop.merchants[0], 'a merchant') as Id<'merchant'>;
  const account = (await readAccounts(db, [merchant])).find((row) => row.wallet === 'wechatpay');
  const { id: walletAccount, walletMerchant } = must(account, 'its account');
  return {
    marketplace,
    merchant,
    walletAccount,
    walletMerchant,
    config: must(config, 'the configuration').id,
  };
}

async function listen(
  url: string,
  shop: DemoMarketplace,
  client: LoadClient,
  sink: WebhookSink,
): Promise<void> {
  const endpoint = await client.post(
    `${url}/v1/webhook_endpoints`,
    { url: sink.url, enabled_events: ['payment_intent.succeeded'] },
    { expected: 201, headers: { authorization: `Bearer ${shop.secretKey}` } },
  );
  sink.trust(String(endpoint.secret));
}

async function measure(
  ground: Ground,
  small: Side,
  large: Side,
  print: (line: string) => void,
): Promise<Outcome> {
  await assertDurable(large.databaseUrl);
  const errors: string[] = [];
  for (const side of [small, large]) errors.push(...(await closedLoad(side.buy, WARM_UP)).errors);
  await untilVacuumed(large.databaseUrl);
  const rounds: Cost[] = [];
  for (let number = 1; number <= ROUNDS; number += 1) {
    const order = number % 2 === 0 ? [large, small] : [small, large];
    const costs = new Map<Side, Cpu>();
    for (const side of order) costs.set(side, await cpuOf(ground, side, errors));
    const cost = {
      small: must(costs.get(small), 'a cost'),
      large: must(costs.get(large), 'a cost'),
    };
    rounds.push(cost);
    print(
      `round ${number}: ${cpuLine(cost.small)} and ${cpuLine(cost.large)} ms a payment, ratio ${ratioOf(cost).toFixed(3)}`,
    );
  }
  const memory = { small: residentMb(small.platformPid), large: residentMb(large.platformPid) };
  const lookUps = await timeLookUps(small.searched, large.searched);
  for (const { name, smallMs, largeMs, largeFirstMs } of lookUps)
    print(
      `${name.padEnd(44)} ${smallMs.toFixed(2).padStart(7)} ${largeMs.toFixed(2).padStart(9)} ms, ` +
        `${largeFirstMs.toFixed(2)} for the first time`,
    );
  const seenMs = await slowestChangeMs(large);
  for (const error of errors.slice(0, 5)) print(`error: ${error}`);
  return judge({ large, rounds, memory, lookUps, seenMs, errors: errors.length });
}

interface Cpu {
  readonly platformMs: number;
  readonly serverMs: number;
}

interface Cost {
  readonly small: Cpu;
  readonly large: Cpu;
}

const sumOf = ({ platformMs, serverMs }: Cpu): number => platformMs + serverMs;
const ratioOf = ({ small, large }: Cost): number => sumOf(large) / sumOf(small);
const cpuLine = ({ platformMs, serverMs }: Cpu): string =>
  `${platformMs.toFixed(2)} + ${serverMs.toFixed(2)}`;

/** Of the platform and of all of PostgreSQL, which serves nobody else meanwhile. */
async function cpuOf({ server }: Ground, side: Side, errors: string[]): Promise<Cpu> {
  const read = () => [cpuMsOf(side.platformPid), cpuMsOf(server.pid() ?? 0)] as const;
  const [platformMs, serverMs] = read();
  const load = await closedLoad(side.buy, ROUND);
  errors.push(...load.errors);
  const [platformNowMs, serverNowMs] = read();
  return {
    platformMs: (platformNowMs - platformMs) / load.done,
    serverMs: (serverNowMs - serverMs) / load.done,
  };
}

function residentMb(pid: number): number {
  const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1_024;
}

interface Measured {
  readonly large: Side;
  readonly rounds: readonly Cost[];
  readonly memory: { readonly small: number; readonly large: number };
  readonly lookUps: readonly LookUpTime[];
  readonly seenMs: number;
  readonly errors: number;
}

const round = (value: number): number => Math.round(value * 1_000) / 1_000;

/** Written so that a figure that is no number misses too. */
function judge({ large, rounds, memory, lookUps, seenMs, errors }: Measured): Outcome {
  const cpu = medianInterval(rounds.map(ratioOf));
  const middle = (of: (cost: Cost) => number): number =>
    round(medianInterval(rounds.map(of)).median);
  const ratio = memory.large / memory.small;
  const slow = lookUps.filter(
    ({ smallMs, largeMs }) =>
      !(largeMs <= MUST.lookUpMs) ||
      !(largeMs <= MUST.lookUpRatio * smallMs || largeMs <= smallMs + MUST.moreMs),
  );
  const misses = slow.map(
    ({ name, smallMs, largeMs }) =>
      `${name}: ${round(largeMs)} ms, ${round(smallMs)} on the small one`,
  );
  if (!(cpu.median <= MUST.cpu)) misses.push(`CPU a payment: ratio ${round(cpu.median)}`);
  if (!(ratio <= MUST.memory)) misses.push(`resident memory: ratio ${round(ratio)}`);
  if (!(seenMs < MUST.seenMs)) misses.push(`a changed merchant is seen after ${round(seenMs)} ms`);
  if (errors !== 0) misses.push(`${errors} errors`);
  const slowest = [...lookUps].sort((a, b) => b.largeMs - a.largeMs)[0];
  return {
    figures: {
      payments: large.options.payments,
      merchants: large.options.merchants,
      cpu_ratio: round(cpu.median),
      cpu_ratio_low: round(cpu.low),
      cpu_ratio_high: round(cpu.high),
      small_platform_cpu_ms: middle(({ small }) => small.platformMs),
      large_platform_cpu_ms: middle((cost) => cost.large.platformMs),
      small_server_cpu_ms: middle(({ small }) => small.serverMs),
      large_server_cpu_ms: middle((cost) => cost.large.serverMs),
      look_ups: lookUps.length,
      slowest_look_up: slowest?.name ?? '',
      slowest_look_up_ms: round(slowest?.largeMs ?? Number.NaN),
      slowest_first_look_up_ms: round(Math.max(...lookUps.map((each) => each.largeFirstMs))),
      change_seen_ms_max: Math.round(seenMs),
      memory_mb_small: Math.round(memory.small),
      memory_mb_large: Math.round(memory.large),
      memory_ratio: round(ratio),
      errors,
      rounds: rounds.length,
      ...Object.fromEntries(lookUps.map(({ name, largeMs }) => [`ms ${name}`, round(largeMs)])),
    },
    misses,
  };
}
