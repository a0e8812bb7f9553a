/** Numbers and tokens of WeChat Pay's shapes; callers store them, nothing derives from them. */
import type { Random } from '../../../src/runtime/random.ts';
import { compactTime } from '../../../src/wires/beijing-time.ts';
import { randomDigits, randomText } from '../../kit/digits.ts';

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

export function randomToken(random: Random, length: number): string {
  return randomText(random, BASE62, length);
}

/** 28 digits: `4200000985202103031441826014`. */
export function transactionId(random: Random, nowMs: number): string {
  return `4200${randomDigits(random, 6)}${compactTime(nowMs).slice(0, 8)}${randomDigits(random, 10)}`;
}

/** 29 digits from `50`. */
export function refundId(random: Random, nowMs: number): string {
  return `50${randomDigits(random, 8)}${compactTime(nowMs).slice(0, 8)}${randomDigits(random, 11)}`;
}

/** 18 digits from 10 to 15: what the app shows to be scanned. */
export function paymentCode(random: Random): string {
  const prefix = 10 + ((random.bytes(1)[0] ?? 0) % 6);
  return `${prefix}${randomDigits(random, 16)}`;
}

/** 36 characters: `wx`, the Beijing time, 20 hex digits. */
export function prepayId(random: Random, nowMs: number): string {
  return `wx${compactTime(nowMs)}${random.bytes(10).toString('hex')}`;
}

/** The number after the last `-` is 0 for a success. */
export function requestId(random: Random, isOk: boolean): string {
  const body = random.bytes(18).toString('hex').toUpperCase();
  return `08${body}-${isOk ? '0' : `268${randomDigits(random, 6)}`}`;
}

export function uuid(random: Random): string {
  const hex = random.bytes(16).toString('hex');
  const parts = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20)];
  return [...parts, hex.slice(20)].join('-');
}
