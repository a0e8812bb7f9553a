/**
 * Due work of payments: intents to expire, attempts to poll, refunds to finish. Attempts and
 * refunds are read by wallet configuration: one that hangs never hides another's rows.
 */

import type { Statement } from '../../database/db.ts';
import { toNumber } from '../../database/table.ts';
import { formatId, type Id } from '../../kernel/id.ts';
import type { DueTable } from '../batch/due.ts';
import { type Cells, inEachCell, ofShards } from '../cells.ts';

export const DUE_INTENTS: DueTable<Id<'payment_intent'>> = {
  name: 'intent',
  table: 'payment_intents',
  columns: { group: null, id: 'id', part: null, more: [] },
  decode: (row) => formatId('payment_intent', row.due_id as bigint),
};

export interface DueChild<K extends 'payment_attempt' | 'refund'> {
  readonly id: Id<K>;
  readonly intent: Id<'payment_intent'>;
}

function dueChildren<K extends 'payment_attempt' | 'refund'>(
  name: string,
  table: string,
  idKind: K,
): DueTable<DueChild<K>> {
  return {
    name,
    table,
    columns: { group: 'config', id: 'id', part: null, more: ['intent'] },
    decode: (row) => ({
      id: formatId(idKind, row.due_id as bigint),
      intent: formatId('payment_intent', row.intent as bigint),
    }),
  };
}

export const DUE_ATTEMPTS = dueChildren('attempt', 'payment_attempts', 'payment_attempt');
export const DUE_REFUNDS = dueChildren('refund', 'refunds', 'refund');

const COUNT_UNKNOWN: Statement = {
  name: 'payment_attempts.count_unknown',
  text: `select count(*) as count from payment_attempts
    where due_at is not null and status = 'unknown' and ${ofShards('$1')}`,
};

export async function countUnknownAttempts(cells: Cells): Promise<number> {
  const rows = (await inEachCell(cells, (db, shards) => db.read(COUNT_UNKNOWN, [shards]))).flat();
  return rows.reduce((sum, { count }) => sum + toNumber(count), 0);
}
