/**
 * The audit log's rows. They are written in the transaction of the change that they describe, and
 * sealed into their chain afterwards: only rows whose transactions are older than every running
 * one, in the order of those transactions, so that nothing can be committed before a sealed row.
 */
import {
  type AuditFact,
  type AuditRow,
  auditHash,
  CHAIN_START,
  canonicalJson,
} from '../../core/audit/audit.ts';
import { bigintArray, idArray, textArray } from '../../database/arrays.ts';
import type { Db, Row, Session } from '../../database/db.ts';
import { statements } from '../../database/statements.ts';
import { toNumber, toNumberOrNull } from '../../database/table.ts';
import { formatId, type Id, idValue } from '../../kernel/id.ts';
import type { Cells } from '../cells.ts';
import { type IdPage, type List, type Listed, listed } from '../page.ts';

/** No transaction of ours lives that long: older ones have committed or never will. */
export const AUDIT_SETTLED_MS = 600_000;
/** An arbitrary constant; it only has to be unique in the database. */
const SEAL_LOCK = '4815061973';
/** The chain of rows without a marketplace. */
const PLATFORM_CHAIN = 0n;

const LIST_AUDIT: List = {
  name: 'audit_log.list',
  head: 'select p.*, p.id as list_id from audit_log p where p.marketplace = $1',
  order: 'p.id',
  hasOwnIds: true,
};
const SQL = statements('audit_log', {
  append: `insert into audit_log (id, marketplace, at, actor, action, object, before, after)
  values ($1, $2, $3, $4, $5, $6, $7, $8)`,
  lock: `select pg_try_advisory_xact_lock(${SEAL_LOCK}) as is_ours`,
  unsealed: `select * from audit_log
  where sequence is null
    and (txid < pg_snapshot_xmin(pg_current_snapshot()) or at < $1)
  order by txid, id limit $2`,
  heads: `select h.* from unnest($1::bigint[]) as c (marketplace) cross join lateral (
    select marketplace, sequence, sha256 from audit_log a
    where a.marketplace = c.marketplace and a.sequence is not null
    order by a.sequence desc limit 1) h`,
  seal: `update audit_log a
  set sequence = u.sequence, previous_sha256 = u.previous_sha256, sha256 = u.sha256
  from unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[])
    as u (id, sequence, previous_sha256, sha256)
  where a.id = u.id and a.sequence is null`,
  chain: `select * from audit_log where marketplace = $1 and sequence > $2
  order by sequence limit $3`,
  open: `select marketplace, count(*) filter (where sequence is null) as open
  from audit_log group by marketplace order by marketplace`,
});

export interface AuditEntry {
  readonly id: Id<'audit_entry'>;
  readonly atMs: number;
  readonly fact: AuditFact;
}

/** In the transaction of the change, so that neither exists without the other. */
export async function appendAudit(session: Session, row: AuditEntry): Promise<void> {
  const { marketplace, actor, action, object, before, after } = row.fact;
  await session.run(SQL.append, [
    idValue(row.id),
    marketplace === null ? PLATFORM_CHAIN : idValue(marketplace),
    row.atMs,
    actor,
    action,
    object,
    before === null ? null : canonicalJson(before),
    after === null ? null : canonicalJson(after),
  ]);
}

function toAuditRow(row: Row): AuditRow {
  const marketplace = row.marketplace as bigint;
  const json = (text: unknown) => (text === null ? null : JSON.parse(text as string));
  return {
    id: formatId('audit_entry', row.id as bigint),
    marketplace: marketplace === PLATFORM_CHAIN ? null : formatId('marketplace', marketplace),
    atMs: toNumber(row.at),
    actor: row.actor as string,
    action: row.action as string,
    object: row.object as string,
    before: json(row.before),
    after: json(row.after),
    sequence: toNumberOrNull(row.sequence),
    previousSha256: row.previous_sha256 as string | null,
    sha256: row.sha256 as string | null,
  };
}

/** Seals up to `limit` rows and returns how many; none if another process is sealing. */
export function sealAudit(
  db: Db,
  { nowMs, limit }: { readonly nowMs: number; readonly limit: number },
): Promise<number> {
  return db.transaction(0, async (session) => {
    const [lock] = await session.run(SQL.lock, []);
    if (lock?.is_ours !== true) return 0;
    const found = await session.run(SQL.unsealed, [nowMs - AUDIT_SETTLED_MS, limit]);
    if (found.length === 0) return 0;
    const rows = found.map(toAuditRow);
    const chains = [...new Set(found.map((row) => row.marketplace as bigint))];
    const heads = new Map(
      (await session.run(SQL.heads, [bigintArray(chains)])).map((row) => [
        row.marketplace as bigint,
        { sequence: toNumber(row.sequence), sha256: row.sha256 as string },
      ]),
    );
    const sealed = found.map((stored, index) => {
      const chain = stored.marketplace as bigint;
      const { sequence, sha256: previous } = heads.get(chain) ?? {
        sequence: 0,
        sha256: CHAIN_START,
      };
      const row = rows[index] as AuditRow;
      const sha256 = auditHash(row, sequence + 1, previous);
      heads.set(chain, { sequence: sequence + 1, sha256 });
      return { id: row.id, sequence: sequence + 1, previous, sha256 };
    });
    await session.run(SQL.seal, [
      idArray(sealed.map(({ id }) => id)),
      bigintArray(sealed.map(({ sequence }) => sequence)),
      textArray(sealed.map(({ previous }) => previous)),
      textArray(sealed.map(({ sha256 }) => sha256)),
    ]);
    return sealed.length;
  });
}

export interface AuditFilter {
  readonly actor: string | null;
  readonly action: string | null;
  readonly object: string | null;
}

/** With the rows that still wait in a cell. */
export async function listAudit(
  cells: Cells,
  marketplace: Id<'marketplace'>,
  filter: AuditFilter,
  page: IdPage,
): Promise<Listed<AuditRow>> {
  const filters = (['actor', 'action', 'object'] as const).flatMap((name) => {
    const value = filter[name];
    return value === null ? [] : [{ name, where: `p.${name} = $?`, values: [value] }];
  });
  const owner = idValue(marketplace);
  const everywhere = { all: cells.everywhere, map: cells.map };
  const { rows, hasMore } = await listed(everywhere, LIST_AUDIT, owner, page, filters);
  return { rows: rows.map(toAuditRow), hasMore };
}

/** Sealed rows of one chain after `sequence`, in its order. */
export async function readChain(
  db: Db,
  marketplace: Id<'marketplace'> | null,
  from: { readonly sequence: number; readonly limit: number },
): Promise<AuditRow[]> {
  const chain = marketplace === null ? PLATFORM_CHAIN : idValue(marketplace);
  return (await db.read(SQL.chain, [chain, from.sequence, from.limit])).map(toAuditRow);
}

export interface ChainSize {
  readonly marketplace: Id<'marketplace'> | null;
  /** Rows that are not sealed yet. */
  readonly open: number;
}

export async function readChains({ everywhere }: Cells): Promise<ChainSize[]> {
  const parts = await Promise.all(everywhere.map(({ db }) => db.read(SQL.open, [])));
  const open = new Map<bigint, number>();
  for (const row of parts.flat()) {
    const marketplace = row.marketplace as bigint;
    open.set(marketplace, (open.get(marketplace) ?? 0) + toNumber(row.open));
  }
  return [...open].map(([marketplace, rows]) => ({
    marketplace: marketplace === PLATFORM_CHAIN ? null : formatId('marketplace', marketplace),
    open: rows,
  }));
}
