/**
 * Parameters of the calls on payment intents and attempts. A schema refuses what can be checked
 * without the database; sums, states and tenants are checked by the use cases.
 */
import { type Static, Type } from 'typebox';
import { INTENT_STATES } from '../../core/payment/model.ts';
import { amount, closed, Metadata } from '../../core/shape.ts';
import {
  DEVICE_ALIASES,
  DEVICES,
  type DeviceName,
  PRODUCTS,
  WALLET_NAMES,
} from '../../kernel/wallet-names.ts';
import { paged, text, time } from '../fields.ts';

const Item = Type.Unsafe<Record<string, unknown>>({
  type: 'object',
  maxProperties: 20,
  additionalProperties: true,
  description: 'What was bought, in the marketplace’s own fields; kept and shown, never read.',
  examples: [{ name: 'Kettle', quantity: 1, amount: 1999 }],
});

const Split = closed({
  type: Type.Enum(['commission', 'affiliate'], { description: 'Who gets this share.' }),
  party: Type.Optional(text(64, 'The affiliate, which must be named; not given for a commission.')),
  amount: Type.Optional(amount('The share in fen; either this or `bps`.')),
  bps: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 10_000, description: 'The share in basis points.' }),
  ),
  description: text(127, 'Shown on the wallet’s statements.'),
});

const SubOrder = closed({
  merchant: text(64, 'The merchant’s id, `mer_…`.', 'mer_01K0Z3V7X9Q2A'),
  amount: amount('This merchant’s part, in fen. The parts sum to the intent’s amount.'),
  description: text(127, 'What this merchant sold.', 'Kettle'),
  merchant_sub_order_no: Type.Optional(text(64, 'The marketplace’s own number of this part.')),
  items: Type.Optional(Type.Array(Item, { maxItems: 200 })),
  splits: Type.Optional(
    Type.Array(Split, {
      maxItems: 50,
      description:
        'What others get of it: together at most its amount. A wallet that does not split so much is withheld, `split_not_possible`.',
    }),
  ),
});

const DEVICE_NAMES: DeviceName[] = [
  ...DEVICES,
  ...(Object.keys(DEVICE_ALIASES) as (keyof typeof DEVICE_ALIASES)[]),
];

const BuyerField = closed({
  id: text(128, 'The marketplace’s own number of this buyer.', 'buyer-7'),
  device: Type.Enum(DEVICE_NAMES, { description: 'Where the buyer stands.' }),
  ip: Type.Optional(
    text(
      45,
      'The buyer’s address, which some products must send to the wallet; without it, the caller’s.',
      '198.51.100.7',
    ),
  ),
});

export const PaymentIntentCreate = closed(
  {
    amount: amount('The whole checkout, in fen.'),
    currency: Type.Literal('cny'),
    merchant_order_no: text(64, 'The marketplace’s own number; unique.', 'T20261201-0001'),
    description: text(127, 'Shown to the buyer.', 'Taobao order T20261201-0001'),
    sub_orders: Type.Array(SubOrder, { minItems: 1, maxItems: 50 }),
    buyer: BuyerField,
    expires_at: Type.Optional(time('When it can no longer be paid; default in 30 minutes.')),
    return_url: Type.Optional(text(2048, 'Where the cashier sends the buyer back to.')),
    metadata: Type.Optional(Metadata),
  },
  {
    examples: [
      {
        amount: 1999,
        currency: 'cny',
        merchant_order_no: 'T20261201-0001',
        description: 'Taobao order T20261201-0001',
        sub_orders: [{ merchant: 'mer_01K0Z3V7X9Q2A', amount: 1999, description: 'Kettle' }],
        buyer: { id: 'buyer-7', device: 'desktop' },
      },
    ],
  },
);
export type PaymentIntentCreate = Static<typeof PaymentIntentCreate>;

export const PaymentIntentRead = closed({
  'expand[]': Type.Optional(
    Type.Array(Type.Enum(['attempts']), { maxItems: 1, description: 'Embeds the attempts.' }),
  ),
});

export type PaymentIntentRead = Static<typeof PaymentIntentRead>;

export const PaymentIntentList = paged('payment_intent', {
  status: Type.Optional(Type.Enum([...INTENT_STATES.states])),
  merchant_order_no: Type.Optional(text(64, 'Exactly this number.')),
  wallet_transaction_id: Type.Optional(
    text(
      64,
      'The wallet’s own number of a leg: WeChat Pay’s transaction_id, Alipay’s trade_no, UnionPay’s queryId; JD Pay has none but `order_no`.',
    ),
  ),
  order_no: Type.Optional(
    text(
      64,
      'What wallets and their bills call the merchant’s number: `order_no` of a leg, or `refund_no`.',
    ),
  ),
  created_after: Type.Optional(time('Created at or after.')),
  created_before: Type.Optional(time('Created before.')),
});
export type PaymentIntentList = Static<typeof PaymentIntentList>;

export const OffersRead = closed({
  device: Type.Optional(
    Type.Enum(DEVICE_NAMES, { description: 'Instead of the intent’s own device.' }),
  ),
});

export const AttemptCreate = closed(
  {
    wallet: Type.Optional(
      Type.Enum([...WALLET_NAMES], {
        description: 'May be left out with `payer.auth_code` or `payer.field55`.',
      }),
    ),
    product: Type.Optional(
      Type.Enum([...PRODUCTS], {
        description: 'May be left out with `payer.auth_code` or `payer.field55`.',
      }),
    ),
    payer_wallet: Type.Optional(
      Type.Enum([...WALLET_NAMES], {
        description: 'Whose app the buyer pays with, where it is another than `wallet`.',
      }),
    ),
    payer: Type.Optional(
      closed(
        {
          openid: Type.Optional(text(128, 'WeChat Pay jsapi: the buyer’s openid.')),
          buyer_id: Type.Optional(text(28, 'Alipay jsapi: the buyer’s user id.')),
          buyer_open_id: Type.Optional(text(128, 'Alipay jsapi: the buyer’s open id.')),
          auth_code: Type.Optional(
            text(
              1024,
              'The payment code that the buyer shows: the digits, or the EMV text, as scanned. Without `wallet` it is found by the code.',
              '130512345678901234',
            ),
          ),
          field55: Type.Optional(
            Type.String({
              minLength: 2,
              maxLength: 1024,
              pattern: '^([0-9A-Fa-f]{2})+$',
              description: 'A QuickPass tap: EMV field 55 (BER-TLV) in hex.',
            }),
          ),
        },
        { description: 'Who pays, where the product must know; neither stored nor logged.' },
      ),
    ),
  },
  {
    examples: [
      { wallet: 'wechatpay', product: 'native' },
      { payer: { auth_code: '130512345678901234' } },
    ],
  },
);
export type AttemptCreate = Static<typeof AttemptCreate>;

export const ConflictResolve = closed(
  {
    outcome: Type.Enum(['accept', 'refund'], {
      description: '`accept`: what the wallet collected counts as paid. `refund`: it is refunded.',
    }),
    reason: text(500, 'Why; stored with the intent and sent in `payment_intent.resolved`.'),
  },
  { examples: [{ outcome: 'refund', reason: 'The wallet confirmed a wrong amount' }] },
);
