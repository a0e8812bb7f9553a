/**
 * Compares the wallet's figures of a paid order with what was ordered and what is booked (rule 3).
 * An impossible figure counts as not reported.
 */
import type { Fen } from '../../kernel/money.ts';
import type { LegReport } from '../wallet/report.ts';
import { type Leg, orderedFen } from './model.ts';

/** Rule 3: the ORDER amount, the currency and the payee, wherever the wallet states them. */
export function mismatchOf(
  leg: Leg,
  report: LegReport,
): 'amount' | 'currency' | 'payee' | undefined {
  if (report.amountFen !== leg.amountFen) return 'amount';
  if (report.currency !== null && report.currency !== leg.currency) return 'currency';
  if (report.payee !== null && report.payee !== leg.walletMerchant) return 'payee';
  return undefined;
}

export function isBooked({ status }: Leg): boolean {
  return status === 'succeeded' || status === 'superseded';
}

/**
 * An amount, payee or number that differs from what is booked, in a report as authentic as the
 * first. Of an attempt that an operator resolved, currency and payee are known to differ.
 */
export function contradicts(leg: Leg, report: LegReport, isDecided: boolean): boolean {
  if (report.status !== 'succeeded' || !isBooked(leg)) return false;
  const differs = <T>(said: T | null, booked: T | null) =>
    said !== null && booked !== null && said !== booked;
  return (
    differs(report.amountFen, orderedFen(leg)) ||
    differs(trueReceiptOf(report, orderedFen(leg)), leg.receiptAmountFen) ||
    differs(report.walletTransactionId, leg.walletTransactionId) ||
    (!isDecided &&
      (differs<string>(report.currency, leg.currency) || differs(report.payee, leg.walletMerchant)))
  );
}

/** The net receipt of an order. */
export function receiptOf(report: LegReport, paidFen: Fen): Fen {
  return trueReceiptOf(report, paidFen) ?? paidFen;
}

function trueReceiptOf({ receiptAmountFen }: LegReport, paidFen: Fen): Fen | null {
  const isTrue = receiptAmountFen !== null && receiptAmountFen >= 0n && receiptAmountFen <= paidFen;
  return isTrue ? receiptAmountFen : null;
}

/** The wallet's order amount, kept where it differs from ours. */
export function disputedOf(leg: Leg, paidFen: Fen): Fen | null {
  return paidFen === leg.amountFen ? null : paidFen;
}
