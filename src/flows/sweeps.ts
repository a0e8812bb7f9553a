/** Every kind of due row and who claims it: the sweeper's list. A new kind is one more line. */

import { type DueKind, dueKind } from '../engine/due.ts';
import { DUE_ATTEMPTS, DUE_INTENTS, DUE_REFUNDS } from '../store/payment/due.ts';
import { DUE_DELIVERIES } from '../store/webhook/due.ts';
import type { Platform } from './base/platform.ts';
import { claimDueAttempt, expireIntent } from './payment/janitor.ts';
import { claimDueRefund } from './refund/refund.ts';
import { claimDelivery, type WebhookQueue } from './webhook/deliver.ts';

export function dueKinds(platform: Platform, queue: WebhookQueue): readonly DueKind[] {
  return [
    dueKind(DUE_INTENTS, (id) => expireIntent(platform, id)),
    dueKind(DUE_ATTEMPTS, (due) => claimDueAttempt(platform, due)),
    dueKind(DUE_REFUNDS, (due) => claimDueRefund(platform, due)),
    dueKind(DUE_DELIVERIES, (due) => claimDelivery(platform, queue, due)),
  ];
}
