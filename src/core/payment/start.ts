/**
 * Starting an attempt and taking in the wallet's first answer. The order number is committed
 * before the wallet hears of it; the attempts before it are told to close (rule 1).
 */

import { assert, present } from '../../kernel/assert.ts';
import { hutongError } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/id.ts';
import { sumFen } from '../../kernel/money.ts';
import { err } from '../../kernel/result.ts';
import { type Product, type WalletName, worksOnce } from '../../kernel/wallet-names.ts';
import type { DecideContext } from '../draft.ts';
import type { StartOutcome } from '../wallet/report.ts';
import { type PaymentDecision, PaymentDraft } from './draft.ts';
import { isLive, isOpen, moveAttempt, settleIntentStatus } from './intent-status.ts';
import {
  ATTEMPT_STATES,
  type Attempt,
  type AttemptStatus,
  type Leg,
  type LegPart,
  type Payment,
  type SubOrder,
} from './model.ts';
import { orderNumber } from './order-number.ts';

/** How long the flow that closes an attempt has before the janitor does it. */
export const CLOSE_CALL_MS = 2_000;

/** Bounds what one intent can pile up at the wallets. */
const ATTEMPT_COUNT_MAX = 30;

export interface NewAttempt {
  readonly id: Id<'payment_attempt'>;
  readonly wallet: WalletName;
  readonly product: Product;
  /** Whose app the buyer chose to pay with; left out, the wallet's own. */
  readonly payerWallet?: WalletName;
  readonly config: Id<'wallet_config'>;
  readonly expiresAtMs: number;
  /** The wallet's account and fee of every merchant in the cart. */
  readonly accounts: ReadonlyMap<
    Id<'merchant'>,
    { readonly walletMerchant: string; readonly feeBps: number }
  >;
  /**
   * How this wallet is paid a cart of several merchants in one leg: the marketplace's own number
   * there. null = one leg a merchant.
   */
  readonly oneLegMerchant: string | null;
  readonly firstPollMs: number;
}

export interface AttemptAnswer {
  readonly payment: Payment;
  readonly attempt: Attempt;
  /** False when the attempt was already there: the wallet has been, or is being, told. */
  readonly isNew: boolean;
}

/** Groups a cart by merchant, in the order in which they come. */
function byMerchant(subOrders: readonly SubOrder[]): readonly (readonly SubOrder[])[] {
  const groups = new Map<Id<'merchant'>, SubOrder[]>();
  for (const sub of subOrders) {
    const group = groups.get(sub.merchant);
    if (group === undefined) groups.set(sub.merchant, [sub]);
    else group.push(sub);
  }
  return [...groups.values()];
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
  if (
    !isOpen(intent.status) ||
    intent.closingAtMs !== null ||
    intent.expiresAtMs <= context.nowMs
  ) {
    return err(
      hutongError(
        'payment_intent_not_payable',
        `the payment_intent is ${intent.closingReason ?? intent.status}`,
      ),
    );
  }
  if (payment.attempts.length >= ATTEMPT_COUNT_MAX) {
    return err(
      hutongError('payment_intent_not_payable', `it already has ${ATTEMPT_COUNT_MAX} attempts`),
    );
  }
  for (const other of payment.attempts.filter(isLive)) {
    if (other.closingAtMs === null)
      // The caller closes it at once; the janitor finishes what that call could not.
      draft.set('attempts', other.id, {
        closingAtMs: context.nowMs,
        dueAtMs: context.nowMs + CLOSE_CALL_MS,
        tries: 0,
      });
  }
  const merchants = byMerchant(payment.subOrders);
  const isOneLeg = merchants.length > 1 && input.oneLegMerchant !== null;
  const groups = isOneLeg ? [payment.subOrders] : merchants;
  // It can only be reversed whole.
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

function newLeg(
  payment: Payment,
  input: NewAttempt,
  group: readonly SubOrder[],
  number: number,
  context: DecideContext,
): Leg {
  const parts = byMerchant(group).map((own) => legPart(input, own));
  const [only, other] = parts;
  const isOneMerchant = other === undefined;
  const { walletMerchant, merchant, feeBps } = present(only, 'a leg has a merchant');
  return {
    id: context.newId('leg'),
    attempt: input.id,
    orderNo: orderNumber(payment.intent.id, input.id, number),
    walletMerchant: isOneMerchant ? walletMerchant : present(input.oneLegMerchant, 'its payee'),
    merchant: isOneMerchant ? merchant : null,
    parts: isOneMerchant ? null : parts,
    subOrders: group.map((sub) => sub.id),
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
  const { merchant } = present(own[0], 'a part of a leg');
  const { walletMerchant, feeBps } = present(
    input.accounts.get(merchant),
    `the wallet account of ${merchant}`,
  );
  return { merchant, walletMerchant, amountFen: sumFen(own.map((sub) => sub.amountFen)), feeBps };
}

/** The wallet's first word. A report that overtook it (a fast payer) is never taken back. */
export function recordStart(
  payment: Payment,
  attemptId: Id<'payment_attempt'>,
  result: StartOutcome,
): PaymentDecision<AttemptAnswer> {
  const draft = new PaymentDraft(payment);
  const attempt = draft.attempt(attemptId);
  // One that the wallet refuses after it took a leg of it is asked again, not believed.
  const isPaidInPart = payment.legs.some(
    (leg) => leg.attempt === attemptId && leg.status === 'succeeded',
  );
  const isFirstWord = attempt.status === 'created' || attempt.status === 'unknown';
  if (result.outcome === 'pending') {
    if (attempt.nextAction === null && result.nextAction !== null)
      draft.set('attempts', attempt.id, { nextAction: result.nextAction });
    if (isFirstWord) moveWithLegs(draft, attempt, 'pending');
  } else if (result.outcome === 'failed' && isFirstWord && !isPaidInPart) {
    draft.set('attempts', attempt.id, {
      failure: { code: 'wallet_declined', walletError: result.walletError },
    });
    moveWithLegs(draft, attempt, 'failed');
  } else if (result.outcome === 'unknown' && attempt.status === 'created') {
    moveWithLegs(draft, attempt, 'unknown');
  }
  settleIntentStatus(draft);
  return draft.decided((after) => ({
    payment: after,
    attempt: draft.attempt(attemptId),
    isNew: false,
  }));
}

/** An attempt and those of its legs that are not terminal take the same step. */
export function moveWithLegs(draft: PaymentDraft, attempt: Attempt, next: AttemptStatus): void {
  for (const leg of draft.payment.legs) {
    if (leg.attempt !== attempt.id || leg.status === next) continue;
    if (ATTEMPT_STATES.allows(leg.status, next)) draft.set('legs', leg.id, { status: next });
  }
  moveAttempt(draft, attempt, next);
  assert(
    draft.payment.attempts.some((row) => row.id === attempt.id && row.status === next),
    'the attempt moved',
  );
}
