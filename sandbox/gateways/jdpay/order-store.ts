/**
 * The gateway's records, by their keys and by their other numbers. Of a concurrent revoke and
 * payment exactly one comes first: every change is one synchronous step.
 */

import { PAYMENT_STATUS } from '../../../src/wires/jdpay/trade.ts';
import { openDueIndex } from '../../kit/due-index.ts';
import type { CityKit, Collection } from '../../kit/kit.ts';
import { openTable } from '../../kit/table.ts';
import type { MerchantRecord, OrderRecord, RefundRecord } from './records.ts';

export type OrderStore = ReturnType<typeof openOrderStore>;

export function merchantsOf(kit: CityKit): Collection<MerchantRecord> {
  return kit.journal.collection<MerchantRecord>('jdpay.merchants');
}

/** Waiting for its buyer: it can be paid, and its time can run out. */
export function isOpen({ status }: OrderRecord): boolean {
  return status === PAYMENT_STATUS.created || status === PAYMENT_STATUS.processing;
}

/** A code to scan closes; an unconfirmed charge fails. */
function ranOut(order: OrderRecord): OrderRecord {
  const isCharge = order.service === 'payment_code';
  return { ...order, status: isCharge ? PAYMENT_STATUS.failed : PAYMENT_STATUS.closed };
}

export function openOrderStore(kit: CityKit, settle: (refund: RefundRecord) => void) {
  const due = openDueIndex();
  const orders = openTable<OrderRecord, 'code' | 'cashierKey'>({ kit, due }, 'jdpay.orders', {
    keyOf: ({ key }) => key,
    indexes: { code: ({ code }) => [code], cashierKey: ({ cashierKey }) => [cashierKey] },
    expiry: { at: (order) => (isOpen(order) ? order.expiresMs : null), ended: ranOut },
  });
  /** Revokes, too. */
  const refunds = openTable<RefundRecord, 'order'>({ kit, due }, 'jdpay.refunds', {
    keyOf: ({ key }) => key,
    indexes: { order: ({ orderKey }) => [orderKey] },
    work: { at: ({ dueMs }) => dueMs, run: settle },
  });
  return { due, merchants: merchantsOf(kit), orders, refunds };
}

/** Orders, refunds and revokes of a merchant share one number space. */
export function keyOf(merchant: string, tradeNum: string): string {
  return `${merchant}/${tradeNum}`;
}
