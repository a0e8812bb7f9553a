/**
 * Events and their deliveries. Deliveries are inserted by the statement that reads the enabled
 * endpoints, in the transaction of the event itself: no endpoint that existed is ever missed.
 */

import type { Row, Session, Statement } from '../../database/db.ts';
import {
  columnsOf,
  type Fields,
  id,
  integer,
  json,
  moment,
  readerOf,
  smallint,
  text,
} from '../../database/row.ts';
import {
  arrayParameter,
  insertAll,
  type Table,
  table,
  tableValues,
  together,
  toNumber,
} from '../../database/table.ts';
import { formatId, type Id, idValue } from '../../kernel/id.ts';
import { writeInShard } from '../cell/write.ts';
import type { Cells } from '../cells.ts';

export interface EventRow {
  readonly shard: number;
  readonly id: Id<'event'>;
  readonly marketplace: Id<'marketplace'>;
  readonly type: string;
  readonly objectId: string;
  readonly objectVersion: number;
  readonly object: unknown;
  readonly createdAtMs: number;
}

const EVENT: Fields<EventRow> = {
  shard: smallint('shard'),
  id: id('event', 'id'),
  marketplace: id('marketplace', 'marketplace'),
  type: text('type'),
  objectId: text('object_id'),
  objectVersion: integer('object_version'),
  object: json('object'),
  createdAtMs: moment('created_at'),
};

const EVENTS: Table<EventRow> = table(
  'events',
  ['shard', 'id'],
  columnsOf(EVENT, (row: EventRow) => row),
);
export const toEvent = readerOf(EVENT);

/** `*`, the type itself, or its family: `refund.*`. */
function wants(type: string): string {
  return `w.enabled_events && array['*', ${type}, split_part(${type}, '.', 1) || '.*']`;
}

const OWING = EVENTS.columns.filter(({ name }) => !name.startsWith('object'));

/** A statement of its own: as one with the insert of its events, Citus would run it in steps. */
const OWE: Statement = {
  name: 'deliveries.owe',
  text: `insert into deliveries (shard, event, endpoint, status, tries, due_at, created_at)
    select e.shard, e.id, w.id, 'pending', 0,
      e.created_at + $${OWING.length + 1}::bigint, e.created_at
    from unnest(${OWING.map(arrayParameter).join(', ')})
        as e (${OWING.map((column) => column.name).join(', ')})
      join webhook_endpoints w on w.marketplace = e.marketplace and w.status = 'enabled'
        and ${wants('e.type')}
    returning shard, event, endpoint`,
};

/** A delivery that was just created: its first try needs no look-up. */
export interface OwedDelivery {
  readonly shard: number;
  readonly event: Id<'event'>;
  readonly endpoint: Id<'webhook_endpoint'>;
}

/**
 * Writes events and their deliveries. `firstTryMs`: how long the committing process has for the
 * first try before another process's sweep may claim it.
 */
export function saveEvents(
  session: Session,
  events: readonly EventRow[],
  firstTryMs: number,
): Promise<readonly OwedDelivery[]> {
  if (events.length === 0) return Promise.resolve([]);
  const owed = together([
    insertAll(session, EVENTS, events),
    session.run(OWE, [...tableValues({ columns: OWING }, events), firstTryMs]),
  ]).then(([, rows]) => rows.map(toOwed));
  // Not awaited, in case another table of the batch cannot be encoded.
  owed.catch(() => undefined);
  return owed;
}

function toOwed(row: Row): OwedDelivery {
  return {
    shard: toNumber(row.shard),
    event: formatId('event', row.event as bigint),
    endpoint: formatId('webhook_endpoint', row.endpoint as bigint),
  };
}

const OWE_AGAIN: Statement = {
  name: 'deliveries.owe_again',
  text: `insert into deliveries (shard, event, endpoint, status, tries, due_at, created_at)
    select e.shard, e.id, w.id, 'pending', 0, $3::bigint, $3::bigint
    from events e join webhook_endpoints w on w.marketplace = e.marketplace
      and w.status = 'enabled' and ${wants('e.type')}
    where e.shard = $1 and e.id = $2
    on conflict (shard, event, endpoint)
      do update set status = 'pending', tries = 0, due_at = excluded.due_at returning endpoint`,
};

/**
 * Resends one event to every endpoint that is subscribed now; returns their number. The event is
 * read by the very statement: whoever drops events either sees what is owed or is seen.
 */
export async function oweDeliveries(
  cells: Cells,
  { shard, id, nowMs }: Pick<EventRow, 'shard' | 'id'> & { readonly nowMs: number },
): Promise<number> {
  const values = [shard, idValue(id), nowMs];
  const rows = await writeInShard(cells, shard, (session) => session.run(OWE_AGAIN, values));
  return rows.length;
}
