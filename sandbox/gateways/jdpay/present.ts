/**
 * Records in JD's fields, for query answers and callbacks. A payment includes the buyer's card and
 * phone, as the real one does, so that a client that stores them is detected; they are made up.
 */

import { compactTime } from '../../../src/wires/beijing-time.ts';
import { CURRENCY, PAY_TYPE, TRADE_TYPE } from '../../../src/wires/jdpay/trade.ts';
import type { XmlField } from '../../../src/wires/jdpay/xml.ts';
import { distorted } from '../../kit/distortion.ts';
import type { FaultName } from '../../kit/kit.ts';
import type { OrderRecord, RefundRecord } from './records.ts';

const HOLDER = {
  cardHolderName: '沙箱持卡人',
  cardHolderMobile: '13800000000',
  cardHolderType: '0',
  cardHolderId: '110101190001010016',
  cardNo: '6222020000000000018',
  bankCode: 'ICBC',
  cardType: '1',
} as const;

export function orderFields(order: OrderRecord): XmlField[] {
  return [
    ['tradeNum', order.tradeNum],
    ['tradeType', TRADE_TYPE.purchase],
    ['amount', order.amountFen.toString()],
    ['currency', CURRENCY],
    ['tradeTime', order.tradeTime],
    ['note', order.note],
    ['status', order.status],
    ...payList(order),
  ];
}

function payList({ payment, amountFen }: OrderRecord): XmlField[] {
  if (payment === null) return [];
  const { couponFen, paidMs } = payment;
  const pay = (payType: string, fen: bigint, more: readonly XmlField[]): XmlField => [
    'pay',
    [
      ['payType', payType],
      ['amount', fen.toString()],
      ['currency', CURRENCY],
      ['tradeTime', compactTime(paidMs)],
      ...more,
    ],
  ];
  const cardFen = amountFen - couponFen;
  const detail: XmlField = [
    'detail',
    [...Object.entries(HOLDER), ['payMoney', cardFen.toString()]],
  ];
  const card = cardFen > 0n ? [pay(PAY_TYPE.bankCard, cardFen, [detail])] : [];
  const coupon = couponFen > 0n ? [pay(PAY_TYPE.coupon, couponFen, [])] : [];
  return [['payList', [...card, ...coupon]]];
}

export function refundFields(refund: RefundRecord): XmlField[] {
  return [
    ['tradeNum', refund.tradeNum],
    ['tradeType', TRADE_TYPE.refund],
    ['oTradeNum', refund.oTradeNum],
    ['amount', refund.amountFen.toString()],
    ['currency', CURRENCY],
    ['tradeTime', refund.tradeTime],
    ['note', refund.note],
    ['status', refund.status],
  ];
}

/** A message that misreports what happened; `merchant` is its own field here. */
export function distort(
  fields: readonly XmlField[],
  fault: FaultName | undefined,
  order: OrderRecord,
): readonly XmlField[] {
  const reported = distorted(Object.fromEntries(fields), fault, () => ({
    wrong_amount: { amount: (order.amountFen + 1n).toString() },
    wrong_currency: { currency: 'USD' },
    wrong_payee: { merchant: `${order.merchant}9` },
  }));
  return Object.entries(reported);
}
