/** /v1/ledger and /v1/balances: the ledger, read-only. */
import { present } from '../../kernel/assert.ts';
import { parseId } from '../../kernel/id.ts';
import { ok } from '../../kernel/result.ts';
import { pageOf } from '../parse.ts';
import { presentList } from '../present-list.ts';
import { type AnyRoute, defineRoute } from '../route.ts';
import { balancesOf, presentLedgerAccount, presentLedgerTransaction } from './present.ts';
import { LedgerAccountList, LedgerTransactionList } from './schema.ts';
import { BalanceListShape, LedgerAccountListShape, LedgerTransactionListShape } from './shape.ts';

const TAG = 'Ledger';
const ACCOUNTS_DEFAULT = 1000;

const accounts = defineRoute({
  method: 'GET',
  path: '/v1/ledger/accounts',
  operationId: 'listLedgerAccounts',
  tag: TAG,
  summary: 'All accounts and their balances',
  scope: 'ledger:read',
  query: LedgerAccountList,
  answers: { 200: LedgerAccountListShape },
  handle: async (deps, { query, principal }) => {
    const found = await deps.useCases.listLedgerAccounts(principal.marketplace);
    if (!found.ok) return found;
    const after = query.starting_after;
    const at = after === undefined ? -1 : found.value.findIndex(({ id }) => id === after);
    const rest = found.value.slice(at + 1);
    const limit = query.limit ?? ACCOUNTS_DEFAULT;
    const page = { data: rest.slice(0, limit), hasMore: rest.length > limit };
    return ok({ status: 200, body: presentList(page, presentLedgerAccount) });
  },
});

const transactions = defineRoute({
  method: 'GET',
  path: '/v1/ledger/transactions',
  operationId: 'listLedgerTransactions',
  tag: TAG,
  summary: 'List ledger transactions, newest first',
  scope: 'ledger:read',
  query: LedgerTransactionList,
  answers: { 200: LedgerTransactionListShape },
  handle: async (deps, { query, principal }) => {
    const page = pageOf(query);
    if (!page.ok) return page;
    const asked = query.payment_intent;
    const paymentIntent =
      asked === undefined
        ? null
        : present(parseId('payment_intent', asked), 'an id that the schema took');
    const found = await deps.useCases.listLedgerTransactions(
      principal.marketplace,
      { paymentIntent },
      page.value,
    );
    if (!found.ok) return found;
    return ok({ status: 200, body: presentList(found.value, presentLedgerTransaction) });
  },
});

const balances = defineRoute({
  method: 'GET',
  path: '/v1/balances',
  operationId: 'listBalances',
  tag: TAG,
  summary: 'What each merchant has at each wallet',
  scope: 'ledger:read',
  answers: { 200: BalanceListShape },
  handle: async (deps, { principal }) => {
    const found = await deps.useCases.listLedgerAccounts(principal.marketplace);
    if (!found.ok) return found;
    const data = balancesOf(found.value);
    return ok({ status: 200, body: { object: 'list', data, has_more: false } });
  },
});

export const LEDGER_ROUTES: readonly AnyRoute[] = [accounts, transactions, balances];
