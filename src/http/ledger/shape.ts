/** The ledger objects that the API shows. */
import { type Static, Type } from 'typebox';
import { closed, fen, idField, listOf, orNull, page, shape, time } from '../../core/shape.ts';
import { LEDGER_MOMENTS, type LedgerMoment } from '../../kernel/ledger-moments.ts';
import { WALLET_NAMES } from '../../kernel/wallet-names.ts';

const wallet = Type.Enum([...WALLET_NAMES]);

const LedgerAccountShape = shape('ledger_account', {
  id: Type.String(),
  object: Type.Literal('ledger_account'),
  name: Type.String({ examples: ['wallet:wechatpay:clearing'] }),
  currency: Type.Literal('cny'),
  balance: Type.Integer({ description: 'In the account’s normal direction.' }),
  normal: Type.Enum(['debit', 'credit']),
});

export const LedgerAccountListShape = page(LedgerAccountShape);

const LedgerTransactionShape = shape('ledger_transaction', {
  id: idField('ledger_transaction', ''),
  object: Type.Literal('ledger_transaction'),
  moment: Type.Enum(Object.keys(LEDGER_MOMENTS) as LedgerMoment[]),
  source: orNull(
    Type.String({ description: 'What it books, by its id: a leg, a refund. null: not known.' }),
  ),
  payment_intent: orNull(idField('payment_intent', '')),
  currency: Type.Literal('cny'),
  occurred_at: Type.String({
    format: 'date-time',
    description: 'When the wallet says that it happened; else as `created_at`.',
  }),
  created_at: time,
  entries: listOf(
    closed({
      account: Type.String(),
      debit: fen(''),
      credit: fen(''),
      wallet_config: orNull(
        idField('wallet_config', 'Whose money it is, on accounts that several of them share.'),
      ),
    }),
  ),
});

export const LedgerTransactionListShape = page(LedgerTransactionShape);

const BalanceShape = shape('balance', {
  object: Type.Literal('balance'),
  merchant: idField('merchant', ''),
  wallet: orNull(wallet),
  wallet_account: orNull(
    idField('wallet_account', 'The account at the wallet that holds it. null: not known.'),
  ),
  currency: Type.Literal('cny'),
  escrow: Type.Integer({ description: 'Held until receipt is confirmed.' }),
  pending: Type.Integer({ description: 'As `escrow`.' }),
  available: Type.Integer({ description: 'May be paid out.' }),
  owed: Type.Integer({ description: 'What the merchant owes the marketplace.' }),
  in_transit: Type.Integer({
    description:
      'What has left escrow, or came back from a refund, and has not reached `available`, less ' +
      'what refunds that have moved are still to take from it. Counted until it is settled: for ' +
      'a moment it may be in `available`, too.',
  }),
});

export const BalanceListShape = page(BalanceShape);

export type ShownLedgerAccount = Static<typeof LedgerAccountShape>;
export type ShownLedgerTransaction = Static<typeof LedgerTransactionShape>;
export type ShownBalance = Static<typeof BalanceShape>;
