/**
 * A counter: one printed QR code of one merchant, on which the buyer types the amount. The code
 * never changes, so its token is random, stored, and not a secret: it hangs on a wall. Only this
 * file turns what a buyer typed into an amount; anything ambiguous is refused, never guessed.
 */
import type { Id } from '../../kernel/id.ts';
import { type Fen, yuanToFen } from '../../kernel/money.ts';
import { err, ok, type Result } from '../../kernel/result.ts';

export interface Counter {
  readonly id: Id<'counter'>;
  readonly marketplace: Id<'marketplace'>;
  readonly merchant: Id<'merchant'>;
  /** Which till or table it stands on, in the merchant's own words. */
  readonly name: string;
  readonly token: string;
  readonly status: 'enabled' | 'disabled';
  readonly createdAtMs: number;
  /** The mode of the key that created it, and of the payments made at it; null = before modes. */
  readonly isLivemode: boolean | null;
}

export const COUNTER_TOKEN = /^[0-9a-f]{20}$/;

/** One fen. */
const COUNTER_AMOUNT_FEN_MIN: Fen = 1n;
/** 50,000.00 yuan: catches typing errors and is no wallet's limit; the wallets have their own. */
export const COUNTER_AMOUNT_FEN_MAX: Fen = 50_000_00n;

const AMOUNT_PROBLEMS = [
  'amount_missing',
  'amount_unreadable',
  'amount_too_precise',
  'amount_too_small',
  'amount_too_large',
] as const;
export type AmountProblem = (typeof AMOUNT_PROBLEMS)[number];

/** `12`, `12.5`, `¥12.50`, `1,234.50` and full-width digits; nothing else is an amount. */
export function typedAmount(typed: string): Result<Fen, AmountProblem> {
  const text = typed.normalize('NFKC').replaceAll('。', '.').trim().replace(/^¥\s*/, '');
  if (text === '') return err('amount_missing');
  const match = /^(\d{1,3}(?:,\d{3})+|\d{0,12})(?:\.(\d*))?$/.exec(text);
  if (match === null || !/\d/.test(text)) return err('amount_unreadable');
  const [, whole = '', places = ''] = match;
  const significant = places.replace(/0+$/, '');
  if (significant.length > 2) return err('amount_too_precise');
  const plain = `${whole.replaceAll(',', '') || '0'}.${significant.padEnd(2, '0')}`;
  const amountFen = yuanToFen(plain);
  if (amountFen === undefined) return err('amount_unreadable');
  if (amountFen < COUNTER_AMOUNT_FEN_MIN) return err('amount_too_small');
  return amountFen > COUNTER_AMOUNT_FEN_MAX ? err('amount_too_large') : ok(amountFen);
}

/**
 * The natural key of one payment at a counter: the visit (created with the page) and the amount. A
 * form sent twice is one order; another amount from the same page is another order.
 */
export function counterOrderNo(
  counter: Pick<Counter, 'id'>,
  order: { readonly visit: string; readonly amountFen: Fen },
): string {
  const place = counter.id.slice(counter.id.indexOf('_') + 1);
  return `C${place}-${order.visit}-${order.amountFen}`;
}

export const COUNTER_VISIT = /^[0-9a-f]{20}$/;
