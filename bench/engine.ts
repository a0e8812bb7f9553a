/**
 * `npm run bench -- engine`: payments a second through the engine on PostgreSQL, beside pgbench's
 * TPC-B on the same server and beside a bare loop that sends the very same SQL. Ratios, because
 * machines differ and are busy; method in README.md.
 */
import path from 'node:path';
import type { Db } from '../src/database/db.ts';
import { migrate } from '../src/database/migrate.ts';
import { openPostgres } from '../src/database/postgres.ts';
import { createIdSource } from '../src/engine/ids.ts';
import { leaseProcess } from '../src/engine/process-lease.ts';
import { createEngine } from '../src/engine/submit.ts';
import { wallClock } from '../src/runtime/clock.ts';
import { systemRandom } from '../src/runtime/random.ts';
import { AGGREGATES } from '../src/store/aggregates.ts';
import { startPostgres, type TestPostgres } from '../tools/postgres.ts';
import { runPayments } from './engine-workload.ts';
import { preparePgbench } from './pgbench.ts';
import { type RecordedTransaction, recordingDb, replay } from './recording.ts';
import type { Outcome } from './report.ts';
import {
  assertBooked,
  assertDurable,
  measureFsync,
  median,
  query,
  readBooks,
} from './server-facts.ts';

const ROUNDS = 5;
/** What the platform has where nothing else is set. */
const LANES = 4;
const PAYMENT_COUNT = 10_000;
const WARM_UP_COUNT = 24_000;
const CONCURRENCY = 2_000;
/** The ledger of one paid leg: clearing, the fee, what is held for the merchant. */
const ENTRIES_EACH = 3;
const MUST = { ratioToPgbench: 2.5, ratioToSql: 0.6 } as const;

export async function benchEngine(print: (line: string) => void): Promise<Outcome> {
  const server = await startPostgres({ print });
  if (server === undefined) return { figures: {}, misses: ['PostgreSQL is not installed'] };
  try {
    return await measure(server, print);
  } finally {
    await server.stop();
  }
}

async function measure(server: TestPostgres, print: (line: string) => void): Promise<Outcome> {
  const pgbench = await preparePgbench(server);
  const template = await server.database('template_hutong');
  await withDb(template, async (db) => void (await migrate(db)));
  await assertDurable(template);
  const fsyncMs = measureFsync(path.join(server.folder, 'data'));
  print(`${server.version}, fsync of 8 kB ${fsyncMs.p50.toFixed(2)} ms`);

  await runEngine(await fresh(server, 'warm_up'), WARM_UP_COUNT);
  const recorded = await record(await fresh(server, 'recorded'));
  const rounds = [];
  for (let number = 1; number <= ROUNDS; number += 1) {
    const timed = await runRound(server, number, recorded, pgbench);
    const { tps, engine, sql } = timed;
    rounds.push(timed);
    print(
      `round ${number}: pgbench ${tps.toFixed(0)}/s, engine ${engine.toFixed(0)} payments/s, bare SQL ${sql.toFixed(0)} payments/s`,
    );
    for (const name of [`engine_${number}`, `sql_${number}`])
      await query(server.url, `drop database ${name}`);
  }
  const ratioToPgbench = median(rounds.map(({ engine, tps }) => engine / tps));
  const ratioToSql = median(rounds.map(({ engine, sql }) => engine / sql));
  const isGood = ratioToPgbench >= MUST.ratioToPgbench || ratioToSql >= MUST.ratioToSql;
  return {
    figures: {
      ratio_to_pgbench: round(ratioToPgbench),
      ratio_to_sql: round(ratioToSql),
      payments_per_s: Math.round(median(rounds.map(({ engine }) => engine))),
      sql_payments_per_s: Math.round(median(rounds.map(({ sql }) => sql))),
      pgbench_tps: Math.round(median(rounds.map(({ tps }) => tps))),
      fsync_ms_p50: round(fsyncMs.p50),
      fsync_ms_p99: round(fsyncMs.p99),
      payments_per_round: PAYMENT_COUNT,
      commands_per_payment: 3,
      commands_per_batch: round((3 * PAYMENT_COUNT) / recorded.lanes.flat().length),
      ...statementsPerBatch(recorded),
      rounds: ROUNDS,
      lanes: LANES,
      server: server.version,
      fsync: 'on',
      synchronous_commit: 'on',
      full_page_writes: 'on',
    },
    misses: isGood
      ? []
      : [
          `ratio_to_pgbench ${round(ratioToPgbench)} is below ${MUST.ratioToPgbench} and ratio_to_sql ${round(ratioToSql)} below ${MUST.ratioToSql}`,
        ],
  };
}

/**
 * How many statements a batch sends: on average, and at most. The most is what a batch with all
 * three commands in it needs, whatever the machine.
 */
function statementsPerBatch({ lanes }: Recorded) {
  const counts = lanes.flat().map(({ sent }) => sent.length);
  const sum = counts.reduce((total, count) => total + count, 0);
  return {
    statements_per_batch: round(sum / counts.length),
    statements_per_batch_max: Math.max(...counts),
  };
}

interface Round {
  readonly tps: number;
  readonly engine: number;
  readonly sql: number;
}

/**
 * Each of the three starts behind a checkpoint, so that none pays for what another wrote; the
 * engine and the bare loop take turns in going first.
 */
async function runRound(
  server: TestPostgres,
  number: number,
  recorded: Recorded,
  pgbench: () => number,
): Promise<Round> {
  const ready = async (name: string): Promise<string> => {
    const url = await fresh(server, `${name}_${number}`);
    await query(server.url, 'checkpoint');
    return url;
  };
  const engineRun = async (): Promise<number> => runEngine(await ready('engine'), PAYMENT_COUNT);
  const sqlRun = async (): Promise<number> => runBare(await ready('sql'), recorded);
  await query(server.url, 'checkpoint');
  const tps = pgbench();
  if (number % 2 === 0) {
    const sql = await sqlRun();
    return { tps, engine: await engineRun(), sql };
  }
  const engine = await engineRun();
  return { tps, engine, sql: await sqlRun() };
}

const round = (value: number): number => Math.round(value * 100) / 100;

/** A database of its own for every run, so that none finds the rows of another. */
function fresh(server: TestPostgres, name: string): Promise<string> {
  return server.database(name, 'template_hutong');
}

async function withDb<T>(url: string, work: (db: Db) => Promise<T>): Promise<T> {
  const db = openPostgres({ url, lanes: LANES });
  try {
    return await work(db);
  } finally {
    await db.close();
  }
}

interface EngineRun {
  readonly tookMs: number;
  readonly process: { readonly number: number; readonly holder: string };
}

async function drive(db: Db, engineDb: Db, paymentCount: number): Promise<EngineRun> {
  const lease = await leaseProcess(db, systemRandom, () => undefined);
  const ids = createIdSource(lease.number, wallClock);
  const engine = createEngine({
    aggregates: AGGREGATES,
    db: engineDb,
    clock: wallClock,
    wall: wallClock,
    ids,
    lease,
    listener: { onDefect: (_command, error) => process.stderr.write(`${error.message}\n`) },
  });
  const { tookMs } = await runPayments({ engine, ids, paymentCount, concurrency: CONCURRENCY });
  await engine.drain();
  await lease.release();
  return { tookMs, process: { number: lease.number, holder: lease.holder } };
}

/** Payments a second, with everything found in the tables afterwards. */
async function runEngine(url: string, paymentCount: number): Promise<number> {
  const { tookMs } = await withDb(url, (db) => drive(db, db, paymentCount));
  await assertDurable(url);
  assertBooked(await readBooks(url), paymentCount, ENTRIES_EACH);
  return (paymentCount * 1_000) / tookMs;
}

interface Recorded {
  readonly lanes: readonly (readonly RecordedTransaction[])[];
  readonly process: EngineRun['process'];
}

/** A run of the same size whose speed counts nowhere: it only notes what was sent. */
async function record(url: string): Promise<Recorded> {
  return withDb(url, async (db) => {
    const recording = recordingDb(db);
    const run = await drive(db, recording.db, PAYMENT_COUNT);
    return { lanes: recording.lanes, process: run.process };
  });
}

async function runBare(url: string, recorded: Recorded): Promise<number> {
  const { number, holder } = recorded.process;
  // The stamp of every batch looks for the lease under which it was recorded.
  await query(
    url,
    `insert into process_leases (number, holder, expires_at)
     values (${number}, '${holder}', clock_timestamp() + interval '1 hour')`,
  );
  const { tookMs } = await replay(url, recorded.lanes);
  assertBooked(await readBooks(url), PAYMENT_COUNT, ENTRIES_EACH);
  return (PAYMENT_COUNT * 1_000) / tookMs;
}
