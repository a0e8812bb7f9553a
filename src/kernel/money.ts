/**
 * Money is a bigint of 分 (fen, minor units of CNY). Never a float, never a JavaScript number in
 * code; JSON carries it as an integer, and a wallet that wants yuan gets it at its own edge.
 */
import { assert } from './assert.ts';

export type Fen = bigint;

/** ISO 4217 in lower case: the only one offered. */
export type Currency = 'cny';

/** A stored currency; another one is never read as ours. */
export function currencyOf(stored: unknown): Currency {
  assert(stored === 'cny', `money is in cny, not in ${String(stored)}`);
  return stored;
}

/** The largest amount of one call, 100,000,000.00 yuan: wallets refuse far below it. */
export const AMOUNT_FEN_MAX: Fen = 100_000_000_00n;

export function sumFen(amounts: Iterable<Fen>): Fen {
  let total = 0n;
  for (const amount of amounts) total += amount;
  return total;
}

export function minFen(a: Fen, b: Fen): Fen {
  return a < b ? a : b;
}

/** A safe JSON integer as fen; undefined when it is not one. */
export function fenFromJson(value: unknown): Fen | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : undefined;
}

/** The JSON integer of an amount. */
export function fenToJson(amountFen: Fen): number {
  const value = Number(amountFen);
  assert(Number.isSafeInteger(value), 'an amount fits a JSON integer');
  return value;
}

/** `12345n` -> `"123.45"`. The yuan text that Alipay and bills use, always two places. */
export function fenToYuan(amountFen: Fen): string {
  const sign = amountFen < 0n ? '-' : '';
  const digits = (amountFen < 0n ? -amountFen : amountFen).toString().padStart(3, '0');
  return `${sign}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

/** `123456n` -> `¥1,234.56`, as people read it; never sent to a wallet. */
export function yuanText(amountFen: Fen): string {
  const [whole = '', fraction = ''] = fenToYuan(amountFen).split('.');
  return `¥${whole.replace(/\B(?=(\d{3})+$)/g, ',')}.${fraction}`;
}

/** `"1"`, `"1.0"`, `"1.00"` -> `100n`; undefined for anything that is not a yuan decimal. */
export function yuanToFen(text: string): Fen | undefined {
  const match = /^(-?)(\d{1,15})(?:\.(\d{1,2}))?$/.exec(text);
  if (match === null) return undefined;
  const [, sign, whole, fraction = ''] = match;
  const fen = BigInt(whole ?? '0') * 100n + BigInt(fraction.padEnd(2, '0'));
  return sign === '-' ? -fen : fen;
}

/** The share of `amountFen` that `bps` basis points make, rounded half up. */
export function shareFen(amountFen: Fen, bps: number): Fen {
  assert(Number.isInteger(bps) && bps >= 0 && bps <= 10_000, 'basis points are 0 to 10000');
  return (amountFen * BigInt(bps) + 5_000n) / 10_000n;
}

/** Splits an amount by weights so that the parts sum to it exactly (largest remainder). */
export function allocateFen(amountFen: Fen, weights: readonly bigint[]): Fen[] {
  const total = sumFen(weights);
  assert(amountFen >= 0n && total > 0n, 'an allocation has an amount and weights');
  const parts = weights.map((weight) => (amountFen * weight) / total);
  const byRemainder = weights
    .map((weight, index) => ({ index, remainder: (amountFen * weight) % total }))
    .sort((a, b) =>
      a.remainder === b.remainder ? a.index - b.index : a.remainder > b.remainder ? -1 : 1,
    );
  let left = amountFen - sumFen(parts);
  for (const { index } of byRemainder) {
    if (left === 0n) break;
    parts[index] = (parts[index] ?? 0n) + 1n;
    left -= 1n;
  }
  return parts;
}
