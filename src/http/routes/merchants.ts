/** /v1/merchants: create, list. */
import { ok } from '../../core/result.ts';
import { pageOf } from '../parse.ts';
import { presentList } from '../present/list.ts';
import { presentMerchant } from '../present/merchant.ts';
import { type AnyRoute, defineRoute } from '../route.ts';
import { MerchantCreate, MerchantList } from '../schemas/others.ts';

const TAG = 'Merchants';

const create = defineRoute({
  method: 'POST',
  path: '/v1/merchants',
  operationId: 'createMerchant',
  tag: TAG,
  summary: 'Add a seller',
  scope: 'merchants:write',
  body: MerchantCreate,
  answers: { 201: 'merchant' },
  handle: async (deps, { body, principal }) => {
    const made = await deps.useCases.createMerchant(principal.marketplace, {
      name: body.name,
      externalId: body.external_id ?? null,
    });
    return made.ok ? ok({ status: 201, body: presentMerchant(made.value, []) }) : made;
  },
});

const list = defineRoute({
  method: 'GET',
  path: '/v1/merchants',
  operationId: 'listMerchants',
  tag: TAG,
  summary: 'List sellers and their accounts at the wallets',
  scope: 'merchants:read',
  query: MerchantList,
  answers: { 200: 'merchant_list' },
  handle: async (deps, { query, principal }) => {
    const page = pageOf(query);
    if (!page.ok) return page;
    const found = await deps.useCases.listMerchants(principal.marketplace, page.value);
    if (!found.ok) return found;
    const body = presentList(found.value, (one) => presentMerchant(one.merchant, one.accounts));
    return ok({ status: 200, body });
  },
});

export const MERCHANT_ROUTES: readonly AnyRoute[] = [create, list];
