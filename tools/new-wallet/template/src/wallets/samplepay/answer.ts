/**
 * Converts the wallet's answers to reports; pure, no I/O. What an answer does not state is null, a
 * status that no table lists is `unknown`, and an answer about another order is `unknown`.
 */

import type { LegOrder, RefundOrder } from '../../core/wallet/order.ts';
import {
  type CloseOutcome,
  type LegReport,
  type RefundReport,
  type StartOutcome,
  silentRefund,
  silentReport,
} from '../../core/wallet/report.ts';
import { parseCompactTime } from '../../wires/beijing-time.ts';
import { type Fields, fieldOf } from '../../wires/samplepay/message.ts';
import { CODES, fenOfText, ORDER_STATUS, WALLET } from '../../wires/samplepay/trade.ts';
import { type Called, walletError } from './client.ts';
import { endsRefund, endsStart, legStatusOf, refundStatusOf } from './statuses.ts';

/** The order fields of queries, charges and notifications; `fields` were verified. */
export function orderReport(fields: Fields): LegReport {
  const word = fieldOf(fields, 'status');
  const status = legStatusOf(word);
  const isReversed = word === ORDER_STATUS.reversed;
  const isPaid = status === 'succeeded' || isReversed;
  return {
    orderNo: fieldOf(fields, 'order_no') ?? '',
    status,
    walletTransactionId: fieldOf(fields, 'transaction_id') ?? null,
    amountFen: fenOfText(fieldOf(fields, 'amount')) ?? null,
    currency: fieldOf(fields, 'currency')?.toLowerCase() ?? null,
    payee: fieldOf(fields, 'sub_merchant') ?? null,
    payerAmountFen: isPaid ? (fenOfText(fieldOf(fields, 'payer_amount')) ?? null) : null,
    receiptAmountFen: null,
    paidAtMs: isPaid ? (parseCompactTime(fieldOf(fields, 'paid_at') ?? '') ?? null) : null,
    payerWalletReported: isPaid ? WALLET : null,
    ...(isReversed && { isReversed }),
  };
}

export function queryReport(leg: LegOrder, called: Called): LegReport {
  if (called.kind === 'answered') {
    const report = orderReport(called.fields);
    return report.orderNo === leg.orderNo ? report : silentReport(leg.orderNo, 'unknown');
  }
  const isMissing = called.kind === 'refused' && called.code === CODES.orderNotFound;
  return silentReport(leg.orderNo, isMissing ? 'not_found' : 'unknown');
}

function startRefused(called: Exclude<Called, { kind: 'answered' }>): StartOutcome {
  const isOver = called.kind === 'refused' && endsStart(called.code);
  return { outcome: isOver ? 'failed' : 'unknown', walletError: called.error };
}

/** An order that the buyer opens: by its code (`code_url`), or on its page (`cashier_url`). */
export function orderOutcome(leg: LegOrder, called: Called, product: 'qr' | 'h5'): StartOutcome {
  if (called.kind !== 'answered') return startRefused(called);
  const { fields } = called;
  const address = fieldOf(fields, product === 'qr' ? 'code_url' : 'cashier_url') ?? '';
  const isOurs =
    fieldOf(fields, 'order_no') === leg.orderNo &&
    fenOfText(fieldOf(fields, 'amount')) === leg.amountFen;
  if (!isOurs || !/^https?:\/\/\S{1,500}$/.test(address)) {
    const error = walletError('not_ours', 'the answer is not about this order, or has no address');
    return { outcome: 'unknown', walletError: error };
  }
  return product === 'qr'
    ? { outcome: 'pending', nextAction: { type: 'qr_code', code: address } }
    : { outcome: 'pending', nextAction: { type: 'redirect', url: address } };
}

/** A payment code: paid at once, waiting for the buyer's confirmation, or refused for good. */
export function chargeOutcome(leg: LegOrder, called: Called): StartOutcome {
  if (called.kind !== 'answered') return startRefused(called);
  const report = queryReport(leg, called);
  switch (report.status) {
    case 'succeeded':
      return { outcome: 'succeeded', legs: [report] };
    case 'pending':
      return { outcome: 'pending', nextAction: null };
    case 'failed':
    case 'closed': {
      const word = fieldOf(called.fields, 'status') ?? '';
      const error = walletError(`status.${word}`, 'the payment code was not charged');
      return { outcome: 'failed', walletError: error };
    }
    case 'not_found':
    case 'unknown':
      return { outcome: 'unknown', walletError: null };
  }
}

/** The outcome of a close, and of the reversal of a payment code. */
export function closeOutcome(leg: LegOrder, called: Called): CloseOutcome {
  if (called.kind === 'unknown') return { outcome: 'unknown', walletError: called.error };
  if (called.kind === 'refused') {
    if (called.code === CODES.orderPaid) return { outcome: 'paid' };
    if (called.code === CODES.orderNotFound) return { outcome: 'not_found' };
    return { outcome: 'unknown', walletError: called.error };
  }
  const report = queryReport(leg, called);
  if (report.status !== 'closed') return { outcome: 'unknown', walletError: null };
  return report.isReversed ? { outcome: 'reversed', legs: [report] } : { outcome: 'closed' };
}

export function refundReport(refund: RefundOrder, called: Called): RefundReport {
  if (called.kind === 'answered') return ownRefund(refund, called.fields);
  const isOver = called.kind === 'refused' && endsRefund(called.code);
  return silentRefund(isOver ? 'failed' : 'unknown', called.error);
}

export function refundQueryReport(refund: RefundOrder, called: Called): RefundReport {
  if (called.kind === 'answered') return ownRefund(refund, called.fields);
  const isMissing = called.kind === 'refused' && called.code === CODES.refundNotFound;
  return silentRefund(isMissing ? 'not_found' : 'unknown', called.error);
}

function ownRefund(refund: RefundOrder, fields: Fields): RefundReport {
  const isOurs =
    fieldOf(fields, 'refund_no') === refund.refundNo &&
    fieldOf(fields, 'order_no') === refund.leg.orderNo;
  return isOurs ? statedRefund(fields) : silentRefund('unknown');
}

export function statedRefund(fields: Fields): RefundReport {
  return {
    status: refundStatusOf(fieldOf(fields, 'status')),
    walletRefundId: fieldOf(fields, 'refund_id') ?? null,
    amountFen: fenOfText(fieldOf(fields, 'amount')) ?? null,
    // It never reports what a refund took from the merchant's money.
    settlementFen: null,
    // Nor when it paid it.
    settledAtMs: null,
    walletError: null,
  };
}
