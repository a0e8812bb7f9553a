/**
 * The refund object of the API and its events. The internal states map to four: a caller has
 * nothing to do while we wait in different ways, and one thing to do for `abnormal`.
 */
import { unreachable } from '../../kernel/assert.ts';
import { fenToJson } from '../../kernel/money.ts';
import { rfc3339, rfc3339OrNull } from '../../kernel/rfc3339.ts';
import type { Payment, Refund, RefundStatus } from '../payment/model.ts';
import { presentFailure } from '../payment/present-attempt.ts';
import type { ShownRefund } from './shape.ts';

export type ShownRefundStatus = ShownRefund['status'];

export function presentRefund(payment: Payment, refund: Refund): ShownRefund {
  return {
    id: refund.id,
    object: 'refund',
    payment_intent: payment.intent.id,
    sub_order: refund.subOrder,
    leg: refund.leg,
    amount: fenToJson(refund.amountFen),
    currency: refund.currency,
    reason: refund.reason,
    status: shownRefundStatus(refund.status),
    failure: presentFailure(refund.failure),
    refund_no: refund.refundNo,
    wallet_refund_id: refund.walletRefundId,
    created_at: rfc3339(refund.createdAtMs),
    settled_at: rfc3339OrNull(refund.settledAtMs),
  };
}

export function shownRefundStatus(status: RefundStatus): ShownRefundStatus {
  switch (status) {
    case 'created':
    case 'submitted':
    case 'unknown':
    case 'processing':
      return 'pending';
    case 'succeeded':
      return 'succeeded';
    case 'failed':
      return 'failed';
    case 'abnormal':
      return 'requires_attention';
    default:
      return unreachable(status);
  }
}
