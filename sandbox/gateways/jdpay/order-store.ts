/**
 * The gateway's records with their indexes. Collections are in the journal; indexes are rebuilt
 * from them at start. Every change is one synchronous step, so that of a concurrent revoke and
 * payment exactly one comes first.
 */

import { PAYMENT_STATUS } from '../../../src/wires/jdpay/trade.ts';
import { openDueIndex } from '../../kit/due-index.ts';
import type { CityKit, Collection } from '../../kit/kit.ts';
import type { MerchantRecord, OrderRecord, RefundRecord } from './records.ts';

export interface OrderStore {
  readonly merchants: Collection<MerchantRecord>;
  readonly order: (merchant: string, tradeNum: string) => OrderRecord | undefined;
  readonly orderByKey: (key: string) => OrderRecord | undefined;
  readonly orderByCode: (code: string) => OrderRecord | undefined;
  readonly orderByCashierKey: (cashierKey: string) => OrderRecord | undefined;
  readonly orders: () => IterableIterator<OrderRecord>;
  readonly putOrder: (order: OrderRecord) => void;
  readonly refund: (merchant: string, tradeNum: string) => RefundRecord | undefined;
  /** Refunds and revokes of one order, oldest first. */
  readonly refundsOf: (order: OrderRecord) => readonly RefundRecord[];
  readonly putRefund: (refund: RefundRecord) => void;
  /** City time of the next expiry or refund to settle; null = nothing is due. */
  readonly nextDueMs: () => number | null;
  /** Takes what is due at `nowMs` off the list. */
  readonly takeDue: (nowMs: number) => Due | undefined;
}

export type Due = { readonly order: OrderRecord } | { readonly refund: RefundRecord };

export function merchantsOf(kit: CityKit): Collection<MerchantRecord> {
  return kit.journal.collection<MerchantRecord>('jdpay.merchants');
}

/** Waiting for its buyer: it can be paid, and its time can run out. */
export function isOpen({ status }: OrderRecord): boolean {
  return status === PAYMENT_STATUS.created || status === PAYMENT_STATUS.processing;
}

export function openOrderStore(kit: CityKit): OrderStore {
  const orders = kit.journal.collection<OrderRecord>('jdpay.orders');
  const refunds = kit.journal.collection<RefundRecord>('jdpay.refunds');
  const orderKeyByCode = new Map<string, string>();
  const orderKeyByCashierKey = new Map<string, string>();
  const refundKeysByOrder = new Map<string, Set<string>>();
  const due = openDueIndex<Due>(({ dueMs, key: named }) => {
    const [kind, key = ''] = named.split(' ');
    const order = kind === 'order' ? orders.get(key) : undefined;
    if (order !== undefined && isOpen(order) && order.expiresMs === dueMs) return { order };
    const refund = kind === 'refund' ? refunds.get(key) : undefined;
    return refund?.dueMs === dueMs ? { refund } : undefined;
  });

  function indexOrder(order: OrderRecord): void {
    orderKeyByCode.set(order.code, order.key);
    orderKeyByCashierKey.set(order.cashierKey, order.key);
    if (isOpen(order)) due.watch({ dueMs: order.expiresMs, key: `order ${order.key}` });
  }

  function indexRefund(refund: RefundRecord): void {
    const keys = refundKeysByOrder.get(refund.orderKey) ?? new Set();
    refundKeysByOrder.set(refund.orderKey, keys.add(refund.key));
    if (refund.dueMs !== null) due.watch({ dueMs: refund.dueMs, key: `refund ${refund.key}` });
  }

  for (const order of orders.values()) indexOrder(order);
  for (const refund of refunds.values()) indexRefund(refund);

  return {
    merchants: merchantsOf(kit),
    order: (merchant, tradeNum) => orders.get(keyOf(merchant, tradeNum)),
    orderByKey: (key) => orders.get(key),
    orderByCode: (code) => orders.get(orderKeyByCode.get(code) ?? ''),
    orderByCashierKey: (cashierKey) => orders.get(orderKeyByCashierKey.get(cashierKey) ?? ''),
    orders: () => orders.values(),
    putOrder: (order) => {
      orders.put(order.key, order);
      indexOrder(order);
    },
    refund: (merchant, tradeNum) => refunds.get(keyOf(merchant, tradeNum)),
    refundsOf: (order) =>
      [...(refundKeysByOrder.get(order.key) ?? [])].flatMap((key) => refunds.get(key) ?? []),
    putRefund: (refund) => {
      refunds.put(refund.key, refund);
      indexRefund(refund);
    },
    nextDueMs: due.nextDueMs,
    takeDue: due.takeDue,
  };
}

/** Orders, refunds and revokes of a merchant share one number space. */
export function keyOf(merchant: string, tradeNum: string): string {
  return `${merchant}/${tradeNum}`;
}
