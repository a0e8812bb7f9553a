/**
 * Every kind of due row and who claims it. A new kind is one more line: the sweeper loops over the
 * list, and `hutong doctor` says which of their rows are late.
 */
import { type DueKind, dueKind, type Work } from '../engine/due.ts';
import { DUE_TRANSFERS } from '../store/balance/transfers.ts';
import type { DueTable } from '../store/batch/due.ts';
import { DUE_ATTEMPTS, DUE_INTENTS, DUE_REFUNDS } from '../store/payment/due.ts';
import { DUE_DELIVERIES } from '../store/webhook/due.ts';
import { claimDueTransfer } from './balance/due.ts';
import type { Platform } from './base/platform.ts';
import { claimDueAttempt, expireIntent } from './payment/janitor.ts';
import { claimDueRefund } from './refund/refund.ts';
import { claimDelivery, type WebhookQueue } from './webhook/deliver.ts';

const SWEEPS: readonly Sweep[] = [
  sweep(DUE_INTENTS, expireIntent),
  sweep(DUE_ATTEMPTS, claimDueAttempt),
  sweep(DUE_REFUNDS, claimDueRefund),
  sweep(DUE_TRANSFERS, claimDueTransfer),
  sweep(DUE_DELIVERIES, (platform, due, queue) => claimDelivery(platform, queue, due)),
];

export const DUE_TABLES: readonly DueTable<unknown>[] = SWEEPS.map(({ table }) => table);

export function dueKinds(platform: Platform, queue: WebhookQueue): readonly DueKind[] {
  return SWEEPS.map(({ bind }) => bind(platform, queue));
}

interface Sweep {
  readonly table: DueTable<unknown>;
  readonly bind: (platform: Platform, queue: WebhookQueue) => DueKind;
}

function sweep<T>(
  table: DueTable<T>,
  claim: (platform: Platform, due: T, queue: WebhookQueue) => Promise<Work>,
): Sweep {
  return { table, bind: (platform, queue) => dueKind(table, (due) => claim(platform, due, queue)) };
}
