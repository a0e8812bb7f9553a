/** /v1/merchants: create, list, and a merchant's accounts at the wallets. */
import { ok } from '../../kernel/result.ts';
import { pageOf } from '../parse.ts';
import { presentList } from '../present-list.ts';
import { type AnyRoute, defineRoute } from '../route.ts';
import { presentMerchant, presentWalletAccount } from './present.ts';
import { MerchantCreate, MerchantList, WalletAccountList } from './schema.ts';
import { MerchantListShape, MerchantShape, WalletAccountListShape } from './shape.ts';

const TAG = 'Merchants';

const create = defineRoute({
  method: 'POST',
  path: '/v1/merchants',
  operationId: 'createMerchant',
  tag: TAG,
  summary: 'Add a seller',
  scope: 'merchants:write',
  body: MerchantCreate,
  answers: { 201: MerchantShape },
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
  answers: { 200: MerchantListShape },
  handle: async (deps, { query, principal }) => {
    const page = pageOf(query);
    if (!page.ok) return page;
    const found = await deps.useCases.listMerchants(principal.marketplace, page.value);
    if (!found.ok) return found;
    const body = presentList(found.value, (one) => presentMerchant(one.merchant, one.accounts));
    return ok({ status: 200, body });
  },
});

const walletAccounts = defineRoute({
  method: 'GET',
  path: '/v1/merchants/{id}/wallet_accounts',
  operationId: 'listWalletAccounts',
  tag: TAG,
  summary: 'List a seller’s accounts at the wallets',
  description:
    'With the marketplace’s own configuration that each is paid through. Sellers of one cart that ' +
    'are paid through different ones cannot be paid in one go (`cart_not_combinable`).',
  scope: 'merchants:read',
  pathIds: { id: 'merchant' },
  query: WalletAccountList,
  answers: { 200: WalletAccountListShape },
  handle: async (deps, { path, query, principal }) => {
    const page = pageOf(query);
    if (!page.ok) return page;
    const { marketplace } = principal;
    const found = await deps.useCases.listWalletAccounts(marketplace, path.id, page.value);
    if (!found.ok) return found;
    return ok({ status: 200, body: presentList(found.value, presentWalletAccount) });
  },
});

export const MERCHANT_ROUTES: readonly AnyRoute[] = [create, list, walletAccounts];
