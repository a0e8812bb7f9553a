/**
 * payment_attempt as the API shows it. Pure and cheap: decisions call it for every event.
 * It never carries a payer's identity, a token or a secret.
 */

import { fenToJson } from '../../kernel/money.ts';
import { rfc3339 } from '../../kernel/rfc3339.ts';
import type { WalletError } from '../../kernel/wallet-names.ts';
import { isLive } from './intent-status.ts';
import type { Attempt, Leg, Payment } from './model.ts';
import type { ShownAttempt, ShownFailure, ShownLeg, ShownWalletError } from './shape.ts';

export function presentAttempt(payment: Payment, attempt: Attempt): ShownAttempt {
  const legs: ShownLeg[] = [];
  for (const leg of payment.legs) {
    if (leg.attempt === attempt.id) legs.push(presentLeg(leg));
  }
  return {
    id: attempt.id,
    object: 'payment_attempt',
    payment_intent: payment.intent.id,
    wallet: attempt.wallet,
    product: attempt.product,
    payer_wallet: attempt.payerWalletReported ?? attempt.payerWalletChosen,
    payer_wallet_chosen: attempt.payerWalletChosen,
    payer_wallet_reported: attempt.payerWalletReported,
    status: attempt.status,
    // Only an attempt that can still be paid tells the buyer what to do.
    next_action: isLive(attempt) ? attempt.nextAction : null,
    failure: presentFailure(attempt.failure),
    created_at: rfc3339(attempt.createdAtMs),
    expires_at: rfc3339(attempt.expiresAtMs),
    legs,
  };
}

/** A wallet's refusal in its own words, as shown in errors and failures. */
export function presentWalletError(error: WalletError): ShownWalletError {
  return {
    wallet: error.wallet,
    code: error.code,
    message: error.message,
    request_id: error.requestId,
    ...(error.isMisconfigured && { misconfigured: true }),
  };
}

export function presentFailure(
  failure: { readonly code: string; readonly walletError: WalletError | null } | null,
): ShownFailure | null {
  if (failure === null) return null;
  const { walletError } = failure;
  return {
    code: failure.code,
    wallet_error: walletError === null ? null : presentWalletError(walletError),
  };
}

function presentLeg(leg: Leg): ShownLeg {
  return {
    id: leg.id,
    order_no: leg.orderNo,
    wallet_transaction_id: leg.walletTransactionId,
    amount: fenToJson(leg.amountFen),
    payer_amount: leg.payerAmountFen === null ? null : fenToJson(leg.payerAmountFen),
    receipt_amount: leg.receiptAmountFen === null ? null : fenToJson(leg.receiptAmountFen),
    status: leg.status,
    sub_orders: leg.subOrders,
  };
}
