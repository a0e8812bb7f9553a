/** /v1/buyer_erasures: erases a buyer's data and leaves the ledger intact; create, read. */
import type { BuyerErasure } from '../../core/buyer/data.ts';
import { rfc3339, rfc3339OrNull } from '../../kernel/rfc3339.ts';
import { answerOf } from '../answers.ts';
import { type AnyRoute, defineRoute } from '../route.ts';
import { BuyerErase } from './schema.ts';
import { BuyerErasureShape, type ShownBuyerErasure } from './shape.ts';

const TAG = 'Buyer erasures';

const create = defineRoute({
  method: 'POST',
  path: '/v1/buyer_erasures',
  operationId: 'eraseBuyer',
  tag: TAG,
  summary: 'Erase a buyer',
  description:
    'The buyer’s number and addresses leave every payment and event made so far: the number reads `erased`. Amounts, times and the ledger stay. It runs in the background; ask again until `status` is `done`. What is not ours to erase: `metadata`, descriptions and items that the marketplace has sent, webhooks that were delivered, and what the wallets keep.',
  scope: 'buyers:erase',
  body: BuyerErase,
  answers: { 201: BuyerErasureShape },
  handle: async (deps, { body, principal }) => {
    const { marketplace, keyId } = principal;
    const made = await deps.useCases.eraseBuyer(marketplace, body.buyer, keyId);
    return answerOf(made, presentErasure, 201);
  },
});

const read = defineRoute({
  method: 'GET',
  path: '/v1/buyer_erasures/{id}',
  operationId: 'getBuyerErasure',
  tag: TAG,
  summary: 'How far an erasure is',
  scope: 'buyers:erase',
  pathIds: { id: 'buyer_erasure' },
  answers: { 200: BuyerErasureShape },
  errors: ['not_found'],
  handle: async ({ useCases }, { path, principal: { marketplace } }) =>
    answerOf(await useCases.getBuyerErasure(marketplace, path.id), presentErasure),
});

function presentErasure(row: BuyerErasure): ShownBuyerErasure {
  return {
    id: row.id,
    object: 'buyer_erasure',
    status: row.status,
    payment_intents: row.paymentIntents,
    created_at: rfc3339(row.createdAtMs),
    finished_at: rfc3339OrNull(row.finishedAtMs),
  };
}

export const BUYER_ERASURE_ROUTES: readonly AnyRoute[] = [create, read];
