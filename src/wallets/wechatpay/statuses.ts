/**
 * The meaning of WeChat Pay's codes, as tables. A code that is not listed means `unknown`, never
 * success and never failure. Refusals are keyed by HTTP status and code together, because the
 * status that comes with a code differs from call to call.
 */

import type { LegReportStatus, RefundReportStatus } from '../../core/wallet/report.ts';
import type { RefundState, TradeState } from '../../wires/wechatpay/trade.ts';

const TRADE: Readonly<Record<TradeState, LegReportStatus>> = {
  SUCCESS: 'succeeded',
  // Set as soon as any part is refunded: the order was paid.
  REFUND: 'succeeded',
  NOTPAY: 'pending',
  USERPAYING: 'pending',
  ACCEPT: 'pending',
  CLOSED: 'closed',
  REVOKED: 'closed',
  // Final only for payment codes; a QR or JSAPI order may still be paid until it is closed.
  PAYERROR: 'unknown',
};

const REFUND: Readonly<Record<RefundState, RefundReportStatus>> = {
  SUCCESS: 'succeeded',
  PROCESSING: 'processing',
  ABNORMAL: 'abnormal',
  CLOSED: 'failed',
};

export function legStatusOf(tradeState: string | undefined): LegReportStatus {
  if (tradeState === undefined || !Object.hasOwn(TRADE, tradeState)) return 'unknown';
  return TRADE[tradeState as TradeState];
}

export function refundStatusOf(status: string | undefined): RefundReportStatus {
  if (status === undefined || !Object.hasOwn(REFUND, status)) return 'unknown';
  return REFUND[status as RefundState];
}

/**
 * A start refused with one of these cannot be paid: it returned no code. INVALID_REQUEST is not
 * among them (it also means "this number exists with other parameters"), nor is anything that says
 * the number is in use or paid.
 */
const START_REFUSALS: ReadonlySet<string> = new Set([
  '400 PARAM_ERROR',
  '400 APPID_MCHID_NOT_MATCH',
  '400 MCH_NOT_EXISTS',
  '400 ORDER_CLOSED',
  '401 SIGN_ERROR',
  '403 NO_AUTH',
  '403 RULE_LIMIT',
  '403 TRADE_ERROR',
  '403 USER_ACCOUNT_ABNORMAL',
  '403 ACCOUNT_ERROR',
  '403 REQUEST_BLOCKED',
  '403 CONTRACT_NOT_CONFIRMED',
  '403 ACCOUNT_NOT_VERIFIED',
  '403 OPENID_MISMATCH',
  '404 MCH_NOT_EXISTS',
  '404 USER_NOT_EXIST',
  '500 OPENID_MISMATCH',
]);

export function startRefusalOf(status: number, code: string): 'failed' | 'unknown' {
  return START_REFUSALS.has(`${status} ${code}`) ? 'failed' : 'unknown';
}

/**
 * Refusals of our own certificate, number, app or permissions, not of the order. They imply nothing
 * else: the call's own table says whether the call failed.
 */
const CREDENTIAL_REFUSALS: ReadonlySet<string> = new Set([
  '401 SIGN_ERROR',
  '400 APPID_MCHID_NOT_MATCH',
  '400 MCH_NOT_EXISTS',
  '404 MCH_NOT_EXISTS',
  '403 NO_AUTH',
]);

export function refusesCredentials(status: number, code: string): boolean {
  return CREDENTIAL_REFUSALS.has(`${status} ${code}`);
}

/** APIv2's spelling, without underscores. Its FAIL for a wrong key is unsigned and has no code. */
const CREDENTIAL_REFUSALS_V2: ReadonlySet<string> = new Set([
  'NOAUTH',
  'APPIDNOTEXIST',
  'MCHIDNOTEXIST',
  'APPIDMCHIDNOTMATCH',
]);

export function refusesCredentialsV2(code: string): boolean {
  return CREDENTIAL_REFUSALS_V2.has(code.replaceAll('_', ''));
}

/** Payment codes: the code itself was refused. Their names in v3 are not verified. */
const CODE_REFUSALS: ReadonlySet<string> = new Set(['400 AUTH_CODE_INVALID', '400 AUTHCODEEXPIRE']);

export function codeRefusalOf(status: number, code: string): 'failed' | 'unknown' {
  return CODE_REFUSALS.has(`${status} ${code}`) ? 'failed' : startRefusalOf(status, code);
}

/**
 * Payment codes, by either API, which write these with and without underscores: a refused reversal
 * leaves the order as it was; after seven days it will never change again.
 */
export function reversalRefusalOf(code: string): 'not_found' | 'too_late' | 'unknown' {
  switch (code.replaceAll('_', '')) {
    case 'REVERSEEXPIRE':
      return 'too_late';
    case 'ORDERNOTEXIST':
      return 'not_found';
    default:
      return 'unknown';
  }
}

const QUERY_NOT_FOUND: ReadonlySet<string> = new Set([
  '404 ORDER_NOT_EXIST',
  '400 ORDER_NOT_EXIST',
]);

export function queryRefusalOf(status: number, code: string): 'not_found' | 'unknown' {
  return QUERY_NOT_FOUND.has(`${status} ${code}`) ? 'not_found' : 'unknown';
}

const CLOSE_REFUSALS: Readonly<Record<string, 'paid' | 'closed' | 'not_found'>> = {
  '400 ORDER_PAID': 'paid',
  '403 ORDER_PAID': 'paid',
  '400 ORDER_CLOSED': 'closed',
  '403 ORDER_CLOSED': 'closed',
  '404 ORDER_NOT_EXIST': 'not_found',
  '400 ORDER_NOT_EXIST': 'not_found',
};

export function closeRefusalOf(
  status: number,
  code: string,
): 'paid' | 'closed' | 'not_found' | 'unknown' {
  const key = `${status} ${code}`;
  return Object.hasOwn(CLOSE_REFUSALS, key) ? (CLOSE_REFUSALS[key] ?? 'unknown') : 'unknown';
}

/**
 * Refusals about this very refund. Refusals about our keys or permissions say nothing about an
 * earlier try with the same number, which may have been accepted: those stay unknown, as do 429 and
 * 5xx (on fund-moving calls a 429 does not prove "not accepted").
 */
const REFUND_REFUSALS: ReadonlySet<string> = new Set([
  '400 PARAM_ERROR',
  '400 INVALID_REQUEST',
  '403 NOT_ENOUGH',
  '403 RULE_LIMIT',
  '403 TRADE_ERROR',
  '403 USER_ACCOUNT_ABNORMAL',
  '404 RESOURCE_NOT_EXISTS',
  '404 ORDER_NOT_EXIST',
  '404 MCH_NOT_EXISTS',
  '400 MCH_NOT_EXISTS',
]);

export function refundRefusalOf(status: number, code: string): 'failed' | 'unknown' {
  return REFUND_REFUSALS.has(`${status} ${code}`) ? 'failed' : 'unknown';
}

const REFUND_NOT_FOUND: ReadonlySet<string> = new Set([
  '404 RESOURCE_NOT_EXISTS',
  '404 REFUND_NOT_EXISTS',
]);

export function refundQueryRefusalOf(status: number, code: string): 'not_found' | 'unknown' {
  return REFUND_NOT_FOUND.has(`${status} ${code}`) ? 'not_found' : 'unknown';
}
