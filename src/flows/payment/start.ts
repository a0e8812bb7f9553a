/**
 * Starts an attempt: commits the intention with its order number, calls the wallet, commits its
 * answer. After a crash between any two, the janitor finds the attempt and queries the wallet.
 */

import { paymentModeRefusal } from '../../core/key/mode.ts';
import { isCurrent } from '../../core/merchant/merchant.ts';
import { canPayAcross, offersFor } from '../../core/offer/offer.ts';
import { PaymentDraft } from '../../core/payment/draft.ts';
import { isLive } from '../../core/payment/intent-status.ts';
import type { Attempt, Payment } from '../../core/payment/model.ts';
import {
  startAttempt as decideStart,
  type NewAttempt,
  recordStart,
} from '../../core/payment/start.ts';
import { paysInOneLeg } from '../../core/wallet/capabilities.ts';
import type { PayerIdentity } from '../../core/wallet/order.ts';
import { isOwnError, type StartOutcome } from '../../core/wallet/report.ts';
import { must } from '../../kernel/assert.ts';
import { type HutongError, hutongError } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/id.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import { type Product, type WalletError, worksOnce } from '../../kernel/wallet-names.ts';
import { type CartEntry, modesOf, type OpenedWallet } from '../base/directory.ts';
import { lastSender } from '../base/key-claim.ts';
import type { Outcome } from '../base/outcome.ts';
import type { Platform } from '../base/platform.ts';
import { findCart } from '../base/read-payment.ts';
import { callWallet } from '../base/wallet-call.ts';
import { offerQuestion, walletForCart } from '../offer/list-offers.ts';
import { attemptOf, attemptOrder } from './attempt-order.ts';
import {
  type ChosenAttempt,
  chooseWallet,
  type StartAttemptInput,
  type StartedAttempt,
} from './choose-wallet.ts';
import { decideOn } from './decide-on.ts';
import { handOutUrlOf, returnUrlOf } from './hand-out.ts';
import { redactPayer } from './redact-payer-credentials.ts';
import { closeLeftBehind, queryAttempt } from './settle.ts';

const FIRST_POLL_MS = 5_000;
/** Longer than any live starter takes. */
const STARTER_PATIENCE_MS = 30_000;

const startAnswer = (payment: Payment, attempt: Attempt) => ({ payment, attempt, isNew: false });

export async function startAttempt(
  platform: Platform,
  asked: StartAttemptInput,
): Outcome<StartedAttempt> {
  const merchants = platform.cartMerchants.of(asked.intent);
  const entry = await findCart(platform, asked.marketplace, merchants);
  if (!entry.ok) return entry;
  const chosen = await chooseWallet(platform, entry.value, asked);
  return chosen.ok ? startChosen(platform, entry.value, chosen.value) : chosen;
}

async function startChosen(
  platform: Platform,
  entry: CartEntry,
  input: ChosenAttempt,
): Outcome<StartedAttempt> {
  const nowMs = platform.clock.nowMs();
  let isOurs = false;
  const root = { id: input.intent, marketplace: input.marketplace };
  const claimed =
    input.requestKey === undefined ? root : { ...root, sender: input.requestKey.claim };
  const intended = await decideOn(platform, claimed, 'start_attempt', (payment, context) => {
    const known = payment.attempts.find((row) => row.id === input.id);
    if (known !== undefined)
      return new PaymentDraft(payment).decided((same) => startAnswer(same, known));
    const payee = payeeOf(platform, entry, payment, input);
    if (!payee.ok) return payee;
    const decision = decideStart(payment, newAttempt(payment, input, payee.value, nowMs), context);
    // Decided again after a COMMIT without an answer, it exists already and is still ours to send.
    if (decision.ok && decision.value.answer.isNew) isOurs = true;
    return decision;
  });
  if (!intended.ok) return intended;
  const { payment, attempt } = intended.value;
  if (!isOurs && !wasNeverSent(attempt, nowMs)) return answerOf(payment, input.id);
  // Sent to the account that it was committed with, whatever is offered by now.
  const opened = entry.wallets.get(attempt.config);
  if (opened === undefined) return answerOf(payment, input.id);

  const [outcome] = await Promise.all([
    sendToWallet(platform, opened, payment, attempt, input),
    closeLeftBehind(platform, payment),
  ]);
  const { capabilities } = opened;
  const isAsked = (stands: StartedAttempt): boolean =>
    outcome.outcome === 'unknown' && worksOnce(attempt.product) && isLive(stands.attempt);
  const sender = lastSender(platform, input.requestKey, (stands: StartedAttempt) =>
    isAsked(stands) ? undefined : answerOf(stands.payment, input.id),
  );
  const recorded = await decideOn<StartedAttempt>(
    platform,
    { ...root, sender },
    'record_start',
    (stored, context) => recordStart(stored, { attempt: input.id, outcome, capabilities }, context),
  );
  if (!recorded.ok) return recorded;
  const stands = recorded.value;
  if (!isAsked(stands)) return answerOf(stands.payment, input.id);
  // An order that must not be sent twice is queried at once.
  const asked = await queryAttempt(platform, opened, stands.payment, stands.attempt);
  return asked.ok ? answerOf(asked.value, input.id) : asked;
}

/**
 * Its starter died between the commit and the wallet's answer, and the same request has come again:
 * the same number may be sent twice, but never with a single-use code.
 */
function wasNeverSent(attempt: Attempt, nowMs: number): boolean {
  if (worksOnce(attempt.product)) return false;
  const isOpen = attempt.status === 'created' || attempt.status === 'unknown';
  const isAbandoned = nowMs - attempt.createdAtMs >= STARTER_PATIENCE_MS;
  return isOpen && isAbandoned && attempt.nextAction === null && attempt.closingAtMs === null;
}

/** A refused attempt is an error with the wallet's own words; every other state is an answer. */
function answerOf(
  payment: Payment,
  id: Id<'payment_attempt'>,
): Result<StartedAttempt, HutongError> {
  const attempt = attemptOf(payment, id);
  if (attempt.status !== 'failed' || attempt.failure?.code !== 'wallet_declined')
    return ok({ payment, attempt });
  const { walletError } = attempt.failure;
  const message = `${attempt.wallet} ${saidOf(walletError)}: ${walletError?.message ?? 'no reason given'}`;
  return err(hutongError('wallet_declined', message, walletError === null ? {} : { walletError }));
}

function saidOf(error: WalletError | null): string {
  if (error?.isMisconfigured) return "refused the marketplace's own credentials or permissions";
  return error !== null && isOwnError(error) ? 'was not asked' : 'refused';
}

/** The payees: the account of the marketplace, and its merchants' accounts there. */
interface Payee {
  readonly opened: OpenedWallet;
  readonly accounts: NewAttempt['accounts'];
}

function newAttempt(
  payment: Payment,
  { id, wallet, product, payerWallet = wallet, cashier }: ChosenAttempt,
  { opened, accounts }: Payee,
  nowMs: number,
): NewAttempt {
  const isOneLeg = paysInOneLeg(opened.capabilities.cart.kind);
  return {
    ...{ id, wallet, product, payerWallet, accounts },
    config: opened.config,
    expiresAtMs: expiryOf(payment, opened, product, nowMs),
    oneLegMerchant: isOneLeg ? (opened.wallet.ownMerchant ?? null) : null,
    firstPollMs: firstPollOf(opened, product),
    isFromCashier: cashier !== null,
  };
}

function notOffered(input: ChosenAttempt, reason = 'no such product of this wallet'): HutongError {
  const message = `${input.wallet}.${input.product}: ${reason}`;
  if (reason === 'key_mode_mismatch' && input.isLivemode !== null)
    return hutongError('key_mode_mismatch', message, { param: 'wallet' });
  return hutongError('wallet_not_offered', message, { param: 'wallet' });
}

/**
 * Rule 10 and the product's requirements. The device is not checked: the caller named the wallet.
 */
function payeeOf(
  platform: Platform,
  entry: CartEntry,
  payment: Payment,
  input: ChosenAttempt,
): Result<Payee, HutongError> {
  const refused = paymentModeRefusal(payment, input.isLivemode, modesOf(entry));
  if (refused !== undefined) return err(refused);
  const asked = offerQuestion(platform, entry, payment, null, input.isLivemode);
  // The others would only be withheld or offered beside it.
  const wallets = asked.wallets.filter(({ wallet }) => wallet === input.wallet);
  const question = { ...asked, wallets, ignoresHealth: true };
  const offers = offersFor(question);
  const isNamed = (row: { readonly wallet: string; readonly product: string | null }): boolean =>
    row.wallet === input.wallet && (row.product === null || row.product === input.product);
  if (!offers.offered.some(isNamed)) {
    return err(notOffered(input, offers.withheld.find(isNamed)?.reason));
  }
  const opened = must(walletForCart(entry, question, input.wallet), 'what offers it');
  const { wallet, product } = input;
  const payerWallet = input.payerWallet ?? wallet;
  if (payerWallet !== wallet && !canPayAcross(question, { wallet, product, payerWallet })) {
    const message = `${payerWallet} cannot pay ${wallet}.${product}: no active interconnection`;
    return err(hutongError('payer_wallet_not_connected', message, { param: 'payer_wallet' }));
  }
  const refusal = payerRefusal(opened, input);
  if (refusal !== undefined) return err(refusal);
  const accounts = entry.accounts.filter((row) => row.config === opened.config && isCurrent(row));
  return ok({
    opened,
    accounts: new Map(
      accounts.map(({ id: walletAccount, merchant, walletMerchant, feeBps }) => [
        merchant,
        { walletAccount, walletMerchant, feeBps },
      ]),
    ),
  });
}

/** What each product needs to know of the payer, and its place in the request. */
const PAYER_FIELDS = {
  openid: { param: 'payer.openid', needs: 'payer.openid', isGiven: (payer) => payer.openid },
  buyer: {
    param: 'payer.buyer_id',
    needs: 'payer.buyer_id or payer.buyer_open_id',
    isGiven: (payer) => payer.buyerId ?? payer.buyerOpenId,
  },
  auth_code: {
    param: 'payer.auth_code',
    needs: 'payer.auth_code, the payment code that the buyer shows',
    isGiven: (payer) => payer.authCode,
  },
  field55: {
    param: 'payer.field55',
    needs: 'payer.field55, what the tap gave',
    isGiven: (payer) => payer.field55,
  },
} as const satisfies Record<
  string,
  {
    readonly param: string;
    readonly needs: string;
    readonly isGiven: (payer: PayerIdentity) => string | undefined;
  }
>;

/**
 * What the product needs must be present; a code or a tap for a product that takes none must not.
 */
function payerRefusal(opened: OpenedWallet, input: ChosenAttempt): HutongError | undefined {
  const { product, payer } = input;
  const field =
    opened.capabilities.products.find((row) => row.product === product)?.payerField ?? null;
  if (field !== null && PAYER_FIELDS[field].isGiven(payer) === undefined) {
    const { needs, param } = PAYER_FIELDS[field];
    return hutongError('payer_missing', `this product needs ${needs}`, { param });
  }
  for (const shown of ['auth_code', 'field55'] as const) {
    const { param, isGiven } = PAYER_FIELDS[shown];
    if (shown === field || isGiven(payer) === undefined) continue;
    const message = `${input.wallet}.${product} takes no ${param}`;
    return hutongError('parameter_invalid', message, { param });
  }
  return undefined;
}

function firstPollOf({ capabilities }: OpenedWallet, product: Product): number {
  if (worksOnce(product)) return FIRST_POLL_MS;
  return capabilities.pollDelaysMs[0] ?? FIRST_POLL_MS;
}

/** The buyer stands at the counter: an order not paid by its code until then never will be. */
const CODE_ORDER_LIFE_MS = 120_000;

function expiryOf(payment: Payment, opened: OpenedWallet, product: Product, nowMs: number): number {
  if (worksOnce(product)) return Math.min(payment.intent.expiresAtMs, nowMs + CODE_ORDER_LIFE_MS);
  const { expiryMsMax } = opened.capabilities.cart;
  const merchants = new Set(payment.subOrders.map((sub) => sub.merchant));
  if (merchants.size === 1 || expiryMsMax === null) return payment.intent.expiresAtMs;
  return Math.min(payment.intent.expiresAtMs, nowMs + expiryMsMax);
}

/**
 * Sent once; if the outcome is unknown, once more with the same number, unless it carries a
 * single-use code or tap.
 */
async function sendToWallet(
  platform: Platform,
  opened: OpenedWallet,
  payment: Payment,
  attempt: Attempt,
  input: ChosenAttempt,
): Promise<StartOutcome> {
  const origin = input.cashier === null ? 'marketplace' : 'cashier';
  const order = attemptOrder(payment, attempt, {
    payer: input.payer,
    payerIp: input.cashier?.buyerIp ?? payment.intent.buyer.ip,
    publicUrl: platform.publicUrl,
    holdDaysMax: opened.capabilities.holdDaysMax,
    returnUrl: returnUrlOf(platform, payment, origin),
    handOutUrl: handOutUrlOf(platform, payment, { attempt: attempt.id, origin }),
  });
  const first = await callWallet.start(platform, opened, order);
  if (first.outcome === 'failed')
    return { outcome: 'failed', walletError: redactPayer(first.walletError, input.payer) };
  if (first.outcome !== 'unknown' || worksOnce(input.product)) return first;
  const second = await callWallet.start(platform, opened, order);
  // A refusal of the second call proves nothing about the first, which may have been accepted.
  return second.outcome === 'pending' ? second : first;
}
