/**
 * Outcomes of deliveries. Noting a try reads nothing: the row is neither claimed nor locked before,
 * and a delivered one stays delivered, whatever a later note says.
 */

import { bigintArray, idArray, intArray, smallintArray, textArray } from '../../database/arrays.ts';
import type { Row, Session, Statement } from '../../database/db.ts';
import { type Id, idValue, shardOfId } from '../../kernel/id.ts';
import { compareTexts } from '../../kernel/order.ts';
import type { Aggregate, Change } from '../batch/aggregate.ts';
import type { OwedDelivery } from './events.ts';

/** The outcome of a try. */
export interface DeliveryResult extends OwedDelivery {
  readonly status: 'pending' | 'delivered' | 'failed';
  readonly tries: number;
  readonly dueAtMs: number | null;
  readonly lastStatus: number | null;
  readonly lastError: string | null;
}

/** A delivery as far as a batch knows it; null: not known yet. */
export interface Delivery {
  readonly id: string;
  readonly result: DeliveryResult | null;
}

export function deliveryId({ event, endpoint }: Pick<OwedDelivery, 'event' | 'endpoint'>): string {
  return `${event} ${endpoint}`;
}

export const DELIVERY: Aggregate<Delivery, never> = {
  name: 'delivery',
  events: new Set(),
  moments: new Set(),
  lock: (_session, ids) => Promise.resolve(new Map(ids.map((id) => [id, { id, result: null }]))),
  save: saveResults,
  root: ({ id }) => ({
    id,
    shard: shardOfId(id.slice(0, id.indexOf(' ')) as Id<'event'>),
    marketplace: null,
    version: null,
  }),
};

const SAVE_RESULTS: Statement = {
  name: 'deliveries.save',
  // The least and the greatest event: of all partitions, only theirs are opened.
  text: `update deliveries d set status = u.status, tries = u.tries, due_at = u.due_at,
      last_status = u.last_status, last_error = u.last_error
    from unnest($1::smallint[], $2::bigint[], $3::bigint[], $4::text[], $5::integer[], $6::bigint[],
        $7::integer[], $8::text[])
      as u (shard, event, endpoint, status, tries, due_at, last_status, last_error)
    where d.shard = u.shard and d.event = u.event and d.endpoint = u.endpoint
      and d.event between $9 and $10 and d.status <> 'delivered'`,
};

function saveResults(
  session: Session,
  changes: readonly Change<Delivery>[],
): Promise<readonly Row[]> {
  const sorted = changes
    .flatMap(({ after }) => after.result ?? [])
    .sort(
      (a, b) =>
        a.shard - b.shard || compareTexts(a.event, b.event) || compareTexts(a.endpoint, b.endpoint),
    );
  return session.run(SAVE_RESULTS, [
    smallintArray(sorted.map((row) => row.shard)),
    idArray(sorted.map((row) => row.event)),
    idArray(sorted.map((row) => row.endpoint)),
    textArray(sorted.map((row) => row.status)),
    intArray(sorted.map((row) => row.tries)),
    bigintArray(sorted.map((row) => row.dueAtMs)),
    intArray(sorted.map((row) => row.lastStatus)),
    textArray(sorted.map((row) => row.lastError)),
    ...rangeOf(sorted.map((row) => idValue(row.event))),
  ]);
}

function rangeOf(values: readonly bigint[]): [bigint, bigint] {
  let [least = 0n, greatest = 0n] = [values[0], values[0]];
  for (const value of values) {
    if (value < least) least = value;
    if (value > greatest) greatest = value;
  }
  return [least, greatest];
}
