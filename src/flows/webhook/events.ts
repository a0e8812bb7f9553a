/** Events as they were emitted, kept for a marketplace to read again. */

import { hutongError } from '../../kernel/errors.ts';
import { type Id, shardOfId } from '../../kernel/id.ts';
import { err, ok } from '../../kernel/result.ts';
import { type EventRow, oweDeliveries } from '../../store/webhook/events.ts';
import { readEvent, listEvents as readEvents } from '../../store/webhook/queries.ts';
import type { Outcome } from '../base/outcome.ts';
import { listPage, type Page, type PageRequest } from '../base/page.ts';
import type { Platform } from '../base/platform.ts';
import { attemptRead } from '../base/read-payment.ts';

export interface StoredEvent {
  readonly id: Id<'event'>;
  readonly type: string;
  readonly createdAtMs: number;
  readonly objectVersion: number;
  /** The object as the API showed it at that moment. */
  readonly object: unknown;
}

export function listEvents(
  platform: Platform,
  marketplace: Id<'marketplace'>,
  filter: { readonly type: string | null },
  request: PageRequest,
): Outcome<Page<StoredEvent>> {
  return listPage(
    request,
    (ids) => readEvents(platform.db, marketplace, filter.type, ids),
    shownEvent,
  );
}

export async function getEvent(
  platform: Platform,
  marketplace: Id<'marketplace'>,
  id: Id<'event'>,
): Outcome<StoredEvent> {
  const event = await attemptRead(() => readEvent(platform.db, shardOfId(id), id));
  if (!event.ok) return event;
  if (event.value?.marketplace !== marketplace)
    return err(hutongError('not_found', 'no such event'));
  return ok(shownEvent(event.value));
}

function shownEvent({ id, type, createdAtMs, objectVersion, object }: EventRow): StoredEvent {
  return { id, type, createdAtMs, objectVersion, object };
}

/** Queues the event for every endpoint that is subscribed now, whether delivered before or not. */
export async function resendEvent(
  platform: Platform,
  marketplace: Id<'marketplace'>,
  id: Id<'event'>,
): Outcome<{ readonly deliveries: number }> {
  const event = await attemptRead(() => readEvent(platform.db, shardOfId(id), id));
  if (!event.ok) return event;
  if (event.value?.marketplace !== marketplace)
    return err(hutongError('not_found', 'no such event'));
  const { type } = event.value;
  const nowMs = platform.clock.nowMs();
  const count = await attemptRead(() =>
    oweDeliveries(platform.db, { shard: shardOfId(id), id, marketplace, type, nowMs }),
  );
  platform.wakeSweeper();
  return count.ok ? ok({ deliveries: count.value }) : count;
}
