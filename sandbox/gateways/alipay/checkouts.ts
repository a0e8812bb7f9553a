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
import { businessError } from './answers.ts';
import type { OrderStore } from './order-store.ts';
import type { CheckoutRecord, OrderRecord, TradeRecord } from './records.ts';

export interface Checkouts {
  readonly find: (id: string) => CheckoutRecord | undefined;
  /** Stores it; refused if one of its numbers is used by another order. */
  readonly keep: (
    checkout: Omit<CheckoutRecord, 'isWithdrawn'>,
  ) => Result<CheckoutRecord, GatewayError>;
  /** The checkout that a number was last offered in. */
  readonly ofOrder: (pid: string, outTradeNo: string) => CheckoutRecord | undefined;
  readonly withdraw: (checkout: CheckoutRecord) => void;
  /** The return URL of merged orders is known only when they are opened. */
  readonly returnTo: (checkout: CheckoutRecord, returnUrl: string) => CheckoutRecord;
  /** The buyer opens it: the trades are created, all or none. */
  readonly open: (
    checkout: CheckoutRecord,
    buyerId: string,
  ) => Result<readonly TradeRecord[], GatewayError>;
}

/** 29 characters `[a-z0-9]` after the prefix, as in `https://qr.alipay.com/bax0…`. */
export function checkoutId(prefix: string, ...signed: readonly string[]): string {
  const digest = createHash('sha256').update(signed.join('\u0000')).digest('hex');
  return `${prefix}${digest.slice(0, 29)}`;
}

export function openCheckouts(kit: CityKit, store: OrderStore): Checkouts {
  const checkouts = kit.journal.collection<CheckoutRecord>('alipay.checkouts');
  const idByOrder = new Map<string, string>();
  const idByMerge = new Map<string, string>();
  const index = (checkout: CheckoutRecord) => {
    for (const order of checkout.orders) idByOrder.set(orderKey(order), checkout.id);
    const [first] = checkout.orders;
    if (checkout.outMergeNo !== null && first !== undefined) {
      idByMerge.set(`${first.pid}/${checkout.outMergeNo}`, checkout.id);
    }
  };
  for (const checkout of checkouts.values()) index(checkout);
  const put = (checkout: CheckoutRecord) => {
    checkouts.put(checkout.id, checkout);
    index(checkout);
    return checkout;
  };
  const known = (id: string | undefined) => (id === undefined ? undefined : checkouts.get(id));
  return {
    find: (id) => checkouts.get(id),
    ofOrder: (pid, outTradeNo) => known(idByOrder.get(orderKey({ pid, outTradeNo }))),
    keep: (wanted) => {
      const existing = checkouts.get(wanted.id);
      if (existing !== undefined && !existing.isWithdrawn) {
        const obstacle = firstObstacle(store, existing.orders);
        if (obstacle !== undefined) return err(obstacle);
        // Not opened yet: the latest request counts (expiry, URLs). Opened: the trade's own values
        // do.
        const isOpened = existing.orders.some(
          (order) => store.find(order.pid, order.outTradeNo) !== undefined,
        );
        return ok(isOpened ? existing : put({ ...wanted, isWithdrawn: false }));
      }
      const [first] = wanted.orders;
      const merged = first && known(idByMerge.get(`${first.pid}/${wanted.outMergeNo ?? ''}`));
      const rivals = wanted.orders.map((order) => known(idByOrder.get(orderKey(order))));
      const isTaken =
        (merged !== undefined && !isSameOffer(merged, wanted)) ||
        rivals.some((rival) => rival !== undefined && !isSameOffer(rival, wanted));
      if (isTaken) return err(businessError('ACQ.CONTEXT_INCONSISTENT'));
      const obstacle = firstObstacle(store, wanted.orders);
      return obstacle === undefined ? ok(put({ ...wanted, isWithdrawn: false })) : err(obstacle);
    },
    withdraw: (checkout) => {
      put({ ...checkout, isWithdrawn: true });
    },
    returnTo: (checkout, returnUrl) =>
      checkout.returnUrl === returnUrl ? checkout : put({ ...checkout, returnUrl }),
    open: (checkout, buyerId) => {
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
  for (const order of orders) {
    const obstacle = store.obstacle(order);
    if (obstacle !== undefined) return obstacle;
  }
  return undefined;
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
