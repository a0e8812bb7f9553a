/**
 * The open payments that this process committed last, as they then stood. A batch locks a root and
 * compares the batch that wrote it: where it is the remembered one, nothing of the payment has
 * changed since and its rows need not be read again. It is never believed without that lock, nor
 * over another connection than the one that committed it: behind a reconnect may stand a server
 * that has lost what this one acknowledged.
 */

import { isOpen } from '../core/payment/intent-status.ts';
import type { Payment } from '../core/payment/model.ts';
import type { Id } from '../kernel/id.ts';
import type { Remembered } from '../store/payment/payments.ts';

/** What is paid or over is seldom asked for again; beyond this the oldest commit is forgotten. */
const PAYMENT_COUNT_MAX = 4_096;

/** What a batch committed. */
interface Committed {
  readonly changed: readonly Payment[];
  readonly writtenBy: bigint;
  readonly connection: number;
}

export interface PaymentMemory {
  readonly recall: (id: Id<'payment_intent'>, connection: number) => Remembered | undefined;
  /** Only what has been committed. */
  readonly keep: (committed: Committed) => void;
}

export function createPaymentMemory(): PaymentMemory {
  const payments = new Map<Id<'payment_intent'>, Remembered & { readonly connection: number }>();
  return {
    recall: (id, connection) => {
      const known = payments.get(id);
      return known?.connection === connection ? known : undefined;
    },
    keep: ({ changed, writtenBy, connection }) => {
      for (const payment of changed) {
        const { id, status } = payment.intent;
        // Put at the end anew: a Map forgets in the order of insertion.
        payments.delete(id);
        if (isOpen(status)) payments.set(id, { payment, writtenBy, connection });
      }
      for (const id of payments.keys()) {
        if (payments.size <= PAYMENT_COUNT_MAX) break;
        payments.delete(id);
      }
    },
  };
}
