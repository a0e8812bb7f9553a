/**
 * Copies of the webhook endpoints in the cells away from home: a batch finds there, in its own
 * statement, to whom its events are owed. They have no secrets; what is sent is read from home.
 *
 * A new endpoint is copied before it is written at home, a change after it: an endpoint that was
 * answered is in every cell, and no transaction at home waits for another cell. What was cut off in
 * between is repaired.
 */
import { bigintArray, textArray } from '../../database/arrays.ts';
import type { Db, Row } from '../../database/db.ts';
import { statements } from '../../database/statements.ts';
import type { Cells } from '../cells.ts';

const SQL = statements('webhook_endpoints.copies', {
  all: `select id, marketplace, url, enabled_events, status, created_at, revision
    from webhook_endpoints order by id`,
  // The row of its marketplace is there for the reference only.
  put: `with owner as (insert into marketplaces (id, name, display_name, created_at)
      values ($2, $2::bigint::text, '', 0) on conflict do nothing)
    insert into webhook_endpoints
      (id, marketplace, url, enabled_events, status, sealed, created_at, revision)
    values ($1, $2, $3, $4::text[], $5, '', $6, $7)
    on conflict (id) do update set url = excluded.url, enabled_events = excluded.enabled_events,
      status = excluded.status, revision = excluded.revision
      where webhook_endpoints.revision <= excluded.revision`,
  drop: 'delete from webhook_endpoints where id = any($1::bigint[])',
});

const awayOf = ({ home, everywhere }: Cells): readonly Db[] =>
  everywhere.map(({ db }) => db).filter((db) => db !== home);

/** A cell that is away makes it fail. */
export async function copyEndpoint(cells: Cells, row: EndpointCopy): Promise<void> {
  await Promise.all(
    awayOf(cells).map((db) => db.background((own) => own.run(SQL.put, valuesOf(row)))),
  );
}

/** What a repair found too much, by cell: it may be about to be written at home. */
export type Surplus = Map<Db, ReadonlySet<unknown>>;

/**
 * Makes the copies what the home has, and returns how many were not; a cell that is away fails.
 * What is too much is dropped if it was so the last time, too.
 */
export async function repairEndpointCopies(
  cells: Cells,
  surplus: Surplus = new Map(),
): Promise<number> {
  const away = awayOf(cells);
  if (away.length === 0) return 0;
  const rows = await cells.home.background((session) => session.run(SQL.all, []));
  const repaired = await Promise.all(away.map((db) => repair(db, rows, surplus)));
  return repaired.reduce((sum, count) => sum + count, 0);
}

function repair(db: Db, rows: readonly Row[], surplus: Surplus): Promise<number> {
  return db.background(async (session) => {
    const copies = new Map((await session.run(SQL.all, [])).map((copy) => [copy.id, copy]));
    const wrong = rows.filter((row) => contentOf(row) !== contentOf(copies.get(row.id)));
    await Promise.all(wrong.map((row) => session.run(SQL.put, valuesOf(row as EndpointCopy))));
    for (const { id } of rows) copies.delete(id);
    const before = surplus.get(db) ?? new Set();
    surplus.set(db, new Set(copies.keys()));
    const gone = [...copies.keys()].filter((id) => before.has(id)) as bigint[];
    if (gone.length > 0) await session.run(SQL.drop, [bigintArray(gone)]);
    return wrong.length + gone.length;
  });
}

function contentOf(row: Row | undefined): string {
  if (row === undefined) return '';
  return JSON.stringify([row.url, row.enabled_events, row.status, String(row.revision)]);
}

/** As its row has it. */
export interface EndpointCopy extends Row {
  readonly id: bigint;
  readonly marketplace: bigint;
  readonly url: string;
  readonly enabled_events: readonly string[];
  readonly status: string;
  readonly created_at: bigint | number;
  readonly revision: bigint;
}

function valuesOf(row: EndpointCopy): unknown[] {
  const { id, marketplace, url, enabled_events: events, status, created_at: createdAt } = row;
  return [id, marketplace, url, textArray(events), status, createdAt, row.revision];
}
