/**
 * The open payments that this process committed last, as they then stood. A batch locks a root and
 * compares versions (rule 9): where they agree, nothing of the payment has changed since and its
 * rows need not be read again. It is never believed without that lock.
 */

import type { Id } from '../core/id.ts';
import { isOpen } from '../core/intent-status.ts';
import type { Payment } from '../core/payment.ts';

/** What is paid or over is seldom asked for again; beyond this the oldest commit is forgotten. */
const PAYMENT_COUNT_MAX = 4_096;

export interface PaymentMemory {
  readonly recall: (id: Id<'payment_intent'>) => Payment | undefined;
  /** Only what has been committed. */
  readonly keep: (payments: readonly Payment[]) => void;
}

export function createPaymentMemory(): PaymentMemory {
  const payments = new Map<Id<'payment_intent'>, Payment>();
  const keep = (payment: Payment): void => {
    const { id } = payment.intent;
    // Put at the end anew: a Map forgets in the order of insertion.
    payments.delete(id);
    if (isOpen(payment.intent.status)) payments.set(id, payment);
  };
  return {
    recall: (id) => payments.get(id),
    keep: (committed) => {
      committed.forEach(keep);
      for (const id of payments.keys()) {
        if (payments.size <= PAYMENT_COUNT_MAX) break;
        payments.delete(id);
      }
    },
  };
}
