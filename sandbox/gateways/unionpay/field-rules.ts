/**
 * Presence and format of a request's fields, with the gateway's codes: 13 for a missing one, 10 for
 * a malformed one. Windows whose width UnionPay does not publish are generous and stated here.
 */

import { parseCompactTime } from '../../../src/wires/beijing-time.ts';
import type { Fields } from '../../../src/wires/unionpay/canonical.ts';
import { type Answer, type Call, refusal } from './context.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const FORMS: Readonly<Record<string, RegExp>> = {
  txnType: /^[0-9]{2}$/,
  txnSubType: /^[0-9]{2}$/,
  bizType: /^[0-9]{6}$/,
  channelType: /^(05|07|08|16)$/,
  accessType: /^[012]$/,
  orderId: /^[0-9A-Za-z]{8,40}$/,
  txnTime: /^[0-9]{14}$/,
  txnAmt: /^[0-9]{1,12}$/,
  currencyCode: /^156$/,
  backUrl: /^https?:\/\/[^\s]{1,248}$/,
  frontUrl: /^https?:\/\/[^\s]{1,248}$/,
  payTimeout: /^[0-9]{14}$/,
  origQryId: /^[0-9]{20,21}$/,
  origOrderId: /^[0-9A-Za-z]{8,40}$/,
  origTxnTime: /^[0-9]{14}$/,
  queryId: /^[0-9]{20,21}$/,
  termId: /^[0-9A-Za-z]{8}$/,
  qrNo: /^[0-9]{19}$/,
};

/** In bytes: what stands in UnionPay's own columns. */
const LENGTHS: Readonly<Record<string, number>> = {
  reqReserved: 1024,
  reserved: 2048,
  orderDesc: 96,
};

export function checkFields(fields: Fields, needed: readonly string[]): Answer | undefined {
  for (const name of needed) {
    if (!fields.has(name)) return refusal('13', `${name} 缺失`);
  }
  for (const [name, form] of Object.entries(FORMS)) {
    const value = fields.get(name);
    if (value !== undefined && !form.test(value)) return refusal('10', `${name} 格式错误`);
  }
  for (const [name, bytesMax] of Object.entries(LENGTHS)) {
    const value = fields.get(name);
    if (value !== undefined && Buffer.byteLength(value) > bytesMax) {
      return refusal('10', `${name} 超长`);
    }
  }
  const amount = fields.get('txnAmt');
  return amount !== undefined && BigInt(amount) === 0n
    ? refusal('10', 'txnAmt 不能为零')
    : undefined;
}

/**
 * txnTime is the time of sending. A client's clock is real while the city's may have been advanced,
 * so either is accepted; an hour is this sandbox's own tolerance.
 */
export function checkTxnTime(call: Call): Answer | undefined {
  const sentMs = parseCompactTime(call.fields.get('txnTime') ?? '');
  if (sentMs === undefined) return refusal('10', 'txnTime 不是时间');
  const { clock, wall } = call.context.kit;
  const isNear = [clock.nowMs(), wall.nowMs()].some((nowMs) => Math.abs(nowMs - sentMs) < HOUR_MS);
  return isNear ? undefined : refusal('10', 'txnTime 与当前北京时间相差过大');
}

/** For refunds only future times are refused: a shop may send one late with its first txnTime. */
export function checkTxnTimeNotAhead(call: Call): Answer | undefined {
  const sentMs = parseCompactTime(call.fields.get('txnTime') ?? '');
  if (sentMs === undefined) return refusal('10', 'txnTime 不是时间');
  const { clock, wall } = call.context.kit;
  const latestMs = Math.max(clock.nowMs(), wall.nowMs()) + HOUR_MS;
  return sentMs < latestMs ? undefined : refusal('10', 'txnTime 晚于当前北京时间');
}

const TIMEOUT_DEFAULT_MS = DAY_MS;
const TIMEOUT_MS_MAX = 31 * DAY_MS;

/** payTimeout as city time; a day where it is absent, a month at most. */
export function readTimeout(call: Call): number | Answer {
  const nowMs = call.context.kit.clock.nowMs();
  const text = call.fields.get('payTimeout');
  if (text === undefined) return nowMs + TIMEOUT_DEFAULT_MS;
  const timeoutMs = parseCompactTime(text);
  if (timeoutMs === undefined) return refusal('10', 'payTimeout 不是时间');
  if (timeoutMs <= nowMs) return refusal('10', 'payTimeout 已过');
  if (timeoutMs > nowMs + TIMEOUT_MS_MAX) return refusal('10', 'payTimeout 超过一个月');
  return timeoutMs;
}
