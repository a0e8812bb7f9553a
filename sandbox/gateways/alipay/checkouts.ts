/**
 * Orders that a buyer may open but has not: QR codes of precreate, cashier pages, app order
 * strings, merged orders. No trade exists until `open`; that is why a query before it answers
 * ACQ.TRADE_NOT_EXIST, and why a close then closes nothing.
 *
 * The id derives from what was signed, so sending the same order again opens the same checkout.
 */
import { createHash } from 'node:crypto';
import { err, ok, type Result } from '../../../src/kernel/result.ts';
import type { GatewayError } from '../../../src/wires/alipay/gateway-errors.ts';
import type { CityKit } from '../../kit/kit.ts';
import { openTable } from '../../kit/table.ts';
import { businessError } from './answers.ts';
import type { OrderStore } from './order-store.ts';
import type { CheckoutRecord, OrderRecord, TradeRecord } from './records.ts';

export type Checkouts = ReturnType<typeof openCheckouts>;

/** 29 characters `[a-z0-9]` after the prefix, as in `https://qr.alipay.com/bax0…`. */
export function checkoutId(prefix: string, ...signed: readonly string[]): string {
  const digest = createHash('sha256').update(signed.join('\u0000')).digest('hex');
  return `${prefix}${digest.slice(0, 29)}`;
}

export function openCheckouts(kit: CityKit, store: OrderStore) {
  const { due } = store;
  const table = openTable<CheckoutRecord, 'order' | 'merge'>({ kit, due }, 'alipay.checkouts', {
    keyOf: ({ id }) => id,
    indexes: {
      order: ({ orders }) => orders.map(orderKey),
      merge: ({ orders: [first], outMergeNo }) =>
        first === undefined || outMergeNo === null ? [] : [`${first.pid}/${outMergeNo}`],
    },
  });
  return {
    find: table.get,
    /** The checkout that a number was last offered in. */
    ofOrder: (pid: string, outTradeNo: string) =>
      table.find('order', orderKey({ pid, outTradeNo })),
    /** Stores it; refused if one of its numbers is used by another order. */
    keep: (wanted: Omit<CheckoutRecord, 'isWithdrawn'>): Result<CheckoutRecord, GatewayError> => {
      const existing = table.get(wanted.id);
      if (existing !== undefined && !existing.isWithdrawn) {
        const obstacle = firstObstacle(store, existing.orders);
        if (obstacle !== undefined) return err(obstacle);
        // Not opened yet: the latest request counts (expiry, URLs). Opened: the trade's own values
        // do.
        const isOpened = existing.orders.some(
          (order) => store.find(order.pid, order.outTradeNo) !== undefined,
        );
        return ok(isOpened ? existing : table.put({ ...wanted, isWithdrawn: false }));
      }
      const [first] = wanted.orders;
      const rivals = [
        first && table.find('merge', `${first.pid}/${wanted.outMergeNo ?? ''}`),
        ...wanted.orders.map((order) => table.find('order', orderKey(order))),
      ];
      const isTaken = rivals.some((rival) => rival !== undefined && !isSameOffer(rival, wanted));
      if (isTaken) return err(businessError('ACQ.CONTEXT_INCONSISTENT'));
      const obstacle = firstObstacle(store, wanted.orders);
      return obstacle === undefined
        ? ok(table.put({ ...wanted, isWithdrawn: false }))
        : err(obstacle);
    },
    withdraw: (checkout: CheckoutRecord) => table.put({ ...checkout, isWithdrawn: true }),
    /** The return URL of merged orders is known only when they are opened. */
    returnTo: (checkout: CheckoutRecord, returnUrl: string) =>
      checkout.returnUrl === returnUrl ? checkout : table.put({ ...checkout, returnUrl }),
    /** The buyer opens it: the trades are created, all or none. */
    open: (
      checkout: CheckoutRecord,
      buyerId: string,
    ): Result<readonly TradeRecord[], GatewayError> => {
      const obstacle = firstObstacle(store, checkout.orders);
      if (obstacle !== undefined) return err(obstacle);
      const trades: TradeRecord[] = [];
      for (const order of checkout.orders) {
        const opened = store.open(order, buyerId);
        if (!opened.ok) return opened;
        trades.push(opened.value);
      }
      return ok(trades);
    },
  };
}

function orderKey(order: Pick<OrderRecord, 'pid' | 'outTradeNo'>): string {
  return `${order.pid}/${order.outTradeNo}`;
}

function firstObstacle(
  store: OrderStore,
  orders: readonly OrderRecord[],
): GatewayError | undefined {
  return orders.map(store.obstacle).find((obstacle) => obstacle !== undefined);
}

/** The same numbers with the same amounts: other texts (expiry, URLs) may differ. */
function isSameOffer(
  a: Pick<CheckoutRecord, 'orders' | 'outMergeNo'>,
  b: Pick<CheckoutRecord, 'orders' | 'outMergeNo'>,
): boolean {
  const sketch = (one: typeof a) =>
    JSON.stringify([
      one.outMergeNo,
      one.orders.map(({ outTradeNo, totalFen, smid }) => [outTradeNo, totalFen.toString(), smid]),
    ]);
  return sketch(a) === sketch(b);
}
