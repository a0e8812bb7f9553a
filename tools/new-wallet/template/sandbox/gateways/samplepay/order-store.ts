/**
 * The gateway's records, by their keys and by their other numbers. Of a concurrent close and
 * payment exactly one comes first: every change is one synchronous step.
 */
import { ORDER_STATUS } from '../../../src/wires/samplepay/trade.ts';
import { openDueIndex } from '../../kit/due-index.ts';
import type { CityKit, Collection } from '../../kit/kit.ts';
import { openTable } from '../../kit/table.ts';
import type { MerchantRecord, OrderRecord, RefundRecord } from './records.ts';

export type OrderStore = ReturnType<typeof openOrderStore>;

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

/** A code to scan closes; an unconfirmed charge fails. */
function ranOut(order: OrderRecord): OrderRecord {
  return { ...order, status: order.isCharge ? ORDER_STATUS.failed : ORDER_STATUS.closed };
}

export function openOrderStore(kit: CityKit, settle: (refund: RefundRecord) => void) {
  const due = openDueIndex();
  const orders = openTable<OrderRecord, 'token'>({ kit, due }, 'samplepay.orders', {
    keyOf: ({ key }) => key,
    indexes: { token: ({ token }) => [token] },
    expiry: { at: (order) => (isOpen(order) ? order.expiresMs : null), ended: ranOut },
  });
  const refunds = openTable<RefundRecord, 'order'>({ kit, due }, 'samplepay.refunds', {
    keyOf: ({ key }) => key,
    indexes: { order: ({ orderKey }) => [orderKey] },
    work: { at: ({ dueMs }) => dueMs, run: settle },
  });
  return { due, merchants: merchantsOf(kit), orders, refunds };
}
