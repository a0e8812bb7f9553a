/**
 * Facts needed to read a rate: how long the disk takes to make 8 kB durable, that the server is not
 * configured to skip that, and that the tables are logged ones.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

const BLOCK_BYTES = 8_192;
const SYNC_COUNT = 200;

export interface Spread {
  readonly p50: number;
  readonly p99: number;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99) };
}

export function median(values: readonly number[]): number {
  return spreadOf(values).p50;
}

/** write + fsync of one block, in milliseconds, where the server keeps its data. */
export function measureFsync(folder: string): Spread {
  const file = path.join(folder, 'fsync-probe');
  const descriptor = fs.openSync(file, 'w');
  const block = Buffer.alloc(BLOCK_BYTES, 1);
  const times: number[] = [];
  for (let index = 0; index < SYNC_COUNT; index += 1) {
    const startedMs = performance.now();
    fs.writeSync(descriptor, block, 0, BLOCK_BYTES, (index % 16) * BLOCK_BYTES);
    fs.fsyncSync(descriptor);
    times.push(performance.now() - startedMs);
  }
  fs.closeSync(descriptor);
  fs.rmSync(file);
  return spreadOf(times);
}

/** Rows of one query on a connection of its own. */
export async function query(url: string, text: string): Promise<Record<string, string>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows as Record<string, string>[];
  } finally {
    await client.end();
  }
}

const VACUUM_LOOK_MS = 1_000;

/**
 * Until no autovacuum has been at work for ten seconds: what was seeded a moment ago is tidied up
 * once, and that is nobody's cost a payment.
 */
export async function untilVacuumed(url: string, timeoutMs = 300_000): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  for (let quiet = 0; quiet < 10 && performance.now() < deadlineMs; ) {
    const [row] = await query(
      url,
      `select count(*)::text as count from pg_stat_activity
        where backend_type = 'autovacuum worker'`,
    );
    quiet = row?.count === '0' ? quiet + 1 : 0;
    await sleep(VACUUM_LOOK_MS);
  }
}

const DURABLE = { fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on' } as const;

/** Fails where a commit is not durable or a table is not logged. */
export async function assertDurable(url: string): Promise<typeof DURABLE> {
  for (const [name, wanted] of Object.entries(DURABLE)) {
    const [row] = await query(url, `select current_setting('${name}') as value`);
    assert.equal(row?.value, wanted, `${name} is ${wanted}`);
  }
  const unlogged = await query(
    url,
    `select relname from pg_class where relkind in ('r', 'p') and relpersistence <> 'p'
       and relnamespace = 'public'::regnamespace`,
  );
  assert.deepEqual(unlogged, [], 'every table is logged');
  return DURABLE;
}

/** How much a database holds, and how much its server has logged since it was made. */
export async function readSizes(
  url: string,
): Promise<{ readonly storedBytes: number; readonly loggedBytes: number }> {
  const [row] = await query(
    url,
    `select pg_database_size(current_database()) as stored,
      pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') as logged`,
  );
  return { storedBytes: Number(row?.stored), loggedBytes: Number(row?.logged) };
}

export interface Books {
  readonly payments: number;
  readonly succeeded: number;
  readonly events: number;
  readonly entries: number;
  readonly debitFen: bigint;
  readonly creditFen: bigint;
  /** Transactions whose entries do not sum to zero, and balances that their entries do not make. */
  readonly unbalanced: number;
}

/** What stands in the tables afterwards, counted and summed by SQL. */
export async function readBooks(url: string): Promise<Books> {
  const [row] = await query(
    url,
    `select (select count(*) from payment_intents) as payments,
       (select count(*) from payment_intents where status = 'succeeded') as succeeded,
       (select count(*) from events where type = 'payment_intent.succeeded') as events,
       (select count(*) from ledger_entries) as entries,
       (select coalesce(sum(debit), 0) from ledger_entries) as debit,
       (select coalesce(sum(credit), 0) from ledger_entries) as credit,
       (select count(*) from (select 1 from ledger_entries group by shard, transaction
          having sum(debit) <> sum(credit)) t)
       + (select count(*) from (
            select account, sum(debit) as debit, sum(credit) as credit
            from ledger_entries group by account
          ) e full join (
            select account, sum(debit) as debit, sum(credit) as credit
            from ledger_balances group by account
          ) b using (account)
          where e.debit is distinct from b.debit
            or e.credit is distinct from b.credit) as unbalanced`,
  );
  assert.ok(row);
  return {
    payments: Number(row.payments),
    succeeded: Number(row.succeeded),
    events: Number(row.events),
    entries: Number(row.entries),
    debitFen: BigInt(row.debit!),
    creditFen: BigInt(row.credit!),
    unbalanced: Number(row.unbalanced),
  };
}

/** All `count` payments exist, paid, delivered and booked. */
export function assertBooked(books: Books, count: number, entriesEach: number): void {
  assert.equal(books.payments, count, 'every payment is a row');
  assert.equal(books.succeeded, count, 'every payment succeeded');
  assert.equal(books.events, count, 'every payment has its event');
  assert.equal(books.entries, count * entriesEach, 'every payment has its ledger entries');
  assert.equal(books.debitFen, books.creditFen, 'the ledger sums to zero');
  assert.equal(books.unbalanced, 0, 'every transaction and balance agrees with its entries');
}
