/**
 * Where a marketplace is told of events. Signing secrets are sealed; a deleted endpoint is not
 * read.
 */
import { formatId, type Id, idValue } from '../core/id.ts';
import { textArray } from './arrays.ts';
import type { Db, Row, Statement } from './db.ts';
import { toNumber, toNumberOrNull } from './table.ts';
import { writeRow } from './write-row.ts';

const READ_ENDPOINTS: Statement = {
  name: 'webhook_endpoints.of',
  text: `select * from webhook_endpoints
  where marketplace = $1 and status <> 'deleted' order by id`,
};
const READ_ALL_ENDPOINTS: Statement = {
  name: 'webhook_endpoints.all',
  text: `select * from webhook_endpoints where status <> 'deleted'`,
};
const ADD_ENDPOINT: Statement = {
  name: 'webhook_endpoints.add',
  text: `insert into webhook_endpoints
  (id, marketplace, url, enabled_events, status, sealed, created_at)
  values ($1, $2, $3, $4::text[], 'enabled', $5, $6) returning *`,
};
const CHANGE_ENDPOINT: Statement = {
  name: 'webhook_endpoints.change',
  text: `update webhook_endpoints
  set url = coalesce($3, url), enabled_events = coalesce($4::text[], enabled_events),
    status = coalesce($5, status)
  where marketplace = $1 and id = $2 and status <> 'deleted' returning *`,
};
const ROTATE_SECRET: Statement = {
  name: 'webhook_endpoints.rotate',
  text: `update webhook_endpoints
  set sealed_before = sealed, before_until = $4, sealed = $3
  where marketplace = $1 and id = $2 and status <> 'deleted' returning *`,
};

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
  marketplace: Id<'marketplace'> | null,
): Promise<EndpointRow[]> {
  const rows =
    marketplace === null
      ? await db.read(READ_ALL_ENDPOINTS, [])
      : await db.read(READ_ENDPOINTS, [idValue(marketplace)]);
  return rows.map(toEndpoint);
}

export function addEndpoint(
  db: Db,
  row: Pick<EndpointRow, 'id' | 'marketplace' | 'url' | 'enabledEvents' | 'sealed' | 'createdAtMs'>,
): Promise<EndpointRow | undefined> {
  const values = [
    idValue(row.id),
    idValue(row.marketplace),
    row.url,
    textArray(row.enabledEvents),
    row.sealed,
    row.createdAtMs,
  ];
  return writeRow(db, ADD_ENDPOINT, values, toEndpoint);
}

export function changeEndpoint(
  db: Db,
  marketplace: Id<'marketplace'>,
  id: Id<'webhook_endpoint'>,
  change: {
    readonly url?: string;
    readonly enabledEvents?: readonly string[];
    readonly status?: string;
  },
): Promise<EndpointRow | undefined> {
  const events = change.enabledEvents === undefined ? null : textArray(change.enabledEvents);
  const values = [
    idValue(marketplace),
    idValue(id),
    change.url ?? null,
    events,
    change.status ?? null,
  ];
  return writeRow(db, CHANGE_ENDPOINT, values, toEndpoint);
}

export function rotateEndpointSecret(
  db: Db,
  marketplace: Id<'marketplace'>,
  id: Id<'webhook_endpoint'>,
  secret: { readonly sealed: string; readonly beforeUntilMs: number },
): Promise<EndpointRow | undefined> {
  return writeRow(
    db,
    ROTATE_SECRET,
    [idValue(marketplace), idValue(id), secret.sealed, secret.beforeUntilMs],
    toEndpoint,
  );
}
