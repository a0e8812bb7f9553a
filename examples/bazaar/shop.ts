/**
 * What the shop does with money: place an order, send its buyer to the cashier, ask for refunds,
 * take webhooks. Only the SDK talks to Hutong, and only with numbers that were written down first,
 * so every step can be repeated after a crash and stays one step.
 */
import {
  type Hutong,
  HutongConnectionError,
  HutongError,
  type HutongEvent,
  isPaymentAttemptEvent,
  isPaymentIntentEvent,
  isRefundEvent,
  type PaymentIntent,
  verifyWebhook,
} from '@hutong/sdk';
import { bySeller, type CartLine, totalFen } from './cart.ts';
import { CATALOGUES, type Catalogue, type MarketplaceName } from './catalogue/catalogue.ts';
import type { Journal } from './journal.ts';
import { fenToJson } from './money.ts';
import {
  type Order,
  type OrderPart,
  type PlacedOrder,
  type ReceivedEvent,
  refundableOf,
} from './order.ts';
import type { Seams } from './seams.ts';

export interface Stall {
  readonly name: MarketplaceName;
  readonly hutong: Hutong;
  /** The marketplace's merchants; seller i is paid as merchant i, round and round. */
  readonly merchants: readonly string[];
  readonly webhookSecret: string;
}

export interface Shop {
  readonly stall: Stall;
  readonly catalogue: Catalogue;
  readonly journal: Journal;
  readonly seams: Seams;
}

const ORDER_PREFIX: Record<MarketplaceName, string> = { taobao: 'TB', tmall: 'TM' };

/** Order numbers carry the day as buyers see it. */
const CHINA_OFFSET_MS = 8 * 3_600_000;

export interface Checkout {
  readonly lines: readonly CartLine[];
  readonly buyer: string;
  readonly nonce: string;
  readonly device: PlacedOrder['device'];
  readonly ip: string;
  readonly pickup: string;
  /** Where this shop is for this buyer's browser. */
  readonly origin: string;
}

export function orderNumber({ stall, seams }: Shop): string {
  const today = new Date(seams.nowMs() + CHINA_OFFSET_MS).toISOString();
  return `${ORDER_PREFIX[stall.name]}${today.slice(0, 10).replaceAll('-', '')}${seams.token(10)}`;
}

/** Writes the order down. The same checkout page pressed twice gives the same order. */
export async function placeOrder(shop: Shop, checkout: Checkout): Promise<Order> {
  const { name } = shop.stall;
  const earlier = shop.journal.ordersOf(name, checkout.buyer);
  const same = earlier.find((order) => order.nonce === checkout.nonce);
  if (same !== undefined) return same;
  const placedAtMs = shop.seams.nowMs();
  const no = orderNumber(shop);
  const parts = partsOf(shop, checkout.lines, no);
  const order: PlacedOrder = {
    no,
    marketplace: name,
    buyer: checkout.buyer,
    nonce: checkout.nonce,
    placedAtMs,
    device: checkout.device,
    ip: checkout.ip,
    pickup: checkout.pickup,
    description: goodsOf(parts.flatMap(({ items }) => items)),
    returnUrl: `${checkout.origin}/${name}/orders/${no}`,
    amount: fenToJson(totalFen(checkout.lines)),
    parts,
  };
  return shop.journal.append({ kind: 'placed', order });
}

/** What is bought, as the cashier and the wallets name it to the buyer. */
function goodsOf(items: OrderPart['items']): string {
  const count = items.reduce((sum, { quantity }) => sum + quantity, 0);
  const first = [...(items[0]?.name.zh ?? '')].slice(0, 50).join('');
  return count > 1 ? `${first} 等 ${count} 件` : first;
}

function partsOf(shop: Shop, lines: readonly CartLine[], no: string): OrderPart[] {
  const { sellers } = shop.catalogue;
  const { merchants } = shop.stall;
  return bySeller(shop.catalogue, lines).map((group, index) => {
    const merchant = merchants[sellers.indexOf(group.seller) % merchants.length];
    if (merchant === undefined) throw new Error(`${shop.stall.name} has no merchants`);
    return {
      no: `${no}-${index + 1}`,
      merchant,
      sellerId: group.seller.id,
      sellerName: group.seller.name,
      amount: fenToJson(group.amountFen),
      items: group.lines.map((line) => ({
        productId: line.listing.product.id,
        name: line.listing.product.name,
        option: line.option,
        quantity: line.quantity,
        amount: fenToJson(line.amountFen),
      })),
    };
  });
}

/**
 * The order with its cashier. Repeatable: the number, the content and the Idempotency-Key are the
 * order's own, so Hutong answers the same intent. An outcome that is unknown leaves the order as it
 * was, to be asked again; only a refusal for good is written down.
 */
export async function openCashier(shop: Shop, order: Order): Promise<Order> {
  if (order.cashierUrl !== null || order.refusal !== null) return order;
  let intent: PaymentIntent;
  try {
    intent = await shop.stall.hutong.paymentIntents.create(
      {
        amount: order.amount,
        currency: 'cny',
        merchant_order_no: order.no,
        description: order.description,
        sub_orders: order.parts.map((part) => ({
          merchant: part.merchant,
          amount: part.amount,
          description: part.items.length === 0 ? part.sellerName.zh : goodsOf(part.items),
          merchant_sub_order_no: part.no,
          items: part.items.map((item) => ({
            name: item.name.zh,
            quantity: item.quantity,
            amount: item.amount / item.quantity,
          })),
        })),
        buyer: { id: order.buyer, device: order.device, ip: order.ip },
        return_url: order.returnUrl,
        metadata: { shop: 'bazaar', pickup: order.pickup },
      },
      { idempotencyKey: `bazaar-${order.no}` },
    );
  } catch (error) {
    if (!(error instanceof HutongError) || mayPass(error)) throw error;
    const { code, requestId } = error;
    return shop.journal.append({ kind: 'refused', no: order.no, code, requestId });
  }
  if (intent.cashier_url === undefined) throw new Error('the payment_intent has no cashier_url');
  return shop.journal.append({
    kind: 'opened',
    no: order.no,
    intentId: intent.id,
    cashierUrl: intent.cashier_url,
    subOrders: subOrdersOf(intent),
  });
}

/** Whether the same request may succeed later: then nothing is decided yet. */
function mayPass(error: HutongError): boolean {
  const status = error.status ?? 0;
  if (error instanceof HutongConnectionError || error.retryable === true) return true;
  // A wrong key is for the operator to fix; the buyer's order need not fail because of it.
  return status === 401 || status === 403 || status === 429 || status >= 500;
}

export interface RefundWish {
  readonly part: OrderPart;
  readonly amount: number;
  readonly reason: string;
  readonly nonce: string;
}

/** Requests the refund. Its status then comes by webhook; the answer only has its id. */
export async function askRefund(shop: Shop, order: Order, wish: RefundWish): Promise<Order> {
  if (order.refundNonces.includes(wish.nonce)) return order;
  const subOrder = Object.entries(order.subOrders).find(([, no]) => no === wish.part.no)?.[0];
  if (order.intentId === null || subOrder === undefined) {
    throw new Error(`the sub_order of ${wish.part.no} is not known yet`);
  }
  if (wish.amount < 1 || wish.amount > refundableOf(order, wish.part)) {
    throw new RangeError('a refund is within what is left of its part');
  }
  const refund = await shop.stall.hutong.refunds.create(
    {
      payment_intent: order.intentId,
      sub_order: subOrder,
      amount: wish.amount,
      reason: wish.reason,
    },
    { idempotencyKey: `bazaar-refund-${wish.part.no}-${wish.nonce}` },
  );
  return shop.journal.append({
    kind: 'refund_asked',
    no: order.no,
    nonce: wish.nonce,
    refund: {
      id: refund.id,
      subOrder,
      amount: refund.amount,
      reason: refund.reason,
    },
  });
}

export interface Delivery {
  readonly payload: Buffer;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** A delivery, verified first; the changed order, or undefined when it concerns none of ours. */
export async function acceptWebhook(shop: Shop, delivery: Delivery): Promise<Order | undefined> {
  const event = verifyWebhook({
    ...delivery,
    secret: shop.stall.webhookSecret,
    nowMs: shop.seams.nowMs,
  });
  const order = orderOf(shop, event);
  const received = receivedOf(event, shop.seams.nowMs());
  if (order === undefined || received === undefined) return undefined;
  if (order.events.some((seen) => seen.id === event.id)) return undefined;
  return shop.journal.append({ kind: 'event', no: order.no, event: received });
}

function orderOf(shop: Shop, event: HutongEvent): Order | undefined {
  let order: Order | undefined;
  if (isPaymentIntentEvent(event)) order = shop.journal.find(event.data.object.merchant_order_no);
  else if (isRefundEvent(event) || isPaymentAttemptEvent(event)) {
    order = shop.journal.findByIntent(event.data.object.payment_intent);
  }
  // One marketplace's secret never speaks of another's orders.
  return order?.marketplace === shop.stall.name ? order : undefined;
}

function receivedOf(event: HutongEvent, receivedAtMs: number): ReceivedEvent | undefined {
  const about = { id: event.id, type: event.type, version: event.object_version, receivedAtMs };
  if (isPaymentIntentEvent(event)) {
    const { id, amount, status, wallet } = event.data.object;
    const subOrders = subOrdersOf(event.data.object);
    return { ...about, fact: { kind: 'intent', id, amount, status, wallet, subOrders } };
  }
  if (isPaymentAttemptEvent(event)) {
    const { status, wallet, failure } = event.data.object;
    const words = failure?.wallet_error?.message ?? null;
    const code = failure?.code ?? null;
    return { ...about, fact: { kind: 'attempt', status, wallet, code, words } };
  }
  if (isRefundEvent(event)) {
    const { id, amount, reason, status, sub_order: subOrder } = event.data.object;
    return { ...about, fact: { kind: 'refund', id, subOrder, amount, reason, status } };
  }
  return undefined;
}

function subOrdersOf(intent: PaymentIntent): Record<string, string> {
  const pairs = intent.sub_orders.flatMap((sub): [string, string][] => {
    const no = sub.merchant_sub_order_no;
    return no === undefined || no === null ? [] : [[sub.id, no]];
  });
  return Object.fromEntries(pairs);
}

export function createShop(stall: Stall, journal: Journal, seams: Seams): Shop {
  if (stall.merchants.length === 0) throw new Error(`${stall.name} has no merchants`);
  return { stall, catalogue: CATALOGUES[stall.name], journal, seams };
}
