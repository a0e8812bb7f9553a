/** What `hutong doctor` reads from the database about its state and its work. Only reads. */
import type { StoredTransfer, TransferKind } from '../core/balance/transfer.ts';
import type { Db } from '../database/db.ts';
import { statements } from '../database/statements.ts';
import { toNumber, toNumberOrNull } from '../database/table.ts';
import { formatId, type Id } from '../kernel/id.ts';
import type { Fen } from '../kernel/money.ts';
import { type DueTable, ofEachGroup } from './batch/due.ts';

const SQL = statements('health', {
  clock: 'select (extract(epoch from clock_timestamp()) * 1000)::bigint as now',
  tables: "select to_regclass('schema_migrations') is not null as has_history",
  version: 'select max(version) as version from schema_migrations',
  // One that waits for its merchant's balance is told of by its refund.
  uncarried: `select id, kind, intent, created_at, count(*) over () as rows,
    (sum(amount) over ())::bigint as amount
  from transfers where due_at is not null and created_at < $1
    and not (kind = 'reserve' and shortfall = 'wait')
  order by created_at, id limit 1`,
  // Deliveries are kept for long, so only those of some days are read.
  failingEndpoints: `select e.id, e.url, count(*) as waiting, max(d.tries) as tries,
    max(d.last_error) as why
  from deliveries d join webhook_endpoints e on e.id = d.endpoint
  where d.due_at is not null and d.status = 'pending' and d.tries >= $1
    and e.status = 'enabled'
  group by e.id, e.url order by e.id`,
});

/** The database's wall clock, and how long its answer took. */
export async function readClock(
  db: Db,
  wallMs: () => number,
): Promise<{ readonly skewMs: number; readonly tookMs: number }> {
  const askedMs = wallMs();
  const [row] = await db.read(SQL.clock, []);
  const answeredMs = wallMs();
  return { skewMs: toNumber(row?.now) - (askedMs + answeredMs) / 2, tookMs: answeredMs - askedMs };
}

/** The newest applied migration; 0 = an empty database. */
export async function readSchemaVersion(db: Db): Promise<number> {
  const [tables] = await db.read(SQL.tables, []);
  if (tables?.has_history !== true) return 0;
  const [row] = await db.read(SQL.version, []);
  return toNumberOrNull(row?.version ?? null) ?? 0;
}

export interface Overdue {
  readonly what: string;
  readonly rows: number;
  readonly sinceMs: number;
}

/** Rows of `tables` whose moment passed before `beforeMs`, of the business clock. */
export async function readOverdue(
  db: Db,
  tables: readonly DueTable<unknown>[],
  beforeMs: number,
): Promise<Overdue[]> {
  const counts = tables.map(
    (of) => `select '${of.table}' as what, count(*) as rows, min(due_at) as since
      from ${ofEachGroup(of, (ofGroup) => lateRows(of, ofGroup))} late`,
  );
  const text = counts.join(' union all ');
  const rows = await db.read({ name: 'health.overdue', text }, [beforeMs]);
  return rows
    .map((row) => ({
      what: row.what as string,
      rows: toNumber(row.rows),
      sinceMs: toNumberOrNull(row.since) ?? beforeMs,
    }))
    .filter((row) => row.rows > 0);
}

function lateRows({ table }: DueTable<unknown>, ofGroup: string): string {
  return `select t.due_at from ${table} t where t.due_at < $1 ${ofGroup}`;
}

export interface Uncarried {
  readonly rows: number;
  readonly amountFen: Fen;
  readonly oldest: Pick<StoredTransfer, 'id' | 'kind' | 'intent' | 'createdAtMs'>;
}

/** Transfers made before `beforeMs` that have not reached both roots, however often tried. */
export async function readUncarried(db: Db, beforeMs: number): Promise<Uncarried | undefined> {
  const [row] = await db.read(SQL.uncarried, [beforeMs]);
  if (row === undefined) return undefined;
  return {
    rows: toNumber(row.rows),
    amountFen: row.amount as bigint,
    oldest: {
      id: formatId('transfer', row.id as bigint),
      kind: row.kind as TransferKind,
      intent: formatId('payment_intent', row.intent as bigint),
      createdAtMs: toNumber(row.created_at),
    },
  };
}

export interface FailingEndpoint {
  readonly id: Id<'webhook_endpoint'>;
  readonly url: string;
  readonly waiting: number;
  readonly tries: number;
  readonly why: string | null;
}

/** Endpoints with deliveries that have failed at least this many times. */
export async function readFailingEndpoints(db: Db, triesMin: number): Promise<FailingEndpoint[]> {
  return (await db.read(SQL.failingEndpoints, [triesMin])).map((row) => ({
    id: formatId('webhook_endpoint', row.id as bigint),
    url: row.url as string,
    waiting: toNumber(row.waiting),
    tries: toNumber(row.tries),
    why: row.why as string | null,
  }));
}
