/** Numbers and dates as EMV writes them: two digits a byte, filled with zeros on the left. */

import { assert } from '../../kernel/assert.ts';
import type { Fen } from '../../kernel/money.ts';
import { beijingDate } from '../beijing-time.ts';

/** An amount in fen as 9F02 and 9F03 carry it: six bytes. */
export function amountBytes(amountFen: Fen): Buffer {
  assert(amountFen >= 0n && amountFen < 10n ** 12n, 'an EMV amount has at most 12 digits');
  return Buffer.from(amountFen.toString().padStart(12, '0'), 'hex');
}

export function digitsBytes(digits: string, byteCount: number): Buffer {
  assert(/^\d*$/.test(digits) && digits.length <= byteCount * 2, 'digits that fit');
  return Buffer.from(digits.padStart(byteCount * 2, '0'), 'hex');
}

/** The date of 9A, as a terminal in China has it. */
export function beijingYymmdd(unixMs: number): string {
  return beijingDate(unixMs).slice(2).replaceAll('-', '');
}
