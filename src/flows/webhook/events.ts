/** Events as they were emitted, kept for a marketplace to read again. */

import { hutongError } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/id.ts';
import { err, ok } from '../../kernel/result.ts';
import { type EventRow, oweDeliveries } from '../../store/webhook/events.ts';
import { readEvent, listEvents as readEvents } from '../../store/webhook/queries.ts';
import type { Outcome } from '../base/outcome.ts';
import { listPage, type Page, type PageRequest } from '../base/page.ts';
import type { Platform } from '../base/platform.ts';
import { attemptFind, attemptRead } from '../base/read-payment.ts';

export function listEvents(
  platform: Platform,
  marketplace: Id<'marketplace'>,
  filter: { readonly type: string | null },
  request: PageRequest,
): Outcome<Page<EventRow>> {
  return listPage(request, (ids) => readEvents(platform.cells, marketplace, filter.type, ids));
}

export async function getEvent(
  platform: Platform,
  marketplace: Id<'marketplace'>,
  id: Id<'event'>,
): Outcome<EventRow> {
  const unknown = hutongError('not_found', 'no such event');
  const event = await attemptFind(() => readEvent(platform.cells, id), unknown);
  return event.ok && event.value.marketplace !== marketplace ? err(unknown) : event;
}

/** Queues the event for every endpoint that is subscribed now, whether delivered before or not. */
export async function resendEvent(
  platform: Platform,
  marketplace: Id<'marketplace'>,
  id: Id<'event'>,
): Outcome<{ readonly deliveries: number }> {
  const event = await getEvent(platform, marketplace, id);
  if (!event.ok) return event;
  const owed = { ...event.value, nowMs: platform.clock.nowMs() };
  const count = await attemptRead(() => oweDeliveries(platform.cells, owed));
  platform.wakeSweeper();
  return count.ok ? ok({ deliveries: count.value }) : count;
}
