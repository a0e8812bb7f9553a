/** Numbers and tokens of JD's shapes; callers store them, nothing derives from them. */
import type { Random } from '../../../src/runtime/random.ts';
import { randomDigits, randomText } from '../../kit/digits.ts';

const BASE36 = '0123456789abcdefghijklmnopqrstuvwxyz';

/** 14 characters, as after `https://h5pay.jd.com/code?c=`. */
export function qrToken(random: Random): string {
  return randomText(random, BASE36, 14);
}

/** 22 digits: `1029148637575787617463`. */
export function orderId(random: Random): string {
  return `10${randomDigits(random, 20)}`;
}

/** 18 digits from `18`. */
export function paymentCode(random: Random): string {
  return `18${randomDigits(random, 16)}`;
}
