/**
 * Hands out the wallet's form of one attempt, at the buyer's click and only then (rule 2): a form
 * without an absolute expiry would otherwise stay payable for ever. Whether it is handed out
 * depends on state: for an attempt that was left or has ended it is refused with the reason.
 *
 * If a form that was handed out is submitted later all the same, it is a late or duplicate payment
 * like any other, and is refunded automatically (rule 1).
 */

import type { Marketplace } from '../../core/merchant/merchant.ts';
import { isLive } from '../../core/payment/intent-status.ts';
import type { Attempt, Payment } from '../../core/payment/model.ts';
import { hutongError } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/id.ts';
import type { Fen } from '../../kernel/money.ts';
import { err, ok } from '../../kernel/result.ts';
import type { FormAction, WalletName } from '../../kernel/wallet-names.ts';
import { readPayment } from '../../store/payment/queries.ts';
import type { Outcome } from '../base/outcome.ts';
import type { Platform } from '../base/platform.ts';
import { attemptFind } from '../base/read-payment.ts';
import {
  type HandOutName,
  type HandOutOrigin,
  handOutTokenOf,
  isSameSecret,
  parseHandOutToken,
} from '../base/tokens.ts';
import { attemptOrder } from './attempt-order.ts';

/** Why an attempt is no longer payable: `left` = the buyer has chosen another meanwhile. */
export type HandOutRefusal = 'paid' | 'expired' | 'canceled' | 'conflicted' | 'left';

/** One attempt's form for its wallet, or why there is none. */
export type HandOut = {
  readonly marketplace: Marketplace;
  readonly intent: Id<'payment_intent'>;
  readonly amountFen: Fen;
  readonly wallet: WalletName;
} & (
  | { readonly form: FormAction; readonly refusal: null }
  | { readonly form: null; readonly refusal: HandOutRefusal }
);

export function handOutUrlOf(platform: Platform, payment: Payment, name: HandOutName): string {
  return `${platform.publicUrl}/pay/go/${handOutTokenOf(platform.envelope, payment, name)}`;
}

/**
 * Where the wallet sends the buyer's browser: to the cashier it came from, else to the marketplace.
 * The wallet and the database store this address, so it never carries a token.
 */
export function returnUrlOf(
  platform: Platform,
  { intent }: Payment,
  origin: HandOutOrigin,
): string {
  const back = `${platform.publicUrl}/pay/back/${intent.id.slice(intent.id.indexOf('_') + 1)}`;
  return origin === 'cashier' ? back : (intent.returnUrl ?? back);
}

/** `not_found` for an invalid token; a refusal is a regular answer, since a buyer reads it. */
export async function handOut(
  platform: Platform,
  token: string,
  buyerIp: string,
): Outcome<HandOut> {
  const missing = hutongError('not_found', 'no such payment page');
  const unknown = err(missing);
  const name = parseHandOutToken(token);
  if (name === undefined) return unknown;
  const read = await attemptFind(() => readPayment(platform.cells, name.intent), missing);
  if (!read.ok) return read;
  const payment = read.value;
  const attempt = payment.attempts.find(({ id }) => id === name.attempt);
  if (attempt === undefined) return unknown;
  if (!isSameSecret(token, handOutTokenOf(platform.envelope, payment, name))) return unknown;
  const { marketplace, id: intent, amountFen } = payment.intent;
  const entry = await platform.directory.marketplace(marketplace);
  if (entry === undefined) return unknown;
  const { wallet } = attempt;
  const facts = { marketplace: entry.marketplace, intent, amountFen, wallet };
  const refusal = refusalOf(payment, attempt, platform.clock.nowMs());
  if (refusal !== null) return ok({ ...facts, form: null, refusal });
  const opened = await platform.directory.wallet(attempt.config);
  if (opened?.wallet.handOut === undefined) {
    return err(hutongError('busy', 'the wallet account cannot be used just now'));
  }
  const form = opened.wallet.handOut(
    attemptOrder(payment, attempt, {
      payer: {},
      payerIp: buyerIp,
      publicUrl: platform.publicUrl,
      holdDaysMax: opened.capabilities.holdDaysMax,
      returnUrl: returnUrlOf(platform, payment, name.origin),
      handOutUrl: handOutUrlOf(platform, payment, name),
    }),
  );
  // It expired after the state was checked.
  if (form === undefined) return ok({ ...facts, form: null, refusal: 'expired' });
  return ok({ ...facts, form, refusal: null });
}

function refusalOf({ intent }: Payment, attempt: Attempt, nowMs: number): HandOutRefusal | null {
  if (intent.status === 'succeeded') return 'paid';
  if (intent.status === 'conflicted') return 'conflicted';
  if (intent.status === 'canceled' || intent.closingReason === 'canceled') return 'canceled';
  if (intent.status === 'expired' || intent.closingReason === 'expired') return 'expired';
  if (nowMs >= intent.expiresAtMs || nowMs >= attempt.expiresAtMs) return 'expired';
  return isLive(attempt) && attempt.closingAtMs === null ? null : 'left';
}
