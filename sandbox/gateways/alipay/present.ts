/**
 * A trade in Alipay's field names, for query answers, notifications and return URLs. Amounts are
 * yuan text with two decimals, times are Beijing's. fund_bill_list is snake_case in queries and
 * JSON text with camelCase in notifications. No field is ever empty: an absent one is left out.
 */
import { type Fen, fenToYuan } from '../../../src/kernel/money.ts';
import type { JsonObject } from '../../../src/wires/alipay/json-text.ts';
import { formatTime, formatTimeMs } from '../../../src/wires/alipay/time.ts';
import { randomDigits } from '../../kit/digits.ts';
import { distorted } from '../../kit/distortion.ts';
import type { CityKit, FaultName } from '../../kit/kit.ts';
import {
  buyerPayFen,
  type RefundRecord,
  receiptFen,
  refundDoneFen,
  refundPartFen,
  type TradeRecord,
} from './records.ts';

interface FundBill {
  readonly channel: string;
  readonly amountFen: Fen;
  /** `CUP`: a buyer of UnionPay who paid across (the city's stated assumption). */
  readonly bankCode?: string;
}

function fundBills(trade: TradeRecord): FundBill[] {
  const { payment } = trade;
  if (payment === null) return [];
  const bills: FundBill[] = [];
  const paid = buyerPayFen(trade);
  if (paid > 0n || payment.platformCouponFen + payment.merchantCouponFen === 0n) {
    if (payment.payerWallet === 'alipay') bills.push({ channel: 'ALIPAYACCOUNT', amountFen: paid });
    else bills.push({ channel: 'BANKCARD', amountFen: paid, bankCode: 'CUP' });
  }
  if (payment.platformCouponFen > 0n) {
    bills.push({ channel: 'COUPON', amountFen: payment.platformCouponFen });
  }
  if (payment.merchantCouponFen > 0n) {
    bills.push({ channel: 'MCOUPON', amountFen: payment.merchantCouponFen });
  }
  return bills;
}

function amounts(trade: TradeRecord): Record<string, string> {
  return {
    total_amount: fenToYuan(trade.order.totalFen),
    receipt_amount: fenToYuan(receiptFen(trade)),
    buyer_pay_amount: fenToYuan(buyerPayFen(trade)),
    invoice_amount: fenToYuan(buyerPayFen(trade)),
    point_amount: '0.00',
  };
}

export function queryFields(trade: TradeRecord, logonId: string): JsonObject {
  const { order, payment } = trade;
  return {
    ...paymentFields(trade, logonId),
    buyer_user_type: 'PRIVATE',
    trade_status: trade.status,
    send_pay_date: payment === null ? undefined : formatTime(payment.paidAtMs),
    alipay_sub_merchant_id: order.smid ?? undefined,
  };
}

/** alipay.trade.pay's answer: no trade_status, since its code says it; gmt_payment once paid. */
export function payFields(trade: TradeRecord, logonId: string): JsonObject {
  const { payment } = trade;
  if (payment !== null) {
    return { ...paymentFields(trade, logonId), gmt_payment: formatTime(payment.paidAtMs) };
  }
  const { tradeNo, order } = trade;
  return { trade_no: tradeNo, out_trade_no: order.outTradeNo, buyer_logon_id: logonId };
}

function paymentFields(trade: TradeRecord, logonId: string): JsonObject {
  const { order, payment } = trade;
  const bills = fundBills(trade).map(({ channel, amountFen, bankCode }) => ({
    fund_channel: channel,
    amount: fenToYuan(amountFen),
    bank_code: bankCode,
  }));
  return {
    trade_no: trade.tradeNo,
    out_trade_no: order.outTradeNo,
    buyer_logon_id: logonId,
    buyer_user_id: trade.buyerId,
    ...amounts(trade),
    discount_amount: fenToYuan(payment?.platformCouponFen ?? 0n),
    mdiscount_amount: fenToYuan(payment?.merchantCouponFen ?? 0n),
    fund_bill_list: bills.length === 0 ? undefined : bills,
  };
}

/** What a refund moved, only for a caller that asked: it is not part of an answer by default. */
export function movedFields(
  trade: TradeRecord,
  refund: RefundRecord | undefined,
  content: JsonObject,
): JsonObject {
  const options = content.query_options;
  const isWanted = Array.isArray(options) && options.includes('refund_detail_item_list');
  if (!isWanted || refund === undefined || refund.doneAtMs === null) return {};
  const part = (wholeFen: Fen): Fen => refundPartFen(trade, refund, wholeFen);
  return {
    send_back_fee: fenToYuan(part(receiptFen(trade))),
    refund_detail_item_list: fundBills(trade)
      .filter(({ amountFen }) => part(amountFen) > 0n)
      .map(({ channel, amountFen }) => ({
        fund_channel: channel,
        amount: fenToYuan(part(amountFen)),
      })),
  };
}

export function notifyFields(
  trade: TradeRecord,
  logonId: string,
  refund: RefundRecord | null,
): Record<string, string> {
  const { order, payment } = trade;
  const bills = fundBills(trade).map(({ channel, amountFen, bankCode }) => ({
    amount: fenToYuan(amountFen),
    fundChannel: channel,
    ...(bankCode && { bankCode }),
  }));
  const fields: Record<string, string | null> = {
    app_id: order.appId,
    auth_app_id: order.appId,
    trade_no: trade.tradeNo,
    out_trade_no: order.outTradeNo,
    buyer_id: trade.buyerId,
    buyer_logon_id: logonId,
    seller_id: order.pid,
    trade_status: trade.status,
    ...amounts(trade),
    subject: order.subject,
    body: order.body,
    passback_params: order.passbackParams,
    gmt_create: formatTime(trade.createdAtMs),
    gmt_payment: payment === null ? null : formatTime(payment.paidAtMs),
    gmt_close: trade.closedAtMs === null ? null : formatTime(trade.closedAtMs),
    fund_bill_list: bills.length === 0 ? null : JSON.stringify(bills),
  };
  if (refundDoneFen(trade) > 0n) fields.refund_fee = fenToYuan(refundDoneFen(trade));
  if (refund !== null && refund.doneAtMs !== null) {
    fields.out_biz_no = refund.outRequestNo;
    fields.gmt_refund = formatTimeMs(refund.doneAtMs);
  }
  return Object.fromEntries(
    Object.entries(fields).filter((field): field is [string, string] => !!field[1]),
  );
}

/** What an Alipay that errs would say of a trade; its payee has another name in each message. */
export function distort<F extends object>(
  kit: CityKit,
  trade: TradeRecord,
  fields: F,
  fault: FaultName | undefined,
): F {
  const payee = 'seller_id' in fields ? 'seller_id' : 'alipay_sub_merchant_id';
  return distorted(fields, fault, () => ({
    wrong_amount: { total_amount: fenToYuan(trade.order.totalFen + 1n) },
    wrong_currency: { trans_currency: 'USD' },
    wrong_payee: { [payee]: `2088${randomDigits(kit.random, 12)}` },
  }));
}
