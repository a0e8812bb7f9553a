/**
 * Every business code that Alipay documents for the methods we call, and what it means to us.
 *
 * `failed` only if Alipay refused and the number can have no further effect; a code that is not in
 * a table is `unknown`, and unknown is queried again, never guessed (rule 2).
 */
import type {
  CloseOutcome,
  LegReportStatus,
  RefundReportStatus,
} from '../../core/wallet/report.ts';
import { meaningOf } from '../answers.ts';

/** precreate, create, merge.precreate, pay (page, wap and app are only signed, never called). */
export const startRefusalOf = meaningOf<'failed' | 'unknown'>({
  'ACQ.SYSTEM_ERROR': 'unknown',
  'ACQ.INVALID_PARAMETER': 'failed',
  'ACQ.ACCESS_FORBIDDEN': 'failed',
  'ACQ.PARTNER_ERROR': 'failed',
  'ACQ.TOTAL_FEE_EXCEED': 'failed',
  'ACQ.BUYER_SELLER_EQUAL': 'failed',
  'ACQ.EXIST_FORBIDDEN_WORD': 'failed',
  'ACQ.BEYOND_PAY_RESTRICTION': 'failed',
  'ACQ.PAYMENT_AUTH_CODE_INVALID': 'failed',
  'ACQ.BUYER_BALANCE_NOT_ENOUGH': 'failed',
  'ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR': 'failed',
  'ACQ.SUB_GOODS_SIZE_MAX_COUNT': 'failed',
  'ACQ.TRADE_HAS_CLOSE': 'failed',
  // The number is in use already: the query tells what became of it.
  'ACQ.TRADE_HAS_SUCCESS': 'unknown',
  'ACQ.CONTEXT_INCONSISTENT': 'unknown',
});

/** Gateway codes (not business): refused by the gateway, so the order was never created. */
export const startGatewayRefusalOf = meaningOf<'failed' | 'unknown'>({
  '10003': 'unknown',
  '20000': 'unknown',
  '20001': 'failed',
  '40001': 'failed',
  '40002': 'failed',
  '40003': 'failed',
  // Rate-limited for now: the same number may be tried again.
  '40005': 'unknown',
  '40006': 'failed',
});

/**
 * The gateway's sub codes about our own application, keys or permissions, not about the order. They
 * imply nothing else: an unsigned one does not fail the order.
 */
export const CREDENTIAL_REFUSALS: ReadonlySet<string> = new Set([
  'isv.invalid-signature',
  'isv.invalid-app-id',
  'isv.missing-signature-key',
  'isv.missing-signature-config',
  'isv.forbidden-api',
  'isv.insufficient-isv-permissions',
  'isv.insufficient-user-permissions',
  'aop.invalid-app-auth-token',
  'aop.invalid-app-auth-token-no-api',
  'aop.app-auth-token-time-out',
  'aop.no-product-reg-by-partner',
]);

export const queryRefusalOf = meaningOf<LegReportStatus>({
  'ACQ.TRADE_NOT_EXIST': 'not_found',
  'ACQ.SYSTEM_ERROR': 'unknown',
  'ACQ.INVALID_PARAMETER': 'unknown',
  'ACQ.ACCESS_FORBIDDEN': 'unknown',
  'ACQ.PARTNER_ERROR': 'unknown',
});

/** TRADE_CLOSED is not here: it depends on whether money ever moved (`answer.ts`). */
export const tradeStatusOf = meaningOf<LegReportStatus>({
  WAIT_BUYER_PAY: 'pending',
  TRADE_SUCCESS: 'succeeded',
  TRADE_FINISHED: 'succeeded',
});

export const closeRefusalOf = meaningOf<Exclude<CloseOutcome['outcome'], 'reversed'>>({
  'ACQ.TRADE_NOT_EXIST': 'not_found',
  // No longer WAIT_BUYER_PAY: paid, or closed before. `paid` means "too late, query it".
  'ACQ.TRADE_STATUS_ERROR': 'paid',
  'ACQ.REASON_TRADE_STATUS_INVALID': 'paid',
  'ACQ.REASON_ILLEGAL_STATUS': 'paid',
  'ACQ.TRADE_HAS_SUCCESS': 'paid',
  'ACQ.TRADE_HAS_FINISHED': 'paid',
  'ACQ.TRADE_HAS_CLOSE': 'closed',
  'ACQ.SYSTEM_ERROR': 'unknown',
  'ACQ.INVALID_PARAMETER': 'unknown',
  'ACQ.ACCESS_FORBIDDEN': 'unknown',
  'ACQ.PARTNER_ERROR': 'unknown',
});

/** alipay.trade.cancel; a code not listed leaves the trade in its unknown state. */
export const cancelRefusalOf = meaningOf<'not_found' | 'too_late' | 'unknown'>({
  'ACQ.TRADE_NOT_EXIST': 'not_found',
  'ACQ.SYSTEM_ERROR': 'unknown',
  'ACQ.INVALID_PARAMETER': 'unknown',
  'ACQ.SELLER_BALANCE_NOT_ENOUGH': 'unknown',
  'ACQ.REASON_TRADE_BEEN_FREEZEN': 'unknown',
  // It can no longer be reversed: if the query says paid, an ordinary refund follows.
  'ACQ.TRADE_CANCEL_TIME_OUT': 'too_late',
  'ACQ.CANCEL_NOT_ALLOWED': 'too_late',
});

export const refundRefusalOf = meaningOf<RefundReportStatus>({
  'ACQ.SYSTEM_ERROR': 'unknown',
  'ACQ.INVALID_PARAMETER': 'failed',
  'ACQ.ACCESS_FORBIDDEN': 'failed',
  'ACQ.PARTNER_ERROR': 'failed',
  'ACQ.TRADE_NOT_EXIST': 'not_found',
  'ACQ.SELLER_BALANCE_NOT_ENOUGH': 'failed',
  'ACQ.REASON_TRADE_REFUND_FEE_ERR': 'failed',
  'ACQ.REFUND_AMT_NOT_EQUAL_TOTAL': 'failed',
  'ACQ.TRADE_NOT_ALLOW_REFUND': 'failed',
  'ACQ.TRADE_HAS_FINISHED': 'failed',
  'ACQ.REASON_TRADE_BEEN_FREEZEN': 'failed',
  // Another call with this number may have moved money: only the refund query can tell.
  'ACQ.DISCORDANT_REPEAT_REQUEST': 'unknown',
  'ACQ.TRADE_STATUS_ERROR': 'unknown',
});

export const refundQueryRefusalOf = meaningOf<RefundReportStatus>({
  'ACQ.TRADE_NOT_EXIST': 'not_found',
  'ACQ.SYSTEM_ERROR': 'unknown',
  'ACQ.INVALID_PARAMETER': 'unknown',
  'ACQ.ACCESS_FORBIDDEN': 'unknown',
  'ACQ.PARTNER_ERROR': 'unknown',
});
