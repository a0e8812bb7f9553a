/** /v1/merchants: create, list, and a merchant's accounts at the wallets. */
import { answerOf, pageAnswerOf } from '../answers.ts';
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
    return answerOf(made, (merchant) => presentMerchant({ merchant, accounts: [] }), 201);
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
  handle: async ({ useCases }, { query, principal: { marketplace } }) =>
    pageAnswerOf(query, presentMerchant, (page) => useCases.listMerchants(marketplace, page)),
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
  handle: async ({ useCases }, { path, query, principal: { marketplace } }) =>
    pageAnswerOf(query, presentWalletAccount, (page) =>
      useCases.listWalletAccounts(marketplace, path.id, page),
    ),
});

export const MERCHANT_ROUTES: readonly AnyRoute[] = [create, list, walletAccounts];
