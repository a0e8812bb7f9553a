/** Reads one payment, and only for the marketplace that owns it (rule 11). */

import type { Payment } from '../../core/payment/model.ts';
import { DbError } from '../../database/db.ts';
import { type HutongError, hutongError } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/id.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import { readPayment } from '../../store/payment/queries.ts';
import type { Platform } from './platform.ts';

export async function readOwnPayment(
  platform: Platform,
  marketplace: Id<'marketplace'>,
  id: Id<'payment_intent'>,
): Promise<Result<Payment, HutongError>> {
  const payment = await attemptRead(() => readPayment(platform.db, id));
  if (!payment.ok) return payment;
  if (payment.value === undefined || payment.value.intent.marketplace !== marketplace) {
    return err(hutongError('not_found', 'no such payment_intent'));
  }
  return ok(payment.value);
}

/** An unreachable database is an answer (503, try again), not an exception through every layer. */
export async function attemptRead<T>(read: () => Promise<T>): Promise<Result<T, HutongError>> {
  try {
    return ok(await read());
  } catch (error) {
    if (error instanceof DbError)
      return err(hutongError('busy', 'the database is busy or away; send the same again'));
    throw error;
  }
}
