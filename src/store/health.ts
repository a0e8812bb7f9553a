/** What `hutong doctor` reads from the database about its state and its work. Only reads. */
import type { StoredTransfer, TransferKind } from '../core/balance/transfer.ts';
import type { Db } from '../database/db.ts';
import { statements } from '../database/statements.ts';
import { toNumber, toNumberOrNull } from '../database/table.ts';
import { formatId, type Id } from '../kernel/id.ts';
import type { Fen } from '../kernel/money.ts';
import { type DueTable, ofEachGroup } from './batch/due.ts';
import { type Cells, inEachCell, ofShards } from './cells.ts';

const SQL = statements('health', {
  clock: 'select (extract(epoch from clock_timestamp()) * 1000)::bigint as now',
  tables: "select to_regclass('schema_migrations') is not null as has_history",
  version: 'select max(version) as version from schema_migrations',
  // One that waits for its merchant's balance is told of by its refund.
  uncarried: `select id, kind, intent, created_at, count(*) over () as rows,
    (sum(amount) over ())::bigint as amount
  from transfers where due_at is not null and created_at < $1
    and not (kind = 'reserve' and shortfall = 'wait') and ${ofShards('$2')}
  order by created_at, id limit 1`,
  // Deliveries are kept for long, so only those of some days are read.
  failingEndpoints: `select e.id, e.url, count(*) as waiting, max(d.tries) as tries,
    max(d.last_error) as why
  from deliveries d join webhook_endpoints e on e.id = d.endpoint
  where d.due_at is not null and d.status = 'pending' and d.tries >= $1
    and e.status = 'enabled' and ${ofShards('$2', 'd.shard')}
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
  cells: Cells,
  tables: readonly DueTable<unknown>[],
  beforeMs: number,
): Promise<Overdue[]> {
  const counts = tables.map(
    (of) => `select '${of.table}' as what, count(*) as rows, min(due_at) as since
      from ${ofEachGroup(of, (ofGroup) => lateRows(of, ofGroup))} late`,
  );
  const text = counts.join(' union all ');
  const late = new Map<string, Overdue>();
  const statement = { name: 'health.overdue', text };
  for (const row of (
    await inEachCell(cells, (db, shards) => db.read(statement, [beforeMs, shards]))
  ).flat()) {
    const what = row.what as string;
    const known = late.get(what) ?? { what, rows: 0, sinceMs: beforeMs };
    const sinceMs = Math.min(toNumberOrNull(row.since) ?? beforeMs, known.sinceMs);
    late.set(what, { what, rows: known.rows + toNumber(row.rows), sinceMs });
  }
  return [...late.values()].filter((row) => row.rows > 0);
}

function lateRows({ table }: DueTable<unknown>, ofGroup: string): string {
  return `select t.due_at from ${table} t where t.due_at < $1 and ${ofShards('$2', 't.shard')} ${ofGroup}`;
}

export interface Uncarried {
  readonly rows: number;
  readonly amountFen: Fen;
  readonly oldest: Pick<StoredTransfer, 'id' | 'kind' | 'intent' | 'createdAtMs'>;
}

/** Transfers made before `beforeMs` that have not reached both roots, however often tried. */
export async function readUncarried(
  cells: Cells,
  beforeMs: number,
): Promise<Uncarried | undefined> {
  const found = (
    await inEachCell(cells, (db, shards) => db.read(SQL.uncarried, [beforeMs, shards]))
  ).flat();
  const [row] = found.sort((a, b) => toNumber(a.created_at) - toNumber(b.created_at));
  if (row === undefined) return undefined;
  return {
    rows: found.reduce((sum, { rows }) => sum + toNumber(rows), 0),
    amountFen: found.reduce((sum, { amount }) => sum + (amount as bigint), 0n),
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
export async function readFailingEndpoints(
  cells: Cells,
  triesMin: number,
): Promise<FailingEndpoint[]> {
  const failing = new Map<Id<'webhook_endpoint'>, FailingEndpoint>();
  const rows = await inEachCell(cells, (db, shards) =>
    db.read(SQL.failingEndpoints, [triesMin, shards]),
  );
  for (const row of rows.flat()) {
    const id = formatId('webhook_endpoint', row.id as bigint);
    const known = failing.get(id);
    failing.set(id, {
      id,
      url: row.url as string,
      waiting: (known?.waiting ?? 0) + toNumber(row.waiting),
      tries: Math.max(known?.tries ?? 0, toNumber(row.tries)),
      why: known?.why ?? (row.why as string | null),
    });
  }
  return [...failing.values()];
}
