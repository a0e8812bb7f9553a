/**
 * Hutong's orders in JD's fields; pure. A repeat of a call says the same, so that JD sees one
 * order: times come from the attempt, and the numbers that JD wants for a revoke derive from the
 * order's own.
 */
import type { AttemptOrder, AttemptReference, LegOrder, RefundOrder } from '../wallet.ts';
import { VERSION } from './wire/message.ts';
import { formatTradeTime } from './wire/time.ts';
import { CURRENCY, TRADE_TYPE } from './wire/trade.ts';
import { oneLine, type XmlField } from './wire/xml.ts';

const NAME_CHARS_MAX = 100;
const NOTE_CHARS_MAX = 100;
const PHYSICAL_GOODS = '0';

type Texts = Readonly<Record<string, string>>;

export function xmlFields(fields: Texts): XmlField[] {
  return Object.entries(fields);
}

/** What uniorder, saveOrder and fkmPay have in common. */
function purchase(order: AttemptOrder, leg: LegOrder): Texts {
  return {
    tradeNum: leg.orderNo,
    tradeName: oneLine([...order.description].slice(0, NAME_CHARS_MAX).join('')),
    tradeTime: formatTradeTime(order.createdAtMs),
    amount: leg.amountFen.toString(),
    currency: CURRENCY,
    notifyUrl: order.notifyUrl,
    ...(order.payerIp === null ? {} : { ip: order.payerIp }),
  };
}

function onlinePurchase(order: AttemptOrder, leg: LegOrder): Texts {
  // Rounded down: the order must not outlive what core believes.
  const lifeS = Math.floor((order.expiresAtMs - order.createdAtMs) / 1_000);
  return {
    ...purchase(order, leg),
    orderType: PHYSICAL_GOODS,
    // JD may remember a card under the user's id; the order's number ties nothing to a person.
    userId: leg.orderNo,
    expireTime: Math.max(1, lifeS).toString(),
  };
}

export function uniorderFields(order: AttemptOrder, leg: LegOrder): Texts {
  return { ...onlinePurchase(order, leg), tradeType: 'QR' };
}

/** saveOrder's plain fields. */
export function formFields(order: AttemptOrder, leg: LegOrder, merchant: string): Texts {
  return {
    version: VERSION,
    merchant,
    ...onlinePurchase(order, leg),
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
    tradeTime: formatTradeTime(attempt.createdAtMs),
  };
}

export function refundFields(refund: RefundOrder): Texts {
  return {
    tradeNum: refund.refundNo,
    oTradeNum: refund.leg.orderNo,
    amount: refund.amountFen.toString(),
    currency: CURRENCY,
    tradeTime: formatTradeTime(refund.createdAtMs),
    notifyUrl: refund.notifyUrl,
    note: oneLine([...refund.reason].slice(0, NOTE_CHARS_MAX).join('')),
  };
}

/** Lists every refund of one purchase. */
export function refundQueryFields(orderNo: string): Texts {
  return { tradeType: TRADE_TYPE.refund, oTradeNum: orderNo };
}
