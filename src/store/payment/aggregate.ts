/** The payment aggregate: an intent's row is its root, all other rows belong to it. */

import { isOpen } from '../../core/payment/intent-status.ts';
import type { Payment } from '../../core/payment/model.ts';
import { EVENT_TYPES } from '../../kernel/event-types.ts';
import { LEDGER_MOMENTS } from '../../kernel/ledger-moments.ts';
import type { Aggregate } from '../batch/aggregate.ts';
import { claimPayments, lockPayments, savePayments } from './payments.ts';

const EVENTS = /^(?:payment_intent|payment_attempt|refund)\./;
const MOMENTS = /^(?:paid|conflict|refund|escrow)(?:_|$)/;

export const PAYMENT: Aggregate<Payment, Payment> = {
  name: 'payment_intent',
  events: new Set(Object.keys(EVENT_TYPES).filter((type) => EVENTS.test(type))),
  moments: new Set(Object.keys(LEDGER_MOMENTS).filter((moment) => MOMENTS.test(moment))),
  claim: claimPayments,
  lock: lockPayments,
  save: savePayments,
  root: ({ intent }) => intent,
  // A payment that is paid or ended is seldom needed again.
  isRemembered: ({ intent }) => isOpen(intent.status),
  dueAtMs: ({ attempts, refunds }) => earliestMs(refunds, earliestMs(attempts, null)),
};

function earliestMs(
  rows: readonly { readonly dueAtMs: number | null }[],
  knownMs: number | null,
): number | null {
  let firstMs = knownMs;
  for (const { dueAtMs } of rows) {
    if (dueAtMs !== null && (firstMs === null || dueAtMs < firstMs)) firstMs = dueAtMs;
  }
  return firstMs;
}
