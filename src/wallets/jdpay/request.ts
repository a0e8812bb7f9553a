/**
 * Converts Hutong's orders to JD's fields; pure. A repeated call has the same content, so that JD
 * sees one order: times come from the attempt, and the numbers that JD requires for a revoke derive
 * from the order's own. Only a form's times are those of the click.
 */

import type {
  AttemptOrder,
  AttemptReference,
  LegOrder,
  RefundOrder,
} from '../../core/wallet/order.ts';
import { compactTime } from '../../wires/beijing-time.ts';
import { VERSION } from '../../wires/jdpay/message.ts';
import { CURRENCY, TRADE_TYPE } from '../../wires/jdpay/trade.ts';
import { oneLine, type XmlField } from '../../wires/jdpay/xml.ts';

const NAME_CHARS_MAX = 100;
const NOTE_CHARS_MAX = 100;
const PHYSICAL_GOODS = '0';

type Texts = Readonly<Record<string, string>>;

export function xmlFields(fields: Texts): XmlField[] {
  return Object.entries(fields);
}

/** What uniorder, saveOrder and fkmPay have in common. */
function purchase(order: AttemptOrder, leg: LegOrder, tradeTimeMs = order.createdAtMs): Texts {
  return {
    tradeNum: leg.orderNo,
    tradeName: oneLine([...order.description].slice(0, NAME_CHARS_MAX).join('')),
    tradeTime: compactTime(tradeTimeMs),
    amount: leg.amountFen.toString(),
    currency: CURRENCY,
    notifyUrl: order.notifyUrl,
    ...(order.payerIp === null ? {} : { ip: order.payerIp }),
  };
}

/** The order's remaining time, rounded down: JD's must not exceed what core assumes. */
function secondsLeft(order: AttemptOrder, fromMs: number): number {
  return Math.floor((order.expiresAtMs - fromMs) / 1_000);
}

/**
 * JD counts `expireTime` from when it receives the order or, perhaps, from `tradeTime`: both are
 * `fromMs`, so that it expires with the order either way.
 */
function onlinePurchase(order: AttemptOrder, leg: LegOrder, fromMs: number): Texts {
  return {
    ...purchase(order, leg, fromMs),
    orderType: PHYSICAL_GOODS,
    // JD may store a card under the user's id; the order's number identifies no person.
    userId: leg.orderNo,
    expireTime: Math.max(1, secondsLeft(order, fromMs)).toString(),
  };
}

export function uniorderFields(order: AttemptOrder, leg: LegOrder): Texts {
  return { ...onlinePurchase(order, leg, order.createdAtMs), tradeType: 'QR' };
}

/**
 * saveOrder's plain fields, at the click; undefined if the order has expired. The buyer's browser
 * submits the form, and the signed text is `k=v&k=v`: no value of ours may contain an `&`, or
 * another form with the same signature could be posted.
 */
export function formFields(
  order: AttemptOrder,
  leg: LegOrder,
  at: { readonly merchant: string; readonly nowMs: number },
): Texts | undefined {
  if (secondsLeft(order, at.nowMs) < 1) return undefined;
  const fields = onlinePurchase(order, leg, at.nowMs);
  return {
    version: VERSION,
    merchant: at.merchant,
    ...fields,
    tradeName: (fields.tradeName ?? '').replaceAll('&', '＆'),
    callbackUrl: order.returnUrl ?? '',
  };
}

export function fkmPayFields(
  order: AttemptOrder,
  leg: LegOrder,
  counter: { readonly token: string; readonly device: string },
): Texts {
  return { ...purchase(order, leg), device: counter.device, token: counter.token };
}

export function queryFields(leg: LegOrder): Texts {
  return { tradeNum: leg.orderNo, tradeType: TRADE_TYPE.purchase };
}

/** A revoke has a number of its own: one per order, so that every repeat is the same revoke. */
export function revokeNumber(orderNo: string): string {
  return `${orderNo}V`;
}

export function revokeFields(attempt: AttemptReference, leg: LegOrder): Texts {
  return {
    tradeNum: revokeNumber(leg.orderNo),
    oTradeNum: leg.orderNo,
    amount: leg.amountFen.toString(),
    currency: CURRENCY,
    tradeTime: compactTime(attempt.createdAtMs),
  };
}

export function refundFields(refund: RefundOrder): Texts {
  return {
    tradeNum: refund.refundNo,
    oTradeNum: refund.leg.orderNo,
    amount: refund.amountFen.toString(),
    currency: CURRENCY,
    tradeTime: compactTime(refund.createdAtMs),
    notifyUrl: refund.notifyUrl,
    note: oneLine([...refund.reason].slice(0, NOTE_CHARS_MAX).join('')),
  };
}

/** Lists every refund of one purchase. */
export function refundQueryFields(orderNo: string): Texts {
  return { tradeType: TRADE_TYPE.refund, oTradeNum: orderNo };
}
