import { describe, expect, test } from 'vitest';
import { REFUND_STATES, TRADE_STATES } from '../../wires/wechatpay/trade.ts';
import {
  closeRefusalOf,
  legStatusOf,
  queryRefusalOf,
  refundQueryRefusalOf,
  refundRefusalOf,
  refundStatusOf,
  startRefusalOf,
} from './statuses.ts';

/** Every code of the documented error table with the HTTP status it stands under. */
const DOCUMENTED = [
  [400, 'PARAM_ERROR', 'failed', 'unknown', 'unknown', 'failed', 'unknown'],
  [400, 'INVALID_REQUEST', 'unknown', 'unknown', 'unknown', 'failed', 'unknown'],
  [400, 'APPID_MCHID_NOT_MATCH', 'failed', 'unknown', 'unknown', 'unknown', 'unknown'],
  [400, 'MCH_NOT_EXISTS', 'failed', 'unknown', 'unknown', 'failed', 'unknown'],
  [400, 'ORDER_CLOSED', 'failed', 'unknown', 'closed', 'unknown', 'unknown'],
  [400, 'ORDER_PAID', 'unknown', 'unknown', 'paid', 'unknown', 'unknown'],
  [400, 'ORDER_REVERSED', 'unknown', 'unknown', 'unknown', 'unknown', 'unknown'],
  [400, 'AUTH_CODE_INVALID', 'unknown', 'unknown', 'unknown', 'unknown', 'unknown'],
  [400, 'NO_STATEMENT_EXIST', 'unknown', 'unknown', 'unknown', 'unknown', 'unknown'],
  [400, 'STATEMENT_CREATING', 'unknown', 'unknown', 'unknown', 'unknown', 'unknown'],
  [400, 'ALREADY_EXISTS', 'unknown', 'unknown', 'unknown', 'unknown', 'unknown'],
  [400, 'RESOURCE_ALREADY_EXISTS', 'unknown', 'unknown', 'unknown', 'unknown', 'unknown'],
  [401, 'SIGN_ERROR', 'failed', 'unknown', 'unknown', 'unknown', 'unknown'],
  [403, 'NO_AUTH', 'failed', 'unknown', 'unknown', 'unknown', 'unknown'],
  [403, 'OUT_TRADE_NO_USED', 'unknown', 'unknown', 'unknown', 'unknown', 'unknown'],
  [403, 'RULE_LIMIT', 'failed', 'unknown', 'unknown', 'failed', 'unknown'],
  [403, 'TRADE_ERROR', 'failed', 'unknown', 'unknown', 'failed', 'unknown'],
  [403, 'NOT_ENOUGH', 'unknown', 'unknown', 'unknown', 'failed', 'unknown'],
  [403, 'USER_ACCOUNT_ABNORMAL', 'failed', 'unknown', 'unknown', 'failed', 'unknown'],
  [403, 'ACCOUNT_ERROR', 'failed', 'unknown', 'unknown', 'unknown', 'unknown'],
  [403, 'AUTH_CODE_EXPIRE', 'unknown', 'unknown', 'unknown', 'unknown', 'unknown'],
  [403, 'REQUEST_BLOCKED', 'failed', 'unknown', 'unknown', 'unknown', 'unknown'],
  [403, 'CONTRACT_NOT_CONFIRMED', 'failed', 'unknown', 'unknown', 'unknown', 'unknown'],
  [403, 'ACCOUNT_NOT_VERIFIED', 'failed', 'unknown', 'unknown', 'unknown', 'unknown'],
  [404, 'ORDER_NOT_EXIST', 'unknown', 'not_found', 'not_found', 'failed', 'unknown'],
  [404, 'RESOURCE_NOT_EXISTS', 'unknown', 'unknown', 'unknown', 'failed', 'not_found'],
  [404, 'REFUND_NOT_EXISTS', 'unknown', 'unknown', 'unknown', 'unknown', 'not_found'],
  [404, 'USER_NOT_EXIST', 'failed', 'unknown', 'unknown', 'unknown', 'unknown'],
  [404, 'MCH_NOT_EXISTS', 'failed', 'unknown', 'unknown', 'failed', 'unknown'],
  [429, 'FREQUENCY_LIMITED', 'unknown', 'unknown', 'unknown', 'unknown', 'unknown'],
  [500, 'SYSTEM_ERROR', 'unknown', 'unknown', 'unknown', 'unknown', 'unknown'],
  [500, 'BANK_ERROR', 'unknown', 'unknown', 'unknown', 'unknown', 'unknown'],
  [500, 'OPENID_MISMATCH', 'failed', 'unknown', 'unknown', 'unknown', 'unknown'],
  [500, 'INVALID_TRANSACTIONID', 'unknown', 'unknown', 'unknown', 'unknown', 'unknown'],
  [500, 'BIZ_ERR_NEED_RETRY', 'unknown', 'unknown', 'unknown', 'unknown', 'unknown'],
  [502, 'SERVICE_UNAVAILABLE', 'unknown', 'unknown', 'unknown', 'unknown', 'unknown'],
  [503, 'SERVICE_UNAVAILABLE', 'unknown', 'unknown', 'unknown', 'unknown', 'unknown'],
] as const;

describe('every documented refusal, in each call', () => {
  test.each(DOCUMENTED)('%i %s', (status, code, start, query, close, refund, refundQuery) => {
    expect(startRefusalOf(status, code)).toBe(start);
    expect(queryRefusalOf(status, code)).toBe(query);
    expect(closeRefusalOf(status, code)).toBe(close);
    expect(refundRefusalOf(status, code)).toBe(refund);
    expect(refundQueryRefusalOf(status, code)).toBe(refundQuery);
  });

  test('the same code under another status, or no code, is unknown', () => {
    expect(startRefusalOf(500, 'PARAM_ERROR')).toBe('unknown');
    expect(closeRefusalOf(500, 'ORDER_PAID')).toBe('unknown');
    expect(closeRefusalOf(400, 'constructor')).toBe('unknown');
    expect(startRefusalOf(404, '')).toBe('unknown');
  });
});

test('every documented trade_state', () => {
  expect(TRADE_STATES.map((state) => [state, legStatusOf(state)])).toEqual([
    ['SUCCESS', 'succeeded'],
    ['REFUND', 'succeeded'],
    ['NOTPAY', 'pending'],
    ['CLOSED', 'closed'],
    ['REVOKED', 'closed'],
    ['USERPAYING', 'pending'],
    ['PAYERROR', 'unknown'],
    ['ACCEPT', 'pending'],
  ]);
  for (const state of [undefined, '', 'success', 'PAID', 'toString', '__proto__']) {
    expect(legStatusOf(state)).toBe('unknown');
  }
});

test('every documented refund status', () => {
  expect(REFUND_STATES.map((state) => [state, refundStatusOf(state)])).toEqual([
    ['SUCCESS', 'succeeded'],
    ['CLOSED', 'failed'],
    ['PROCESSING', 'processing'],
    ['ABNORMAL', 'abnormal'],
  ]);
  for (const status of [undefined, 'FAIL', 'valueOf']) {
    expect(refundStatusOf(status)).toBe('unknown');
  }
});
