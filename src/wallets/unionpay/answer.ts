/**
 * Converts UnionPay's answers to reports; pure, no I/O. What an answer does not state is null, a
 * status that no table lists is `unknown`, and an answer about another order than the queried one
 * is `unknown`.
 *
 * respCode says whether the query worked, origRespCode what became of the order. One failed try
 * does not end an order that the payer can still pay (a page, a code): only 69 and the end of
 * payTimeout do. A payment code and a tap are a single try, so their failure is final.
 */
import {
  type LegReport,
  type LegReportStatus,
  type RefundReport,
  silentRefund,
  silentReport,
} from '../../core/wallet/report.ts';
import type { Fen } from '../../kernel/money.ts';
import type { WalletError } from '../../kernel/wallet-names.ts';
import { parseCompactTime } from '../../wires/beijing-time.ts';
import type { Fields } from '../../wires/unionpay/canonical.ts';
import { CURRENCY_CNY } from '../../wires/unionpay/trade.ts';

import type { Called } from './client.ts';
import {
  CLOSED_CODES,
  DUPLICATE_CODE,
  FAILED_CODES,
  NOT_FOUND_CODE,
  ORDER_OVER_CODES,
  PENDING_CODES,
  SUCCESS_CODES,
} from './statuses.ts';

/** The queried order, to be compared with what an answer names. */
export interface AskedOrder {
  readonly orderNo: string;
  readonly txnTime: string;
  readonly merId: string;
  /** A single try (bar, nfc): a failed try is a failed order. */
  readonly isOneTry: boolean;
  readonly isOver: boolean;
}

export type StartVerdict =
  | { readonly outcome: 'accepted'; readonly fields: Fields }
  | { readonly outcome: 'failed'; readonly walletError: WalletError }
  | { readonly outcome: 'unknown'; readonly walletError: WalletError };

export function startVerdict(
  called: Called,
  asked: Pick<AskedOrder, 'orderNo' | 'txnTime' | 'isOneTry'>,
): StartVerdict {
  if (called.kind === 'unknown') return { outcome: 'unknown', walletError: called.error };
  const { fields, respCode, error } = called;
  if (!isAbout(fields, asked)) return { outcome: 'unknown', walletError: error };
  const isPending = PENDING_CODES.has(respCode) && asked.isOneTry;
  if (SUCCESS_CODES.has(respCode) || isPending) return { outcome: 'accepted', fields };
  return { outcome: FAILED_CODES.has(respCode) ? 'failed' : 'unknown', walletError: error };
}

function isAbout(fields: Fields, asked: Pick<AskedOrder, 'orderNo' | 'txnTime'>): boolean {
  return fields.get('orderId') === asked.orderNo && fields.get('txnTime') === asked.txnTime;
}

export function queryReport(called: Called, asked: AskedOrder): LegReport {
  const { orderNo } = asked;
  if (called.kind === 'unknown') return silentReport(orderNo, 'unknown');
  const { fields, respCode } = called;
  if (!isAbout(fields, asked)) return silentReport(orderNo, 'unknown');
  if (respCode === NOT_FOUND_CODE) return silentReport(orderNo, 'not_found');
  if (respCode !== '00') return silentReport(orderNo, 'unknown');
  return orderReport(fields, orderStatus(fields.get('origRespCode') ?? '', asked), asked);
}

/** The meaning of an outcome code for an order. */
export function orderStatus(
  code: string,
  asked: Pick<AskedOrder, 'isOneTry' | 'isOver'>,
): LegReportStatus {
  if (SUCCESS_CODES.has(code)) return 'succeeded';
  if (PENDING_CODES.has(code)) return 'pending';
  if (!FAILED_CODES.has(code)) return 'unknown';
  const isEnd = asked.isOneTry || asked.isOver || ORDER_OVER_CODES.has(code);
  if (!isEnd) return 'pending';
  return CLOSED_CODES.has(code) ? 'closed' : 'failed';
}

/** What query replies and notifications have in common; `fields` are from a verified message. */
export function orderReport(
  fields: Fields,
  status: LegReportStatus,
  asked: Pick<AskedOrder, 'orderNo' | 'merId' | 'txnTime'>,
): LegReport {
  const merId = fields.get('merId') ?? null;
  const amountFen = fenField(fields, 'txnAmt');
  const settleFen = fenField(fields, 'settleAmt');
  const isReceipt = settleFen !== null && amountFen !== null && settleFen <= amountFen;
  return {
    orderNo: asked.orderNo,
    status,
    walletTransactionId: fields.get('queryId') ?? null,
    amountFen,
    currency: currencyOf(fields.get('currencyCode')),
    payee: merId === asked.merId ? null : merId,
    // No field states what the payer paid after coupons.
    payerAmountFen: null,
    receiptAmountFen: isReceipt ? settleFen : null,
    paidAtMs: status === 'succeeded' ? tracedAtMs(fields, asked.txnTime) : null,
    payerWalletReported: status === 'succeeded' ? payerWallet(fields) : null,
  };
}

function fenField(fields: Fields, name: string): Fen | null {
  const text = fields.get(name) ?? '';
  return /^[0-9]{1,12}$/.test(text) ? BigInt(text) : null;
}

function currencyOf(code: string | undefined): string | null {
  if (code === undefined) return null;
  return code === CURRENCY_CNY ? 'cny' : `iso4217-${code}`;
}

const DAY_MS = 86_400_000;

/**
 * traceTime, when UnionPay dealt with it, is MMDDhhmmss: the first such moment from txnTime on, or
 * shortly before it by another clock.
 */
function tracedAtMs(fields: Fields, txnTime: string): number | null {
  const traceTime = fields.get('traceTime') ?? '';
  const orderedMs = parseCompactTime(txnTime);
  if (!/^[0-9]{10}$/.test(traceTime) || orderedMs === undefined) return null;
  const year = Number(txnTime.slice(0, 4));
  for (const candidate of [year - 1, year, year + 1]) {
    const tracedMs = parseCompactTime(`${candidate}${traceTime}`);
    if (tracedMs !== undefined && tracedMs >= orderedMs - DAY_MS) return tracedMs;
  }
  return null;
}

/** Only the wallet's own answer tells which card paid; the prefix of a code does not. */
function payerWallet(fields: Fields): string | null {
  const stated = ['payCardType', 'payType', 'payCardNo', 'issInsCode'];
  return stated.some((name) => fields.has(name)) ? 'unionpay' : null;
}

/** The answer to a refund request: accepted or not; its outcome comes by notification or query. */
export function refundReport(called: Called, asked: AskedOrder): RefundReport {
  if (called.kind === 'unknown') return silentRefund('unknown', called.error);
  const { fields, respCode, error } = called;
  if (!isAbout(fields, asked)) return silentRefund('unknown', error);
  const walletRefundId = fields.get('queryId') ?? null;
  if (SUCCESS_CODES.has(respCode) || PENDING_CODES.has(respCode)) {
    return { ...silentRefund('processing'), walletRefundId };
  }
  // The number is in use already: an earlier call of ours was accepted.
  if (respCode === DUPLICATE_CODE) return silentRefund('submitted');
  return silentRefund(FAILED_CODES.has(respCode) ? 'failed' : 'unknown', error);
}

export function refundQueryReport(called: Called, asked: AskedOrder): RefundReport {
  if (called.kind === 'unknown') return silentRefund('unknown', called.error);
  const { fields, respCode, error } = called;
  if (!isAbout(fields, asked)) return silentRefund('unknown', error);
  if (respCode === NOT_FOUND_CODE) return silentRefund('not_found', error);
  if (respCode !== '00') return silentRefund('unknown', error);
  return settledRefund(fields, fields.get('origRespCode') ?? '');
}

/** A refund that was accepted: its number is used up, whatever its outcome. */
export function settledRefund(fields: Fields, code: string): RefundReport {
  const stated = {
    walletRefundId: fields.get('queryId') ?? null,
    amountFen: fenField(fields, 'txnAmt'),
    settlementFen: fenField(fields, 'settleAmt'),
  };
  if (SUCCESS_CODES.has(code)) {
    const settledAtMs = tracedAtMs(fields, fields.get('txnTime') ?? '');
    return { ...silentRefund('succeeded'), ...stated, settledAtMs };
  }
  if (PENDING_CODES.has(code)) return { ...silentRefund('processing'), ...stated };
  return { ...silentRefund(FAILED_CODES.has(code) ? 'failed' : 'unknown'), ...stated };
}
