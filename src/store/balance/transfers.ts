/** Transfers: written by the batch of a payment, then each is a root of its own. */
import type { NewTransfer, StoredTransfer } from '../../core/balance/transfer.ts';
import { idArray, smallintArray } from '../../database/arrays.ts';
import type { Session } from '../../database/db.ts';
import { statements } from '../../database/statements.ts';
import { insertAll, updateAll } from '../../database/table.ts';
import { must } from '../../kernel/assert.ts';
import { formatId, type Id, parseId, shardOfId } from '../../kernel/id.ts';
import type { Aggregate } from '../batch/aggregate.ts';
import type { DueTable } from '../batch/due.ts';
import { TRANSFERS, toTransfer } from './rows.ts';

const SQL = statements('transfers', {
  lock: `select t.* from unnest($1::smallint[], $2::bigint[]) as k (shard, id)
    join transfers t on t.shard = k.shard and t.id = k.id
    order by t.shard, t.id for update of t`,
});

export const TRANSFER: Aggregate<StoredTransfer, never> = {
  name: 'transfer',
  events: new Set(),
  moments: new Set(),
  lock: async (session, ids) => {
    const keys = ids as readonly Id<'transfer'>[];
    const rows = await session.run(SQL.lock, [smallintArray(keys.map(shardOfId)), idArray(keys)]);
    return new Map(rows.map(toTransfer).map((transfer) => [transfer.id, transfer]));
  },
  save: (session, changes) =>
    updateAll(
      session,
      TRANSFERS,
      changes.map(({ after }) => after),
    ),
  root: ({ id, shard, marketplace }) => ({ id, shard, marketplace, version: null }),
  dueAtMs: ({ dueAtMs }) => dueAtMs,
};

/** A new transfer, and the payment that it comes from. */
export interface OwedTransfer {
  readonly transfer: NewTransfer;
  readonly shard: number;
  readonly marketplace: Id<'marketplace'>;
  /** The payment that it belongs to. */
  readonly root: string;
  readonly createdAtMs: number;
}

export function saveTransfers(session: Session, owed: readonly OwedTransfer[]): Promise<unknown> {
  const rows: readonly StoredTransfer[] = owed.map(({ transfer, root, ...from }) => ({
    ...transfer,
    ...from,
    intent: must(parseId('payment_intent', root), 'the payment that a transfer belongs to'),
    ...{ status: 'owed', settledAtMs: null, tries: 0 },
  }));
  return insertAll(session, TRANSFERS, rows);
}

export const DUE_TRANSFERS: DueTable<Id<'transfer'>> = {
  name: 'transfer',
  table: 'transfers',
  columns: { group: null, id: 'id', part: null, more: [] },
  decode: (row) => formatId('transfer', row.due_id as bigint),
};
