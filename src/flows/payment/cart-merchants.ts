/**
 * The merchants of a payment's cart, before the payment itself is read: they never change, so that
 * those of recent payments are remembered.
 */

import type { Payment } from '../../core/payment/model.ts';
import type { Id } from '../../kernel/id.ts';
import { createSharedReads } from '../../runtime/shared-reads.ts';

type Intent = Id<'payment_intent'>;
type Merchants = readonly Id<'merchant'>[];

const INTENTS_A_READ = 500;
const REMEMBERED_MAX = 20_000;

export interface CartMerchants {
  /** None where there is no such payment. */
  readonly of: (intent: Intent) => Promise<Merchants>;
  readonly remember: (payment: Payment) => void;
}

export function merchantsOf({ subOrders }: Pick<Payment, 'subOrders'>): Merchants {
  return [...new Set(subOrders.map(({ merchant }) => merchant))];
}

export function createCartMerchants(
  read: (intents: readonly Intent[]) => Promise<ReadonlyMap<Intent, Merchants>>,
): CartMerchants {
  const remembered = new Map<string, Merchants>();
  const put = (intent: string, merchants: Merchants): void => {
    if (remembered.size >= REMEMBERED_MAX) {
      const [oldest] = remembered.keys();
      if (oldest !== undefined) remembered.delete(oldest);
    }
    remembered.set(intent, merchants);
  };
  const shared = createSharedReads<Merchants>(
    async (keys) => {
      const found = await read(keys as readonly Intent[]);
      for (const [intent, merchants] of found) put(intent, merchants);
      return found;
    },
    { keysMax: INTENTS_A_READ },
  );
  return {
    of: async (intent) => remembered.get(intent) ?? (await shared(intent)) ?? [],
    remember: (payment) => put(payment.intent.id, merchantsOf(payment)),
  };
}
