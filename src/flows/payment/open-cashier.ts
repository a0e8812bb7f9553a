/** Resolves a pay_token: one payment, its marketplace and its merchants' names. */

import type { Marketplace, Merchant } from '../../core/merchant/merchant.ts';
import type { Payment } from '../../core/payment/model.ts';
import { hutongError } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/id.ts';
import { err, ok } from '../../kernel/result.ts';
import { readPayment } from '../../store/payment/queries.ts';
import type { Outcome } from '../base/outcome.ts';
import type { Platform } from '../base/platform.ts';
import { attemptFind, findCart } from '../base/read-payment.ts';
import { isSameSecret, parsePayToken, payTokenOf } from '../base/tokens.ts';
import { merchantsOf } from './cart-merchants.ts';

/** All that a pay_token may see and do: payee, amount, status, and starting attempts. */
export interface CashierView {
  readonly payment: Payment;
  readonly marketplace: Marketplace;
  readonly merchants: ReadonlyMap<Id<'merchant'>, Merchant>;
  /** A link for a friend who pays: one more token, without the buyer's data. */
  readonly kind: 'buyer' | 'friend';
}

export async function openCashier(platform: Platform, payToken: string): Outcome<CashierView> {
  const unknown = hutongError('not_found', 'no such payment page');
  const token = parsePayToken(payToken);
  if (token === undefined) return err(unknown);
  const payment = await attemptFind(() => readPayment(platform.cells, token.intent), unknown);
  if (!payment.ok) return payment;
  if (!isSameSecret(payToken, payTokenOf(platform.envelope, payment.value, token.kind)))
    return err(unknown);
  platform.cartMerchants.remember(payment.value);
  const owner = payment.value.intent.marketplace;
  const entry = await findCart(platform, owner, merchantsOf(payment.value));
  if (!entry.ok) return entry;
  const { marketplace, merchants } = entry.value;
  return ok({ payment: payment.value, marketplace, merchants, kind: token.kind });
}
