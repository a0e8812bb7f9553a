/** What is due: rows that owe work at a moment of business time, by shard; and when the next is. */
import { formatId, type Id, unpackId } from '../core/id.ts';
import type { Db, Row, Statement } from './db.ts';
import { toNumber, toNumberOrNull } from './table.ts';

/**
 * Every process sweeps the shards with `shard % count = rank`; what nobody took for a while (its
 * process died, and its lease has not run out yet) is anybody's.
 */
export interface Share {
  readonly rank: number;
  readonly count: number;
}

const ORPHANED_MS = 20_000;

function dueStatement(table: string, columns: string): Statement {
  return {
    name: `${table}.due`,
    text: `select ${columns} from ${table}
      where due_at <= $1 and (shard % $2 = $3 or due_at <= $1 - ${ORPHANED_MS})
      order by due_at limit $4`,
  };
}

const INTENTS = dueStatement('payment_intents', 'id');
const ATTEMPTS = dueStatement('payment_attempts', 'id, intent');
const REFUNDS = dueStatement('refunds', 'id, intent');
const DELIVERIES = dueStatement('deliveries', 'shard, event, endpoint, tries, due_at');

const NEXT: Statement = {
  name: 'due.next',
  text: `select min(due_at)::bigint as due_at from (
    (select min(due_at) as due_at from payment_intents where due_at is not null) union all
    (select min(due_at) from payment_attempts where due_at is not null) union all
    (select min(due_at) from refunds where due_at is not null) union all
    (select min(due_at) from deliveries where due_at is not null)) due`,
};

function rowsDue(
  db: Db,
  statement: Statement,
  nowMs: number,
  share: Share,
  limit: number,
): Promise<readonly Row[]> {
  return db.read(statement, [nowMs, share.count, share.rank, limit]);
}

export async function intentsDue(
  db: Db,
  nowMs: number,
  share: Share,
  limit: number,
): Promise<Id<'payment_intent'>[]> {
  return (await rowsDue(db, INTENTS, nowMs, share, limit)).map((row) =>
    formatId('payment_intent', row.id as bigint),
  );
}

export interface DueChild<K extends 'payment_attempt' | 'refund'> {
  readonly id: Id<K>;
  readonly intent: Id<'payment_intent'>;
}

export async function attemptsDue(
  db: Db,
  nowMs: number,
  share: Share,
  limit: number,
): Promise<DueChild<'payment_attempt'>[]> {
  return (await rowsDue(db, ATTEMPTS, nowMs, share, limit)).map((row) => ({
    id: formatId('payment_attempt', row.id as bigint),
    intent: formatId('payment_intent', row.intent as bigint),
  }));
}

export async function refundsDue(
  db: Db,
  nowMs: number,
  share: Share,
  limit: number,
): Promise<DueChild<'refund'>[]> {
  return (await rowsDue(db, REFUNDS, nowMs, share, limit)).map((row) => ({
    id: formatId('refund', row.id as bigint),
    intent: formatId('payment_intent', row.intent as bigint),
  }));
}

export interface DueDelivery {
  readonly shard: number;
  readonly event: Id<'event'>;
  readonly endpoint: Id<'webhook_endpoint'>;
  readonly tries: number;
}

export async function deliveriesDue(
  db: Db,
  nowMs: number,
  share: Share,
  limit: number,
): Promise<DueDelivery[]> {
  return (await rowsDue(db, DELIVERIES, nowMs, share, limit)).map((row) => ({
    shard: unpackId(row.event as bigint).shard,
    event: formatId('event', row.event as bigint),
    endpoint: formatId('webhook_endpoint', row.endpoint as bigint),
    tries: toNumber(row.tries),
  }));
}

/** Business time of the earliest row that owes work; null when none does. */
export async function nextDueMs(db: Db): Promise<number | null> {
  const [row] = await db.read(NEXT, []);
  return toNumberOrNull(row?.due_at ?? null);
}

const COUNT_UNKNOWN: Statement = {
  name: 'payment_attempts.count_unknown',
  text: `select count(*) as count from payment_attempts
    where due_at is not null and status = 'unknown'`,
};

export async function countUnknownAttempts(db: Db): Promise<number> {
  const [row] = await db.read(COUNT_UNKNOWN, []);
  return toNumber(row?.count ?? 0);
}
