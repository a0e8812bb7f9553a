/**
 * Signatures of APIv2: every field but `sign` and the empty ones, sorted by name in ASCII order,
 * `k=v` joined by `&`, then `&key=` and the APIv2 key; MD5 or HMAC-SHA256 as upper-case hex. Both
 * sides hold the same key, so an answer proves its origin the same way as a request.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { V2Fields } from './message-v2.ts';

export const V2_SIGN_TYPES = ['MD5', 'HMAC-SHA256'] as const;
export type V2SignType = (typeof V2_SIGN_TYPES)[number];

/** What is signed, without the key: safe to show. */
export function v2SignText(fields: V2Fields): string {
  return [...fields]
    .filter(([name, value]) => name !== 'sign' && value !== '')
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

export function signV2(fields: V2Fields, apiV2Key: string, type: V2SignType): string {
  const text = `${v2SignText(fields)}&key=${apiV2Key}`;
  const digest =
    type === 'MD5' ? createHash('md5').update(text) : createHmac('sha256', apiV2Key).update(text);
  return digest.digest('hex').toUpperCase();
}

export function verifyV2(fields: V2Fields, apiV2Key: string, type: V2SignType): boolean {
  const given = Buffer.from(fields.get('sign') ?? '');
  const expected = Buffer.from(signV2(fields, apiV2Key, type));
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/**
 * The fields that APIv2 documents for the answers to micropay, orderquery and reverse. Anything
 * else in a signed answer (above all, numbered coupons) is covered by its signature and ignored.
 */
export const KNOWN_V2_FIELDS: ReadonlySet<string> = new Set([
  ...['return_code', 'return_msg', 'result_code', 'err_code', 'err_code_des', 'recall'],
  ...['appid', 'mch_id', 'sub_appid', 'sub_mch_id', 'nonce_str', 'sign', 'sign_type'],
  ...['device_info', 'openid', 'is_subscribe', 'sub_openid', 'sub_is_subscribe'],
  ...['trade_type', 'trade_state', 'trade_state_desc', 'bank_type', 'fee_type', 'total_fee'],
  ...['cash_fee_type', 'cash_fee', 'settlement_total_fee', 'coupon_fee', 'coupon_count'],
  ...['transaction_id', 'out_trade_no', 'attach', 'time_end', 'promotion_detail'],
]);
