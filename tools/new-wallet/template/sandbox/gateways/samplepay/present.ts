/** Records in the wallet's fields, for query answers and callbacks. */
import { compactTime } from '../../../src/wires/beijing-time.ts';
import type { Fields } from '../../../src/wires/samplepay/message.ts';
import { CURRENCY } from '../../../src/wires/samplepay/trade.ts';
import { distorted } from '../../kit/distortion.ts';
import type { FaultName } from '../../kit/kit.ts';
import type { OrderRecord, RefundRecord } from './records.ts';

export function orderFields(order: OrderRecord): Fields {
  const { payment } = order;
  return {
    order_no: order.orderNo,
    sub_merchant: order.subMerchant,
    amount: order.amountFen.toString(),
    currency: CURRENCY,
    status: order.status,
    ...(payment !== null && {
      transaction_id: payment.transactionId,
      payer_amount: (order.amountFen - payment.couponFen).toString(),
      paid_at: compactTime(payment.paidMs),
    }),
  };
}

export function refundFields(refund: RefundRecord): Fields {
  return {
    refund_no: refund.refundNo,
    refund_id: refund.refundId,
    order_no: refund.orderNo,
    amount: refund.amountFen.toString(),
    currency: CURRENCY,
    status: refund.status,
  };
}

/** A message that misreports what happened. */
export function distort(fields: Fields, fault: FaultName | undefined): Fields {
  return distorted(fields, fault, () => ({
    wrong_amount: { amount: `${fields.amount ?? ''}9` },
    wrong_currency: { currency: 'USD' },
    wrong_payee: { sub_merchant: `${fields.sub_merchant ?? ''}9` },
  }));
}
