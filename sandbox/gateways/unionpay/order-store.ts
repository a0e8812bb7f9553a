/**
 * The gateway's transactions, by their keys and by their other numbers. Of a concurrent reversal
 * and payment exactly one wins: every change is one synchronous step.
 */
import { openDueIndex } from '../../kit/due-index.ts';
import type { CityKit } from '../../kit/kit.ts';
import { openTable } from '../../kit/table.ts';
import { merchantsOf } from './account.ts';
import type { PurchaseRecord, ReturnRecord } from './records.ts';

export type OrderStore = ReturnType<typeof openOrderStore>;

/** What was paid is refunded in full, whatever was refunded before. */
export function reversed(purchase: PurchaseRecord): PurchaseRecord {
  const { paid, amountFen, refundedFen } = purchase;
  const returnedFen = paid === null ? 0n : amountFen;
  return {
    ...purchase,
    state: 'reversed',
    failCode: '01',
    refundedFen: refundedFen + returnedFen,
  };
}

/** payTimeout of an open order, or the end of a slow reversal. */
function endsMs({ state, expiresMs, reversesAtMs }: PurchaseRecord): number | null {
  if (state === 'open') return expiresMs;
  return state === 'paid' ? (reversesAtMs ?? null) : null;
}

export function openOrderStore(kit: CityKit, settle: (returned: ReturnRecord) => void) {
  const due = openDueIndex();
  const indexes = { queryId: ({ queryId }: { readonly queryId: string }) => [queryId] };
  const purchases = openTable<PurchaseRecord, 'code' | 'queryId'>(
    { kit, due },
    'unionpay.purchases',
    {
      keyOf: ({ key }) => key,
      indexes: { ...indexes, code: ({ code }) => [code] },
      expiry: {
        at: endsMs,
        ended: (order) =>
          order.state === 'open' ? { ...order, state: 'failed', failCode: '69' } : reversed(order),
      },
    },
  );
  const returns = openTable<ReturnRecord, 'queryId'>({ kit, due }, 'unionpay.returns', {
    keyOf: ({ key }) => key,
    indexes,
    work: { at: ({ dueMs }) => dueMs, run: settle },
  });
  return {
    ...{ due, purchases, returns },
    merchants: merchantsOf(kit),
    transaction: (key: string) => purchases.get(key) ?? returns.get(key),
  };
}
