/**
 * Records in APIv2's format: flat text fields, amounts in fen, compact Beijing times. The writer
 * leaves blank values out.
 */
import type { Fen } from '../../../src/kernel/money.ts';
import { compactTime } from '../../../src/wires/beijing-time.ts';
import { formatTime } from '../../../src/wires/wechatpay/time.ts';
import { distorted } from '../../kit/distortion.ts';
import type { FaultName } from '../../kit/kit.ts';
import { bankTypeOf, tradeTypeOf } from './present.ts';
import type { OrderRecord, RefundRecord } from './records.ts';

export type V2Draft = Readonly<Record<string, string>>;

const shownIf = (condition: boolean, fen: Fen): string => (condition ? String(fen) : '');

/**
 * A payment for micropay, orderquery and the callback; with a fault, as a faulty wallet would
 * report it.
 */
export function paymentFields(order: OrderRecord, fault: FaultName | undefined): V2Draft {
  const [line] = order.lines;
  const paid = line?.paid;
  if (line === undefined || !paid || order.successMs === null) return {};
  const couponFen = paid.platformCouponFen + paid.merchantCouponFen;
  const fields = {
    openid: order.payerOpenid ?? '',
    is_subscribe: 'N',
    trade_type: tradeTypeOf(order),
    bank_type: bankTypeOf(order),
    fee_type: 'CNY',
    total_fee: String(line.totalFen),
    settlement_total_fee: shownIf(
      paid.merchantCouponFen > 0n,
      line.totalFen - paid.merchantCouponFen,
    ),
    coupon_fee: shownIf(couponFen > 0n, couponFen),
    cash_fee: String(paid.payerFen),
    cash_fee_type: 'CNY',
    transaction_id: paid.transactionId,
    out_trade_no: line.outTradeNo,
    attach: line.attach ?? '',
    time_end: compactTime(order.successMs),
  };
  return distorted(fields, fault, () => ({
    wrong_amount: { total_fee: String(line.totalFen + 1n) },
    wrong_currency: { fee_type: 'USD' },
    wrong_payee: { [line.subMchid === null ? 'mch_id' : 'sub_mch_id']: '1600000000' },
  }));
}

const V2_REFUND_STATUS: Readonly<Record<RefundRecord['status'], string>> = {
  SUCCESS: 'SUCCESS',
  PROCESSING: 'PROCESSING',
  CLOSED: 'REFUNDCLOSE',
  ABNORMAL: 'CHANGE',
};

/** The answer of /secapi/pay/refund: accepted, not done. */
export function refundTakenFields(refund: RefundRecord): V2Draft {
  const { refundFen, payerRefundFen, settlementTotalFen, settlementRefundFen, totalFen } = refund;
  const isDiscounted = settlementTotalFen !== totalFen;
  return {
    transaction_id: refund.transactionId,
    out_trade_no: refund.outTradeNo,
    out_refund_no: refund.outRefundNo,
    refund_id: refund.refundId,
    refund_channel: 'ORIGINAL',
    refund_fee: String(refundFen),
    settlement_refund_fee: shownIf(isDiscounted, settlementRefundFen),
    total_fee: String(totalFen),
    settlement_total_fee: shownIf(isDiscounted, settlementTotalFen),
    fee_type: 'CNY',
    cash_fee: String(refund.payerTotalFen),
    cash_refund_fee: String(payerRefundFen),
    coupon_refund_fee: shownIf(refundFen > payerRefundFen, refundFen - payerRefundFen),
  };
}

/** One refund of /pay/refundquery, whose names end in its place in the list. */
export function refundListFields(refund: RefundRecord, index: number): V2Draft {
  const fields = {
    out_refund_no: refund.outRefundNo,
    refund_id: refund.refundId,
    refund_channel: 'ORIGINAL',
    refund_fee: String(refund.refundFen),
    settlement_refund_fee: String(refund.settlementRefundFen),
    refund_status: V2_REFUND_STATUS[refund.status],
    refund_account: accountOf(refund),
    refund_recv_accout: '支付用户零钱',
    refund_success_time: timeText(refund.successMs),
  };
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [`${name}_${index}`, value]),
  );
}

/** The encrypted content of a refund's callback (req_info). */
export function refundCallbackFields(refund: RefundRecord): V2Draft {
  return {
    out_refund_no: refund.outRefundNo,
    out_trade_no: refund.outTradeNo,
    refund_account: accountOf(refund),
    refund_fee: String(refund.refundFen),
    refund_id: refund.refundId,
    refund_recv_accout: '支付用户零钱',
    refund_request_source: 'API',
    refund_status: V2_REFUND_STATUS[refund.status],
    settlement_refund_fee: String(refund.settlementRefundFen),
    settlement_total_fee: String(refund.settlementTotalFen),
    success_time: timeText(refund.successMs),
    total_fee: String(refund.totalFen),
    transaction_id: refund.transactionId,
  };
}

function accountOf({ fundsAccount }: RefundRecord): string {
  return fundsAccount === 'AVAILABLE'
    ? 'REFUND_SOURCE_RECHARGE_FUNDS'
    : 'REFUND_SOURCE_UNSETTLED_FUNDS';
}

/** `2026-01-02 03:04:05` */
function timeText(unixMs: number | null): string {
  return unixMs === null ? '' : formatTime(unixMs).slice(0, 19).replace('T', ' ');
}
