/** /v1/payment_intents: create, read, list, cancel, offers. */

import type { Offers } from '../../core/offer/offer.ts';
import type { Payment } from '../../core/payment/model.ts';
import { presentPaymentIntent } from '../../core/payment/present-intent.ts';
import {
  PaymentIntentListShape,
  PaymentIntentShape,
  type ShownPaymentIntent,
} from '../../core/payment/shape.ts';
import type { Principal } from '../../flows/key/authenticate.ts';
import type { CreatedIntent, CreateIntentInput } from '../../flows/payment/create.ts';
import { must } from '../../kernel/assert.ts';
import type { HutongError } from '../../kernel/errors.ts';
import { type Id, parseId, shardOf, shardOfId } from '../../kernel/id.ts';
import { fenFromJson } from '../../kernel/money.ts';
import { ok, type Result } from '../../kernel/result.ts';
import { deviceOf } from '../../kernel/wallet-names.ts';
import { answerOf, presentList } from '../answers.ts';
import type { ServerDeps } from '../deps.ts';
import { requestKeyOf } from '../idempotency.ts';
import { OffersShape, type ShownOffers } from '../offer/shape.ts';
import { allOk, ipOf, pageOf, returnUrlOf, timeOf } from '../parse.ts';
import { type AnyRoute, defineRoute } from '../route.ts';
import {
  ConflictResolve,
  OffersRead,
  PaymentIntentCreate,
  PaymentIntentList,
  PaymentIntentRead,
} from './schema.ts';

const TAG = 'Payment intents';

const create = defineRoute({
  method: 'POST',
  path: '/v1/payment_intents',
  operationId: 'createPaymentIntent',
  tag: TAG,
  summary: 'Start a checkout',
  description:
    'The same `merchant_order_no` and content again answers 200 and the intent that exists.',
  scope: 'payment_intents:write',
  body: PaymentIntentCreate,
  answers: { 200: PaymentIntentShape, 201: PaymentIntentShape },
  errors: [
    'amount_mismatch',
    'merchant_unknown',
    'expires_at_invalid',
    'merchant_order_no_conflict',
    'key_mode_mismatch',
  ],
  idempotency: {
    claimsAlong: true,
    target: (deps, { body, principal }) =>
      deps.useCases.newId('payment_intent', shardOf(principal.marketplace, body.merchant_order_no)),
    refill: async (deps, principal, body) => {
      const id = parseId('payment_intent', String(body.id));
      const found = await deps.useCases.getPaymentIntent(
        principal.marketplace,
        must(id, 'the id of a stored payment_intent'),
      );
      return found.ok ? ok(secretsOf(deps, found.value)) : found;
    },
  },
  handle: async (deps, call) => {
    const input = inputOf(call);
    if (!input.ok) return input;
    const keyed = { ...input.value, ...requestKeyOf(call, shownCreated) };
    const made = await deps.useCases.createPaymentIntent(keyed);
    if (!made.ok) return made;
    return ok({ ...shownCreated(made.value), secrets: secretsOf(deps, made.value.payment) });
  },
});

function shownCreated({ payment, created }: CreatedIntent) {
  return { status: created ? 201 : 200, body: presentPaymentIntent(payment) };
}

function secretsOf(deps: ServerDeps, payment: Payment): Record<string, unknown> {
  const payToken = deps.useCases.payTokenOf(payment, 'buyer');
  return {
    client_secret: deps.useCases.clientSecretOf(payment),
    cashier_url: `${deps.config.publicUrl}/pay/${payToken}`,
  };
}

function inputOf({
  body,
  principal,
  targetId,
  callerIp,
}: {
  readonly body: PaymentIntentCreate;
  readonly principal: Principal;
  readonly targetId: string;
  readonly callerIp: string;
}): Result<CreateIntentInput, HutongError> {
  const parsed = allOk({
    expiresAtMs: timeOf('expires_at', body.expires_at),
    returnUrl: returnUrlOf(body.return_url),
    ip: ipOf('buyer.ip', body.buyer.ip),
  });
  if (!parsed.ok) return parsed;
  const { expiresAtMs, returnUrl, ip } = parsed.value;
  return ok({
    marketplace: principal.marketplace,
    id: must(parseId('payment_intent', targetId), 'the id chosen for a payment_intent'),
    merchantOrderNo: body.merchant_order_no,
    amountFen: must(fenFromJson(body.amount), 'an amount that the schema took'),
    description: body.description,
    subOrders: body.sub_orders.map((part) => ({
      merchant: part.merchant,
      amountFen: must(fenFromJson(part.amount), 'an amount that the schema took'),
      description: part.description,
      merchantSubOrderNo: part.merchant_sub_order_no ?? null,
      items: part.items ?? null,
      splits: part.splits ?? null,
    })),
    buyer: { id: body.buyer.id, device: deviceOf(body.buyer.device), ip: ip ?? callerIp },
    expiresAtMs,
    returnUrl,
    metadata: body.metadata ?? {},
    isLivemode: principal.isLivemode,
  });
}

const read = defineRoute({
  method: 'GET',
  path: '/v1/payment_intents/{id}',
  operationId: 'getPaymentIntent',
  tag: TAG,
  summary: 'Read a payment intent',
  description:
    'With a secret key, or, for the buyer’s own view, with `Hutong-Client-Secret` and no key.',
  scope: 'payment_intents:read',
  pathIds: { id: 'payment_intent' },
  query: PaymentIntentRead,
  answers: { 200: PaymentIntentShape },
  errors: ['not_found', 'client_secret_invalid'],
  asBuyer: async (deps, { path, query }, clientSecret) => {
    const found = await deps.useCases.getPaymentIntentAsBuyer(path.id, clientSecret);
    return answerOf(found, (payment) => buyerView(presentPaymentIntent(payment, expanded(query))));
  },
  handle: async (deps, { path, query, principal }) => {
    const found = await deps.useCases.getPaymentIntent(principal.marketplace, path.id);
    return answerOf(found, (payment) => presentPaymentIntent(payment, expanded(query)));
  },
});

function expanded(query: PaymentIntentRead): { readonly expandAttempts: boolean } {
  return { expandAttempts: query['expand[]']?.includes('attempts') === true };
}

/** A buyer sees payees and amounts; the marketplace's metadata and splits are not for the buyer. */
function buyerView(shown: ShownPaymentIntent): ShownPaymentIntent {
  const { metadata: _notes, buyer: _buyer, resolution: _end, sub_orders: parts, ...rest } = shown;
  return { ...rest, sub_orders: parts.map((part) => ({ ...part, splits: null })) };
}

const list = defineRoute({
  method: 'GET',
  path: '/v1/payment_intents',
  operationId: 'listPaymentIntents',
  tag: TAG,
  summary: 'List payment intents, newest first',
  scope: 'payment_intents:read',
  query: PaymentIntentList,
  answers: { 200: PaymentIntentListShape },
  handle: async (deps, { query, principal }) => {
    const parsed = allOk({
      page: pageOf(query),
      createdAfterMs: timeOf('created_after', query.created_after),
      createdBeforeMs: timeOf('created_before', query.created_before),
    });
    if (!parsed.ok) return parsed;
    const { page, createdAfterMs, createdBeforeMs } = parsed.value;
    const filter = {
      status: query.status ?? null,
      merchantOrderNo: query.merchant_order_no ?? null,
      walletTransactionId: query.wallet_transaction_id ?? null,
      orderNo: query.order_no ?? null,
      createdAfterMs,
      createdBeforeMs,
    };
    const found = await deps.useCases.listPaymentIntents(principal.marketplace, filter, page);
    return answerOf(found, (one) => presentList(one, (payment) => presentPaymentIntent(payment)));
  },
});

const cancel = defineRoute({
  method: 'POST',
  path: '/v1/payment_intents/{id}/cancel',
  operationId: 'cancelPaymentIntent',
  tag: TAG,
  summary: 'Cancel a payment intent',
  description:
    'Closes every attempt at its wallet first; the status becomes `canceled` when none can be paid any more.',
  scope: 'payment_intents:write',
  pathIds: { id: 'payment_intent' },
  answers: { 200: PaymentIntentShape },
  errors: ['not_found', 'payment_intent_not_cancelable', 'key_mode_mismatch'],
  // Creates nothing, but requests with the same key need different targets.
  idempotency: {
    claimsAlong: true,
    target: (deps, { path }) => deps.useCases.newId('payment_attempt', shardOfId(path.id)),
  },
  handle: async (deps, { path, principal, ...call }) => {
    const { marketplace, isLivemode } = principal;
    const who = { marketplace, isLivemode, ...requestKeyOf(call, shown) };
    const canceled = await deps.useCases.cancelPaymentIntent(who, path.id);
    return canceled.ok ? ok(shown(canceled.value)) : canceled;
  },
});

function shown(payment: Payment) {
  return { status: 200, body: presentPaymentIntent(payment) };
}

const resolve = defineRoute({
  method: 'POST',
  path: '/v1/payment_intents/{id}/resolve',
  operationId: 'resolvePaymentIntent',
  tag: TAG,
  summary: 'End a conflict, as an operator',
  description:
    'For a `conflicted` intent: a wallet’s amount, currency or payee was not what was ordered. `accept` makes it `succeeded` with what the wallet took; `refund` makes it `canceled` and gives back what was taken. Where another attempt has settled the intent, or it ended, a disputed attempt of it can only be refunded, and the intent keeps its status.',
  scope: 'payment_intents:resolve',
  pathIds: { id: 'payment_intent' },
  body: ConflictResolve,
  answers: { 200: PaymentIntentShape },
  errors: [
    'not_found',
    'payment_intent_not_conflicted',
    'conflict_not_resolvable',
    'key_mode_mismatch',
  ],
  // Creates nothing, but requests with the same key need different targets.
  idempotency: {
    target: (deps, { path }) => deps.useCases.newId('payment_attempt', shardOfId(path.id)),
  },
  handle: async (deps, { path, body, principal }) => {
    const { marketplace, keyId: by, isLivemode } = principal;
    const resolved = await deps.useCases.resolveConflict({
      ...{ marketplace, by, isLivemode, intent: path.id },
      ...{ outcome: body.outcome, reason: body.reason },
    });
    return answerOf(resolved, (payment) => presentPaymentIntent(payment));
  },
});

const offers = defineRoute({
  method: 'GET',
  path: '/v1/payment_intents/{id}/offers',
  operationId: 'listOffers',
  tag: TAG,
  summary: 'Which wallets this buyer is offered, in order, and why others are not',
  scope: 'payment_intents:read',
  pathIds: { id: 'payment_intent' },
  query: OffersRead,
  answers: { 200: OffersShape },
  errors: ['not_found'],
  handle: async (deps, { path, query, principal }) => {
    const device = query.device === undefined ? null : deviceOf(query.device);
    const found = await deps.useCases.listOffers(principal.marketplace, path.id, device);
    return answerOf(found, (offers) => presentOffers(path.id, offers));
  },
});

function presentOffers(intent: Id<'payment_intent'>, found: Offers): ShownOffers {
  return {
    object: 'offers',
    payment_intent: intent,
    offered: found.offered.map((offer) => ({
      wallet: offer.wallet,
      product: offer.product,
      payer_wallet: offer.payerWallet,
      combined: offer.combined,
      needs_payer: offer.needsPayer,
    })),
    withheld: found.withheld.map(({ wallet, product, reason, merchants, reachedThrough }) => ({
      ...{ wallet, product, reason },
      ...(merchants.length === 0 ? {} : { merchants }),
      reached_through: reachedThrough,
    })),
  };
}

export const PAYMENT_INTENT_ROUTES: readonly AnyRoute[] = [
  create,
  read,
  list,
  cancel,
  resolve,
  offers,
];
