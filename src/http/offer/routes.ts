/** /v1/interconnects: which payer's wallet may scan whose codes; list, set. */

import type { Interconnect } from '../../flows/offer/interconnects.ts';
import { rfc3339 } from '../../kernel/rfc3339.ts';
import { answerOf, presentList } from '../answers.ts';
import { type AnyRoute, defineRoute } from '../route.ts';
import { InterconnectSet } from './schema.ts';
import { InterconnectListShape, InterconnectShape, type ShownInterconnect } from './shape.ts';

const TAG = 'Interconnects';

const list = defineRoute({
  method: 'GET',
  path: '/v1/interconnects',
  operationId: 'listInterconnects',
  tag: TAG,
  summary: 'Which wallets may pay by another wallet’s code',
  scope: 'interconnects:read',
  answers: { 200: InterconnectListShape },
  handle: async (deps, { principal }) => {
    const found = await deps.useCases.listInterconnects(principal.marketplace);
    return answerOf(found, (data) => presentList({ data, hasMore: false }, presentInterconnect));
  },
});

const set = defineRoute({
  method: 'POST',
  path: '/v1/interconnects',
  operationId: 'setInterconnect',
  tag: TAG,
  summary: 'Activate or pause a pair',
  description:
    'Offers follow within two seconds. Attempts that are already open stay open: what a wallet reports is booked, whoever paid.',
  scope: 'interconnects:write',
  body: InterconnectSet,
  answers: { 200: InterconnectShape },
  handle: async (deps, { body, principal }) => {
    const row = await deps.useCases.setInterconnect(principal.marketplace, {
      payer: body.payer_wallet,
      acceptor: body.acceptor_wallet,
      status: body.status,
      by: principal.keyId,
    });
    return answerOf(row, presentInterconnect);
  },
});

function presentInterconnect(row: Interconnect): ShownInterconnect {
  return {
    object: 'interconnect',
    payer_wallet: row.payer,
    acceptor_wallet: row.acceptor,
    status: row.status,
    changed_at: rfc3339(row.changedAtMs),
  };
}

export const INTERCONNECT_ROUTES: readonly AnyRoute[] = [list, set];
