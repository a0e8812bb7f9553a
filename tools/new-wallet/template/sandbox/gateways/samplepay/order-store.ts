/**
 * The gateway's records with their indexes. Collections are in the journal; indexes are rebuilt
 * from them at start. Every change is one synchronous step, so that of a concurrent close and
 * payment exactly one comes first.
 */
import { ORDER_STATUS } from '../../../src/wires/samplepay/trade.ts';
import { openDueIndex } from '../../kit/due-index.ts';
import type { CityKit, Collection } from '../../kit/kit.ts';
import type { MerchantRecord, OrderRecord, RefundRecord } from './records.ts';

export interface OrderStore {
  readonly merchants: Collection<MerchantRecord>;
  readonly order: (key: string) => OrderRecord | undefined;
  readonly orderByToken: (token: string) => OrderRecord | undefined;
  readonly orders: () => IterableIterator<OrderRecord>;
  readonly putOrder: (order: OrderRecord) => void;
  readonly refund: (merchant: string, refundNo: string) => RefundRecord | undefined;
  readonly refunds: () => IterableIterator<RefundRecord>;
  readonly putRefund: (refund: RefundRecord) => void;
  /** City time of the next expiry or refund to settle; null = nothing is due. */
  readonly nextDueMs: () => number | null;
  /** Takes what is due at `nowMs` off the list. */
  readonly takeDue: (nowMs: number) => Due | undefined;
}

type Due = { readonly order: OrderRecord } | { readonly refund: RefundRecord };

export function merchantsOf(kit: CityKit): Collection<MerchantRecord> {
  return kit.journal.collection<MerchantRecord>('samplepay.merchants');
}

/** Waiting for its buyer: it can be paid, and it can expire. */
export function isOpen({ status }: OrderRecord): boolean {
  return status === ORDER_STATUS.waiting || status === ORDER_STATUS.confirming;
}

/** Orders and refunds of a merchant each have their own numbers. */
export function keyOf(merchant: string, number: string): string {
  return `${merchant}/${number}`;
}

export function openOrderStore(kit: CityKit): OrderStore {
  const orders = kit.journal.collection<OrderRecord>('samplepay.orders');
  const refunds = kit.journal.collection<RefundRecord>('samplepay.refunds');
  const keyByToken = new Map<string, string>();
  const due = openDueIndex<Due>(({ dueMs, key: named }) => {
    const [kind, key = ''] = named.split(' ');
    const order = kind === 'order' ? orders.get(key) : undefined;
    if (order !== undefined && isOpen(order) && order.expiresMs === dueMs) return { order };
    const refund = kind === 'refund' ? refunds.get(key) : undefined;
    return refund?.dueMs === dueMs ? { refund } : undefined;
  });

  function indexOrder(order: OrderRecord): void {
    keyByToken.set(order.token, order.key);
    if (isOpen(order)) due.watch({ dueMs: order.expiresMs, key: `order ${order.key}` });
  }

  function indexRefund({ dueMs, key }: RefundRecord): void {
    if (dueMs !== null) due.watch({ dueMs, key: `refund ${key}` });
  }

  for (const order of orders.values()) indexOrder(order);
  for (const refund of refunds.values()) indexRefund(refund);

  return {
    merchants: merchantsOf(kit),
    order: orders.get,
    orderByToken: (token) => orders.get(keyByToken.get(token) ?? ''),
    orders: orders.values,
    putOrder: (order) => {
      orders.put(order.key, order);
      indexOrder(order);
    },
    refund: (merchant, refundNo) => refunds.get(keyOf(merchant, refundNo)),
    refunds: refunds.values,
    putRefund: (refund) => {
      refunds.put(refund.key, refund);
      indexRefund(refund);
    },
    nextDueMs: due.nextDueMs,
    takeDue: due.takeDue,
  };
}
