/** /v1/refunds: create, read. */

import { presentRefund } from '../../core/refund/present.ts';
import { RefundShape } from '../../core/refund/shape.ts';
import type { CreatedRefund } from '../../flows/refund/refund.ts';
import { must } from '../../kernel/assert.ts';
import { type Id, parseId, shardOfId } from '../../kernel/id.ts';
import { fenFromJson } from '../../kernel/money.ts';
import { ok } from '../../kernel/result.ts';
import { answerOf } from '../answers.ts';
import { requestKeyOf } from '../idempotency.ts';
import { type AnyRoute, defineRoute } from '../route.ts';
import { RefundCreate } from './schema.ts';

const TAG = 'Refunds';

const create = defineRoute({
  method: 'POST',
  path: '/v1/refunds',
  operationId: 'createRefund',
  tag: TAG,
  summary: 'Give back all or part of a sub_order',
  description: 'A repeat of the same answers 200 and the refund that exists.',
  scope: 'refunds:write',
  body: RefundCreate,
  answers: { 200: RefundShape, 201: RefundShape },
  errors: [
    'not_found',
    'refund_exceeds_payment',
    'refund_not_possible',
    'wallet_declined',
    'key_mode_mismatch',
  ],
  idempotency: {
    claimsAlong: true,
    target: (deps, { body }) =>
      deps.useCases.newId('refund', shardOfId(intentOf(body.payment_intent))),
  },
  handle: async (deps, { body, principal, targetId, ...call }) => {
    const made = await deps.useCases.createRefund({
      marketplace: principal.marketplace,
      intent: intentOf(body.payment_intent),
      id: must(parseId('refund', targetId), 'the id chosen for a refund'),
      subOrder: must(parseId('sub_order', body.sub_order), 'an id that the schema took'),
      amountFen: must(fenFromJson(body.amount), 'an amount that the schema took'),
      reason: body.reason,
      // Nothing is paid out of a balance yet, so that none is short of what was released to it.
      shortfall: 'advance',
      isLivemode: principal.isLivemode,
      ...requestKeyOf(call, shownCreated),
    });
    return made.ok ? ok(shownCreated(made.value)) : made;
  },
});

function shownCreated({ payment, refund, created }: CreatedRefund) {
  return { status: created ? 201 : 200, body: presentRefund(payment, refund) };
}

function intentOf(text: string): Id<'payment_intent'> {
  return must(parseId('payment_intent', text), 'an id that the schema took');
}

const read = defineRoute({
  method: 'GET',
  path: '/v1/refunds/{id}',
  operationId: 'getRefund',
  tag: TAG,
  summary: 'Read a refund',
  scope: 'refunds:read',
  pathIds: { id: 'refund' },
  answers: { 200: RefundShape },
  errors: ['not_found'],
  handle: async (deps, { path, principal }) => {
    const found = await deps.useCases.getRefund(principal.marketplace, path.id);
    return answerOf(found, ({ payment, refund }) => presentRefund(payment, refund));
  },
});

export const REFUND_ROUTES: readonly AnyRoute[] = [create, read];
