/** Parameters of the ledger calls. */
import { Type } from 'typebox';
import { closed, idField } from '../../core/shape.ts';
import { paged, text } from '../fields.ts';

export const LedgerAccountList = closed({
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
  starting_after: Type.Optional(
    text(
      64,
      'The last account of the page before, by its name, or its id (slower in a large ledger).',
    ),
  ),
  wallet_config: Type.Optional(
    idField('wallet_config', 'Only what went through this configuration, on shared accounts.'),
  ),
});
export const BalanceList = closed({
  merchant: Type.Optional(idField('merchant', 'Only what this merchant has.')),
});
export const LedgerTransactionList = paged('ledger_transaction', {
  payment_intent: Type.Optional(idField('payment_intent', 'Only what this payment moved.')),
});
