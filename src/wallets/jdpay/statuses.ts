/**
 * The meaning of JD's numbers, as tables: 2 is a successful payment, 1 a successful refund. A
 * number that is not listed means `unknown`, never success and never failure. JD publishes no list
 * of result codes: the configuration defines what a refusal means.
 */

import type { LegReportStatus, RefundReportStatus } from '../../core/wallet/report.ts';
import {
  PAYMENT_STATUS,
  type PaymentStatus,
  REFUND_STATUS,
  type RefundStatus,
} from '../../wires/jdpay/trade.ts';
import { meaningOf } from '../answers.ts';
import type { JdpayConfig } from './config.ts';

const paymentMeaning = meaningOf<LegReportStatus>({
  [PAYMENT_STATUS.created]: 'pending',
  [PAYMENT_STATUS.processing]: 'pending',
  [PAYMENT_STATUS.succeeded]: 'succeeded',
  [PAYMENT_STATUS.failed]: 'failed',
  [PAYMENT_STATUS.closed]: 'closed',
} satisfies Record<PaymentStatus, LegReportStatus>);

export const refundStatusOf = meaningOf<RefundReportStatus>({
  [REFUND_STATUS.processing]: 'processing',
  [REFUND_STATUS.succeeded]: 'succeeded',
  [REFUND_STATUS.failed]: 'failed',
} satisfies Record<RefundStatus, RefundReportStatus>);

/** An order whose buyer has only one try is over when that failed. */
export function paymentStatusOf(text: string | undefined, isOneTry: boolean): LegReportStatus {
  const status = paymentMeaning(text);
  // The holder of a QR code or a page may try again until the order is closed.
  return status === 'failed' && !isOneTry ? 'unknown' : status;
}

/** Codes about our own keys, number or permissions, not about the order, as configured. */
export function refusesCredentials(code: string, codes: JdpayConfig['resultCodes']): boolean {
  return codes.credentialsRefused.has(code);
}
