/**
 * Records on the wire: the bodies of queries and the plaintexts of callbacks. Unknown values are
 * left out, as WeChat Pay drops null fields. `distort` applies the city's amount, currency and
 * payee faults.
 */
import { type Fen, fenToJson } from '../../../src/kernel/money.ts';
import { formatTime } from '../../../src/wires/wechatpay/time.ts';
import {
  CODEPAY_TRADE_TYPE,
  INTERCONNECT_BANK_TYPES,
  TRADE_TYPES,
  type TradeState,
} from '../../../src/wires/wechatpay/trade.ts';
import { distorted } from '../../kit/distortion.ts';
import type { FaultName } from '../../kit/kit.ts';
import type { OrderLine, OrderRecord, RefundRecord } from './records.ts';

/** A body under construction. */
export type Draft = Record<string, unknown>;

const STATE_TEXTS: Readonly<Partial<Record<TradeState, string>>> = {
  SUCCESS: '支付成功',
  REFUND: '转入退款',
  NOTPAY: '订单未支付',
  CLOSED: '订单已关闭',
  USERPAYING: '需要用户输入支付密码',
  PAYERROR: '支付失败，请重新下单支付',
  REVOKED: '订单已撤销',
};

export function tradeStateOf(order: OrderRecord, line: OrderLine): TradeState {
  return order.state === 'SUCCESS' && line.refundCount > 0 ? 'REFUND' : order.state;
}

export function singleBody(order: OrderRecord, line: OrderLine): Draft {
  const state = tradeStateOf(order, line);
  const body: Draft =
    order.family === 'direct'
      ? { appid: order.appid, mchid: order.mchid }
      : { sp_appid: order.appid, sp_mchid: order.mchid, sub_mchid: line.subMchid };
  Object.assign(body, {
    out_trade_no: line.outTradeNo,
    trade_state: state,
    trade_state_desc: tradeStateText(state),
    attach: line.attach ?? '',
  });
  if (order.deviceId !== null) body.scene_info = { device_id: order.deviceId };
  if (line.paid === null || order.successMs === null || order.state === 'REVOKED') return body;
  const openid = order.payerOpenid ?? '';
  return Object.assign(body, {
    transaction_id: line.paid.transactionId,
    trade_type: tradeTypeOf(order),
    bank_type: bankTypeOf(order),
    success_time: formatTime(order.successMs),
    payer: order.family === 'direct' ? { openid } : { sp_openid: openid },
    amount: {
      total: fenToJson(line.totalFen),
      payer_total: fenToJson(line.paid.payerFen),
      currency: 'CNY',
      payer_currency: 'CNY',
    },
    ...promotions(line),
  });
}

/** Other names than a single order's: total_amount, payer_amount. */
export function combineBody(order: OrderRecord): Draft {
  const body: Draft = {
    combine_appid: order.appid,
    combine_mchid: order.mchid,
    combine_out_trade_no: order.orderNo,
    sub_orders: order.lines.map((line) => subOrderBody(order, line)),
  };
  if (order.deviceId !== null) body.scene_info = { device_id: order.deviceId };
  if (order.combineTransactionId === null) return body;
  return Object.assign(body, {
    combine_transaction_id: order.combineTransactionId,
    combine_payer_info: { openid: order.payerOpenid ?? '' },
  });
}

function subOrderBody(order: OrderRecord, line: OrderLine): Draft {
  const total = { total_amount: fenToJson(line.totalFen), currency: 'CNY' };
  const body: Draft = {
    mchid: order.mchid,
    ...(line.subMchid === null ? {} : { sub_mchid: line.subMchid }),
    out_trade_no: line.outTradeNo,
    trade_type: tradeTypeOf(order),
    trade_state: tradeStateOf(order, line),
    attach: line.attach ?? '',
    amount: total,
  };
  if (line.paid === null || order.successMs === null) return body;
  return Object.assign(body, {
    transaction_id: line.paid.transactionId,
    bank_type: bankTypeOf(order),
    success_time: formatTime(order.successMs),
    amount: { ...total, payer_amount: fenToJson(line.paid.payerFen), payer_currency: 'CNY' },
    ...promotions(line),
  });
}

export function tradeTypeOf({ product }: Pick<OrderRecord, 'product'>): string {
  return product === 'codepay' ? CODEPAY_TRADE_TYPE : TRADE_TYPES[product];
}

export function tradeStateText(state: TradeState): string {
  return STATE_TEXTS[state] ?? state;
}

export function bankTypeOf(order: OrderRecord): string {
  const through = [...INTERCONNECT_BANK_TYPES];
  return through.find(([, wallet]) => wallet === order.payerWallet)?.[0] ?? 'OTHERS';
}

function promotions(line: OrderLine): Draft {
  const { paid } = line;
  if (paid === null) return {};
  const details: Draft[] = [];
  if (paid.platformCouponFen > 0n) {
    details.push(coupon(line, 'CASH', paid.platformCouponFen));
  }
  if (paid.merchantCouponFen > 0n) {
    details.push(coupon(line, 'NOCASH', paid.merchantCouponFen));
  }
  return details.length === 0 ? {} : { promotion_detail: details };
}

function coupon(line: OrderLine, type: 'CASH' | 'NOCASH', amountFen: Fen): Draft {
  const amount = fenToJson(amountFen);
  const id = line.paid?.transactionId.slice(-9) ?? '';
  return {
    coupon_id: `${type === 'CASH' ? '1' : '2'}${id}`,
    name: type === 'CASH' ? '微信支付立减' : '商家优惠',
    scope: 'GLOBAL',
    type,
    amount,
    stock_id: type === 'CASH' ? '9865000' : '9866000',
    wechatpay_contribute: type === 'CASH' ? amount : 0,
    merchant_contribute: type === 'CASH' ? 0 : amount,
    other_contribute: 0,
    currency: 'CNY',
  };
}

/** The answer of domestic refunds and of both refund queries. */
export function refundBody(refund: RefundRecord): Draft {
  const { refundFen, payerRefundFen } = refund;
  const body: Draft = {
    refund_id: refund.refundId,
    out_refund_no: refund.outRefundNo,
    transaction_id: refund.transactionId,
    out_trade_no: refund.outTradeNo,
    channel: 'ORIGINAL',
    user_received_account: '支付用户零钱',
    create_time: formatTime(refund.createdMs),
    status: refund.status,
    funds_account: refund.fundsAccount,
    amount: {
      total: fenToJson(refund.totalFen),
      refund: fenToJson(refundFen),
      payer_total: fenToJson(refund.payerTotalFen),
      payer_refund: fenToJson(payerRefundFen),
      settlement_refund: fenToJson(refund.settlementRefundFen),
      settlement_total: fenToJson(refund.settlementTotalFen),
      discount_refund: fenToJson(refundFen - payerRefundFen),
      currency: 'CNY',
    },
  };
  if (refund.successMs !== null) body.success_time = formatTime(refund.successMs);
  return body;
}

/** E-commerce apply: no `status`. */
export function refundAppliedBody(refund: RefundRecord): Draft {
  const { refundFen, payerRefundFen } = refund;
  return {
    refund_id: refund.refundId,
    out_refund_no: refund.outRefundNo,
    create_time: formatTime(refund.createdMs),
    amount: {
      refund: fenToJson(refundFen),
      payer_refund: fenToJson(payerRefundFen),
      discount_refund: fenToJson(refundFen - payerRefundFen),
      currency: 'CNY',
    },
    refund_account: 'REFUND_SOURCE_SUB_MERCHANT',
  };
}

/** A callback's plaintext has `refund_status` where the query has `status`. */
export function refundPlaintext(refund: RefundRecord): Draft {
  const body: Draft =
    refund.subMchid === null
      ? { mchid: refund.mchid }
      : { sp_mchid: refund.mchid, sub_mchid: refund.subMchid };
  Object.assign(body, {
    transaction_id: refund.transactionId,
    out_trade_no: refund.outTradeNo,
    refund_id: refund.refundId,
    out_refund_no: refund.outRefundNo,
    refund_status: refund.status,
    user_received_account: '支付用户零钱',
    amount: {
      total: fenToJson(refund.totalFen),
      refund: fenToJson(refund.refundFen),
      payer_total: fenToJson(refund.payerTotalFen),
      payer_refund: fenToJson(refund.payerRefundFen),
    },
  });
  if (refund.successMs !== null) body.success_time = formatTime(refund.successMs);
  return body;
}

/** What a faulty wallet would report; in a combined order the first sub order is affected. */
export function distort(body: Draft, fault: FaultName | undefined): Draft {
  if (fault === undefined) return body;
  const subs = body.sub_orders;
  if (Array.isArray(subs)) {
    const [first, ...rest] = subs as Draft[];
    return { ...body, sub_orders: [distort(first ?? {}, fault), ...rest] };
  }
  const amount = (body.amount ?? {}) as Draft;
  const name = 'total_amount' in amount ? 'total_amount' : 'total';
  return distorted(body, fault, () => ({
    wrong_amount: { amount: { ...amount, [name]: Number(amount[name]) + 1 } },
    wrong_currency: { amount: { ...amount, currency: 'USD' } },
    wrong_payee: { ['sub_mchid' in body ? 'sub_mchid' : 'mchid']: '1600000000' },
  }));
}
