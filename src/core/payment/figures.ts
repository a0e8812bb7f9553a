/**
 * The wallet's figures of a paid order, held against what was ordered and what is booked (rule 3).
 * A figure that cannot be true counts as unsaid.
 */
import type { Fen } from '../../kernel/money.ts';
import type { LegReport } from '../wallet/report.ts';
import { type Leg, orderedFen } from './model.ts';

/** Rule 3: the ORDER amount, the currency and the payee, wherever the wallet names them. */
export function mismatchOf(
  leg: Leg,
  report: LegReport,
): 'amount' | 'currency' | 'payee' | undefined {
  if (report.amountFen !== leg.amountFen) return 'amount';
  if (report.currency !== null && report.currency !== 'cny') return 'currency';
  if (report.payee !== null && report.payee !== leg.walletMerchant) return 'payee';
  return undefined;
}

export function isBooked({ status }: Leg): boolean {
  return status === 'succeeded' || status === 'superseded';
}

/**
 * Another figure, payee or number of what is booked already, by a message as good as the first.
 * What an operator has decided about is known to differ in payee and currency.
 */
export function contradicts(leg: Leg, report: LegReport, isDecided: boolean): boolean {
  if (report.status !== 'succeeded' || !isBooked(leg)) return false;
  const differs = <T>(said: T | null, booked: T | null) =>
    said !== null && booked !== null && said !== booked;
  return (
    differs(report.amountFen, orderedFen(leg)) ||
    differs(trueReceiptOf(report, orderedFen(leg)), leg.receiptAmountFen) ||
    differs(report.walletTransactionId, leg.walletTransactionId) ||
    (!isDecided && (differs(report.currency, 'cny') || differs(report.payee, leg.walletMerchant)))
  );
}

/** What arrives of an order. */
export function receiptOf(report: LegReport, paidFen: Fen): Fen {
  return trueReceiptOf(report, paidFen) ?? paidFen;
}

function trueReceiptOf({ receiptAmountFen }: LegReport, paidFen: Fen): Fen | null {
  const isTrue = receiptAmountFen !== null && receiptAmountFen >= 0n && receiptAmountFen <= paidFen;
  return isTrue ? receiptAmountFen : null;
}

/** The wallet's figure of the order, to be kept where it is not ours. */
export function disputedOf(leg: Leg, paidFen: Fen): Fen | null {
  return paidFen === leg.amountFen ? null : paidFen;
}
