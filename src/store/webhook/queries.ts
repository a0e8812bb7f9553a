/**
 * Reads and lists of events. The types that most payments emit are found by walking the list; the
 * others have an index.
 */

import type { Statement } from '../../database/db.ts';
import { readRow } from '../../database/one-row.ts';
import type { EventType } from '../../kernel/event-types.ts';
import { type Id, idValue, shardOfId } from '../../kernel/id.ts';
import type { Cells } from '../cells.ts';
import { type Filter, type IdPage, type List, type Listed, listed } from '../page.ts';
import { type EventRow, toEvent } from './events.ts';

const LIST_EVENTS: List = {
  name: 'events.list',
  head: 'select p.*, p.id as list_id from events p where p.marketplace = $1',
  order: 'p.id',
};
/** In the order in which the index names them. */
const FREQUENT: readonly EventType[] = [
  'payment_intent.created',
  'payment_intent.requires_action',
  'payment_intent.succeeded',
  'payment_attempt.succeeded',
];
/** What the index holds, so that the planner knows that it has all of them. */
const IS_RARE = `p.type not in (${FREQUENT.map((type) => `'${type}'`).join(', ')})`;
const READ_EVENT: Statement = {
  name: 'events.read',
  text: 'select * from events where shard = $1 and id = $2',
};

export async function listEvents(
  cells: Cells,
  marketplace: Id<'marketplace'>,
  type: string | null,
  page: IdPage,
): Promise<Listed<EventRow>> {
  const filters = type === null ? [] : [typeFilter(type)];
  const { rows, hasMore } = await listed(cells, LIST_EVENTS, idValue(marketplace), page, filters);
  return { rows: rows.map(toEvent), hasMore };
}

function typeFilter(type: string): Filter {
  return FREQUENT.some((frequent) => frequent === type)
    ? { name: 'type', where: 'p.type = $?', values: [type] }
    : { name: 'rare_type', where: `p.type = $? and ${IS_RARE}`, values: [type] };
}

export function readEvent(cells: Cells, id: Id<'event'>): Promise<EventRow | undefined> {
  const shard = shardOfId(id);
  return readRow(cells.of(shard), READ_EVENT, [shard, idValue(id)], toEvent);
}
