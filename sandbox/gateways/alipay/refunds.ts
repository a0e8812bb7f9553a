/** Methods about a trade that exists, or may: query, close, cancel, refund and its query. */
import { fenToYuan } from '../../../src/kernel/money.ts';
import { err, ok, type Result } from '../../../src/kernel/result.ts';
import type { GatewayError } from '../../../src/wires/alipay/gateway-errors.ts';
import { type JsonObject, textField } from '../../../src/wires/alipay/json-text.ts';
import { formatTime } from '../../../src/wires/alipay/time.ts';
import { type Answer, businessError, refusal, refuse, success } from './answers.ts';
import type { AlipayCity, Method, MethodCall } from './context.ts';
import { readAmount } from './field-rules.ts';
import { randomDigits } from './identity.ts';
import { movedFields, queryFields } from './present.ts';
import { type RefundRecord, refundDoneFen, refundedFen, type TradeRecord } from './records.ts';

/** By trade_no (which wins) or out_trade_no, within the caller's own account. */
function findTrade(
  city: AlipayCity,
  pid: string,
  content: JsonObject,
): Result<TradeRecord, GatewayError> {
  const tradeNo = textField(content, 'trade_no');
  const outTradeNo = textField(content, 'out_trade_no');
  if (tradeNo === undefined && outTradeNo === undefined) {
    return err(businessError('ACQ.INVALID_PARAMETER', 'out_trade_no'));
  }
  const trade =
    tradeNo === undefined
      ? city.book.find(pid, outTradeNo ?? '')
      : city.book.findByTradeNo(tradeNo);
  const isOurs = trade?.order.pid === pid;
  return trade !== undefined && isOurs ? ok(trade) : err(businessError('ACQ.TRADE_NOT_EXIST'));
}

function onTrade(run: (city: AlipayCity, call: MethodCall, trade: TradeRecord) => Answer) {
  return (city: AlipayCity, call: MethodCall): Answer => {
    const found = findTrade(city, call.app.pid, call.content);
    return found.ok ? run(city, call, found.value) : refusal(found.error);
  };
}

const query: Method = {
  operation: 'query',
  isPage: false,
  run: onTrade((city, call, trade) => {
    const fields = queryFields(trade, city.house().buyer.logonId);
    if (call.fault === 'wrong_amount') {
      return success({ ...fields, total_amount: fenToYuan(trade.order.totalFen + 1n) });
    }
    if (call.fault === 'wrong_currency') return success({ ...fields, trans_currency: 'USD' });
    if (call.fault !== 'wrong_payee') return success(fields);
    return success({ ...fields, alipay_sub_merchant_id: `2088${randomDigits(city.kit, 12)}` });
  }),
};

const close: Method = {
  operation: 'close',
  isPage: false,
  run: onTrade((city, _call, trade) => {
    if (!city.book.close(trade)) return refuse('ACQ.TRADE_STATUS_ERROR');
    return success({ trade_no: trade.tradeNo, out_trade_no: trade.order.outTradeNo });
  }),
};

/** Reversal: an unpaid trade closes, a paid one is refunded in full, an unopened code dies. */
const cancel: Method = {
  operation: 'close',
  isPage: false,
  faults: ['refund_stuck'],
  run: (city, call) => {
    const found = findTrade(city, call.app.pid, call.content);
    const done = { retry_flag: 'N' };
    if (!found.ok) {
      const outTradeNo = textField(call.content, 'out_trade_no') ?? '';
      const checkout = city.checkouts.ofOrder(call.app.pid, outTradeNo);
      if (checkout === undefined) return refusal(found.error);
      city.checkouts.withdraw(checkout);
      return success({ out_trade_no: outTradeNo, ...done, action: 'close' });
    }
    const trade = found.value;
    const names = { trade_no: trade.tradeNo, out_trade_no: trade.order.outTradeNo };
    // Nothing happened yet, and the same call must come again.
    if (call.fault === 'refund_stuck') return success({ ...names, retry_flag: 'Y' });
    if (city.book.close(trade)) return success({ ...names, ...done, action: 'close' });
    if (trade.payment === null) return success({ ...names, ...done });
    const leftFen = trade.order.totalFen - refundedFen(trade);
    if (leftFen === 0n) return success({ ...names, ...done });
    const outRequestNo = trade.order.outTradeNo;
    const wanted = { outRequestNo, amountFen: leftFen, isStuck: false };
    const refunded = city.book.refund(trade, wanted);
    if (!refunded.ok) return refusal(refunded.error);
    tellRefund(city, refunded.value.trade, outRequestNo);
    return success({ ...names, ...done, action: 'refund' });
  },
};

function refundOf(trade: TradeRecord, outRequestNo: string): RefundRecord | undefined {
  return trade.refunds.find((one) => one.outRequestNo === outRequestNo);
}

function tellRefund(city: AlipayCity, trade: TradeRecord, outRequestNo: string): void {
  const refund = refundOf(trade, outRequestNo);
  if (refund !== undefined && refund.doneAtMs !== null) {
    city.callbacks.tell('refund', trade, refund);
  }
}

const refund: Method = {
  operation: 'refund',
  isPage: false,
  run: onTrade((city, call, trade) => {
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
    const done = city.book.refund(trade, { outRequestNo, amountFen, isStuck });
    if (!done.ok) return refusal(done.error);
    const { trade: now, isRepeat } = done.value;
    if (!isRepeat) tellRefund(city, now, outRequestNo);
    const hasMoved = !isRepeat && !isStuck;
    return success({
      trade_no: now.tradeNo,
      out_trade_no: now.order.outTradeNo,
      buyer_logon_id: city.house().buyer.logonId,
      buyer_user_id: now.buyerId,
      fund_change: hasMoved ? 'Y' : 'N',
      // Cumulative: of the trade, not of this call.
      refund_fee: fenToYuan(refundDoneFen(now)),
      gmt_refund_pay: hasMoved ? formatTime(city.kit.clock.nowMs()) : undefined,
      ...movedFields(now, hasMoved ? refundOf(now, outRequestNo) : undefined, call.content),
    });
  }),
};

/** refund_status is absent unless the refund is done: absence is Alipay's "not (yet)". */
const refundQuery: Method = {
  operation: 'query_refund',
  isPage: false,
  run: onTrade((_city, call, trade) => {
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

export const TRADE_METHODS: Readonly<Record<string, Method>> = {
  'alipay.trade.query': query,
  'alipay.trade.close': close,
  'alipay.trade.cancel': cancel,
  'alipay.trade.refund': refund,
  'alipay.trade.fastpay.refund.query': refundQuery,
};
