/**
 * Converts Alipay's answers to reports; pure, no I/O. What an answer does not state is null, a
 * status that no table lists is `unknown`, and an answer about another order than the queried one
 * is `unknown`.
 *
 * Two traps handled here: TRADE_CLOSED is also the status of a trade that was paid and refunded in
 * full (then it is `succeeded`, never "closed unpaid"); refund_fee is the trade's cumulative sum,
 * so it is never used as the amount of one refund.
 */

import type { LegOrder, RefundOrder } from '../../core/wallet/order.ts';
import {
  type CloseOutcome,
  type LegReport,
  type LegReportStatus,
  type RefundReport,
  type StartOutcome,
  silentRefund,
  silentReport,
} from '../../core/wallet/report.ts';
import { type Fen, yuanToFen } from '../../kernel/money.ts';
import type { Product, WalletError } from '../../kernel/wallet-names.ts';
import { isJsonObject, type JsonObject, textField } from '../../wires/alipay/json-text.ts';
import { parseTime } from '../../wires/alipay/time.ts';
import type { Called } from './client.ts';
import {
  cancelRefusalOf,
  closeRefusalOf,
  queryRefusalOf,
  refundQueryRefusalOf,
  refundRefusalOf,
  startGatewayRefusalOf,
  startRefusalOf,
  tradeStatusOf,
} from './statuses.ts';

const SUCCESS = '10000';
const WAITING = '10003';
const BUSINESS_FAILED = '40004';

/** alipay.trade.pay: paid in the call, waiting for the buyer, refused, or unknown. */
export function payOutcome(leg: LegOrder, called: Called): StartOutcome {
  if (called.kind === 'unknown') return { outcome: 'unknown', walletError: called.error };
  const { code, fields } = called;
  if (code !== SUCCESS && code !== WAITING) return startFailure(called);
  const isOurs = textField(fields, 'out_trade_no') === leg.orderNo;
  const paidAt = textField(fields, 'gmt_payment');
  if (isOurs && code === WAITING) return { outcome: 'pending', nextAction: null };
  // 10000 means paid; an answer that then states no time, or another order, is not trusted.
  if (!isOurs || paidAt === undefined) return { outcome: 'unknown', walletError: called.error };
  const known = { status: 'succeeded', paidAt, payee: null } as const;
  return { outcome: 'succeeded', legs: [reportOf(leg.orderNo, fields, known)] };
}

/** The outcome of a start that did not succeed. */
export function startFailure(
  called: Called,
):
  | { readonly outcome: 'failed'; readonly walletError: WalletError }
  | { readonly outcome: 'unknown'; readonly walletError: WalletError | null } {
  if (called.kind === 'unknown') return { outcome: 'unknown', walletError: called.error };
  const outcome =
    called.code === BUSINESS_FAILED
      ? startRefusalOf(called.subCode)
      : startGatewayRefusalOf(called.code);
  return { outcome, walletError: called.error };
}

/** The meaning of a business refusal in one call's table; anything else has none. */
function refusedAs<T>(called: Called, meaningIn: (code: string | null) => T): T | 'unknown' {
  const isBusiness = called.kind === 'answered' && called.code === BUSINESS_FAILED;
  return isBusiness ? meaningIn(called.subCode) : 'unknown';
}

/** The fields of a verified success; undefined for everything else. */
export function successFields(called: Called): JsonObject | undefined {
  return called.kind === 'answered' && called.code === SUCCESS ? called.fields : undefined;
}

/** alipay.trade.query. */
export function queryReport(leg: LegOrder, called: Called, product: Product): LegReport {
  const fields = successFields(called);
  if (fields === undefined) return silentReport(leg.orderNo, refusedAs(called, queryRefusalOf));
  if (textField(fields, 'out_trade_no') !== leg.orderNo) {
    return silentReport(leg.orderNo, 'unknown');
  }
  const report = tradeReport(leg.orderNo, fields, {
    paidAt: textField(fields, 'send_pay_date'),
    payee: textField(fields, 'alipay_sub_merchant_id') ?? null,
  });
  return product === 'bar' ? reversedReport(report, fields) : report;
}

/** What query answers and notifications have in common; `fields` are from a verified message. */
export function tradeReport(
  orderNo: string,
  fields: JsonObject,
  known: { readonly paidAt: string | undefined; readonly payee: string | null },
): LegReport {
  return reportOf(orderNo, fields, {
    ...known,
    status: tradeStatus(fields, known.paidAt !== undefined),
  });
}

function reportOf(
  orderNo: string,
  fields: JsonObject,
  known: {
    readonly status: LegReportStatus;
    readonly paidAt: string | undefined;
    readonly payee: string | null;
  },
): LegReport {
  const { status } = known;
  return {
    orderNo,
    status,
    walletTransactionId: textField(fields, 'trade_no') ?? null,
    amountFen: fenField(fields, 'total_amount'),
    // total_amount is yuan unless the answer names another currency.
    currency: textField(fields, 'trans_currency')?.toLowerCase() ?? 'cny',
    payee: known.payee,
    payerAmountFen: fenField(fields, 'buyer_pay_amount'),
    receiptAmountFen: fenField(fields, 'receipt_amount'),
    paidAtMs: known.paidAt === undefined ? null : (parseTime(known.paidAt) ?? null),
    payerWalletReported: status === 'succeeded' ? payerWallet(fields) : null,
  };
}

function tradeStatus(fields: JsonObject, hasPaidAt: boolean): LegReportStatus {
  const status = textField(fields, 'trade_status') ?? '';
  if (status !== 'TRADE_CLOSED') return tradeStatusOf(status);
  const refundedFen = fenField(fields, 'refund_fee') ?? 0n;
  return hasPaidAt || refundedFen > 0n ? 'succeeded' : 'closed';
}

function fenField(fields: JsonObject, name: string): Fen | null {
  const text = textField(fields, name);
  return text === undefined ? null : (yuanToFen(text) ?? null);
}

/**
 * A payment code's trade that is TRADE_CLOSED although it was paid: alipay.trade.cancel refunded
 * it. It must never make a live attempt paid.
 */
export function reversedReport(report: LegReport, fields: JsonObject): LegReport {
  const isClosed = textField(fields, 'trade_status') === 'TRADE_CLOSED';
  if (!isClosed || report.status !== 'succeeded') return report;
  return { ...report, status: 'closed', isReversed: true };
}

/**
 * fund_bill_list: snake_case in queries, JSON text with camelCase in notifications. A bank-card
 * item of China UnionPay (`CUP`) indicates an interconnected wallet.
 */
function payerWallet(fields: JsonObject): string | null {
  const bills = listOf(fields.fund_bill_list);
  if (bills.length === 0) return null;
  const codes = bills.map((bill) => textField(bill, 'bank_code') ?? textField(bill, 'bankCode'));
  return codes.includes('CUP') ? 'unionpay' : 'alipay';
}

function listOf(value: unknown): JsonObject[] {
  if (Array.isArray(value)) return value.filter(isJsonObject);
  if (typeof value !== 'string') return [];
  try {
    return listOf(JSON.parse(value) as unknown as readonly unknown[]);
  } catch {
    return [];
  }
}

export function closeOutcome(orderNo: string, called: Called): CloseOutcome {
  if (called.kind === 'unknown') return { outcome: 'unknown', walletError: called.error };
  if (called.code === SUCCESS) {
    const isOurs = textField(called.fields, 'out_trade_no') === orderNo;
    return isOurs ? { outcome: 'closed' } : { outcome: 'unknown', walletError: called.error };
  }
  const outcome = refusedAs(called, closeRefusalOf);
  return outcome === 'unknown' ? { outcome, walletError: called.error } : { outcome };
}

/**
 * alipay.trade.cancel. `ask`: the call succeeded, and only a query can tell its effect on the trade
 * (refunded now or by an earlier call, or no trade at all). `too_late`: it had no effect, and no
 * later call will have one.
 */
export function cancelOutcome(orderNo: string, called: Called): CloseOutcome | 'ask' | 'too_late' {
  if (called.kind === 'unknown') return { outcome: 'unknown', walletError: called.error };
  if (called.code !== SUCCESS) {
    const outcome = refusedAs(called, cancelRefusalOf);
    if (outcome === 'too_late') return outcome;
    return outcome === 'not_found' ? { outcome } : { outcome, walletError: called.error };
  }
  const { fields } = called;
  const isOurs = textField(fields, 'out_trade_no') === orderNo;
  // Y: nothing is done yet, the same call must be repeated.
  const isDone = isOurs && textField(fields, 'retry_flag') !== 'Y';
  if (!isDone) return { outcome: 'unknown', walletError: called.error };
  return textField(fields, 'action') === 'close' ? { outcome: 'closed' } : 'ask';
}

/** The query's answer after a reversal that succeeded, or came too late. */
export function reversalOutcome(report: LegReport, reversal: 'ask' | 'too_late'): CloseOutcome {
  if (report.isReversed === true) return { outcome: 'reversed', legs: [report] };
  if (report.status === 'closed' || report.status === 'not_found') {
    return { outcome: report.status };
  }
  if (report.status === 'succeeded' && reversal === 'too_late') return { outcome: 'paid' };
  // Still paid or payable: the effect of the reversal, if any, does not show yet.
  return { outcome: 'unknown', walletError: null };
}

const CLOSE_ORDER = ['unknown', 'paid', 'not_found', 'unsupported', 'closed'] as const;

/** A merged payment is only as closed as its least closed sub-order. */
export function worstClose(outcomes: readonly CloseOutcome[]): CloseOutcome {
  for (const name of CLOSE_ORDER) {
    const found = outcomes.find(({ outcome }) => outcome === name);
    if (found !== undefined) return found;
  }
  return { outcome: 'unknown', walletError: null };
}

/** Alipay assigns refunds no number of its own: ours (out_request_no) is the only one. */
export function refundReport(refund: RefundOrder, called: Called): RefundReport {
  const fields = successFields(called);
  if (fields === undefined) return silentRefund(refusedAs(called, refundRefusalOf), called.error);
  if (textField(fields, 'out_trade_no') !== refund.leg.orderNo) return silentRefund('unknown');
  // N: this call moved nothing (a repeat, or not yet); the refund query decides.
  const status = textField(fields, 'fund_change') === 'Y' ? 'succeeded' : 'submitted';
  const settledAtMs = refundedAtMs(fields);
  return { ...silentRefund(status), settlementFen: fenField(fields, 'send_back_fee'), settledAtMs };
}

/** Answers and queries name the time of this refund alike; notifications call it gmt_refund. */
function refundedAtMs(fields: JsonObject): number | null {
  return parseTime(textField(fields, 'gmt_refund_pay') ?? '') ?? null;
}

export function refundQueryReport(refund: RefundOrder, called: Called): RefundReport {
  const fields = successFields(called);
  if (fields === undefined)
    return silentRefund(refusedAs(called, refundQueryRefusalOf), called.error);
  const orderNo = textField(fields, 'out_trade_no');
  const refundNo = textField(fields, 'out_request_no');
  const isOther =
    (orderNo !== undefined && orderNo !== refund.leg.orderNo) ||
    (refundNo !== undefined && refundNo !== refund.refundNo);
  if (isOther) return silentRefund('unknown');
  const amountFen = fenField(fields, 'refund_amount');
  const status = textField(fields, 'refund_status');
  if (status === 'REFUND_SUCCESS') {
    const settlementFen = fenField(fields, 'send_back_fee');
    const settledAtMs = refundedAtMs(fields);
    return { ...silentRefund('succeeded'), amountFen, settlementFen, settledAtMs };
  }
  // Absent: not refunded, or not yet. If the wallet names the refund, it is only not done yet.
  if (status === undefined && refundNo === undefined && amountFen === null) {
    return silentRefund('not_found');
  }
  return { ...silentRefund('unknown'), amountFen };
}
