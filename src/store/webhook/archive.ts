/**
 * Whole partitions as lines of JSON, page by page in the order of their key. An event's line is
 * what GET /v1/events shows, with its marketplace; the others have their columns, ids in their
 * public form.
 */
import { presentEvent } from '../../core/webhook/present-event.ts';
import type { Db, Row } from '../../database/db.ts';
import { toNumber, toNumberOrNull } from '../../database/table.ts';
import { formatId } from '../../kernel/id.ts';
import { rfc3339 } from '../../kernel/rfc3339.ts';
import type { Partition, TimeTable } from '../batch/partitions.ts';
import { toEvent } from './events.ts';

interface Lines {
  /** The primary key; the shard is its first column. */
  readonly key: readonly string[];
  readonly least: readonly unknown[];
  readonly show: (row: Row) => object;
}

const LINES: Readonly<Record<TimeTable['name'], Lines>> = {
  events: { key: ['shard', 'id'], least: [-1, 0n], show: showEvent },
  deliveries: { key: ['shard', 'event', 'endpoint'], least: [-1, 0n, 0n], show: showDelivery },
  notifications: {
    key: ['shard', 'intent', 'wallet', 'notification_id'],
    least: [-1, 0n, '', ''],
    show: showNotification,
  },
};

function showEvent(row: Row): object {
  const event = toEvent(row);
  return { ...presentEvent(event), marketplace: event.marketplace };
}

function showDelivery(row: Row): object {
  const dueAtMs = toNumberOrNull(row.due_at);
  return {
    event: formatId('event', row.event as bigint),
    webhook_endpoint: formatId('webhook_endpoint', row.endpoint as bigint),
    status: row.status,
    tries: row.tries,
    due_at: dueAtMs === null ? null : rfc3339(dueAtMs),
    last_status: row.last_status,
    last_error: row.last_error,
    created_at: rfc3339(toNumber(row.created_at)),
  };
}

function showNotification(row: Row): object {
  return {
    payment_intent: formatId('payment_intent', row.intent as bigint),
    wallet: row.wallet,
    notification_id: row.notification_id,
    received_at: rfc3339(toNumber(row.received_at)),
  };
}

/** The pages of a partition, each the text of its lines and their number. */
export async function* readLines(
  db: Db,
  { name: table }: TimeTable,
  { name }: Partition,
  pageRows: number,
): AsyncGenerator<{ readonly text: string; readonly rows: number }> {
  const { key, least, show } = LINES[table];
  const columns = key.map((column) => `t.${column}`).join(', ');
  const after = key.map((_, index) => `$${index + 1}`).join(', ');
  const page = {
    name: `archive.${name}`,
    text: `select t.* from ${name} t where (${columns}) > (${after})
      order by ${columns} limit $${key.length + 1}`,
  };
  for (let last = least; ; ) {
    const rows = await db.read(page, [...last, pageRows]);
    const newest = rows.at(-1);
    if (newest === undefined) return;
    yield { text: rows.map((row) => `${JSON.stringify(show(row))}\n`).join(''), rows: rows.length };
    if (rows.length < pageRows) return;
    last = key.map((column) => newest[column]);
  }
}
