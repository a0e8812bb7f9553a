/**
 * What decisions produce besides their states: postings, transfers, events with their deliveries,
 * wallets' messages, audit rows. All aggregates of a batch share one outbox, and it is sent after
 * them: one statement per table, but for audit rows, which are few; balances, the most contended,
 * late.
 */

import type { Decided } from '../core/draft.ts';
import type { Session } from '../database/db.ts';
import { assert, must } from '../kernel/assert.ts';
import { idValue, unpackId } from '../kernel/id.ts';
import { type AuditEntry, appendAudit } from '../store/audit/audit-log.ts';
import { type OwedTransfer, saveTransfers } from '../store/balance/transfers.ts';
import type { Aggregate, Root } from '../store/batch/aggregate.ts';
import type { BatchStamp } from '../store/batch/engine-lanes.ts';
import { type BookedPosting, bookPostings } from '../store/ledger/balances.ts';
import { type NotificationRow, saveNotifications } from '../store/wallet/notifications.ts';
import { type EventRow, type OwedDelivery, saveEvents } from '../store/webhook/events.ts';
import type { AnyCommand } from './command.ts';
import type { IdSource } from './ids.ts';

export interface Outbox {
  readonly audit: AuditEntry[];
  readonly postings: BookedPosting[];
  readonly events: EventRow[];
  readonly notifications: NotificationRow[];
  readonly transfers: OwedTransfer[];
}

export function newOutbox(): Outbox {
  return { audit: [], postings: [], events: [], notifications: [], transfers: [] };
}

type Leaving = Decided<unknown, unknown>;

/**
 * Checked before a decision is used: its event types and moments are registered for its aggregate,
 * and it belongs to a marketplace.
 */
export function assertRegistered(aggregate: Aggregate, { marketplace }: Root, decided: Leaving) {
  for (const { type } of decided.events)
    assert(aggregate.events.has(type), `${type} is an event of ${aggregate.name}`);
  for (const { moment } of decided.postings)
    assert(aggregate.moments.has(moment), `${moment} is a ledger moment of ${aggregate.name}`);
  const isSilent = decided.events.length === 0 && decided.postings.length === 0;
  assert(isSilent || marketplace !== null, 'what posts and emits has a marketplace');
}

export function putIn(
  outbox: Outbox,
  decided: Leaving,
  from: { readonly command: AnyCommand; readonly root: Root },
  { nowMs, ids }: { readonly nowMs: number; readonly ids: IdSource },
): void {
  const { id: root, shard } = from.root;
  const { notification } = from.command;
  if (notification !== undefined) {
    const { wallet, id: notificationId } = notification;
    outbox.notifications.push({ shard, root, wallet, notificationId, receivedAtMs: nowMs });
  }
  for (const fact of decided.audit ?? []) {
    const id = ids.next('audit_entry', shard);
    // Wall time, as in its id: the log is about people, not about the business clock.
    outbox.audit.push({ id, atMs: unpackId(idValue(id)).unixMs, fact });
  }
  decided.transfers?.forEach((transfer) => {
    const marketplace = must(from.root.marketplace, 'whose money moves');
    outbox.transfers.push({ transfer, shard, marketplace, root, createdAtMs: nowMs });
  });
  if (decided.postings.length === 0 && decided.events.length === 0) return;
  const marketplace = must(from.root.marketplace, 'whose books and events these are');
  for (const posting of decided.postings) {
    const id = ids.next('ledger_transaction', shard);
    outbox.postings.push({ id, shard, marketplace, root, createdAtMs: nowMs, posting });
  }
  for (const event of decided.events) {
    const id = ids.next('event', shard);
    // Field by field: object literals with a spread get a new hidden class every time.
    outbox.events.push({
      shard,
      id,
      marketplace,
      type: event.type,
      objectId: event.objectId,
      objectVersion: event.objectVersion,
      object: event.object,
      createdAtMs: nowMs,
    });
  }
}

export function sendOutbox(
  session: Session,
  { events, notifications, postings, audit, transfers }: Outbox,
  { stamp, firstTryMs }: { readonly stamp: BatchStamp; readonly firstTryMs: number },
): { readonly owed: Promise<readonly OwedDelivery[]>; readonly sent: readonly Promise<unknown>[] } {
  const owed = saveEvents(session, events, firstTryMs);
  const sent = [
    saveNotifications(session, notifications),
    saveTransfers(session, transfers),
    bookPostings(session, postings, stamp.process),
    // Operator actions are rare: one statement each.
    ...audit.map((row) => appendAudit(session, row)),
  ];
  return { owed, sent };
}
