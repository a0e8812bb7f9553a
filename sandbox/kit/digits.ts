/** Random texts, every character as likely as any other. */
import type { Random } from '../../src/runtime/random.ts';

const DIGITS = '0123456789';

/** `count` random decimal digits after a given start. */
export function randomDigits(random: Random, count: number, start = ''): string {
  return start + randomText(random, DIGITS, count);
}

export function randomText(random: Random, alphabet: string, count: number): string {
  // Rejection sampling: bytes above the last full multiple would bias the first characters.
  const rounds = 256 - (256 % alphabet.length);
  let text = '';
  while (text.length < count) {
    for (const byte of random.bytes(count)) {
      if (byte < rounds) text += alphabet.charAt(byte % alphabet.length);
    }
  }
  return text.slice(0, count);
}
