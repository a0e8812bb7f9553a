/**
 * The trades and their state changes. Every function decides and stores in one synchronous step, so
 * that of a concurrent close and payment one wins. Time is the city's: a trade whose time_expire
 * has passed closes at the next access, and at the latest when due work runs.
 *
 * Never does money arithmetic on text, never reopens a closed trade, never pays one twice.
 */

import { allocateFen, type Fen } from '../../../src/kernel/money.ts';
import { err, ok, type Result } from '../../../src/kernel/result.ts';
import type { GatewayError } from '../../../src/wires/alipay/gateway-errors.ts';
import { formatTime } from '../../../src/wires/alipay/time.ts';
import { randomDigits } from '../../kit/digits.ts';
import { openDueIndex } from '../../kit/due-index.ts';
import type { CityKit } from '../../kit/kit.ts';
import { businessError } from './answers.ts';
import {
  type OrderRecord,
  type PaymentRecord,
  type RefundRecord,
  refundedFen,
  type TradeRecord,
} from './records.ts';

/** After this no refund is possible and the trade is TRADE_FINISHED. */
const REFUND_WINDOW_MS = 365 * 86_400_000;
/** How long the fault refund_stuck delays a refund. */
const REFUND_STUCK_MS = 600_000;

export interface OrderStore {
  readonly find: (pid: string, outTradeNo: string) => TradeRecord | undefined;
  readonly findByTradeNo: (tradeNo: string) => TradeRecord | undefined;
  readonly all: () => IterableIterator<TradeRecord>;
  /** The trade of this order: the existing one if it is the same, a new one if there is none. */
  readonly open: (order: OrderRecord, buyerId: string) => Result<TradeRecord, GatewayError>;
  /** Why an order with this number cannot be opened; undefined = it can. */
  readonly obstacle: (order: OrderRecord) => GatewayError | undefined;
  /** All or none: `false` if one of them cannot be paid (any more). */
  readonly pay: (trades: readonly TradeRecord[], how: Omit<PaymentRecord, 'paidAtMs'>) => boolean;
  readonly close: (trade: TradeRecord) => boolean;
  readonly refund: (
    trade: TradeRecord,
    refund: { readonly outRequestNo: string; readonly amountFen: Fen; readonly isStuck: boolean },
  ) => Result<{ readonly trade: TradeRecord; readonly isRepeat: boolean }, GatewayError>;
  readonly nextDueMs: () => number | null;
  /** Closes, settles and finishes what is due; returns trades that need a notification. */
  readonly runDue: (nowMs: number) => DueEvent[];
}

export type DueEvent =
  | { readonly kind: 'refunded'; readonly trade: TradeRecord; readonly refund: RefundRecord }
  | { readonly kind: 'finished'; readonly trade: TradeRecord };

interface State {
  readonly kit: CityKit;
  readonly put: (trade: TradeRecord) => TradeRecord;
  readonly get: (key: string) => TradeRecord | undefined;
}

export function openOrderStore(kit: CityKit): OrderStore {
  const trades = kit.journal.collection<TradeRecord>('alipay.trades');
  const keyByTradeNo = new Map<string, string>();
  const due = openDueIndex(({ dueMs, key }) => {
    const trade = trades.get(key);
    return trade !== undefined && dueOf(trade) === dueMs ? trade : undefined;
  });
  const watch = (trade: TradeRecord) => {
    const dueMs = dueOf(trade);
    if (dueMs !== null) due.watch({ dueMs, key: keyOf(trade.order) });
  };
  const put = (trade: TradeRecord) => {
    trades.put(keyOf(trade.order), trade);
    keyByTradeNo.set(trade.tradeNo, keyOf(trade.order));
    watch(trade);
    return trade;
  };
  for (const trade of trades.values()) {
    keyByTradeNo.set(trade.tradeNo, keyOf(trade.order));
    watch(trade);
  }
  const get = (key: string) => {
    const trade = trades.get(key);
    return trade === undefined ? undefined : expire(trade, kit.clock.nowMs(), put);
  };
  const state = { kit, put, get };
  return {
    find: (pid, outTradeNo) => get(`${pid}/${outTradeNo}`),
    findByTradeNo: (tradeNo) => {
      const key = keyByTradeNo.get(tradeNo);
      return key === undefined ? undefined : get(key);
    },
    all: () => trades.values(),
    open: (order, buyerId) => open(state, order, buyerId),
    obstacle: (order) => {
      const existing = get(keyOf(order));
      return existing === undefined ? undefined : obstacleOf(existing, order);
    },
    pay: (paid, how) => pay(state, paid, how),
    close: (trade) => close(state, trade),
    refund: (trade, refund) => refundTrade(state, trade, refund),
    nextDueMs: due.nextDueMs,
    runDue: (nowMs) => {
      const events: DueEvent[] = [];
      for (let trade = due.takeDue(nowMs); trade !== undefined; trade = due.takeDue(nowMs)) {
        runOne(state, trade, nowMs, events);
      }
      return events;
    },
  };
}

function keyOf(order: Pick<OrderRecord, 'pid' | 'outTradeNo'>): string {
  return `${order.pid}/${order.outTradeNo}`;
}

/** City time of a trade's next due work. */
function dueOf(trade: TradeRecord): number | null {
  if (trade.status === 'WAIT_BUYER_PAY') return trade.order.expiresAtMs;
  const stuck = trade.refunds.find(({ doneAtMs }) => doneAtMs === null);
  if (stuck !== undefined) return stuck.settlesAtMs;
  if (trade.status !== 'TRADE_SUCCESS' || trade.payment === null) return null;
  return trade.payment.paidAtMs + REFUND_WINDOW_MS;
}

function expire(
  trade: TradeRecord,
  nowMs: number,
  put: (trade: TradeRecord) => TradeRecord,
): TradeRecord {
  if (trade.status !== 'WAIT_BUYER_PAY' || nowMs < trade.order.expiresAtMs) return trade;
  return put({ ...trade, status: 'TRADE_CLOSED', closedAtMs: trade.order.expiresAtMs });
}

function obstacleOf(existing: TradeRecord, order: OrderRecord): GatewayError | undefined {
  if (existing.payment !== null) return businessError('ACQ.TRADE_HAS_SUCCESS');
  if (existing.status === 'TRADE_CLOSED') return businessError('ACQ.TRADE_HAS_CLOSE');
  const same =
    existing.order.totalFen === order.totalFen &&
    existing.order.smid === order.smid &&
    existing.order.subject === order.subject &&
    existing.order.outMergeNo === order.outMergeNo;
  return same ? undefined : businessError('ACQ.CONTEXT_INCONSISTENT');
}

function open(
  state: State,
  order: OrderRecord,
  buyerId: string,
): Result<TradeRecord, GatewayError> {
  const existing = state.get(keyOf(order));
  if (existing !== undefined) {
    const obstacle = obstacleOf(existing, order);
    return obstacle === undefined ? ok(existing) : err(obstacle);
  }
  const nowMs = state.kit.clock.nowMs();
  const day = formatTime(nowMs).slice(0, 10).replaceAll('-', '');
  const trade: TradeRecord = {
    order,
    // 28 digits: the day, the business (22001), the tail of the buyer, a running part.
    tradeNo: `${day}22001${buyerId.slice(-5).padStart(5, '0').replace(/\D/g, '0')}${randomDigits(state.kit.random, 10)}`,
    status: 'WAIT_BUYER_PAY',
    buyerId,
    createdAtMs: nowMs,
    closedAtMs: null,
    payment: null,
    refunds: [],
  };
  return ok(state.put(trade));
}

function pay(
  state: State,
  trades: readonly TradeRecord[],
  how: Omit<PaymentRecord, 'paidAtMs'>,
): boolean {
  const current = trades.map((trade) => state.get(keyOf(trade.order)));
  if (current.some((trade) => trade?.status !== 'WAIT_BUYER_PAY')) return false;
  const paidAtMs = state.kit.clock.nowMs();
  const weights = trades.map(({ order }) => order.totalFen);
  const platform = allocateFen(how.platformCouponFen, weights);
  const merchant = allocateFen(how.merchantCouponFen, weights);
  current.forEach((trade, index) => {
    if (trade === undefined) return;
    const payment = couponed(trade, platform[index] ?? 0n, merchant[index] ?? 0n);
    const { payerWallet } = how;
    state.put({
      ...trade,
      status: 'TRADE_SUCCESS',
      payment: { paidAtMs, payerWallet, ...payment },
    });
  });
  return true;
}

/** Coupons never exceed the order; the merchant's is used first. */
function couponed(trade: TradeRecord, platformFen: Fen, merchantFen: Fen) {
  const { totalFen } = trade.order;
  const merchantCouponFen = merchantFen < totalFen ? merchantFen : totalFen;
  const leftFen = totalFen - merchantCouponFen;
  return { merchantCouponFen, platformCouponFen: platformFen < leftFen ? platformFen : leftFen };
}

function close(state: State, trade: TradeRecord): boolean {
  const current = state.get(keyOf(trade.order));
  if (current?.status !== 'WAIT_BUYER_PAY') return false;
  state.put({ ...current, status: 'TRADE_CLOSED', closedAtMs: state.kit.clock.nowMs() });
  return true;
}

function refundTrade(
  state: State,
  trade: TradeRecord,
  wanted: { readonly outRequestNo: string; readonly amountFen: Fen; readonly isStuck: boolean },
): Result<{ readonly trade: TradeRecord; readonly isRepeat: boolean }, GatewayError> {
  const earlier = trade.refunds.find(({ outRequestNo }) => outRequestNo === wanted.outRequestNo);
  if (earlier !== undefined) {
    if (earlier.amountFen === wanted.amountFen) return ok({ trade, isRepeat: true });
    return err(businessError('ACQ.DISCORDANT_REPEAT_REQUEST'));
  }
  if (trade.payment === null) return err(businessError('ACQ.TRADE_STATUS_ERROR'));
  if (trade.status === 'TRADE_FINISHED') return err(businessError('ACQ.TRADE_HAS_FINISHED'));
  if (refundedFen(trade) + wanted.amountFen > trade.order.totalFen) {
    return err(businessError('ACQ.REASON_TRADE_REFUND_FEE_ERR'));
  }
  const nowMs = state.kit.clock.nowMs();
  const refund: RefundRecord = {
    outRequestNo: wanted.outRequestNo,
    amountFen: wanted.amountFen,
    doneAtMs: wanted.isStuck ? null : nowMs,
    settlesAtMs: nowMs + (wanted.isStuck ? REFUND_STUCK_MS : 0),
  };
  const next = { ...trade, refunds: [...trade.refunds, refund] };
  return ok({ trade: state.put(withRefundStatus(next, nowMs)), isRepeat: false });
}

/** A trade refunded in full is TRADE_CLOSED, though it was paid. */
function withRefundStatus(trade: TradeRecord, nowMs: number): TradeRecord {
  const isAll = refundedFen(trade) === trade.order.totalFen;
  const isDone = trade.refunds.every(({ doneAtMs }) => doneAtMs !== null);
  if (!isAll || !isDone || trade.status !== 'TRADE_SUCCESS') return trade;
  return { ...trade, status: 'TRADE_CLOSED', closedAtMs: nowMs };
}

function runOne(state: State, trade: TradeRecord, nowMs: number, events: DueEvent[]): void {
  if (trade.status === 'WAIT_BUYER_PAY') {
    expire(trade, nowMs, state.put);
    return;
  }
  const stuck = trade.refunds.find(({ doneAtMs }) => doneAtMs === null);
  if (stuck === undefined) {
    const finished = state.put({ ...trade, status: 'TRADE_FINISHED' });
    events.push({ kind: 'finished', trade: finished });
    return;
  }
  const done = { ...stuck, doneAtMs: stuck.settlesAtMs };
  const refunds = trade.refunds.map((refund) => (refund === stuck ? done : refund));
  const settled = state.put(withRefundStatus({ ...trade, refunds }, nowMs));
  events.push({ kind: 'refunded', trade: settled, refund: done });
}
