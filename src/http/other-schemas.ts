/**
 * What the calls on merchants, webhook endpoints, events and the ledger take; payments are in
 * payment/schema.ts. Everything is closed and bounded.
 */
import { Type } from 'typebox';
import { EVENT_PATTERNS } from '../kernel/event-types.ts';
import { WALLET_NAMES } from '../kernel/wallet-names.ts';
import { closed, idField, paged, text } from './fields.ts';

export const MerchantCreate = closed(
  {
    name: text(128, 'The shop’s name, as buyers know it.', 'Kettle & Co'),
    external_id: Type.Optional(text(64, 'The marketplace’s own number of this seller.')),
  },
  { examples: [{ name: 'Kettle & Co', external_id: 'shop-42' }] },
);
export const MerchantList = paged('merchant', {});
export const WalletAccountList = paged('wallet_account', {});

export const InterconnectSet = closed(
  {
    payer_wallet: Type.Enum([...WALLET_NAMES], { description: 'Whose app scans.' }),
    acceptor_wallet: Type.Enum([...WALLET_NAMES], { description: 'Whose code is scanned.' }),
    status: Type.Enum(['active', 'paused']),
  },
  {
    examples: [{ payer_wallet: 'unionpay', acceptor_wallet: 'wechatpay', status: 'active' }],
  },
);

const EventPattern = Type.Enum([...EVENT_PATTERNS], {
  description: '`*`, a family (`refund.*`) or one type.',
});
const EnabledEvents = Type.Array(EventPattern, { minItems: 1, maxItems: 50 });
const Url = text(2048, 'https; resolved and checked against private addresses.');

export const WebhookEndpointCreate = closed(
  { url: Url, enabled_events: EnabledEvents },
  { examples: [{ url: 'https://shop.example/hooks/hutong', enabled_events: ['*'] }] },
);
export const WebhookEndpointUpdate = closed({
  url: Type.Optional(Url),
  enabled_events: Type.Optional(EnabledEvents),
  status: Type.Optional(Type.Enum(['enabled', 'disabled'])),
});
export const WebhookSecretRotate = closed({
  end_previous: Type.Optional(
    Type.Boolean({ description: 'The old secret signs nothing more: it was disclosed.' }),
  ),
});
export const WebhookEndpointList = paged('webhook_endpoint', {});

export const EventList = paged('event', {
  type: Type.Optional(text(64, 'Only events of this type.', 'payment_intent.succeeded')),
});

export const LedgerAccountList = closed({
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
  starting_after: Type.Optional(text(64, 'The last account id of the page before.')),
});
export const LedgerTransactionList = paged('ledger_transaction', {
  payment_intent: Type.Optional(idField('payment_intent', 'Only what this payment moved.')),
});

export const AuditLogList = paged('audit_entry', {
  actor: Type.Optional(text(128, 'Only what this key (`key_…`) or `cli:…` did.')),
  action: Type.Optional(text(64, 'Only this kind of change.', 'api_key.created')),
  object: Type.Optional(text(128, 'Only changes of this object.')),
});

export const BuyerErase = closed(
  { buyer: text(64, 'The marketplace’s own number of the buyer, as in `buyer.id`.', 'buyer-1') },
  { examples: [{ buyer: 'buyer-1' }] },
);
