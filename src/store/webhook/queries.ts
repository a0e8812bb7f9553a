/** Reads and lists of events. */

import type { Db, Statement } from '../../database/db.ts';
import { readRow } from '../../database/one-row.ts';
import { type Id, idValue } from '../../kernel/id.ts';
import { type IdPage, type List, type Listed, listed } from '../page.ts';
import { type EventRow, toEvent } from './events.ts';

const LIST_EVENTS: List = {
  name: 'events.list',
  head: 'select p.*, p.id as list_id from events p where p.marketplace = $1',
  order: 'p.id',
};
const READ_EVENT: Statement = {
  name: 'events.read',
  text: 'select * from events where shard = $1 and id = $2',
};

export async function listEvents(
  db: Db,
  marketplace: Id<'marketplace'>,
  type: string | null,
  page: IdPage,
): Promise<Listed<EventRow>> {
  const filters = type === null ? [] : [{ name: 'type', where: 'p.type = $?', values: [type] }];
  const { rows, hasMore } = await listed(db, LIST_EVENTS, idValue(marketplace), page, filters);
  return { rows: rows.map(toEvent), hasMore };
}

export function readEvent(db: Db, shard: number, id: Id<'event'>): Promise<EventRow | undefined> {
  return readRow(db, READ_EVENT, [shard, idValue(id)], toEvent);
}
