/**
 * Converts Hutong's orders to the wallet's fields; pure. A repeated call has the same content, so
 * that the wallet sees one order: times come from the attempt, never from the clock.
 */
import type { AttemptOrder, LegOrder, RefundOrder } from '../../core/wallet/order.ts';
import { compactTime } from '../../wires/beijing-time.ts';
import type { Fields } from '../../wires/samplepay/message.ts';
import { CURRENCY } from '../../wires/samplepay/trade.ts';

const DESCRIPTION_CHARS_MAX = 100;
const REASON_CHARS_MAX = 80;

function purchase(order: AttemptOrder, leg: LegOrder): Fields {
  return {
    order_no: leg.orderNo,
    sub_merchant: leg.walletMerchant,
    amount: leg.amountFen.toString(),
    currency: CURRENCY,
    description: [...order.description].slice(0, DESCRIPTION_CHARS_MAX).join(''),
    notify_url: order.notifyUrl,
    // Whole seconds, rounded down: the wallet's must not outlive what core believes.
    expires_at: compactTime(order.expiresAtMs),
  };
}

export function orderFields(order: AttemptOrder, leg: LegOrder): Fields {
  const returnUrl = order.returnUrl === null ? {} : { return_url: order.returnUrl };
  return { ...purchase(order, leg), ...returnUrl };
}

export function chargeFields(order: AttemptOrder, leg: LegOrder, authCode: string): Fields {
  return { ...purchase(order, leg), auth_code: authCode };
}

/** Of query, close and reverse. */
export function orderNoFields({ orderNo }: LegOrder): Fields {
  return { order_no: orderNo };
}

export function refundFields(refund: RefundOrder): Fields {
  return {
    refund_no: refund.refundNo,
    order_no: refund.leg.orderNo,
    amount: refund.amountFen.toString(),
    currency: CURRENCY,
    reason: [...refund.reason].slice(0, REASON_CHARS_MAX).join(''),
    notify_url: refund.notifyUrl,
  };
}

export function refundQueryFields({ refundNo }: RefundOrder): Fields {
  return { refund_no: refundNo };
}
