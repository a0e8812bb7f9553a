/** Wallets' notifications: one row per message, however often it was delivered. */

import type { Session } from '../../database/db.ts';
import { type Table, table, upsertAll } from '../../database/table.ts';
import type { WalletName } from '../../kernel/wallet-names.ts';

export interface NotificationRow {
  readonly shard: number;
  /** The root that it concerned. */
  readonly root: string;
  readonly wallet: WalletName;
  readonly notificationId: string;
  readonly receivedAtMs: number;
}

const NOTIFICATIONS: Table<NotificationRow> = table(
  'notifications',
  ['shard', 'intent', 'wallet', 'notification_id'],
  [
    { name: 'shard', type: 'smallint', value: (row) => row.shard },
    { name: 'intent', type: 'id', value: (row) => row.root },
    { name: 'wallet', type: 'text', value: (row) => row.wallet },
    { name: 'notification_id', type: 'text', value: (row) => row.notificationId },
    { name: 'received_at', type: 'bigint', value: (row) => row.receivedAtMs, fixed: true },
  ],
);

export function saveNotifications(
  session: Session,
  rows: readonly NotificationRow[],
): Promise<unknown> {
  return upsertAll(session, NOTIFICATIONS, rows);
}
