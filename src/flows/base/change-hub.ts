/** Notifies waiters of payment changes in this process: for the cashier's live status. */

import type { Payment } from '../../core/payment/model.ts';
import type { Id } from '../../kernel/id.ts';

export interface ChangeHub {
  readonly announce: (payments: readonly Payment[]) => void;
  /** Resolves at the next change of the payment, or after `timeoutMs`. */
  readonly wait: (intent: Id<'payment_intent'>, timeoutMs: number) => Promise<void>;
}

export function createChangeHub(): ChangeHub {
  const waiting = new Map<string, Set<() => void>>();
  return {
    announce: (payments) => {
      if (waiting.size === 0) return;
      for (const payment of payments) {
        for (const wake of waiting.get(payment.intent.id) ?? []) wake();
      }
    },
    wait: (intent, timeoutMs) =>
      new Promise((resolve) => {
        const group = waiting.get(intent) ?? new Set();
        waiting.set(intent, group);
        const wake = (): void => {
          clearTimeout(timer);
          group.delete(wake);
          if (group.size === 0 && waiting.get(intent) === group) waiting.delete(intent);
          resolve();
        };
        const timer = setTimeout(wake, timeoutMs);
        group.add(wake);
      }),
  };
}
