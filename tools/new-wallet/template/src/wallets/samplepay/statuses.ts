/**
 * The meaning of the wallet's statuses and codes, as tables. Every one that its documents name gets
 * a row; one that is not listed is `unknown`, never success and never failure, and is queried again
 * (rule 2).
 */
import type { LegReportStatus, RefundReportStatus } from '../../core/wallet/report.ts';
import {
  CODES,
  ORDER_STATUS,
  type OrderStatus,
  REFUND_STATUS,
  type RefundStatus,
} from '../../wires/samplepay/trade.ts';
import { meaningOf } from '../answers.ts';

export const legStatusOf = meaningOf<LegReportStatus>({
  [ORDER_STATUS.waiting]: 'pending',
  [ORDER_STATUS.confirming]: 'pending',
  [ORDER_STATUS.paid]: 'succeeded',
  // Said of payment codes alone, whose buyer has one try.
  [ORDER_STATUS.failed]: 'failed',
  [ORDER_STATUS.closed]: 'closed',
  [ORDER_STATUS.reversed]: 'closed',
} satisfies Record<OrderStatus, LegReportStatus>);

export const refundStatusOf = meaningOf<RefundReportStatus>({
  [REFUND_STATUS.processing]: 'processing',
  [REFUND_STATUS.succeeded]: 'succeeded',
  [REFUND_STATUS.failed]: 'failed',
} satisfies Record<RefundStatus, RefundReportStatus>);

/** Refusals of a start after which no payment of its number can come; others say nothing. */
const START_IS_OVER: ReadonlySet<string> = new Set([
  CODES.fieldInvalid,
  CODES.codeInvalid,
  CODES.orderClosed,
  CODES.merchantUnknown,
  CODES.signatureRefused,
]);

export function endsStart(code: string): boolean {
  return START_IS_OVER.has(code);
}

/** Refusals of a refund after which no money of its number moves. */
const REFUND_IS_OVER: ReadonlySet<string> = new Set([
  CODES.fieldInvalid,
  CODES.refundTooMuch,
  CODES.notRefundable,
]);

export function endsRefund(code: string): boolean {
  return REFUND_IS_OVER.has(code);
}

/** Of our own keys, number or permissions, not of the order. */
const CREDENTIALS: ReadonlySet<string> = new Set([CODES.merchantUnknown, CODES.signatureRefused]);

export function refusesCredentials(code: string): boolean {
  return CREDENTIALS.has(code);
}
