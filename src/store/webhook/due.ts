/** Deliveries to try: those whose first try failed, or never ended. */

import { toNumber } from '../../database/table.ts';
import { formatId } from '../../kernel/id.ts';
import type { DueTable } from '../batch/due.ts';
import type { OwedDelivery } from './events.ts';

export interface DueDelivery extends OwedDelivery {
  readonly tries: number;
}

export const DUE_DELIVERIES: DueTable<DueDelivery> = {
  name: 'delivery',
  table: 'deliveries',
  columns: { group: null, id: 'event', part: 'endpoint', more: ['tries'] },
  decode: (row) => ({
    shard: toNumber(row.shard),
    event: formatId('event', row.due_id as bigint),
    endpoint: formatId('webhook_endpoint', row.due_part as bigint),
    tries: toNumber(row.tries),
  }),
};
