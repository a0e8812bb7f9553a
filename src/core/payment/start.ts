/**
 * Starts an attempt and applies the wallet's first answer. The order number is committed before the
 * wallet is called; earlier attempts of the intent are set to close (rule 1).
 */

import { assert, must, unreachable } from '../../kernel/assert.ts';
import { type HutongError, hutongError } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/id.ts';
import { sumFen } from '../../kernel/money.ts';
import { err } from '../../kernel/result.ts';
import { type Product, type WalletName, worksOnce } from '../../kernel/wallet-names.ts';
import type { DecideContext } from '../draft.ts';
import type { StartOutcome } from '../wallet/report.ts';
import { beginClosing, CLOSE_CALL_MS, moveWithLegs } from './attempt.ts';
import { type PaymentDecision, PaymentDraft } from './draft.ts';
import { isLive, isOpen, settleIntentStatus } from './intent-status.ts';
import { byMerchant } from './leg-shares.ts';
import type { Attempt, Leg, LegPart, Payment, SubOrder } from './model.ts';
import { orderNumber } from './order-number.ts';
import { applyReportTo, type Reported } from './report.ts';

/** Bounds how many orders one intent can create at the wallets. */
const ATTEMPT_COUNT_MAX = 30;
/** What a buyer may start: whoever has the address of the page can press again and again. */
export const CASHIER_STARTS = { max: 10, windowMs: 60_000 } as const;

export interface NewAttempt {
  readonly id: Id<'payment_attempt'>;
  readonly wallet: WalletName;
  readonly product: Product;
  /** The wallet app that the buyer chose to pay with; left out = the wallet's own. */
  readonly payerWallet?: WalletName;
  readonly config: Id<'wallet_config'>;
  readonly expiresAtMs: number;
  /** The wallet's account and fee of every merchant in the cart. */
  readonly accounts: ReadonlyMap<
    Id<'merchant'>,
    Pick<LegPart, 'walletAccount' | 'walletMerchant' | 'feeBps'>
  >;
  /**
   * How this wallet is paid a cart of several merchants as one leg: to the marketplace's own
   * number. null = one leg per merchant.
   */
  readonly oneLegMerchant: string | null;
  readonly firstPollMs: number;
  /** Started by a buyer, whose starts are limited; left out = by the marketplace. */
  readonly isFromCashier?: boolean;
}

export interface AttemptAnswer {
  readonly payment: Payment;
  readonly attempt: Attempt;
  /** False when the attempt already existed: the wallet has been called, or is being called. */
  readonly isNew: boolean;
}

/** Attempts within the window, by whichever process. */
export function recentStarts({ attempts }: Pick<Payment, 'attempts'>, nowMs: number): number {
  const sinceMs = nowMs - CASHIER_STARTS.windowMs;
  return attempts.filter(({ createdAtMs }) => createdAtMs > sinceMs).length;
}

export function startAttempt(
  payment: Payment,
  input: NewAttempt,
  context: DecideContext,
): PaymentDecision<AttemptAnswer> {
  const existing = payment.attempts.find((attempt) => attempt.id === input.id);
  const draft = new PaymentDraft(payment);
  if (existing !== undefined) {
    return draft.decided((same) => ({ payment: same, attempt: existing, isNew: false }));
  }
  const { intent } = payment;
  const refused = refusalOf(payment, input, context.nowMs);
  if (refused !== undefined) return err(refused);
  // The caller closes them at once; the janitor finishes what that call could not.
  for (const other of payment.attempts.filter(isLive))
    beginClosing(draft, other, context, context.nowMs + CLOSE_CALL_MS);
  const merchants = [...byMerchant(payment.subOrders).values()];
  const isOneLeg = merchants.length > 1 && input.oneLegMerchant !== null;
  const groups = isOneLeg ? [payment.subOrders] : merchants;
  // A cart in one leg can only be reversed as a whole.
  assert(groups.length === 1 || !worksOnce(input.product), 'a payment code pays one order');
  const attempt: Attempt = {
    id: input.id,
    wallet: input.wallet,
    product: input.product,
    config: input.config,
    payerWalletChosen: input.payerWallet ?? input.wallet,
    payerWalletReported: null,
    status: 'created',
    combineOrderNo: groups.length > 1 ? orderNumber(intent.id, input.id, 0) : null,
    nextAction: null,
    failure: null,
    createdAtMs: context.nowMs,
    expiresAtMs: input.expiresAtMs,
    closingAtMs: null,
    isProvisional: false,
    dueAtMs: context.nowMs + input.firstPollMs,
    tries: 0,
  };
  const legs = groups.map((group, index) => newLeg(payment, input, group, index + 1, context));
  draft.add({ attempts: [attempt], legs });
  draft.setRoot({ latestAttempt: attempt.id });
  settleIntentStatus(draft);
  return draft.decided((after) => ({ payment: after, attempt, isNew: true }));
}

function refusalOf(payment: Payment, input: NewAttempt, nowMs: number): HutongError | undefined {
  const { intent, attempts } = payment;
  const notPayable = (reason: string) => hutongError('payment_intent_not_payable', reason);
  if (!isOpen(intent.status) || intent.closingAtMs !== null || intent.expiresAtMs <= nowMs)
    return notPayable(`the payment_intent is ${intent.closingReason ?? intent.status}`);
  if (attempts.length >= ATTEMPT_COUNT_MAX)
    return notPayable(`it already has ${ATTEMPT_COUNT_MAX} attempts`);
  if (input.isFromCashier === true && recentStarts(payment, nowMs) >= CASHIER_STARTS.max)
    return hutongError('rate_limited', 'it was started too often within a minute');
  return undefined;
}

function newLeg(
  payment: Payment,
  input: NewAttempt,
  group: readonly SubOrder[],
  number: number,
  context: DecideContext,
): Leg {
  const parts = [...byMerchant(group).values()].map((own) => legPart(input, own));
  const [only, other] = parts;
  const isOneMerchant = other === undefined;
  const { walletMerchant, walletAccount, merchant, feeBps } = must(only, 'a leg has a merchant');
  return {
    id: context.newId('leg'),
    attempt: input.id,
    orderNo: orderNumber(payment.intent.id, input.id, number),
    walletMerchant: isOneMerchant ? walletMerchant : must(input.oneLegMerchant, 'its payee'),
    merchant: isOneMerchant ? merchant : null,
    walletAccount: isOneMerchant ? walletAccount : null,
    parts: isOneMerchant ? null : parts,
    subOrders: group.map((sub) => sub.id),
    currency: payment.intent.currency,
    amountFen: sumFen(group.map((sub) => sub.amountFen)),
    payerAmountFen: null,
    receiptAmountFen: null,
    refundedFen: 0n,
    status: 'created',
    walletTransactionId: null,
    paidAtMs: null,
    feeBps: isOneMerchant ? feeBps : 0,
    suspenseFen: null,
    disputedFen: null,
  };
}

function legPart(input: NewAttempt, own: readonly SubOrder[]): LegPart {
  const { merchant } = must(own[0], 'a part of a leg');
  const { walletAccount, walletMerchant, feeBps } = must(
    input.accounts.get(merchant),
    `the wallet account of ${merchant}`,
  );
  const amountFen = sumFen(own.map((sub) => sub.amountFen));
  return { merchant, walletAccount, walletMerchant, amountFen, feeBps };
}

export interface StartAnswered extends Omit<Reported, 'report'> {
  readonly outcome: StartOutcome;
}

/** Applies the wallet's answer to the start. A report that arrived before it is never undone. */
export function recordStart(
  payment: Payment,
  answered: StartAnswered,
  context: DecideContext,
): PaymentDecision<AttemptAnswer> {
  const draft = new PaymentDraft(payment);
  applyStart(draft, answered, context);
  settleIntentStatus(draft);
  return draft.decided((after) => ({
    payment: after,
    attempt: draft.attempt(answered.attempt),
    isNew: false,
  }));
}

function applyStart(
  draft: PaymentDraft,
  { attempt: id, outcome, capabilities }: StartAnswered,
  context: DecideContext,
): void {
  const attempt = draft.attempt(id);
  // A combined order refused after the wallet accepted one of its legs is queried, not believed.
  const isPaidInPart = draft.legsOf(id).some((leg) => leg.status === 'succeeded');
  const isFirst = attempt.status === 'created' || attempt.status === 'unknown';
  switch (outcome.outcome) {
    case 'succeeded': {
      const report = { outcome: 'answered', legs: outcome.legs } as const;
      applyReportTo(draft, { attempt: id, report, capabilities }, context);
      return;
    }
    case 'pending':
      if (attempt.nextAction === null && outcome.nextAction !== null)
        draft.set('attempts', id, { nextAction: outcome.nextAction });
      if (isFirst) moveWithLegs(draft, id, 'pending');
      return;
    case 'failed': {
      if (!isFirst || isPaidInPart) return;
      const failure = { code: 'wallet_declined', walletError: outcome.walletError };
      draft.set('attempts', id, { failure });
      moveWithLegs(draft, id, 'failed');
      return;
    }
    case 'unknown':
      if (attempt.status === 'created') moveWithLegs(draft, id, 'unknown');
      return;
    default:
      unreachable(outcome);
  }
}
