/**
 * Determines the wallet and product of an attempt that names none, from what the buyer presented: a
 * payment code or a tap. A code is never tried at several wallets: its prefix and length name the
 * wallet, or the only one that the cart's merchants accept does, or the caller must.
 */

import type { Livemode } from '../../core/key/mode.ts';
import { offersFor } from '../../core/offer/offer.ts';
import type { Attempt, Payment } from '../../core/payment/model.ts';
import type { ProductCapability } from '../../core/wallet/capabilities.ts';
import type { PayerIdentity } from '../../core/wallet/order.ts';
import { type HutongError, hutongError } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/id.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import type { Product, WalletName } from '../../kernel/wallet-names.ts';
import { WALLETS, walletModule } from '../../wallets/registry.ts';
import { readField55Hex } from '../../wires/nfc/field55.ts';
import { recognisePaymentCode } from '../../wires/qr/payment-code.ts';
import type { CartEntry } from '../base/directory.ts';
import type { RequestKey } from '../base/key-claim.ts';
import type { Outcome } from '../base/outcome.ts';
import type { Platform } from '../base/platform.ts';
import { readOwnPayment } from '../base/read-payment.ts';
import { offerQuestion } from '../offer/list-offers.ts';

export interface StartAttemptInput {
  readonly marketplace: Id<'marketplace'>;
  readonly intent: Id<'payment_intent'>;
  readonly id: Id<'payment_attempt'>;
  /** null = determined from what the buyer presented: `payer.authCode` or `payer.field55`. */
  readonly wallet: WalletName | null;
  readonly product: Product | null;
  /** The wallet app that the buyer chose to pay with; left out = the wallet's own. */
  readonly payerWallet?: WalletName;
  readonly payer: PayerIdentity;
  /** The cashier page that the buyer is on; null = started through the API. */
  readonly cashier: { readonly buyerIp: string } | null;
  /** The key's mode; null = no key, the payment's own mode. */
  readonly isLivemode: Livemode;
  /** The idempotency key of the request; left out = it has none. */
  readonly requestKey?: RequestKey<StartedAttempt>;
}

export interface StartedAttempt {
  readonly payment: Payment;
  readonly attempt: Attempt;
}

export interface ChosenAttempt extends StartAttemptInput {
  readonly wallet: WalletName;
  readonly product: Product;
}

type ShownField = 'auth_code' | 'field55';

/** What the buyer presented, if anything; at most one of the two. */
function shownField({ authCode, field55 }: PayerIdentity): ShownField | null {
  if (authCode !== undefined) return 'auth_code';
  return field55 === undefined ? null : 'field55';
}

export async function chooseWallet(
  platform: Platform,
  entry: CartEntry,
  input: StartAttemptInput,
): Outcome<ChosenAttempt> {
  if (input.payer.authCode !== undefined && input.payer.field55 !== undefined) {
    const message = 'send payer.auth_code or payer.field55, not both';
    return err(hutongError('parameter_invalid', message, { param: 'payer.field55' }));
  }
  const unreadable = tapProblem(input.payer);
  if (unreadable !== undefined) return err(unreadable);
  const field = shownField(input.payer);
  const { wallet } = input;
  if (wallet !== null) return ofWallet(input, wallet, field);
  if (field === null) {
    const message = 'wallet is missing: only payer.auth_code or payer.field55 can stand for it';
    return err(hutongError('parameter_invalid', message, { param: 'wallet' }));
  }
  const payment = await readOwnPayment(platform, input.marketplace, input.intent);
  if (!payment.ok) return payment;
  // A repeated request means the attempt that it created.
  const existing = payment.value.attempts.find((attempt) => attempt.id === input.id);
  if (existing !== undefined)
    return ok({ ...input, wallet: existing.wallet, product: existing.product });
  const accepting = walletsAccepting(platform, entry, payment.value, { ...input, field });
  return field === 'auth_code' ? byCode(input, accepting) : byTap(input, accepting);
}

/** An unreadable field 55 is the terminal's fault and creates no attempt. */
function tapProblem({ field55 }: PayerIdentity): HutongError | undefined {
  if (field55 === undefined) return undefined;
  const read = readField55Hex(field55);
  if (read.ok) return undefined;
  return hutongError('parameter_invalid', `payer.field55: ${read.error.message}`, {
    param: 'payer.field55',
  });
}

/** The wallet is named; without a product, it is the one that takes what the buyer presented. */
function ofWallet(
  input: StartAttemptInput,
  wallet: WalletName,
  field: ShownField | null,
): Result<ChosenAttempt, HutongError> {
  const product = input.product ?? takerOf(wallet, field)?.product;
  if (product === undefined) {
    const message =
      field === null
        ? 'product is missing: only payer.auth_code or payer.field55 can stand for it'
        : `${wallet} has no product that takes payer.${field}`;
    const code = field === null ? 'parameter_invalid' : 'wallet_not_offered';
    return err(hutongError(code, message, { param: 'product' }));
  }
  const { authCode } = input.payer;
  if (authCode === undefined) return ok({ ...input, wallet, product });
  const verdict = recognisePaymentCode(authCode, [wallet]);
  if (verdict.outcome === 'malformed')
    return err(codeError('auth_code_malformed', verdict.message));
  const payer = { ...input.payer, authCode: withoutSpaces(authCode) };
  return ok({ ...input, wallet, product, payer });
}

function takerOf(wallet: WalletName, field: ShownField | null): ProductCapability | undefined {
  if (field === null) return undefined;
  return walletModule(wallet)?.capabilities.products.find((row) => row.payerField === field);
}

/**
 * The wallets that can pay this cart with what was presented: active, consented to, and able to.
 */
function walletsAccepting(
  platform: Platform,
  entry: CartEntry,
  payment: Payment,
  asked: Pick<StartAttemptInput, 'product' | 'isLivemode'> & { readonly field: ShownField },
): readonly WalletName[] {
  const { field, product, isLivemode } = asked;
  const all = offerQuestion(platform, entry, payment, null, isLivemode);
  const question = { ...all, ignoresHealth: true };
  const { offered } = offersFor(question);
  return [...WALLETS.keys()].filter((wallet) => {
    const taker = takerOf(wallet, field)?.product;
    const isOffered = offered.some((row) => row.wallet === wallet && row.product === taker);
    return isOffered && (product === null || product === taker);
  });
}

function byCode(
  input: StartAttemptInput,
  accepting: readonly WalletName[],
): Result<ChosenAttempt, HutongError> {
  const verdict = recognisePaymentCode(input.payer.authCode ?? '', accepting);
  switch (verdict.outcome) {
    case 'malformed':
      return err(codeError('auth_code_malformed', verdict.message));
    case 'not_recognised':
      return err(codeError('auth_code_not_recognised', verdict.message));
    case 'ambiguous':
      return err(codeError('auth_code_ambiguous', verdict.message));
    case 'not_accepted':
      return err(hutongError('wallet_not_offered', verdict.message, { param: 'payer.auth_code' }));
    case 'wallet': {
      const payer = { ...input.payer, authCode: verdict.authCode };
      return ofWallet({ ...input, payer }, verdict.wallet, 'auth_code');
    }
  }
}

function byTap(
  input: StartAttemptInput,
  accepting: readonly WalletName[],
): Result<ChosenAttempt, HutongError> {
  const [wallet, other] = accepting;
  if (wallet !== undefined && other === undefined) return ofWallet(input, wallet, 'field55');
  const message =
    wallet === undefined
      ? 'no wallet that this cart can be paid with takes a tap'
      : `a tap can be taken by ${accepting.join(' and ')}: pass wallet`;
  return err(hutongError('wallet_not_offered', message, { param: 'payer.field55' }));
}

function codeError(
  code: 'auth_code_malformed' | 'auth_code_not_recognised' | 'auth_code_ambiguous',
  message: string,
): HutongError {
  return hutongError(code, message, { param: 'payer.auth_code' });
}

const withoutSpaces = (text: string): string => text.replace(/\s/g, '');
