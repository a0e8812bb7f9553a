/**
 * payment_intent as the API and its events show it. Pure and cheap: decisions call it for
 * every event. It never carries client_secret, cashier_url or the buyer's address: the http edge
 * adds the first two where its caller may see them.
 */

import { type Fen, fenToJson } from '../../kernel/money.ts';
import { rfc3339 } from '../../kernel/rfc3339.ts';
import type { WalletName } from '../../kernel/wallet-names.ts';
import type { Payment, Resolution, SubOrder } from './model.ts';
import { presentAttempt } from './present-attempt.ts';
import type { ShownAttempts, ShownPaymentIntent, ShownResolution, ShownSubOrder } from './shape.ts';

export function presentPaymentIntent(
  payment: Payment,
  options: { readonly expandAttempts?: boolean } = {},
): ShownPaymentIntent {
  const { intent } = payment;
  const shown: ShownPaymentIntent = {
    id: intent.id,
    object: 'payment_intent',
    amount: fenToJson(intent.amountFen),
    amount_received: fenToJson(intent.amountReceivedFen),
    amount_refunded: fenToJson(intent.amountRefundedFen),
    currency: intent.currency,
    status: intent.status,
    merchant_order_no: intent.merchantOrderNo,
    description: intent.description,
    sub_orders: payment.subOrders.map((subOrder) => presentSubOrder(payment, subOrder)),
    latest_attempt: intent.latestAttempt,
    succeeded_attempt: intent.succeededAttempt,
    wallet: walletOf(payment),
    buyer: { id: intent.buyer.id, device: intent.buyer.device },
    return_url: intent.returnUrl,
    metadata: intent.metadata,
    resolution: presentResolution(intent.resolution),
    created_at: rfc3339(intent.createdAtMs),
    expires_at: rfc3339(intent.expiresAtMs),
  };
  if (options.expandAttempts === true) shown.attempts = presentAttempts(payment);
  return shown;
}

function presentResolution(resolution: Resolution | null): ShownResolution | null {
  if (resolution === null) return null;
  const { outcome, reason, by, atMs } = resolution;
  return { outcome, reason, by, at: rfc3339(atMs) };
}

/** All attempts of one intent, without pagination: there are few. */
export function presentAttempts(payment: Payment): ShownAttempts {
  return {
    object: 'list',
    data: payment.attempts.map((attempt) => presentAttempt(payment, attempt)),
    has_more: false,
  };
}

/** Both count what has been refunded to the buyer; a refund in progress shows in its own object. */
function refundedOf(payment: Payment, subOrder: SubOrder): Fen {
  let refundedFen = 0n;
  for (const refund of payment.refunds) {
    if (refund.subOrder === subOrder.id && refund.status === 'succeeded')
      refundedFen += refund.amountFen;
  }
  return refundedFen;
}

function presentSubOrder(payment: Payment, subOrder: SubOrder): ShownSubOrder {
  return {
    id: subOrder.id,
    object: 'sub_order',
    merchant: subOrder.merchant,
    amount: fenToJson(subOrder.amountFen),
    amount_refunded: fenToJson(refundedOf(payment, subOrder)),
    description: subOrder.description,
    merchant_sub_order_no: subOrder.merchantSubOrderNo,
    items: subOrder.items,
    splits: subOrder.splits,
  };
}

/** The wallet that paid, or the one that was tried last. */
function walletOf(payment: Payment): WalletName | null {
  const id = payment.intent.succeededAttempt ?? payment.intent.latestAttempt;
  if (id === null) return null;
  return payment.attempts.find((attempt) => attempt.id === id)?.wallet ?? null;
}
