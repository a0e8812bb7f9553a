/**
 * Tables that are partitioned by the time inside an id, so that what is old is dropped whole. The
 * first partition begins at the least id and the last one has no end: whatever its time, a row has
 * a partition. Each change is one short transaction, of one process at a time; it gives up a lock
 * that it does not get at once, so that batches never wait for long.
 */
import type { Db, Row, Session, Statement } from '../../database/db.ts';
import { assert, must } from '../../kernel/assert.ts';
import { hashOf } from '../../kernel/hash.ts';
import { ID_EPOCH_MS, packId, unpackId } from '../../kernel/id.ts';

export interface TimeTable {
  readonly name: 'events' | 'deliveries' | 'notifications';
  /** The id whose time decides. */
  readonly key: string;
  /** Percent; null = the server's default. */
  readonly fillfactor: number | null;
}

export const EVENTS: TimeTable = { name: 'events', key: 'id', fillfactor: null };
const DELIVERIES: TimeTable = { name: 'deliveries', key: 'event', fillfactor: 70 };
/** By the payment's id: however late a message comes again, it meets the row of the first. */
const NOTIFICATIONS: TimeTable = { name: 'notifications', key: 'intent', fillfactor: null };
/** In the order in which they are dropped: no delivery is made for an event that is gone. */
export const TIME_TABLES: readonly TimeTable[] = [EVENTS, DELIVERIES, NOTIFICATIONS];

export interface Partition {
  readonly name: string;
  /** null: from the least id. */
  readonly from: bigint | null;
  /** The first id above it; null: there is none. */
  readonly to: bigint | null;
}

type Run = (statement: Statement, values: readonly unknown[]) => Promise<readonly Row[]>;

/** How long batches may queue behind a change of partitions. */
const LOCK_TIMEOUT_MS = 200;
/** An arbitrary constant; it only has to be unique in the database. */
const LOCK_KEY = '481506197';

const ALONE: Statement = {
  name: 'partitions.alone',
  text: `select pg_try_advisory_xact_lock(${LOCK_KEY}, hashtext(current_schema())) as is_alone,
    set_config('lock_timeout', '${LOCK_TIMEOUT_MS}ms', true)`,
};
const PARTITIONS: Statement = {
  name: 'partitions.read',
  text: `select c.relname::text as name, pg_get_expr(c.relpartbound, c.oid) as bounds
    from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = to_regclass($1)`,
};
/**
 * Taken out of their table, but not dropped yet. By the row types of tables: what another process
 * drops meanwhile crashes a server of Citus 13.2 that reads it in pg_class.
 */
const DETACHED: Statement = {
  name: 'partitions.detached',
  text: `select t.typname::text as name from pg_type t
    where t.typnamespace = current_schema()::regnamespace
      and t.typtype = 'c' and starts_with(t.typname::text, $1 || '_')
      and t.typname::text like '%\\_dropped'
      and not exists (select from pg_inherits i where i.inhrelid = t.typrelid)
    order by 1`,
};
/** The oldest event of which a delivery is still due. */
const OLDEST_OWED: Statement = {
  name: 'partitions.oldest_owed',
  text: 'select min(event) as event from deliveries where due_at is not null and event < $1',
};

/** Undefined if another process is at it, or the server refused a lock (thrown as DbRetry). */
function alone<T>(db: Db, work: (session: Session) => Promise<T>): Promise<T | undefined> {
  return db.background(async (session) => {
    const [row] = await session.run(ALONE, []);
    return row?.is_alone === true ? work(session) : undefined;
  });
}

/** A change of the catalogue; its names are our own, never a caller's. */
export async function define(session: Session, text: string): Promise<void> {
  await session.run({ name: `define.${hashOf(text).toString(36)}`, text }, []);
}

const BOUNDS = /^FOR VALUES FROM \((?:MINVALUE|'?(-?\d+)'?)\) TO \((?:MAXVALUE|'?(-?\d+)'?)\)$/;

function toPartition({ name, bounds }: Row): Partition {
  const [all, from, to] = BOUNDS.exec(String(bounds)) ?? [];
  assert(all !== undefined, 'a partition has a range of numbers');
  const bound = (text: string | undefined) => (text === undefined ? null : BigInt(text));
  return { name: String(name), from: bound(from), to: bound(to) };
}

/** In order. */
async function partitionsOf(run: Run, table: string): Promise<readonly Partition[]> {
  const rows = (await run(PARTITIONS, [table])).map(toPartition);
  return rows.sort((a, b) => (a.from === null || (b.from !== null && a.from < b.from) ? -1 : 1));
}

export function readPartitions(db: Db, table: string): Promise<readonly Partition[]> {
  return partitionsOf((statement, values) => db.read(statement, values), table);
}

/** The least id of a moment. */
export function idAt(unixMs: number): bigint {
  const ms = Math.max(unixMs, ID_EPOCH_MS);
  return packId({ unixMs: ms, shard: 0, process: 0, sequence: 0 });
}

/** `20260131`: the UTC day in which an id was made. */
function dayOf(id: bigint): string {
  return new Date(unpackId(id).unixMs).toISOString().slice(0, 10).replaceAll('-', '');
}

function makeTable(of: Pick<TimeTable, 'name' | 'fillfactor'>, name: string): string {
  const storage = of.fillfactor === null ? '' : ` with (fillfactor = ${of.fillfactor})`;
  return `create table ${name} (like ${of.name} including all)${storage}`;
}

function attach(table: string, { name, from, to }: Partition): string {
  return `alter table ${table} attach partition ${name}
    for values from (${from ?? 'minvalue'}) to (${to ?? 'maxvalue'})`;
}

/**
 * One more partition, of the ids up to `to`, in front of the one without an end: nothing if there
 * is one already. What the latter has of that range moves along; that is nothing unless nobody
 * made partitions for long.
 */
export async function addPartition(db: Db, of: TimeTable, to: bigint): Promise<void> {
  await alone(db, async (session) => {
    const { name, key } = of;
    await define(session, `lock table ${name} in access exclusive mode`);
    const last = must(
      (await partitionsOf((...sent) => session.run(...sent), name)).at(-1),
      'a last partition',
    );
    const from = must(last.from ?? undefined, 'where it begins');
    if (from >= to) return;
    const added = { name: `${name}_${dayOf(from)}`, from, to };
    await define(session, makeTable(of, added.name));
    await define(session, `alter table ${name} detach partition ${last.name}`);
    await define(
      session,
      `with moved as (delete from ${last.name} where ${key} < ${to} returning *),
        put as (insert into ${added.name} select * from moved returning 1)
      select count(*) from put`,
    );
    await define(session, attach(name, added));
    await define(session, attach(name, { ...last, from: to }));
  });
}

/** The empty partition that takes the place of dropped ones, for rows that are late. */
function isLateRows({ name }: Partition, table: string): boolean {
  return name.startsWith(`${table}_before_`);
}

/**
 * The partitions that can be dropped with those in front of them, since they end at or before
 * `end`: none if all that is left there takes late rows only.
 */
export function endedBy(
  partitions: readonly Partition[],
  { name }: TimeTable,
  end: bigint,
): readonly Partition[] {
  const ended = partitions.filter(({ to }) => to !== null && to <= end);
  return ended.every((partition) => isLateRows(partition, name)) ? [] : ended;
}

/**
 * Takes the partitions that end at or before `end` out of their table, for good; returns their
 * names. A partition with an event that is still owed to an endpoint stays, and so do those behind
 * it. `only`: nothing is taken out unless it is exactly these.
 */
export async function detachPartitions(
  db: Db,
  of: TimeTable,
  end: bigint,
  only?: readonly string[],
): Promise<readonly string[]> {
  const detached = await alone(db, async (session) => {
    const { name } = of;
    await define(session, `lock table ${name} in access exclusive mode`);
    const run: Run = (statement, values) => session.run(statement, values);
    const owed = of === NOTIFICATIONS ? null : await oldestOwed(run, end);
    const all = await partitionsOf(run, name);
    const ended = endedBy(all, of, owed === null || owed > end ? end : owed);
    const { to } = ended.at(-1) ?? { to: null };
    if (to === null) return [];
    if (only !== undefined && only.join() !== ended.map((one) => one.name).join()) return [];
    for (const gone of ended) {
      await define(session, `alter table ${name} detach partition ${gone.name}`);
      await define(session, `alter table ${gone.name} rename to ${gone.name}_dropped`);
    }
    const late = { name: `${name}_before_${dayOf(to)}`, from: null, to };
    await define(session, makeTable(of, late.name));
    await define(session, attach(name, late));
    return ended.map((one) => one.name);
  });
  return detached ?? [];
}

async function oldestOwed(run: Run, before: bigint): Promise<bigint | null> {
  const [row] = await run(OLDEST_OWED, [before]);
  return (row?.event as bigint | null | undefined) ?? null;
}

/** Drops what was taken out of a table, now or by a process that did not come to it. */
export async function dropDetached(db: Db, table: string): Promise<void> {
  for (const { name } of await db.read(DETACHED, [table]))
    await alone(db, (session) => define(session, `drop table if exists ${String(name)}`));
}
