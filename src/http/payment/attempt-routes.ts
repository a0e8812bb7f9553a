/** /v1/payment_intents/{id}/attempts: start, list, read. */

import { presentAttempt } from '../../core/payment/present-attempt.ts';
import { presentAttempts } from '../../core/payment/present-intent.ts';
import { PaymentAttemptListShape, PaymentAttemptShape } from '../../core/payment/shape.ts';
import type { PayerIdentity } from '../../core/wallet/order.ts';
import type { StartedAttempt } from '../../flows/payment/choose-wallet.ts';
import { must } from '../../kernel/assert.ts';
import { parseId, shardOfId } from '../../kernel/id.ts';
import { ok } from '../../kernel/result.ts';
import { answerOf } from '../answers.ts';
import { requestKeyOf } from '../idempotency.ts';
import { type AnyRoute, defineRoute } from '../route.ts';
import { AttemptCreate } from './schema.ts';

const TAG = 'Payment attempts';

const create = defineRoute({
  method: 'POST',
  path: '/v1/payment_intents/{id}/attempts',
  operationId: 'createPaymentAttempt',
  tag: TAG,
  summary: 'Start paying with one wallet and product',
  description:
    'An attempt that is still open is closed first. An unknown outcome is retried once with the same number, then answered as `status: "unknown"` with `next_action: null`; the platform finds out by itself. A payment code or a tap is sent to its wallet once only: while the buyer confirms, `next_action` is null and the intent `processing`; what is not confirmed within 45 s is reversed.',
  scope: 'payment_intents:write',
  pathIds: { id: 'payment_intent' },
  body: AttemptCreate,
  answers: { 201: PaymentAttemptShape },
  errors: [
    'not_found',
    'payment_intent_not_payable',
    'wallet_not_offered',
    'payer_wallet_not_connected',
    'payer_missing',
    'auth_code_malformed',
    'auth_code_not_recognised',
    'auth_code_ambiguous',
    'wallet_declined',
    'key_mode_mismatch',
  ],
  idempotency: {
    claimsAlong: true,
    target: (deps, { path }) => deps.useCases.newId('payment_attempt', shardOfId(path.id)),
  },
  handle: async (deps, { path, body, principal, targetId, ...call }) => {
    const started = await deps.useCases.startAttempt({
      marketplace: principal.marketplace,
      intent: path.id,
      id: must(parseId('payment_attempt', targetId), 'the id chosen for an attempt'),
      wallet: body.wallet ?? null,
      product: body.product ?? null,
      ...(body.payer_wallet === undefined ? {} : { payerWallet: body.payer_wallet }),
      payer: payerOf(body.payer ?? {}),
      cashier: null,
      isLivemode: principal.isLivemode,
      ...requestKeyOf(call, shownStarted),
    });
    return started.ok ? ok(shownStarted(started.value)) : started;
  },
});

function shownStarted({ payment, attempt }: StartedAttempt) {
  return { status: 201, body: presentAttempt(payment, attempt) };
}

function payerOf(payer: NonNullable<AttemptCreate['payer']>): PayerIdentity {
  return {
    ...(payer.openid === undefined ? {} : { openid: payer.openid }),
    ...(payer.buyer_id === undefined ? {} : { buyerId: payer.buyer_id }),
    ...(payer.buyer_open_id === undefined ? {} : { buyerOpenId: payer.buyer_open_id }),
    ...(payer.auth_code === undefined ? {} : { authCode: payer.auth_code }),
    ...(payer.field55 === undefined ? {} : { field55: payer.field55 }),
  };
}

const list = defineRoute({
  method: 'GET',
  path: '/v1/payment_intents/{id}/attempts',
  operationId: 'listPaymentAttempts',
  tag: TAG,
  summary: 'All attempts of one payment intent',
  scope: 'payment_intents:read',
  pathIds: { id: 'payment_intent' },
  answers: { 200: PaymentAttemptListShape },
  errors: ['not_found'],
  handle: async ({ useCases }, { path, principal: { marketplace } }) =>
    answerOf(await useCases.getPaymentIntent(marketplace, path.id), presentAttempts),
});

const read = defineRoute({
  method: 'GET',
  path: '/v1/payment_intents/{id}/attempts/{attempt}',
  operationId: 'getPaymentAttempt',
  tag: TAG,
  summary: 'Read one attempt',
  scope: 'payment_intents:read',
  pathIds: { id: 'payment_intent', attempt: 'payment_attempt' },
  answers: { 200: PaymentAttemptShape },
  errors: ['not_found'],
  handle: async (deps, { path, principal }) => {
    const found = await deps.useCases.getAttempt(principal.marketplace, path.attempt, path.id);
    return answerOf(found, ({ payment, attempt }) => presentAttempt(payment, attempt));
  },
});

export const PAYMENT_ATTEMPT_ROUTES: readonly AnyRoute[] = [create, list, read];
