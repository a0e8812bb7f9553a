/**
 * Converts APIv2's codes and fields to reports; pure. A code that is not listed is `unknown`.
 * WeChat Pay writes several codes with and without underscores: they are compared without.
 */

import type { LegOrder } from '../../core/wallet/order.ts';
import { type LegReport, type LegReportStatus, silentReport } from '../../core/wallet/report.ts';
import type { Fen } from '../../kernel/money.ts';
import { parseCompactTime } from '../../wires/beijing-time.ts';
import type { V2Fields } from '../../wires/wechatpay/message-v2.ts';
import { INTERCONNECT_BANK_TYPES } from '../../wires/wechatpay/trade.ts';
import { meaningOf } from '../answers.ts';
import { legStatusOf, plainCode } from './statuses.ts';

/**
 * micropay. `failed`: this code and number can no longer be paid. Failures of the bank or the
 * system (BANKERROR, SYSTEMERROR) say nothing about the money, nor does a number already in use.
 */
const startMeaning = meaningOf<'pending' | 'failed'>({
  USERPAYING: 'pending',
  AUTHCODEEXPIRE: 'failed',
  AUTHCODEINVALID: 'failed',
  AUTHCODEERROR: 'failed',
  NOTENOUGH: 'failed',
  NOTSUPORTCARD: 'failed',
  ORDERCLOSED: 'failed',
  ORDERREVERSED: 'failed',
  BUYERMISMATCH: 'failed',
  TRADEERROR: 'failed',
  PARAMERROR: 'failed',
  LACKPARAMS: 'failed',
  NOAUTH: 'failed',
  APPIDNOTEXIST: 'failed',
  MCHIDNOTEXIST: 'failed',
  APPIDMCHIDNOTMATCH: 'failed',
  NOTUTF8: 'failed',
  XMLFORMATERROR: 'failed',
});

export function startRefusalOfV2(code: string): 'pending' | 'failed' | 'unknown' {
  return startMeaning(plainCode(code));
}

export function isNotFoundV2(code: string): boolean {
  return plainCode(code) === 'ORDERNOTEXIST';
}

/** Only for payment codes: the code is used up, so a failed payment cannot be tried again. */
function statusOf(tradeState: string | undefined): LegReportStatus {
  return tradeState === 'PAYERROR' ? 'failed' : legStatusOf(tradeState);
}

/** result_code SUCCESS of micropay means paid; undefined = it does not state what was paid. */
export function readMicropay(leg: LegOrder, fields: V2Fields): LegReport | undefined {
  const isSaid = fields.get('out_trade_no') === leg.orderNo && fields.has('transaction_id');
  const amountFen = fenOf(fields, 'total_fee');
  return isSaid && amountFen !== null ? readPaid(leg, fields, 'succeeded') : undefined;
}

export function readOrderQuery(leg: LegOrder, fields: V2Fields): LegReport {
  if (fields.get('out_trade_no') !== leg.orderNo) return silentReport(leg.orderNo, 'unknown');
  const tradeState = fields.get('trade_state');
  const status = statusOf(tradeState);
  const report = readPaid(leg, fields, status);
  return tradeState === 'REVOKED' ? revokedReport(report) : report;
}

/** A revoked order with figures was paid; for one without, only the bill can tell. */
export function revokedReport(report: LegReport): LegReport {
  const wasPaid = report.walletTransactionId !== null && report.amountFen !== null;
  return wasPaid ? { ...report, isReversed: true } : { ...report, isUnseen: true };
}

function readPaid(leg: LegOrder, fields: V2Fields, status: LegReportStatus): LegReport {
  const amountFen = fenOf(fields, 'total_fee');
  // The total without the merchant's own coupons; absent if there were none.
  const settlementFen = fenOf(fields, 'settlement_total_fee');
  return {
    orderNo: leg.orderNo,
    status,
    walletTransactionId: fields.get('transaction_id') || null,
    amountFen,
    // Amounts are CNY unless the answer names another currency.
    currency: (fields.get('fee_type') || 'CNY').toLowerCase(),
    payee: fields.get('sub_mch_id') || null,
    payerAmountFen: fenOf(fields, 'cash_fee'),
    receiptAmountFen: status === 'succeeded' ? (settlementFen ?? amountFen) : null,
    paidAtMs: parseCompactTime(fields.get('time_end') ?? '') ?? null,
    payerWalletReported: INTERCONNECT_BANK_TYPES.get(fields.get('bank_type') ?? '') ?? null,
  };
}

function fenOf(fields: V2Fields, name: string): Fen | null {
  const text = fields.get(name) ?? '';
  return /^\d{1,15}$/.test(text) ? BigInt(text) : null;
}
