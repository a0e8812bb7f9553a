/**
 * Creating an intent: the pure validation that the API promises, then the rows of a new payment.
 */
import { hash } from 'node:crypto';
import { type HutongError, hutongError } from '../../kernel/errors.ts';
import { AMOUNT_FEN_MAX, sumFen } from '../../kernel/money.ts';
import { compareTexts } from '../../kernel/order.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import { splitProblem } from '../escrow/splits.ts';
import { type Livemode, modeRefusal } from '../key/mode.ts';
import { type PaymentDecision, PaymentDraft } from './draft.ts';
import type { Payment, PaymentIntent, SubOrder } from './model.ts';

const INTENT_LIFE_MS_DEFAULT = 30 * 60_000;
const INTENT_LIFE_MS_MIN = 2 * 60_000;
const INTENT_LIFE_MS_MAX = 7 * 24 * 3_600_000;

export type NewSubOrder = Omit<SubOrder, 'refundedFen'>;

export interface NewPayment
  extends Pick<PaymentIntent, 'id' | 'shard' | 'marketplace' | 'merchantOrderNo' | 'amountFen'>,
    Pick<PaymentIntent, 'description' | 'buyer' | 'returnUrl' | 'metadata' | 'tokenSeed'> {
  readonly subOrders: readonly NewSubOrder[];
  /** null: after the usual time. */
  readonly expiresAtMs: number | null;
  /** Mode of the creating key; left out = no mode. */
  readonly isLivemode?: Livemode;
  readonly nowMs: number;
}

/** The same number with the same content, apart from ids and tokens, is the same order. */
export function contentHash(input: NewPayment): string {
  const content = JSON.stringify([
    input.amountFen.toString(),
    input.description,
    input.buyer.id,
    input.returnUrl,
    input.expiresAtMs,
    Object.entries(input.metadata).sort(([a], [b]) => compareTexts(a, b)),
    input.subOrders.map((sub) => [
      sub.merchant,
      sub.amountFen.toString(),
      sub.description,
      sub.merchantSubOrderNo,
      sub.items,
      sub.splits,
    ]),
  ]);
  return hash('sha256', content, 'hex');
}

export function newPayment(input: NewPayment): Result<Payment, HutongError> {
  const refused = refusal(input);
  if (refused !== undefined) return err(refused);
  const { subOrders, nowMs } = input;
  const expiresAtMs = input.expiresAtMs ?? nowMs + INTENT_LIFE_MS_DEFAULT;
  return ok({
    // Field by field: what is copied by a rest pattern is slow to read, for as long as it lives.
    intent: {
      id: input.id,
      shard: input.shard,
      marketplace: input.marketplace,
      merchantOrderNo: input.merchantOrderNo,
      contentHash: contentHash(input),
      amountFen: input.amountFen,
      currency: 'cny',
      description: input.description,
      buyer: input.buyer,
      status: 'requires_wallet',
      version: 1,
      returnUrl: input.returnUrl,
      metadata: input.metadata,
      createdAtMs: nowMs,
      expiresAtMs,
      closingAtMs: null,
      closingReason: null,
      latestAttempt: null,
      succeededAttempt: null,
      amountReceivedFen: 0n,
      amountRefundedFen: 0n,
      dueAtMs: expiresAtMs,
      resolution: null,
      isLivemode: input.isLivemode ?? null,
      tokenSeed: input.tokenSeed,
    },
    subOrders: subOrders.map((sub) => ({ ...sub, refundedFen: 0n })),
    attempts: [],
    legs: [],
    refunds: [],
    escrows: [],
  });
}

function refusal(input: NewPayment): HutongError | undefined {
  if (input.amountFen <= 0n || input.amountFen > AMOUNT_FEN_MAX) {
    const message = `amount is 1 to ${AMOUNT_FEN_MAX} fen`;
    return hutongError('parameter_invalid', message, { param: 'amount' });
  }
  const index = input.subOrders.findIndex((sub) => sub.amountFen <= 0n);
  if (index >= 0) {
    return hutongError('parameter_invalid', 'a sub_order is at least 1 fen', {
      param: `sub_orders[${index}].amount`,
    });
  }
  const total = sumFen(input.subOrders.map((sub) => sub.amountFen));
  if (total !== input.amountFen) {
    const message = `the sub_orders sum to ${total}, the amount is ${input.amountFen}`;
    return hutongError('amount_mismatch', message, { param: 'amount' });
  }
  for (const [at, sub] of input.subOrders.entries()) {
    const problem = splitProblem(sub, at);
    if (problem !== undefined) return problem;
  }
  const lifeMs = (input.expiresAtMs ?? input.nowMs + INTENT_LIFE_MS_DEFAULT) - input.nowMs;
  if (lifeMs < INTENT_LIFE_MS_MIN || lifeMs > INTENT_LIFE_MS_MAX) {
    const message = 'expires_at is 2 minutes to 7 days ahead';
    return hutongError('expires_at_invalid', message, { param: 'expires_at' });
  }
  return undefined;
}

/** An order created by a key of the other mode is refused here; that key may only read it. */
export function sameOrderModeRefusal({ intent }: Payment, key: Livemode): HutongError | undefined {
  return modeRefusal(`merchant_order_no ${intent.merchantOrderNo}`, intent.isLivemode, key);
}

/**
 * Decides a create request against the stored order of this merchant_order_no: the row claimed just
 * now (`isNew`), the same order again, or another order with the same number.
 */
export function createPayment(
  stored: Payment,
  wanted: Payment,
  isNew: boolean,
): PaymentDecision<{ readonly payment: Payment; readonly created: boolean }> {
  if (stored.intent.contentHash !== wanted.intent.contentHash) {
    const message = `merchant_order_no ${wanted.intent.merchantOrderNo} exists with other content`;
    return err(hutongError('merchant_order_no_conflict', message, { param: 'merchant_order_no' }));
  }
  const refused = sameOrderModeRefusal(stored, wanted.intent.isLivemode);
  if (refused !== undefined) return err(refused);
  const draft = new PaymentDraft(stored);
  if (isNew) draft.emit('payment_intent.created', stored.intent.id);
  // A resumed request of the creator has the same id: it too is answered with "created".
  const created = stored.intent.id === wanted.intent.id;
  return draft.decided((payment) => ({ payment, created }));
}
