/** Converts a stored attempt into the orders that the wallet interface takes. */

import {
  type Attempt,
  type Leg,
  orderedFen,
  type Payment,
  type Refund,
} from '../../core/payment/model.ts';
import type {
  AttemptOrder,
  AttemptReference,
  PayerIdentity,
  RefundOrder,
  WalletPart,
} from '../../core/wallet/order.ts';
import { assert, must } from '../../kernel/assert.ts';
import type { Id } from '../../kernel/id.ts';
import { allocateFen } from '../../kernel/money.ts';
import type { OpenedWallet } from '../base/directory.ts';

/** The longest hold of an escrow. */
const HOLD_DAYS = 30;

export function attemptOf(payment: Payment, id: Id<'payment_attempt'>): Attempt {
  return must(
    payment.attempts.find((attempt) => attempt.id === id),
    'the attempt',
  );
}

function legsOf(payment: Payment, attempt: Attempt): readonly Leg[] {
  return payment.legs.filter((leg) => leg.attempt === attempt.id);
}

export function attemptReference(payment: Payment, attempt: Attempt): AttemptReference {
  const legs = legsOf(payment, attempt);
  assert(legs.length > 0, 'an attempt has legs');
  return {
    product: attempt.product,
    combineOrderNo: attempt.combineOrderNo,
    createdAtMs: attempt.createdAtMs,
    expiresAtMs: attempt.expiresAtMs,
    legs: legs.map((leg) => ({
      orderNo: leg.orderNo,
      walletMerchant: leg.walletMerchant,
      amountFen: leg.amountFen,
      description: describeLeg(payment, leg),
      parts:
        leg.parts?.map(({ walletMerchant, amountFen }) => ({ walletMerchant, amountFen })) ?? null,
    })),
  };
}

function describeLeg(payment: Payment, leg: Leg): string {
  if (leg.parts !== null) return payment.intent.description;
  const first = payment.subOrders.find((sub) => sub.id === leg.subOrders[0]);
  return first?.description ?? payment.intent.description;
}

export function attemptOrder(
  payment: Payment,
  attempt: Attempt,
  more: {
    readonly payer: PayerIdentity;
    readonly payerIp: string | null;
    readonly publicUrl: string;
    readonly holdDaysMax: number;
    readonly returnUrl: string | null;
    readonly handOutUrl: string;
  },
): AttemptOrder {
  return {
    ...attemptReference(payment, attempt),
    description: payment.intent.description,
    payer: more.payer,
    payerIp: more.payerIp,
    device: payment.intent.buyer.device,
    returnUrl: more.returnUrl,
    notifyUrl: notifyUrl(more.publicUrl, attempt.wallet, attempt.config, 'payment'),
    handOutUrl: more.handOutUrl,
    holdDays: Math.min(HOLD_DAYS, more.holdDaysMax),
  };
}

export function refundOrder(
  payment: Payment,
  refund: Refund,
  opened: OpenedWallet,
  publicUrl: string,
): RefundOrder {
  const leg = must(
    payment.legs.find((row) => row.id === refund.leg),
    'the leg of a refund',
  );
  const { product, createdAtMs } = attemptOf(payment, leg.attempt);
  return {
    refundNo: refund.refundNo,
    amountFen: refund.amountFen,
    reason: refund.reason,
    notifyUrl: notifyUrl(publicUrl, opened.name, opened.config, 'refund'),
    createdAtMs: refund.createdAtMs,
    leg: {
      orderNo: leg.orderNo,
      walletTransactionId: leg.walletTransactionId,
      walletMerchant: leg.walletMerchant,
      // Wallets check a refund against the order's amount in their own records.
      amountFen: orderedFen(leg),
      product,
      createdAtMs,
    },
    parts: refundParts(payment, leg, refund),
  };
}

/**
 * For a cart in one leg: the merchant of the sub_order pays the refund, or all do, each its part.
 */
function refundParts(payment: Payment, leg: Leg, refund: Refund): readonly WalletPart[] | null {
  if (leg.parts === null) return null;
  const sub = payment.subOrders.find((row) => row.id === refund.subOrder);
  const parts = leg.parts.filter((part) => sub === undefined || part.merchant === sub.merchant);
  const weights = parts.map((part) => part.amountFen);
  const amounts = allocateFen(refund.amountFen, weights);
  return parts.map(({ walletMerchant }, at) => ({ walletMerchant, amountFen: amounts[at] ?? 0n }));
}

function notifyUrl(
  publicUrl: string,
  wallet: string,
  config: Id<'wallet_config'>,
  kind: 'payment' | 'refund',
): string {
  return `${publicUrl}/notify/${wallet}/${config}/${kind}`;
}
