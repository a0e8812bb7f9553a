/**
 * The days of idempotency keys. A key is stored in the day in which it was first used; a unique
 * index holds within one day only, so that a key stays unique because new keys go to one day at a
 * time, and the next day is opened when every batch that used the one before has ended. In between
 * no day is open: a batch that claims a key then is run again.
 *
 * Nothing of it costs a batch a lock or a statement (claims read the open day in their own), and no
 * clock is trusted: whoever turns the day says which it is.
 */
import type { Db, Session } from '../../database/db.ts';
import { statements } from '../../database/statements.ts';
import { toNumber, toNumberOrNull } from '../../database/table.ts';
import { define } from './partitions.ts';

export interface KeyDay {
  /** Since 1970; 0 holds the keys from before there were days. */
  readonly day: number;
  /** When it stopped taking new keys; null = it takes them. */
  readonly closedAtMs: number | null;
}

const DAYS = statements('idempotency_days', {
  read: 'select day, closed_at from idempotency_days order by day',
  close: `update idempotency_days set closed_at = $2 where closed_at is null and day < $1
    returning day`,
  // Locked by whoever decides what comes after it.
  closed: 'select day from idempotency_days where day = $1 and closed_at = $2 for update',
  open: `insert into idempotency_days (day, opened_at)
    select $1, $2 where not exists (select 1 from idempotency_days where closed_at is null)
    on conflict do nothing returning day`,
  adopt: `insert into idempotency_days (day, opened_at, closed_at) values ($1, $2, $2)
    on conflict do nothing`,
  reopen: `update idempotency_days set closed_at = null
    where day = $1 and not exists (select 1 from idempotency_days where closed_at is null)`,
  drop: 'delete from idempotency_days where day = $1 and closed_at < $2 returning day',
  lockTimeout: `select set_config('lock_timeout', '200ms', true)`,
  isThere: `select to_regclass($1) is not null as is_there`,
});

const partitionOf = (day: number): string => `idempotency_keys_${day}`;

/** In order. */
export async function readKeyDays(db: Db): Promise<readonly KeyDay[]> {
  const rows = await db.read(DAYS.read, []);
  return rows.map((row) => ({
    day: toNumber(row.day),
    closedAtMs: toNumberOrNull(row.closed_at),
  }));
}

/** Makes a day's partition, unless it is there; other processes' batches do not wait for it. */
export async function addKeyDay(db: Db, day: number): Promise<void> {
  const name = partitionOf(day);
  await db.background(async (session) => {
    await session.run(DAYS.lockTimeout, []);
    await define(session, 'lock table idempotency_keys in share update exclusive mode');
    const [row] = await session.run(DAYS.isThere, [name]);
    if (row?.is_there === true) return;
    await define(
      session,
      `create table ${name} (like idempotency_keys including all) with (fillfactor = 80)`,
    );
    await define(
      session,
      `alter table idempotency_keys attach partition ${name}
      for values from (${day}) to (${day + 1})`,
    );
  });
}

/** The day is closed that is open and before `day`; undefined if there is none. */
export async function closeKeyDay(db: Db, day: number, nowMs: number): Promise<KeyDay | undefined> {
  const [row] = await db.background((session) => session.run(DAYS.close, [day, nowMs]));
  return row === undefined ? undefined : { day: toNumber(row.day), closedAtMs: nowMs };
}

/** Only after the batches that used the closed day have ended. */
export function openKeyDay(db: Db, closed: KeyDay, day: number, nowMs: number): Promise<boolean> {
  return afterClosed(db, closed, async (session) => {
    const opened = await session.run(DAYS.open, [day, nowMs]);
    return opened.length > 0;
  });
}

/** The batches took too long: the day goes on. */
export function reopenKeyDay(db: Db, closed: KeyDay): Promise<boolean> {
  return afterClosed(db, closed, async (session) => {
    await session.run(DAYS.reopen, [closed.day]);
    return true;
  });
}

/** False if somebody decided otherwise about the day since it was closed. */
function afterClosed(
  db: Db,
  { day, closedAtMs }: KeyDay,
  work: (session: Session) => Promise<boolean>,
): Promise<boolean> {
  return db.background(async (session) => {
    const [row] = await session.run(DAYS.closed, [day, closedAtMs]);
    return row === undefined ? false : work(session);
  });
}

/** Drops a day that was closed before `beforeMs`, with all its keys. */
export async function dropKeyDay(db: Db, day: number, beforeMs: number): Promise<boolean> {
  const name = partitionOf(day);
  return db.background(async (session) => {
    await session.run(DAYS.lockTimeout, []);
    const [row] = await session.run(DAYS.drop, [day, beforeMs]);
    if (row === undefined) return false;
    await define(session, `alter table idempotency_keys detach partition ${name}`);
    await define(session, `alter table ${name} rename to ${name}_dropped`);
    return true;
  });
}

/** Keys of this day come from another cell: here it takes no new ones, unless it is open. */
export async function adoptKeyDay(db: Db, day: number, nowMs: number): Promise<void> {
  await addKeyDay(db, day);
  await db.background((session) => session.run(DAYS.adopt, [day, nowMs]));
}
