/**
 * A part of `npm run bench -- cells`, with HUTONG_TEST_CITUS_URL: the engine's payments in a schema
 * that a worker of the Citus cluster has, through the coordinator and straight to the worker,
 * beside the same on a plain PostgreSQL; in turn.
 */
import { makeSchema, migrate } from '../src/database/migrate.ts';
import { openPostgres } from '../src/database/postgres.ts';
import { must } from '../src/kernel/assert.ts';
import { distributeSchema, readPlace } from '../src/store/cell/citus.ts';
import { oneCell } from '../src/store/cells.ts';
import {
  drive,
  ENTRIES_EACH,
  LANES,
  PAYMENT_COUNT,
  ROUNDS,
  WARM_UP_COUNT,
} from './cells-payments.ts';
import { medianInterval } from './interval.ts';
import type { Outcome } from './report.ts';
import { assertBooked, assertDurable, median, query, readBooks } from './server-facts.ts';

const MUST = { coordinator: 0.5, worker: 0.7 } as const;
const WAYS = ['plain', 'coordinator', 'worker'] as const;
type Way = (typeof WAYS)[number];
type Rates = Readonly<Record<Way, number>>;

/** `plain`: the address of an empty database of a PostgreSQL without Citus. */
export async function benchCitus(
  urls: { readonly plain: string; readonly coordinator: string },
  print: (line: string) => void,
): Promise<Outcome> {
  for (const url of Object.values(urls)) await assertDurable(url);
  for (const way of WAYS) await run(way, urls, `warm_up_${way}`, WARM_UP_COUNT);
  const rounds: Rates[] = [];
  for (let number = 1; number <= ROUNDS; number += 1) {
    const rates: Record<Way, number> = { plain: 0, coordinator: 0, worker: 0 };
    for (let turn = 0; turn < WAYS.length; turn += 1) {
      const way = must(WAYS[(number + turn) % WAYS.length], 'a way');
      rates[way] = await run(way, urls, `round_${number}_${way}`, PAYMENT_COUNT);
    }
    rounds.push(rates);
    print(
      `round ${number}: plain ${rates.plain.toFixed(0)} payments/s, through the coordinator ` +
        `${rates.coordinator.toFixed(0)}, straight to the worker ${rates.worker.toFixed(0)}`,
    );
  }
  return judge(rounds);
}

function judge(rounds: readonly Rates[]): Outcome {
  const figures: Record<string, number> = {};
  const misses: string[] = [];
  for (const way of ['coordinator', 'worker'] as const) {
    const ratios = medianInterval(rounds.map((rates) => rates[way] / rates.plain));
    figures[`citus_${way}`] = round(ratios.median);
    figures[`citus_${way}_low`] = round(ratios.low);
    figures[`citus_${way}_high`] = round(ratios.high);
    figures[`payments_per_s_${way}`] = Math.round(median(rounds.map((rates) => rates[way])));
    if (ratios.median < MUST[way])
      misses.push(`Citus by the ${way} is ${round(ratios.median)} of plain, below ${MUST[way]}`);
  }
  figures.payments_per_s_plain = Math.round(median(rounds.map(({ plain }) => plain)));
  return { figures, misses };
}

const round = (value: number): number => Math.round(value * 1_000) / 1_000;

/** In a schema of its own, which is dropped afterwards; payments a second. */
async function run(
  way: Way,
  urls: { readonly plain: string; readonly coordinator: string },
  schema: string,
  paymentCount: number,
): Promise<number> {
  const made = way === 'plain' ? urls.plain : urls.coordinator;
  const maker = openPostgres({ url: made, lanes: 1, readers: 1, schema });
  try {
    await makeSchema(maker, schema);
    await migrate(maker);
    if (way !== 'plain') await distributeSchema(maker, schema);
    const worker = way === 'worker' ? await readPlace(maker) : undefined;
    const url = worker === undefined ? made : atWorker(made, worker);
    const db = openPostgres({ url, lanes: LANES, readers: 1, schema });
    const { tookMs } = await drive(oneCell(db), paymentCount);
    await db.close();
    const books = await readBooks(inSchema(made, schema));
    assertBooked(books, paymentCount, ENTRIES_EACH);
    return (paymentCount * 1_000) / tookMs;
  } finally {
    await maker.close();
    await query(made, `drop schema if exists ${schema} cascade`);
  }
}

function atWorker(url: string, worker: string): string {
  const address = new URL(url);
  address.host = worker;
  return address.href;
}

function inSchema(url: string, schema: string): string {
  const address = new URL(url);
  address.searchParams.set('options', `-csearch_path=${schema}`);
  return address.href;
}
