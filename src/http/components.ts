/**
 * What the API answers, for openapi.json and for the tests that hold real answers against it. They
 * are not run on answers: core presents them, and `test/http` checks that the two agree.
 */
import { type TSchema, Type } from 'typebox';
import { WALLET_ACCOUNT_STATUSES } from '../core/merchant/merchant.ts';
import { ATTEMPT_STATES, INTENT_STATES } from '../core/payment/model.ts';
import { ERRORS } from '../kernel/errors.ts';
import { EVENT_TYPES, type EventType } from '../kernel/event-types.ts';
import { LEDGER_MOMENTS, type LedgerMoment } from '../kernel/ledger-moments.ts';
import { DEVICES, PRODUCTS, WALLET_NAMES } from '../kernel/wallet-names.ts';
import { amount, closed, idField, Metadata } from './fields.ts';
import { CounterShape, PaymentCodeShape } from './merchant/counter-schema.ts';

const orNull = (schema: TSchema) => Type.Union([schema, Type.Null()]);
const time = Type.String({ format: 'date-time' });
const fen = (description: string) => Type.Integer({ minimum: 0, description });
const component = (name: string) => Type.Unsafe<unknown>({ $ref: `#/components/schemas/${name}` });
const object = (name: string) => Type.Literal(name);
const wallet = Type.Enum([...WALLET_NAMES]);
const record = (value: object, description: string) =>
  Type.Unsafe<unknown>({ type: 'object', additionalProperties: value, description });

function listOf(name: string): TSchema {
  return closed({
    object: object('list'),
    data: Type.Array(component(name)),
    has_more: Type.Boolean(),
  });
}

const WalletErrorShape = closed({
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

const ErrorShape = closed({
  error: closed({
    type: Type.Enum([...new Set(Object.values(ERRORS).map(({ type }) => type))]),
    code: Type.Enum(Object.keys(ERRORS)),
    message: Type.String(),
    param: orNull(Type.String({ description: 'The field at fault, `sub_orders[0].amount`.' })),
    doc_url: Type.String(),
    request_id: Type.String(),
    retryable: Type.Boolean({ description: 'The same request may be sent again.' }),
    existing: Type.Optional(
      Type.String({ description: 'The id of what is there already, where that is the reason.' }),
    ),
    wallet_error: orNull(component('wallet_error')),
  }),
});

const SubOrderShape = closed({
  id: idField('sub_order', ''),
  object: object('sub_order'),
  merchant: idField('merchant', ''),
  amount: amount('This merchant’s part.'),
  amount_refunded: fen('What was given back of it.'),
  description: Type.String(),
  merchant_sub_order_no: orNull(Type.String()),
  items: orNull(Type.Array(record({}, 'As given.'))),
  splits: orNull(Type.Array(record({}, 'As given.'))),
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

const PaymentIntentShape = closed({
  id: idField('payment_intent', ''),
  object: object('payment_intent'),
  amount: amount('The whole checkout.'),
  amount_received: fen('What the wallets took for it.'),
  amount_refunded: fen('What was given back.'),
  currency: Type.Literal('cny'),
  status: Type.Enum([...INTENT_STATES.states]),
  merchant_order_no: Type.String(),
  description: Type.String(),
  sub_orders: Type.Array(component('sub_order')),
  latest_attempt: orNull(idField('payment_attempt', '')),
  succeeded_attempt: orNull(idField('payment_attempt', '')),
  wallet: orNull(wallet),
  buyer: Type.Optional(closed({ id: Type.String(), device: Type.Enum([...DEVICES]) })),
  return_url: orNull(Type.String()),
  metadata: Type.Optional(Metadata),
  resolution: Type.Optional(orNull(ResolutionShape)),
  created_at: time,
  expires_at: time,
  attempts: Type.Optional(component('payment_attempt_list')),
  client_secret: Type.Optional(
    Type.String({ description: 'Only where the intent is made: for the buyer’s own view.' }),
  ),
  cashier_url: Type.Optional(
    Type.String({ description: 'Only where the intent is made: send the buyer there.' }),
  ),
});

const NextActionShape = Type.Union([
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
    fields: record({ type: 'string' }, 'Hidden fields to post.'),
  }),
  closed({
    type: Type.Literal('invoke'),
    params: record({ type: 'string' }, 'For the wallet’s own bridge or app.'),
  }),
]);

const LegShape = closed({
  id: idField('leg', ''),
  order_no: Type.String({ description: 'The order’s number at the wallet.' }),
  wallet_transaction_id: orNull(Type.String()),
  amount: amount('The order’s amount.'),
  payer_amount: orNull(fen('What the buyer paid after coupons.')),
  receipt_amount: orNull(fen('Net of the merchant’s own discounts.')),
  status: Type.Enum([...ATTEMPT_STATES.states]),
  sub_orders: Type.Array(idField('sub_order', '')),
});

const FailureShape = closed({
  code: Type.String(),
  wallet_error: orNull(component('wallet_error')),
});

const PaymentAttemptShape = closed({
  id: idField('payment_attempt', ''),
  object: object('payment_attempt'),
  payment_intent: idField('payment_intent', ''),
  wallet,
  product: Type.Enum([...PRODUCTS]),
  payer_wallet: Type.String({
    description: 'Whose app pays: what the wallet reported, until then what the buyer chose.',
  }),
  payer_wallet_chosen: wallet,
  payer_wallet_reported: orNull(
    Type.String({ description: 'From the wallet’s own answer only; a difference is no conflict.' }),
  ),
  status: Type.Enum([...ATTEMPT_STATES.states]),
  next_action: orNull(component('next_action')),
  failure: orNull(FailureShape),
  created_at: time,
  expires_at: time,
  legs: Type.Array(component('leg')),
});

const RefundShape = closed({
  id: idField('refund', ''),
  object: object('refund'),
  payment_intent: idField('payment_intent', ''),
  sub_order: orNull(idField('sub_order', '')),
  leg: idField('leg', ''),
  amount: amount('What goes back.'),
  currency: Type.Literal('cny'),
  reason: Type.String(),
  status: Type.Enum(['pending', 'succeeded', 'failed', 'requires_attention']),
  failure: orNull(FailureShape),
  refund_no: Type.String({ description: 'Its number at the wallet.' }),
  wallet_refund_id: orNull(Type.String()),
  created_at: time,
});

const OffersShape = closed({
  object: object('offers'),
  payment_intent: idField('payment_intent', ''),
  offered: Type.Array(
    closed({
      wallet,
      product: Type.Enum([...PRODUCTS]),
      payer_wallet: Type.Enum([...WALLET_NAMES], {
        description: 'Whose app the buyer pays with; another than `wallet` by interconnection.',
      }),
      combined: Type.Boolean({ description: 'Pays several merchants in one go.' }),
      needs_payer: Type.Boolean({ description: '`payer` must say who pays.' }),
    }),
  ),
  withheld: Type.Array(
    closed({
      wallet,
      product: orNull(Type.Enum([...PRODUCTS])),
      reason: Type.String({ examples: ['merchant_not_consented', 'cart_not_combinable'] }),
      merchants: Type.Optional(
        Type.Array(idField('merchant', ''), {
          description: 'Whose lack it is, where the reason is a merchant’s.',
        }),
      ),
      reached_through: Type.Array(wallet, {
        description: 'Wallets by whose code the buyer can pay with this one nevertheless.',
      }),
    }),
  ),
});

const MerchantShape = closed({
  id: idField('merchant', ''),
  object: object('merchant'),
  name: Type.String(),
  external_id: orNull(Type.String()),
  wallet_accounts: Type.Array(
    closed({
      id: idField('wallet_account', ''),
      wallet,
      wallet_merchant: Type.String({ description: 'sub_mchid or smid.' }),
      status: Type.Enum(['active', 'restricted', 'paused']),
      consented_at: orNull(time),
    }),
  ),
});

const WalletAccountShape = closed({
  id: idField('wallet_account', ''),
  object: object('wallet_account'),
  wallet,
  wallet_merchant: Type.String({ description: 'sub_mchid, smid, merId or merchantNo.' }),
  config: orNull(
    Type.String({ description: 'The marketplace’s own account it is paid through, `wc_…`.' }),
  ),
  status: Type.Enum([...WALLET_ACCOUNT_STATUSES], {
    description:
      'One is current (`active`, `restricted`, `paused`); a number before it is `retiring`.',
  }),
  consented_at: orNull(time),
  fee_bps: Type.Integer({ description: 'The expected fee, in basis points (60 = 0.60 %).' }),
});

const InterconnectShape = closed({
  object: object('interconnect'),
  payer_wallet: wallet,
  acceptor_wallet: wallet,
  status: Type.Enum(['active', 'paused']),
  changed_at: time,
});

const AuditEntryShape = closed({
  id: idField('audit_entry', ''),
  at: time,
  actor: Type.String({ description: 'An API key (`key_…`) or who used the command line.' }),
  action: Type.String({ examples: ['api_key.created'] }),
  object: Type.String({ description: 'The id, or the name, of what was changed.' }),
  before: orNull(record({}, 'Without secrets; null where it was not there.')),
  after: orNull(record({}, 'Without secrets; null where it is gone.')),
  sequence: orNull(Type.Integer({ description: 'Its place in the chain; null until sealed.' })),
  previous_sha256: orNull(Type.String()),
  sha256: orNull(Type.String()),
});

const BuyerErasureShape = closed({
  id: idField('buyer_erasure', ''),
  object: object('buyer_erasure'),
  status: Type.Enum(['running', 'done']),
  payment_intents: Type.Integer({ minimum: 0, description: 'From how many it was erased so far.' }),
  created_at: time,
  finished_at: orNull(time),
});

const LedgerAccountShape = closed({
  id: Type.String(),
  object: object('ledger_account'),
  name: Type.String({ examples: ['wallet:wechatpay:clearing'] }),
  currency: Type.Literal('cny'),
  balance: Type.Integer({ description: 'In the account’s normal direction.' }),
  normal: Type.Enum(['debit', 'credit']),
});

const LedgerTransactionShape = closed({
  id: idField('ledger_transaction', ''),
  object: object('ledger_transaction'),
  moment: Type.Enum(Object.keys(LEDGER_MOMENTS) as LedgerMoment[]),
  payment_intent: orNull(idField('payment_intent', '')),
  created_at: time,
  entries: Type.Array(closed({ account: Type.String(), debit: fen(''), credit: fen('') })),
});

const BalanceShape = closed({
  object: object('balance'),
  merchant: idField('merchant', ''),
  wallet: orNull(wallet),
  currency: Type.Literal('cny'),
  escrow: Type.Integer({ description: 'Held until receipt is confirmed.' }),
  available: Type.Integer({ description: 'May be paid out.' }),
  owed: Type.Integer({ description: 'What the merchant owes the marketplace.' }),
});

const EventShape = closed({
  id: idField('event', ''),
  object: object('event'),
  type: Type.Enum(Object.keys(EVENT_TYPES) as EventType[]),
  created_at: time,
  object_version: Type.Integer({ description: 'Drop an event older than the one you have.' }),
  data: closed({ object: record({}, 'The object as it was at that moment.') }),
});

const WebhookEndpointShape = closed({
  id: idField('webhook_endpoint', ''),
  object: object('webhook_endpoint'),
  url: Type.String(),
  enabled_events: Type.Array(Type.String()),
  status: Type.Enum(['enabled', 'disabled']),
  created_at: time,
  secret: Type.Optional(Type.String({ description: '`whsec_…`, shown once.' })),
});

export const COMPONENTS: Readonly<Record<string, TSchema>> = {
  error: ErrorShape,
  wallet_error: WalletErrorShape,
  payment_intent: PaymentIntentShape,
  payment_intent_list: listOf('payment_intent'),
  sub_order: SubOrderShape,
  payment_attempt: PaymentAttemptShape,
  payment_attempt_list: listOf('payment_attempt'),
  next_action: NextActionShape,
  leg: LegShape,
  offers: OffersShape,
  refund: RefundShape,
  merchant: MerchantShape,
  wallet_account: WalletAccountShape,
  merchant_list: listOf('merchant'),
  wallet_account_list: listOf('wallet_account'),
  interconnect: InterconnectShape,
  interconnect_list: listOf('interconnect'),
  counter: CounterShape,
  counter_list: listOf('counter'),
  payment_code: PaymentCodeShape,
  file: Type.Unsafe<unknown>({ type: 'string', format: 'binary', description: 'The bytes.' }),
  ledger_account: LedgerAccountShape,
  ledger_account_list: listOf('ledger_account'),
  ledger_transaction: LedgerTransactionShape,
  ledger_transaction_list: listOf('ledger_transaction'),
  balance: BalanceShape,
  balance_list: listOf('balance'),
  audit_entry: AuditEntryShape,
  buyer_erasure: BuyerErasureShape,
  audit_log_list: listOf('audit_entry'),
  event: EventShape,
  event_list: listOf('event'),
  webhook_endpoint: WebhookEndpointShape,
  webhook_endpoint_list: listOf('webhook_endpoint'),
  deleted: closed({ id: Type.String(), object: Type.String(), deleted: Type.Literal(true) }),
};
