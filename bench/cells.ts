/**
 * `npm run bench -- cells`: the engine's payments over two cells beside the same over one, with the
 * same lanes in all and batches of the same size; in turn, on one PostgreSQL. What it shows is the
 * tax of cells: a machine of two cores cannot show the gain of more servers.
 *
 * HUTONG_TEST_CITUS_URL: and the same on that Citus cluster (cells-citus.ts).
 */

import { makeSchema, migrate } from '../src/database/migrate.ts';
import { openPostgres } from '../src/database/postgres.ts';
import { moveShards } from '../src/flows/cell/move.ts';
import { formatId, ID_EPOCH_MS, packId, SHARD_COUNT } from '../src/kernel/id.ts';
import { addCell, readCells } from '../src/store/cell/map.ts';
import { type Cell, type Cells, createCells, HOME_CELL } from '../src/store/cells.ts';
import { startPostgres, type TestPostgres } from '../tools/postgres.ts';
import { benchCitus } from './cells-citus.ts';
import {
  drive,
  ENTRIES_EACH,
  LANES,
  PAYMENT_COUNT,
  ROUNDS,
  WARM_UP_COUNT,
} from './cells-payments.ts';
import { medianInterval } from './interval.ts';
import { cpuMsOf } from './process-cpu.ts';
import type { Outcome } from './report.ts';
import { assertBooked, assertDurable, median, query, readBooks } from './server-facts.ts';

const OTHER = 'other';
const MUST = { ratio: 0.9, commandsPerBatch: 200 } as const;

export async function benchCells(print: (line: string) => void): Promise<Outcome> {
  const server = await startPostgres({ print });
  if (server === undefined) return { figures: {}, misses: ['PostgreSQL is not installed'] };
  try {
    const cells = await measure(server, print);
    const coordinator = process.env.HUTONG_TEST_CITUS_URL;
    if (coordinator === undefined) return cells;
    const citus = await benchCitus({ plain: await server.database('plain'), coordinator }, print);
    return {
      figures: { ...cells.figures, ...citus.figures },
      misses: [...cells.misses, ...citus.misses],
    };
  } finally {
    await server.stop();
  }
}

async function measure(server: TestPostgres, print: (line: string) => void): Promise<Outcome> {
  const template = await server.database('template_1');
  const home = openPostgres({ url: template, lanes: 1, readers: 1 });
  await migrate(home);
  await home.close();
  await assertDurable(template);
  await makeTwo(await server.database('template_2', 'template_1'), print);
  for (const count of [1, 2] as const) await run(server, 'warm_up', count, WARM_UP_COUNT);
  const rounds: { readonly one: Ran; readonly two: Ran }[] = [];
  for (let number = 1; number <= ROUNDS; number += 1) {
    const first = number % 2 === 0 ? 1 : 2;
    const ran = new Map<number, Ran>();
    for (const count of [first, 3 - first] as (1 | 2)[])
      ran.set(count, await run(server, `round_${number}`, count, PAYMENT_COUNT));
    const [one, two] = [ran.get(1) as Ran, ran.get(2) as Ran];
    rounds.push({ one, two });
    print(
      `round ${number}: one cell ${one.rate.toFixed(0)} payments/s, two ${two.rate.toFixed(0)}, ` +
        `ratio ${(two.rate / one.rate).toFixed(3)}`,
    );
  }
  return judge(rounds, server.version);
}

function judge(
  rounds: readonly { readonly one: Ran; readonly two: Ran }[],
  server: string,
): Outcome {
  const ratios = medianInterval(rounds.map(({ one, two }) => two.rate / one.rate));
  const cpu = median(rounds.map(({ one, two }) => two.cpuMs / one.cpuMs));
  const perBatch = median(rounds.map(({ two }) => two.commandsPerBatch));
  const misses: string[] = [];
  if (ratios.median < MUST.ratio)
    misses.push(`two cells are ${round(ratios.median)} of one, below ${MUST.ratio}`);
  if (perBatch < MUST.commandsPerBatch)
    misses.push(`batches of ${round(perBatch)} commands, below ${MUST.commandsPerBatch}`);
  return {
    figures: {
      ratio: round(ratios.median),
      ratio_low: round(ratios.low),
      ratio_high: round(ratios.high),
      cpu_ratio: round(cpu),
      payments_per_s_one: Math.round(median(rounds.map(({ one }) => one.rate))),
      payments_per_s_two: Math.round(median(rounds.map(({ two }) => two.rate))),
      commands_per_batch_one: round(median(rounds.map(({ one }) => one.commandsPerBatch))),
      commands_per_batch_two: round(perBatch),
      rounds: rounds.length,
      lanes: LANES,
      payments_per_round: PAYMENT_COUNT,
      server,
    },
    misses,
  };
}

const round = (value: number): number => Math.round(value * 1_000) / 1_000;

/** Half of the shards in a schema of their own: made and moved as an operator does it. */
async function makeTwo(url: string, print: (line: string) => void): Promise<void> {
  const home = openPostgres({ url, lanes: 1, readers: 1 });
  const other = openPostgres({ url, lanes: 1, readers: 1, schema: OTHER });
  await makeSchema(other, OTHER);
  await migrate(other);
  const id = (sequence: number) =>
    formatId('audit_entry', packId({ unixMs: ID_EPOCH_MS, shard: 0, process: 0, sequence }));
  const noteOf = (sequence: number, action: string) => ({
    ...{ id: id(sequence), atMs: 0, marketplace: null, actor: 'bench', action },
  });
  const address = { name: OTHER, urlSetting: null, schema: OTHER };
  await addCell(home, address, { epoch: 0, note: noteOf(1, 'cell.added') });
  await moveShards({
    ...{ home, source: { name: HOME_CELL, db: home }, target: { name: OTHER, db: other } },
    shards: Array.from({ length: SHARD_COUNT / 2 }, (_, index) => 2 * index + 1),
    ...{ name: 'bench', print, note: noteOf(2, 'cell.shards_moved') },
    nowMs: Date.now,
  });
  await Promise.all([home.close(), other.close()]);
}

interface Ran {
  readonly rate: number;
  /** Of this process and the server's. */
  readonly cpuMs: number;
  readonly commandsPerBatch: number;
}

async function run(
  server: TestPostgres,
  name: string,
  count: 1 | 2,
  paymentCount: number,
): Promise<Ran> {
  const database = `${name}_${count}`;
  const url = await server.database(database, `template_${count}`);
  await query(server.url, 'checkpoint');
  const beforeMs = cpuMsOf(process.pid);
  const cells = await open(url, LANES / count);
  const { tookMs, commandsPerBatch } = await drive(cells, paymentCount);
  await cells.close();
  const cpuMs = cpuMsOf(process.pid) - beforeMs;
  await assertAllBooked(url, count, paymentCount);
  await query(server.url, `drop database ${database}`);
  return { rate: (paymentCount * 1_000) / tookMs, cpuMs: cpuMs / paymentCount, commandsPerBatch };
}

async function open(url: string, lanes: number): Promise<Cells> {
  const home = openPostgres({ url, lanes, readers: 1 });
  const { map, addresses } = await readCells(home);
  const others = addresses.map(
    ({ name }): Cell => ({ name, db: openPostgres({ url, lanes, readers: 1, schema: name }) }),
  );
  return createCells(home, map, others);
}

async function assertAllBooked(url: string, count: number, payments: number): Promise<void> {
  const sums = await readBooks(url);
  if (count === 1) return assertBooked(sums, payments, ENTRIES_EACH);
  const other = await readBooks(`${url}?options=-csearch_path%3D${OTHER}`);
  const added = Object.entries(other).map(([name, value]) => {
    const here = sums[name as keyof typeof sums];
    return [name, typeof value === 'bigint' ? value + (here as bigint) : value + (here as number)];
  });
  assertBooked(Object.fromEntries(added), payments, ENTRIES_EACH);
}
