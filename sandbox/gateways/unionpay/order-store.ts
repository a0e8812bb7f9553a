/**
 * The gateway's transactions with their indexes. Collections are in the journal; indexes are
 * rebuilt from them at start. Every change is one synchronous step, so that of a concurrent
 * reversal and payment exactly one wins.
 */
import { openDueIndex } from '../../kit/due-index.ts';
import type { CityKit, Collection } from '../../kit/kit.ts';
import { merchantsOf } from './account.ts';
import type { MerchantRecord, PurchaseRecord, ReturnRecord } from './records.ts';

export interface OrderStore {
  readonly merchants: Collection<MerchantRecord>;
  readonly purchases: () => IterableIterator<PurchaseRecord>;
  /**
   * In its current state: payTimeout of an open order, or the end of a slow reversal, is applied.
   */
  readonly purchase: (key: string) => PurchaseRecord | undefined;
  readonly purchaseByCode: (code: string) => PurchaseRecord | undefined;
  readonly purchaseByQueryId: (queryId: string) => PurchaseRecord | undefined;
  readonly putPurchase: (purchase: PurchaseRecord) => PurchaseRecord;
  readonly returned: (key: string) => ReturnRecord | undefined;
  readonly returnByQueryId: (queryId: string) => ReturnRecord | undefined;
  readonly putReturn: (returned: ReturnRecord) => void;
  readonly nextDueMs: () => number | null;
  /** Settles what is due at `nowMs`, one at a time. */
  readonly takeDue: (nowMs: number) => ReturnRecord | 'expired' | undefined;
}

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

export function openOrderStore(kit: CityKit): OrderStore {
  const purchases = kit.journal.collection<PurchaseRecord>('unionpay.purchases');
  const returns = kit.journal.collection<ReturnRecord>('unionpay.returns');
  const keyByCode = new Map<string, string>();
  const keyByQueryId = new Map<string, string>();
  const due = openDueIndex<PurchaseRecord | ReturnRecord>(({ dueMs, key }) => {
    const open = purchases.get(key);
    if (open?.state === 'open' && open.expiresMs === dueMs) return open;
    const returned = returns.get(key);
    return returned?.dueMs === dueMs ? returned : undefined;
  });

  function indexPurchase({ key, code, queryId, state, expiresMs }: PurchaseRecord): void {
    keyByCode.set(code, key);
    keyByQueryId.set(queryId, key);
    if (state === 'open') due.watch({ dueMs: expiresMs, key });
  }
  function indexReturn({ key, queryId, dueMs }: ReturnRecord): void {
    keyByQueryId.set(queryId, key);
    if (dueMs !== null) due.watch({ dueMs, key });
  }
  for (const purchase of purchases.values()) indexPurchase(purchase);
  for (const returned of returns.values()) indexReturn(returned);

  function putPurchase(purchase: PurchaseRecord): PurchaseRecord {
    purchases.put(purchase.key, purchase);
    indexPurchase(purchase);
    return purchase;
  }
  function purchase(key: string | undefined): PurchaseRecord | undefined {
    const found = key === undefined ? undefined : purchases.get(key);
    const nowMs = kit.clock.nowMs();
    if (found?.state === 'paid' && nowMs >= (found.reversesAtMs ?? Number.POSITIVE_INFINITY)) {
      return putPurchase(reversed(found));
    }
    if (found?.state !== 'open' || nowMs < found.expiresMs) return found;
    return putPurchase({ ...found, state: 'failed', failCode: '69' });
  }
  return {
    merchants: merchantsOf(kit),
    purchases: () => purchases.values(),
    purchase,
    purchaseByCode: (code) => purchase(keyByCode.get(code)),
    purchaseByQueryId: (queryId) => purchase(keyByQueryId.get(queryId)),
    putPurchase,
    returned: (key) => returns.get(key),
    returnByQueryId: (queryId) => returns.get(keyByQueryId.get(queryId) ?? ''),
    putReturn: (returned) => {
      returns.put(returned.key, returned);
      indexReturn(returned);
    },
    nextDueMs: due.nextDueMs,
    takeDue: (nowMs) => {
      const next = due.takeDue(nowMs);
      if (next === undefined) return undefined;
      if ('state' in next) {
        putPurchase({ ...next, state: 'failed', failCode: '69' });
        return 'expired';
      }
      const settled = { ...next, dueMs: null };
      returns.put(settled.key, settled);
      return settled;
    },
  };
}
