/**
 * The webhook endpoints of a marketplace. Signing secrets are sealed; a deleted endpoint is not
 * read.
 */
import type { AuditValue } from '../../core/audit/audit.ts';
import { textArray } from '../../database/arrays.ts';
import type { Db, Row, Statement } from '../../database/db.ts';
import { statements } from '../../database/statements.ts';
import { toNumber, toNumberOrNull } from '../../database/table.ts';
import type { HutongError } from '../../kernel/errors.ts';
import { formatId, type Id, idValue } from '../../kernel/id.ts';
import { ok, type Result } from '../../kernel/result.ts';
import { type AuditNote, noteChange, writeAudited } from '../audit/audited.ts';
import type { Cells } from '../cells.ts';
import { copyEndpoint, type EndpointCopy } from './endpoint-copies.ts';

const SQL = statements('webhook_endpoints', {
  of: `select * from webhook_endpoints
  where marketplace = $1 and status <> 'deleted' order by id`,
  /** Adding or moving an endpoint waits for other writers; mere references to the row do not. */
  lockMarketplace: 'select id from marketplaces where id = $1 for no key update',
  add: `insert into webhook_endpoints
  (id, marketplace, url, enabled_events, status, sealed, created_at)
  values ($1, $2, $3, $4::text[], 'enabled', $5, $6) returning *`,
  change: `update webhook_endpoints
  set url = coalesce($3, url), enabled_events = coalesce($4::text[], enabled_events),
    status = coalesce($5, status), revision = revision + 1
  where marketplace = $1 and id = $2 and status <> 'deleted' returning *`,
  rotate: `update webhook_endpoints
  set sealed_before = sealed, before_until = $4, sealed = $3
  where marketplace = $1 and id = $2 and status <> 'deleted' returning *`,
});

export interface EndpointRow {
  readonly id: Id<'webhook_endpoint'>;
  readonly marketplace: Id<'marketplace'>;
  readonly url: string;
  readonly enabledEvents: readonly string[];
  readonly status: 'enabled' | 'disabled';
  readonly sealed: string;
  readonly sealedBefore: string | null;
  readonly beforeUntilMs: number | null;
  readonly createdAtMs: number;
}

function toEndpoint(row: Row): EndpointRow {
  return {
    id: formatId('webhook_endpoint', row.id as bigint),
    marketplace: formatId('marketplace', row.marketplace as bigint),
    url: row.url as string,
    enabledEvents: row.enabled_events as string[],
    status: row.status as EndpointRow['status'],
    sealed: row.sealed as string,
    sealedBefore: row.sealed_before as string | null,
    beforeUntilMs: toNumberOrNull(row.before_until),
    createdAtMs: toNumber(row.created_at),
  };
}

export async function readEndpoints(
  db: Db,
  marketplace: Id<'marketplace'>,
): Promise<EndpointRow[]> {
  return (await db.read(SQL.of, [idValue(marketplace)])).map(toEndpoint);
}

/** The fields that the audit log may hold: a query may carry a token, a secret is sealed. */
function shownEndpoint({ url, enabledEvents, status }: EndpointRow): AuditValue {
  const { origin, pathname } = new URL(url);
  return { url: `${origin}${pathname}`, enabled_events: enabledEvents, status };
}

/** Checks a new endpoint or address against all that the marketplace has, under its lock. */
export type EndpointRule = (present: readonly EndpointRow[]) => Result<undefined, HutongError>;

/** One statement after the check, under the marketplace's lock; undefined = it wrote nothing. */
function writeByRule(
  db: Db,
  marketplace: Id<'marketplace'>,
  rule: EndpointRule,
  write: { readonly statement: Statement; readonly values: readonly unknown[] },
  note: AuditNote,
): Promise<Result<Row | undefined, HutongError>> {
  return db.transaction(0, async (session) => {
    await session.run(SQL.lockMarketplace, [idValue(marketplace)]);
    const present = await session.run(SQL.of, [idValue(marketplace)]);
    const known = present.map(toEndpoint);
    const admitted = rule(known);
    if (!admitted.ok) return admitted;
    const [row] = await session.run(write.statement, write.values);
    if (row === undefined) return ok(undefined);
    const after = toEndpoint(row);
    const before = known.find(({ id }) => id === after.id);
    await noteChange(session, note, {
      object: after.id,
      before: before === undefined ? null : shownEndpoint(before),
      after: shownEndpoint(after),
    });
    return ok(row);
  });
}

export async function addEndpoint(
  cells: Cells,
  row: Pick<EndpointRow, 'id' | 'marketplace' | 'url' | 'enabledEvents' | 'sealed' | 'createdAtMs'>,
  rule: EndpointRule,
  note: AuditNote,
): Promise<Result<EndpointRow | undefined, HutongError>> {
  const values = [
    idValue(row.id),
    idValue(row.marketplace),
    row.url,
    textArray(row.enabledEvents),
    row.sealed,
    row.createdAtMs,
  ];
  // Before anything is copied; it is asked again under the lock.
  const admitted = rule(await readEndpoints(cells.home, row.marketplace));
  if (!admitted.ok) return admitted;
  const { id, marketplace, url, enabledEvents, createdAtMs } = row;
  await copyEndpoint(cells, {
    ...{ id: idValue(id), marketplace: idValue(marketplace), url, status: 'enabled' },
    ...{ enabled_events: enabledEvents, created_at: createdAtMs, revision: 0n },
  });
  const write = { statement: SQL.add, values };
  const added = await writeByRule(cells.home, marketplace, rule, write, note);
  return added.ok ? ok(added.value && toEndpoint(added.value)) : added;
}

export interface EndpointChange {
  readonly url?: string;
  readonly enabledEvents?: readonly string[];
  readonly status?: EndpointRow['status'] | 'deleted';
}

export async function changeEndpoint(
  cells: Cells,
  marketplace: Id<'marketplace'>,
  id: Id<'webhook_endpoint'>,
  change: EndpointChange,
  rule: EndpointRule,
  note: AuditNote,
): Promise<Result<EndpointRow | undefined, HutongError>> {
  const events = change.enabledEvents === undefined ? null : textArray(change.enabledEvents);
  const values = [
    idValue(marketplace),
    idValue(id),
    change.url ?? null,
    events,
    change.status ?? null,
  ];
  const write = { statement: SQL.change, values };
  const changed = await writeByRule(cells.home, marketplace, rule, write, note);
  if (!changed.ok || changed.value === undefined) return changed.ok ? ok(undefined) : changed;
  await copyEndpoint(cells, changed.value as EndpointCopy);
  return ok(toEndpoint(changed.value));
}

export function rotateEndpointSecret(
  db: Db,
  marketplace: Id<'marketplace'>,
  id: Id<'webhook_endpoint'>,
  secret: { readonly sealed: string; readonly beforeUntilMs: number },
  note: AuditNote,
): Promise<EndpointRow | undefined> {
  const values = [idValue(marketplace), idValue(id), secret.sealed, secret.beforeUntilMs];
  return writeAudited(db, {
    note,
    write: { statement: SQL.rotate, values },
    decode: toEndpoint,
    object: (row) => row.id,
    show: ({ beforeUntilMs }) => ({ secret: 'rotated', old_signs_until: beforeUntilMs }),
  });
}
