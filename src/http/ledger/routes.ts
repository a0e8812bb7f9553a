/** /v1/ledger and /v1/balances: the ledger, read-only. */
import { must } from '../../kernel/assert.ts';
import { parseId } from '../../kernel/id.ts';
import { answerOf, pageAnswerOf, presentList } from '../answers.ts';
import { type AnyRoute, defineRoute } from '../route.ts';
import { presentBalance, presentLedgerAccount, presentLedgerTransaction } from './present.ts';
import { BalanceList, LedgerAccountList, LedgerTransactionList } from './schema.ts';
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
    const { limit = ACCOUNTS_DEFAULT, starting_after: after = null, wallet_config: asked } = query;
    const config =
      asked === undefined ? null : must(parseId('wallet_config', asked), 'an id the schema took');
    const filter = { config, after, limit };
    const found = await deps.useCases.listLedgerAccounts(principal.marketplace, filter);
    return answerOf(found, (page) => presentList(page, presentLedgerAccount));
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
    const asked = query.payment_intent;
    const paymentIntent =
      asked === undefined
        ? null
        : must(parseId('payment_intent', asked), 'an id that the schema took');
    const { listLedgerTransactions } = deps.useCases;
    return pageAnswerOf(query, presentLedgerTransaction, (page) =>
      listLedgerTransactions(principal.marketplace, { paymentIntent }, page),
    );
  },
});

const balances = defineRoute({
  method: 'GET',
  path: '/v1/balances',
  operationId: 'listBalances',
  tag: TAG,
  summary: 'What each merchant has in each of its accounts at the wallets',
  scope: 'ledger:read',
  query: BalanceList,
  answers: { 200: BalanceListShape },
  handle: async (deps, { query, principal }) => {
    const { merchant: asked } = query;
    const merchant =
      asked === undefined ? null : must(parseId('merchant', asked), 'an id the schema took');
    const found = await deps.useCases.listBalances(principal.marketplace, merchant);
    return answerOf(found, (all) => presentList({ data: all, hasMore: false }, presentBalance));
  },
});

export const LEDGER_ROUTES: readonly AnyRoute[] = [accounts, transactions, balances];
