/**
 * An order and the only ways it changes. Pure: the journal's entries in, orders out, so a restart
 * replays the file to exactly the same state.
 *
 * Only webhooks report what was paid and refunded. An answer of the API may say where the cashier
 * is and that a refund was accepted; it never makes an order paid.
 */
import type { MarketplaceName, Text } from './catalogue/catalogue.ts';

export interface OrderItem {
  readonly productId: string;
  readonly name: Text;
  readonly option: Text | null;
  readonly quantity: number;
  readonly amount: number;
}

export interface OrderPart {
  readonly no: string;
  readonly merchant: string;
  readonly sellerId: string;
  readonly sellerName: Text;
  readonly amount: number;
  readonly items: readonly OrderItem[];
}

/** What a buyer agreed to; written once, before anything is asked of the platform. */
export interface PlacedOrder {
  readonly no: string;
  readonly marketplace: MarketplaceName;
  readonly buyer: string;
  /** Of the checkout page: pressing its button twice is one order. */
  readonly nonce: string;
  readonly placedAtMs: number;
  readonly device: 'desktop' | 'mobile' | 'wechat' | 'alipay' | 'unionpay' | 'jdpay';
  readonly ip: string;
  /** `counter` = sold at a seller's counter. */
  readonly pickup: string;
  readonly description: string;
  readonly returnUrl: string;
  readonly amount: number;
  readonly parts: readonly OrderPart[];
}

export interface RefundState {
  readonly id: string;
  readonly subOrder: string | null;
  readonly amount: number;
  readonly reason: string;
  readonly status: string;
  /** -1 until a webhook spoke of it. */
  readonly version: number;
}

export interface SeenEvent {
  readonly id: string;
  readonly type: string;
  readonly version: number;
  readonly receivedAtMs: number;
  readonly effect: 'applied' | 'stale' | 'repeated' | 'mismatch';
}

/** What became of the buyer's payment code, at a counter; the code itself is nowhere. */
export interface Charge {
  readonly state: 'asking' | 'declined' | 'reversed';
  readonly wallet: string | null;
  /** The wallet's own. */
  readonly words: string | null;
  readonly code: string | null;
}

export interface Order extends PlacedOrder {
  readonly intentId: string | null;
  readonly cashierUrl: string | null;
  /** `so_…` -> the part's number. */
  readonly subOrders: Readonly<Record<string, string>>;
  /** A refusal that repeating cannot cure; the order stays unpaid for good. */
  readonly refusal: { readonly code: string; readonly requestId: string | null } | null;
  /** The payment_intent's status by webhook; null before the first. */
  readonly status: string | null;
  readonly wallet: string | null;
  readonly version: number;
  /** Null where no payment code was sent. */
  readonly charge: Charge | null;
  readonly refunds: readonly RefundState[];
  /** Of the refund forms that were accepted: pressing one twice is one refund. */
  readonly refundNonces: readonly string[];
  readonly events: readonly SeenEvent[];
  /** Grows with every entry: the live page compares it. */
  readonly revision: number;
}

export interface IntentFact {
  readonly kind: 'intent';
  readonly id: string;
  readonly amount: number;
  readonly status: string;
  readonly wallet: string | null;
  readonly subOrders: Readonly<Record<string, string>>;
}

export interface RefundFact {
  readonly kind: 'refund';
  readonly id: string;
  readonly subOrder: string | null;
  readonly amount: number;
  readonly reason: string;
  readonly status: string;
}

export interface AttemptFact {
  readonly kind: 'attempt';
  readonly status: string;
  readonly wallet: string;
  readonly code: string | null;
  readonly words: string | null;
}

export interface ReceivedEvent {
  readonly id: string;
  readonly type: string;
  readonly version: number;
  readonly receivedAtMs: number;
  readonly fact: IntentFact | RefundFact | AttemptFact;
}

/** One line of the journal. */
export type Entry =
  | { readonly kind: 'placed'; readonly order: PlacedOrder }
  | {
      readonly kind: 'opened';
      readonly no: string;
      readonly intentId: string;
      readonly cashierUrl: string;
      readonly subOrders: Readonly<Record<string, string>>;
    }
  | {
      readonly kind: 'refused';
      readonly no: string;
      readonly code: string;
      readonly requestId: string | null;
    }
  | {
      readonly kind: 'refund_asked';
      readonly no: string;
      readonly nonce: string;
      readonly refund: Omit<RefundState, 'status' | 'version'>;
    }
  | { readonly kind: 'charged'; readonly no: string; readonly charge: Charge }
  | { readonly kind: 'event'; readonly no: string; readonly event: ReceivedEvent };

export function placed(order: PlacedOrder): Order {
  return {
    ...order,
    intentId: null,
    cashierUrl: null,
    subOrders: {},
    refusal: null,
    status: null,
    wallet: null,
    version: -1,
    charge: null,
    refunds: [],
    refundNonces: [],
    events: [],
    revision: 1,
  };
}

export function applyEntry(order: Order, entry: Exclude<Entry, { kind: 'placed' }>): Order {
  const next = { ...order, revision: order.revision + 1 };
  switch (entry.kind) {
    case 'opened': {
      const { intentId, cashierUrl, subOrders } = entry;
      return { ...next, intentId, cashierUrl, subOrders, refusal: null };
    }
    case 'refused':
      return { ...next, refusal: { code: entry.code, requestId: entry.requestId } };
    case 'refund_asked': {
      const refundNonces = [...order.refundNonces, entry.nonce];
      // Its webhook may have been faster than the answer to our own request.
      const isKnown = order.refunds.some((refund) => refund.id === entry.refund.id);
      const refund = { ...entry.refund, status: 'pending', version: -1 };
      return {
        ...next,
        refundNonces,
        refunds: isKnown ? order.refunds : [...order.refunds, refund],
      };
    }
    case 'charged':
      return { ...next, charge: settledCharge(order.charge, entry.charge) };
    case 'event':
      return applyEvent(next, entry.event);
    default:
      throw new Error(`unknown journal entry ${JSON.stringify(entry satisfies never)}`);
  }
}

function applyEvent(order: Order, event: ReceivedEvent): Order {
  const { id, type, version, receivedAtMs, fact } = event;
  const seen = (effect: SeenEvent['effect']): Order => ({
    ...order,
    events: [...order.events, { id, type, version, receivedAtMs, effect }],
  });
  if (order.events.some((other) => other.id === id)) return seen('repeated');
  if (fact.kind === 'attempt') return applyAttempt(seen, order, fact);
  if (fact.kind === 'refund') return applyRefund(seen, order, fact, version);
  if (fact.amount !== order.amount || (order.intentId ?? fact.id) !== fact.id) {
    return seen('mismatch');
  }
  if (version < order.version) return seen('stale');
  return {
    ...seen('applied'),
    intentId: fact.id,
    subOrders: { ...order.subOrders, ...fact.subOrders },
    status: fact.status,
    wallet: fact.wallet,
    version,
  };
}

/** What a webhook has ended stays so: the answer to our own request may come later. */
function settledCharge(before: Charge | null, next: Charge): Charge {
  return before === null || before.state === 'asking' ? next : before;
}

/** Only a counter's charge follows its attempt; at the cashier the buyer simply tries again. */
function applyAttempt(
  seen: (effect: SeenEvent['effect']) => Order,
  order: Order,
  { status, wallet, code, words }: AttemptFact,
): Order {
  if (order.charge === null) return seen('applied');
  switch (status) {
    case 'failed':
      return { ...seen('applied'), charge: { state: 'declined', wallet, code, words } };
    case 'closed':
    case 'superseded':
      return { ...seen('applied'), charge: { state: 'reversed', wallet, code, words } };
    default:
      return { ...seen('applied'), charge: { ...order.charge, wallet } };
  }
}

function applyRefund(
  seen: (effect: SeenEvent['effect']) => Order,
  order: Order,
  fact: RefundFact,
  version: number,
): Order {
  const before = order.refunds.find((refund) => refund.id === fact.id);
  if (before !== undefined && version < before.version) return seen('stale');
  const refund: RefundState = {
    id: fact.id,
    subOrder: fact.subOrder,
    amount: fact.amount,
    reason: fact.reason,
    status: fact.status,
    version,
  };
  const others = order.refunds.filter((other) => other.id !== fact.id);
  const at = before === undefined ? others.length : order.refunds.indexOf(before);
  return { ...seen('applied'), refunds: others.toSpliced(at, 0, refund) };
}

export type OrderState =
  | 'refused'
  | 'opening'
  | 'waiting'
  | 'processing'
  | 'checking'
  | 'paid'
  | 'canceled'
  | 'expired';

export function stateOf(order: Order): OrderState {
  switch (order.status) {
    case 'succeeded':
      return 'paid';
    case 'processing':
      return 'processing';
    case 'conflicted':
      return 'checking';
    case 'canceled':
    case 'expired':
      return order.status;
    default:
      if (order.refusal !== null) return 'refused';
      return order.cashierUrl === null ? 'opening' : 'waiting';
  }
}

/** Whether a webhook may still change what the page says soon: the page then keeps looking. */
export function isMoving(order: Order): boolean {
  const state = stateOf(order);
  if (state === 'waiting' || state === 'processing' || state === 'checking') return true;
  return order.refunds.some((refund) => refund.status === 'pending');
}

/** Looked up when asked: a refund's event may come before the event that names the sub_orders. */
export function partNoOf(order: Order, refund: RefundState): string | null {
  return refund.subOrder === null ? null : (order.subOrders[refund.subOrder] ?? null);
}

export function refundedOf(order: Order, partNo: string): { done: number; pending: number } {
  let done = 0;
  let pending = 0;
  for (const refund of order.refunds) {
    if (partNoOf(order, refund) !== partNo) continue;
    if (refund.status === 'succeeded') done += refund.amount;
    else if (refund.status !== 'failed') pending += refund.amount;
  }
  return { done, pending };
}

/** What is still the seller's and may be asked back, in 分. */
export function refundableOf(order: Order, part: OrderPart): number {
  const { done, pending } = refundedOf(order, part.no);
  return stateOf(order) === 'paid' ? part.amount - done - pending : 0;
}
