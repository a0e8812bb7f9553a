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
import { takeCoupons } from '../../kit/buyer.ts';
import { randomDigits } from '../../kit/digits.ts';
import { openDueIndex } from '../../kit/due-index.ts';
import type { CityKit } from '../../kit/kit.ts';
import { openTable, type Table } from '../../kit/table.ts';
import { businessError } from './answers.ts';
import type { Callbacks } from './callbacks.ts';
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

export type OrderStore = ReturnType<typeof openOrderStore>;

interface State {
  readonly kit: CityKit;
  readonly trades: Table<TradeRecord, 'tradeNo'>;
}

export function openOrderStore(kit: CityKit, notify: Callbacks['notify']) {
  const due = openDueIndex();
  const trades: State['trades'] = openTable({ kit, due }, 'alipay.trades', {
    keyOf: ({ order }) => keyOf(order),
    indexes: { tradeNo: ({ tradeNo }) => [tradeNo] },
    expiry: {
      at: ({ status, order }) => (status === 'WAIT_BUYER_PAY' ? order.expiresAtMs : null),
      ended: (trade) => ({ ...trade, status: 'TRADE_CLOSED', closedAtMs: trade.order.expiresAtMs }),
    },
    work: { at: workDueMs, run: (trade) => doWork(state, trade, notify) },
  });
  const state: State = { kit, trades };
  return {
    due,
    trades,
    find: (pid: string, outTradeNo: string) => trades.get(keyOf({ pid, outTradeNo })),
    /** The trade of this order: the existing one if it is the same, a new one if there is none. */
    open: (order: OrderRecord, buyerId: string) => open(state, order, buyerId),
    /** Why an order with this number cannot be opened; undefined = it can. */
    obstacle: (order: OrderRecord): GatewayError | undefined => {
      const existing = trades.get(keyOf(order));
      return existing && obstacleOf(existing, order);
    },
    /** All or none: `false` if one of them cannot be paid (any more). */
    pay: (paid: readonly TradeRecord[], how: Omit<PaymentRecord, 'paidAtMs'>) =>
      pay(state, paid, how),
    close: (trade: TradeRecord) => close(state, trade),
    refund: (trade: TradeRecord, wanted: WantedRefund) => refundTrade(state, trade, wanted),
  };
}

interface WantedRefund {
  readonly outRequestNo: string;
  readonly amountFen: Fen;
  readonly isStuck: boolean;
}

function keyOf(order: Pick<OrderRecord, 'pid' | 'outTradeNo'>): string {
  return `${order.pid}/${order.outTradeNo}`;
}

/** A stuck refund settles, and a year after its payment a trade is finished. */
function workDueMs({ status, refunds, payment }: TradeRecord): number | null {
  const stuck = refunds.find(({ doneAtMs }) => doneAtMs === null);
  if (stuck !== undefined) return stuck.settlesAtMs;
  return status === 'TRADE_SUCCESS' && payment !== null
    ? payment.paidAtMs + REFUND_WINDOW_MS
    : null;
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
  const existing = state.trades.get(keyOf(order));
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
  return ok(state.trades.put(trade));
}

function pay(
  state: State,
  trades: readonly TradeRecord[],
  how: Omit<PaymentRecord, 'paidAtMs'>,
): boolean {
  const current = trades.map((trade) => state.trades.get(keyOf(trade.order)));
  if (current.some((trade) => trade?.status !== 'WAIT_BUYER_PAY')) return false;
  const paidAtMs = state.kit.clock.nowMs();
  const weights = trades.map(({ order }) => order.totalFen);
  const platform = allocateFen(how.platformCouponFen, weights);
  const merchant = allocateFen(how.merchantCouponFen, weights);
  current.forEach((trade, index) => {
    if (trade === undefined) return;
    const { platformCouponFen, merchantCouponFen } = takeCoupons(trade.order.totalFen, {
      platformFen: platform[index] ?? 0n,
      merchantFen: merchant[index] ?? 0n,
    });
    const { payerWallet } = how;
    const payment = { paidAtMs, payerWallet, platformCouponFen, merchantCouponFen };
    state.trades.put({ ...trade, status: 'TRADE_SUCCESS', payment });
  });
  return true;
}

function close(state: State, trade: TradeRecord): boolean {
  const current = state.trades.get(keyOf(trade.order));
  if (current?.status !== 'WAIT_BUYER_PAY') return false;
  state.trades.put({ ...current, status: 'TRADE_CLOSED', closedAtMs: state.kit.clock.nowMs() });
  return true;
}

function refundTrade(
  state: State,
  trade: TradeRecord,
  wanted: WantedRefund,
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
  return ok({ trade: state.trades.put(withRefundStatus(next, nowMs)), isRepeat: false });
}

/** A trade refunded in full is TRADE_CLOSED, though it was paid. */
function withRefundStatus(trade: TradeRecord, nowMs: number): TradeRecord {
  const isAll = refundedFen(trade) === trade.order.totalFen;
  const isDone = trade.refunds.every(({ doneAtMs }) => doneAtMs !== null);
  if (!isAll || !isDone || trade.status !== 'TRADE_SUCCESS') return trade;
  return { ...trade, status: 'TRADE_CLOSED', closedAtMs: nowMs };
}

function doWork({ kit, trades }: State, trade: TradeRecord, notify: Callbacks['notify']): void {
  const stuck = trade.refunds.find(({ doneAtMs }) => doneAtMs === null);
  if (stuck === undefined) {
    notify('payment', trades.put({ ...trade, status: 'TRADE_FINISHED' }));
    return;
  }
  const done = { ...stuck, doneAtMs: stuck.settlesAtMs };
  const refunds = trade.refunds.map((refund) => (refund === stuck ? done : refund));
  const settled = withRefundStatus({ ...trade, refunds }, kit.clock.nowMs());
  notify('refund', trades.put(settled), done);
}
