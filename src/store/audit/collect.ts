/**
 * Rows of the audit log that batches wrote in a cell are taken home, where they are sealed: first
 * written there, then deleted here, so that one that was interrupted is taken once more and found
 * to be there.
 */
import { bigintArray, textArray } from '../../database/arrays.ts';
import type { Db, Row, Session } from '../../database/db.ts';
import { statements } from '../../database/statements.ts';
import { AUDIT_SETTLED_MS } from './audit-log.ts';

const COLUMNS = 'id, marketplace, at, actor, action, object, before, after';
const SQL = statements('audit_log.collect', {
  // Of transactions that are over, as sealing has it.
  settled: `select ${COLUMNS} from audit_log
    where txid < pg_snapshot_xmin(pg_current_snapshot()) or at < $1 order by txid, id limit $2`,
  put: `insert into audit_log (${COLUMNS})
    select * from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[],
      $6::text[], $7::text[], $8::text[])
    on conflict (id) do nothing returning id`,
  held: `select ${COLUMNS} from audit_log where id = any($1::bigint[])`,
  drop: 'delete from audit_log where id = any($1::bigint[])',
});

/** Takes up to `limit` settled rows of the cell home, and returns how many. */
export async function collectAudit(
  cell: Db,
  home: Db,
  { nowMs, limit }: { readonly nowMs: number; readonly limit: number },
): Promise<number> {
  const rows = await cell.background((session) =>
    session.run(SQL.settled, [nowMs - AUDIT_SETTLED_MS, limit]),
  );
  if (rows.length === 0) return 0;
  await home.background((session) => put(session, rows));
  const ids = bigintArray(rows.map(idOf));
  await cell.background((session) => session.run(SQL.drop, [ids]));
  return rows.length;
}

const idOf = (row: Row) => row.id as bigint;

/** One whose id another row has at home (made in the same millisecond there) gets the next id. */
async function put(session: Session, rows: readonly Row[]): Promise<void> {
  const written = new Set((await session.run(SQL.put, valuesOf(rows))).map(idOf));
  const left = rows.filter((row) => !written.has(idOf(row)));
  if (left.length === 0) return;
  const held = await session.run(SQL.held, [bigintArray(left.map(idOf))]);
  const there = new Map(held.map((row) => [idOf(row), contentOf(row)]));
  const others = left.filter((row) => there.get(idOf(row)) !== contentOf(row));
  if (others.length === 0) return;
  await put(
    session,
    others.map((row) => ({ ...row, id: idOf(row) + 1n })),
  );
}

function contentOf({ marketplace, at, actor, action, object, before, after }: Row): string {
  return [marketplace, at, actor, action, object, before, after].map(String).join('\n');
}

function valuesOf(rows: readonly Row[]): Buffer[] {
  const texts = (column: string) => textArray(rows.map((row) => row[column] as string | null));
  return [
    bigintArray(rows.map(idOf)),
    bigintArray(rows.map(({ marketplace }) => marketplace as bigint)),
    bigintArray(rows.map(({ at }) => at as bigint)),
    ...['actor', 'action', 'object', 'before', 'after'].map(texts),
  ];
}
