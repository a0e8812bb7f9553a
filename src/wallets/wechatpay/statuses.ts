/**
 * The meaning of WeChat Pay's codes, as tables. A code that is not listed means `unknown`, never
 * success and never failure. Refusals are keyed by HTTP status and code together, because the
 * status that comes with a code differs from call to call.
 */

import type { LegReportStatus, RefundReportStatus } from '../../core/wallet/report.ts';
import type { RefundState, TradeState } from '../../wires/wechatpay/trade.ts';
import { meaningOf } from '../answers.ts';

export const legStatusOf = meaningOf<LegReportStatus>({
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
} satisfies Record<TradeState, LegReportStatus>);

export const refundStatusOf = meaningOf<RefundReportStatus>({
  SUCCESS: 'succeeded',
  PROCESSING: 'processing',
  ABNORMAL: 'abnormal',
  CLOSED: 'failed',
} satisfies Record<RefundState, RefundReportStatus>);

/** The refusals of one call, by their meaning. */
function refusals<T extends string>(codesByMeaning: Readonly<Record<T, readonly string[]>>) {
  const words: Record<string, T> = {};
  for (const meaning of Object.keys(codesByMeaning) as T[]) {
    for (const code of codesByMeaning[meaning]) words[code] = meaning;
  }
  const read = meaningOf(words);
  return (status: number, code: string) => read(`${status} ${code}`);
}

/**
 * A start refused with one of these cannot be paid: it returned no code. INVALID_REQUEST is not
 * among them (it also means "this number exists with other parameters"), nor is anything that says
 * the number is in use or paid.
 */
const START_REFUSALS = [
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
];

export const startRefusalOf = refusals({ failed: START_REFUSALS });

/**
 * Refusals of our own certificate, number, app or permissions, not of the order. They imply nothing
 * else: the call's own table says whether the call failed.
 */
export const CREDENTIAL_REFUSALS: ReadonlySet<string> = new Set([
  '401 SIGN_ERROR',
  '400 APPID_MCHID_NOT_MATCH',
  '400 MCH_NOT_EXISTS',
  '404 MCH_NOT_EXISTS',
  '403 NO_AUTH',
]);

/** APIv2's spelling, without underscores. Its FAIL for a wrong key is unsigned and has no code. */
const CREDENTIAL_REFUSALS_V2: ReadonlySet<string> = new Set([
  'NOAUTH',
  'APPIDNOTEXIST',
  'MCHIDNOTEXIST',
  'APPIDMCHIDNOTMATCH',
]);

export function refusesCredentialsV2(code: string): boolean {
  return CREDENTIAL_REFUSALS_V2.has(plainCode(code));
}

/** APIv2 writes several codes with and without underscores: they are compared without. */
export function plainCode(code: string): string {
  return code.replaceAll('_', '');
}

/** Payment codes: the code itself was refused. Their names in v3 are not verified. */
export const codeRefusalOf = refusals({
  failed: [...START_REFUSALS, '400 AUTH_CODE_INVALID', '400 AUTHCODEEXPIRE'],
});

/**
 * Payment codes, by either API, which write these with and without underscores: a refused reversal
 * leaves the order as it was; after seven days it will never change again.
 */
export function reversalRefusalOf(code: string): 'not_found' | 'too_late' | 'unknown' {
  return reversalMeaning(plainCode(code));
}

const reversalMeaning = meaningOf<'not_found' | 'too_late'>({
  REVERSEEXPIRE: 'too_late',
  ORDERNOTEXIST: 'not_found',
});

const NO_SUCH_ORDER = ['404 ORDER_NOT_EXIST', '400 ORDER_NOT_EXIST'];

export const queryRefusalOf = refusals({ not_found: NO_SUCH_ORDER });

export const closeRefusalOf = refusals({
  paid: ['400 ORDER_PAID', '403 ORDER_PAID'],
  closed: ['400 ORDER_CLOSED', '403 ORDER_CLOSED'],
  not_found: NO_SUCH_ORDER,
});

/**
 * Refusals about this very refund. Refusals about our keys or permissions say nothing about an
 * earlier try with the same number, which may have been accepted: those stay unknown, as do 429 and
 * 5xx (on fund-moving calls a 429 does not prove "not accepted").
 */
export const refundRefusalOf = refusals({
  failed: [
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
  ],
});

export const refundQueryRefusalOf = refusals({
  not_found: ['404 RESOURCE_NOT_EXISTS', '404 REFUND_NOT_EXISTS'],
});
