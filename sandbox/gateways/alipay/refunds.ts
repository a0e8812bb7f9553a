/** Refunds: cancel (撤销, in full), refund (in parts) and its query. */
import { fenToYuan } from '../../../src/kernel/money.ts';
import { textField } from '../../../src/wires/alipay/json-text.ts';
import { formatTime } from '../../../src/wires/alipay/time.ts';
import { refusal, refuse, success } from './answers.ts';
import type { Context, Method } from './context.ts';
import { readAmount } from './field-rules.ts';
import { movedFields } from './present.ts';
import { type RefundRecord, refundDoneFen, refundedFen, type TradeRecord } from './records.ts';
import { findTrade, onTrade } from './trades.ts';

/** Reversal: closes an unpaid trade, refunds a paid one in full, voids an unopened code. */
const cancel: Method = {
  operation: 'close',
  faults: ['refund_stuck'],
  run: (context, call) => {
    const found = findTrade(context, call.app.pid, call.content);
    const done = { retry_flag: 'N' };
    if (!found.ok) {
      const outTradeNo = textField(call.content, 'out_trade_no') ?? '';
      const checkout = context.checkouts.ofOrder(call.app.pid, outTradeNo);
      if (checkout === undefined) return refusal(found.error);
      context.checkouts.withdraw(checkout);
      return success({ out_trade_no: outTradeNo, ...done, action: 'close' });
    }
    const trade = found.value;
    const names = { trade_no: trade.tradeNo, out_trade_no: trade.order.outTradeNo };
    // Nothing happened yet, and the same call must be repeated.
    if (call.fault === 'refund_stuck') return success({ ...names, retry_flag: 'Y' });
    if (context.store.close(trade)) return success({ ...names, ...done, action: 'close' });
    if (trade.payment === null) return success({ ...names, ...done });
    const leftFen = trade.order.totalFen - refundedFen(trade);
    if (leftFen === 0n) return success({ ...names, ...done });
    const outRequestNo = trade.order.outTradeNo;
    const wanted = { outRequestNo, amountFen: leftFen, isStuck: false };
    const refunded = context.store.refund(trade, wanted);
    if (!refunded.ok) return refusal(refunded.error);
    notifyRefund(context, refunded.value.trade, outRequestNo);
    return success({ ...names, ...done, action: 'refund' });
  },
};

function refundOf(trade: TradeRecord, outRequestNo: string): RefundRecord | undefined {
  return trade.refunds.find((one) => one.outRequestNo === outRequestNo);
}

function notifyRefund(context: Context, trade: TradeRecord, outRequestNo: string): void {
  const refund = refundOf(trade, outRequestNo);
  if (refund !== undefined && refund.doneAtMs !== null) {
    context.callbacks.notify('refund', trade, refund);
  }
}

const refund: Method = {
  operation: 'refund',
  run: onTrade((context, call, trade) => {
    const amountFen = readAmount(call.content.refund_amount);
    if (amountFen === undefined) return refuse('ACQ.INVALID_PARAMETER', 'refund_amount');
    const named = textField(call.content, 'out_request_no');
    if (named === undefined && amountFen !== trade.order.totalFen) {
      return refuse('ACQ.INVALID_PARAMETER', 'out_request_no');
    }
    const outRequestNo = named ?? trade.order.outTradeNo;
    if (!/^[\w-]{1,64}$/.test(outRequestNo)) {
      return refuse('ACQ.INVALID_PARAMETER', 'out_request_no');
    }
    const isStuck = call.fault === 'refund_stuck';
    const done = context.store.refund(trade, { outRequestNo, amountFen, isStuck });
    if (!done.ok) return refusal(done.error);
    const { trade: now, isRepeat } = done.value;
    if (!isRepeat) notifyRefund(context, now, outRequestNo);
    const hasMoved = !isRepeat && !isStuck;
    return success({
      trade_no: now.tradeNo,
      out_trade_no: now.order.outTradeNo,
      buyer_logon_id: context.identity().buyer.logonId,
      buyer_user_id: now.buyerId,
      fund_change: hasMoved ? 'Y' : 'N',
      // Cumulative: of the trade, not of this call.
      refund_fee: fenToYuan(refundDoneFen(now)),
      gmt_refund_pay: hasMoved ? formatTime(context.kit.clock.nowMs()) : undefined,
      ...movedFields(now, hasMoved ? refundOf(now, outRequestNo) : undefined, call.content),
    });
  }),
};

/** refund_status is absent unless the refund is done: absence is Alipay's "not (yet)". */
const refundQuery: Method = {
  operation: 'query_refund',
  run: onTrade((_context, call, trade) => {
    const outRequestNo = textField(call.content, 'out_request_no');
    if (outRequestNo === undefined) return refuse('ACQ.INVALID_PARAMETER', 'out_request_no');
    const found = refundOf(trade, outRequestNo);
    if (found === undefined) return success({});
    const isDone = found.doneAtMs !== null;
    return success({
      trade_no: trade.tradeNo,
      out_trade_no: trade.order.outTradeNo,
      out_request_no: outRequestNo,
      total_amount: fenToYuan(trade.order.totalFen),
      refund_amount: fenToYuan(found.amountFen),
      refund_status: isDone ? 'REFUND_SUCCESS' : undefined,
      gmt_refund_pay: found.doneAtMs === null ? undefined : formatTime(found.doneAtMs),
      ...movedFields(trade, found, call.content),
    });
  }),
};

export const REFUND_METHODS: Readonly<Record<string, Method>> = {
  'alipay.trade.cancel': cancel,
  'alipay.trade.refund': refund,
  'alipay.trade.fastpay.refund.query': refundQuery,
};
