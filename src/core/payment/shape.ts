/** What the API shows of a payment: intent, sub order, attempt and leg. */
import { type Static, Type } from 'typebox';
import { DEVICES, PRODUCTS, WALLET_NAMES } from '../../kernel/wallet-names.ts';
import {
  amount,
  anything,
  closed,
  component,
  fen,
  idField,
  listOf,
  Metadata,
  named,
  orNull,
  page,
  record,
  shape,
  time,
} from '../shape.ts';
import { ATTEMPT_STATES, INTENT_STATES } from './model.ts';

const wallet = Type.Enum([...WALLET_NAMES]);

export const WalletErrorShape = shape('wallet_error', {
  wallet,
  code: Type.String(),
  message: Type.String(),
  request_id: orNull(Type.String()),
  misconfigured: Type.Optional(
    Type.Literal(true, {
      description:
        "Only where the wallet refused the marketplace's own credentials or permissions: neither " +
        'the buyer nor the order is at fault, and no other order would fare better there.',
    }),
  ),
});

export const FailureShape = closed({
  code: Type.String(),
  wallet_error: orNull(component(WalletErrorShape)),
});

const NextActionShape = named(
  'next_action',
  Type.Union([
    closed({ type: Type.Literal('qr_code'), code: Type.String() }),
    closed({
      type: Type.Literal('redirect'),
      url: Type.String({
        description:
          'WeChat Pay h5, Alipay wap: the wallet’s. JD Pay pc and h5: our own page, which hands out JD’s form at the click and refuses after the order’s end (they were forms before).',
      }),
    }),
    closed({
      type: Type.Literal('form'),
      action: Type.String(),
      fields: record<string>({ type: 'string' }, 'Hidden fields to post.'),
    }),
    closed({
      type: Type.Literal('invoke'),
      params: record<string>({ type: 'string' }, 'For the wallet’s own bridge or app.'),
    }),
  ]),
);

const LegShape = shape('leg', {
  id: idField('leg', ''),
  order_no: Type.String({ description: 'The order’s number at the wallet.' }),
  wallet_transaction_id: orNull(Type.String()),
  amount: amount('The order’s amount.'),
  payer_amount: orNull(fen('What the buyer paid after coupons.')),
  receipt_amount: orNull(fen('Net of the merchant’s own discounts.')),
  status: Type.Enum([...ATTEMPT_STATES.states]),
  sub_orders: listOf(idField('sub_order', '')),
});

export const PaymentAttemptShape = shape('payment_attempt', {
  id: idField('payment_attempt', ''),
  object: Type.Literal('payment_attempt'),
  payment_intent: idField('payment_intent', ''),
  wallet,
  product: Type.Enum([...PRODUCTS]),
  payer_wallet: Type.String({
    description: 'Whose app pays: what the wallet reported, until then what the buyer chose.',
  }),
  payer_wallet_chosen: wallet,
  payer_wallet_reported: orNull(
    Type.String({
      description: 'From the wallet’s own answer only; a difference is no conflict.',
    }),
  ),
  status: Type.Enum([...ATTEMPT_STATES.states]),
  next_action: orNull(component(NextActionShape)),
  failure: orNull(FailureShape),
  created_at: time,
  expires_at: time,
  legs: listOf(component(LegShape)),
});

export const PaymentAttemptListShape = page(PaymentAttemptShape);

const SubOrderShape = shape('sub_order', {
  id: idField('sub_order', ''),
  object: Type.Literal('sub_order'),
  merchant: idField('merchant', ''),
  amount: amount('This merchant’s part.'),
  amount_refunded: fen('What was refunded of it.'),
  description: Type.String(),
  merchant_sub_order_no: orNull(Type.String()),
  items: orNull(listOf(anything('As given.'))),
  splits: orNull(listOf(anything('As given.'))),
});

const ResolutionShape = closed(
  {
    outcome: Type.Enum(['accept', 'refund']),
    reason: Type.String(),
    by: Type.String({ description: 'The key that was used, `key_…`.' }),
    at: time,
  },
  { description: 'How an operator ended a conflict.' },
);

export const PaymentIntentShape = shape('payment_intent', {
  id: idField('payment_intent', ''),
  object: Type.Literal('payment_intent'),
  amount: amount('The whole checkout.'),
  amount_received: fen('What the wallets took for it.'),
  amount_refunded: fen('What was refunded.'),
  currency: Type.Literal('cny'),
  status: Type.Enum([...INTENT_STATES.states]),
  merchant_order_no: Type.String(),
  description: Type.String(),
  sub_orders: listOf(component(SubOrderShape)),
  latest_attempt: orNull(idField('payment_attempt', '')),
  succeeded_attempt: orNull(idField('payment_attempt', '')),
  wallet: orNull(wallet),
  buyer: Type.Optional(closed({ id: Type.String(), device: Type.Enum([...DEVICES]) })),
  return_url: orNull(Type.String()),
  metadata: Type.Optional(Metadata),
  resolution: Type.Optional(orNull(ResolutionShape)),
  created_at: time,
  expires_at: time,
  attempts: Type.Optional(component(PaymentAttemptListShape)),
  client_secret: Type.Optional(
    Type.String({ description: 'Only where the intent is made: for the buyer’s own view.' }),
  ),
  cashier_url: Type.Optional(
    Type.String({ description: 'Only where the intent is made: send the buyer there.' }),
  ),
});

export const PaymentIntentListShape = page(PaymentIntentShape);

export type ShownWalletError = Static<typeof WalletErrorShape>;
export type ShownFailure = Static<typeof FailureShape>;
export type ShownLeg = Static<typeof LegShape>;
export type ShownAttempt = Static<typeof PaymentAttemptShape>;
export type ShownAttempts = Static<typeof PaymentAttemptListShape>;
export type ShownSubOrder = Static<typeof SubOrderShape>;
export type ShownResolution = Static<typeof ResolutionShape>;
export type ShownPaymentIntent = Static<typeof PaymentIntentShape>;
