/**
 * Reads the merchants of a cart, or one payment, and only for the marketplace that owns it
 * (rule 11).
 */

import type { Payment } from '../../core/payment/model.ts';
import { DbError } from '../../database/db.ts';
import { type HutongError, hutongError } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/id.ts';
import { err, ok } from '../../kernel/result.ts';
import { readPayment } from '../../store/payment/queries.ts';
import type { CartEntry } from './directory.ts';
import type { Outcome } from './outcome.ts';
import type { Platform } from './platform.ts';

export async function readOwnPayment(
  platform: Platform,
  marketplace: Id<'marketplace'>,
  id: Id<'payment_intent'>,
): Outcome<Payment> {
  const unknown = hutongError('not_found', 'no such payment_intent');
  const payment = await attemptFind(() => readPayment(platform.cells, id), unknown);
  const isForeign = payment.ok && payment.value.intent.marketplace !== marketplace;
  return isForeign ? err(unknown) : payment;
}

/** An unreachable database is an answer (503, try again), not an exception through every layer. */
export async function attemptRead<T>(read: () => Promise<T>): Outcome<T> {
  try {
    return ok(await read());
  } catch (error) {
    if (error instanceof DbError)
      return err(hutongError('busy', 'the database is busy or away; send the same again'));
    throw error;
  }
}

/** The same for what must be there: `missing` is the answer where it is not. */
export async function attemptFind<T>(
  read: () => Promise<T | undefined>,
  missing: HutongError,
): Outcome<T> {
  const found = await attemptRead(read);
  if (!found.ok) return found;
  return found.value === undefined ? err(missing) : ok(found.value);
}

const NO_MARKETPLACE = hutongError('not_found', 'no such marketplace');

/** A marketplace with the merchants of one cart; `merchants` may still be being read. */
export function findCart(
  { directory }: Platform,
  id: Id<'marketplace'>,
  merchants: Merchants | Promise<Merchants>,
): Outcome<CartEntry> {
  return attemptFind(async () => directory.cart(id, await merchants), NO_MARKETPLACE);
}

type Merchants = Iterable<Id<'merchant'>>;
