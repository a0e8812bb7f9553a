/**
 * The objects of the Hutong API as they travel in JSON, by their names: all of them come from the
 * generated schema. Field names are the wire's own (snake_case) and amounts are JSON integers of 分,
 * so what the documentation, a log line and a debugger show is the same thing.
 *
 * A later server may answer a status or an event type that this release does not name: keep a
 * `default` in a `switch`.
 */
import type { BodyOf, QueryOf } from './operation.ts';
import type { components } from './schema.generated.ts';

export type Schemas = components['schemas'];

/** Known values with completion, and room for what a later server adds. */
export type Open<Known extends string> = Known | (string & Record<never, never>);

export interface List<T> {
  object: 'list';
  data: T[];
  has_more: boolean;
}

export interface PageParams {
  limit?: number;
  starting_after?: string;
  ending_before?: string;
}

export type ErrorBody = Schemas['error'];
export type ErrorCode = ErrorBody['error']['code'];
export type WalletError = Schemas['wallet_error'];
export type WalletName = WalletError['wallet'];
export type Metadata = NonNullable<PaymentIntent['metadata']>;

export type PaymentIntentCreateParams = BodyOf<'POST /v1/payment_intents'>;
export type SubOrderParams = PaymentIntentCreateParams['sub_orders'][number];
export type OrderItem = NonNullable<SubOrderParams['items']>[number];
export type SplitParams = NonNullable<SubOrderParams['splits']>[number];
export type BuyerParams = PaymentIntentCreateParams['buyer'];
export type Device = BuyerParams['device'];
export type PaymentIntentListParams = QueryOf<'GET /v1/payment_intents'>;
export type ConflictResolveParams = BodyOf<'POST /v1/payment_intents/{id}/resolve'>;
export type PaymentIntent = Schemas['payment_intent'];
export type IntentStatus = PaymentIntent['status'];
export type SubOrder = Schemas['sub_order'];
/** The universal QR code of a payment. Whoever has it can pay. */
export type PaymentCode = Schemas['payment_code'];

export type AttemptCreateParams = BodyOf<'POST /v1/payment_intents/{id}/attempts'>;
export type PaymentAttempt = Schemas['payment_attempt'];
export type AttemptStatus = PaymentAttempt['status'];
export type Product = PaymentAttempt['product'];
export type NextAction = Schemas['next_action'];
export type Leg = Schemas['leg'];

export type OffersParams = QueryOf<'GET /v1/payment_intents/{id}/offers'>;
export type Offers = Schemas['offers'];
export type Offer = Offers['offered'][number];
export type WithheldWallet = Offers['withheld'][number];

export type RefundCreateParams = BodyOf<'POST /v1/refunds'>;
export type Refund = Schemas['refund'];
export type RefundStatus = Refund['status'];

export type MerchantCreateParams = BodyOf<'POST /v1/merchants'>;
export type Merchant = Schemas['merchant'];
export type MerchantWalletAccount = Merchant['wallet_accounts'][number];
/** A seller's number at a wallet; one of each is current, others are being set up or phased out. */
export type WalletAccount = Schemas['wallet_account'];

export type InterconnectSetParams = BodyOf<'POST /v1/interconnects'>;
export type Interconnect = Schemas['interconnect'];

export type CounterCreateParams = BodyOf<'POST /v1/merchants/{id}/counters'>;
export type CounterUpdateParams = BodyOf<'POST /v1/merchants/{id}/counters/{counter}'>;
/** A printed code on which the buyer types the amount. */
export type Counter = Schemas['counter'];

export type WebhookEndpointCreateParams = BodyOf<'POST /v1/webhook_endpoints'>;
export type WebhookEndpointUpdateParams = BodyOf<'POST /v1/webhook_endpoints/{id}'>;
export type WebhookSecretRotateParams = BodyOf<'POST /v1/webhook_endpoints/{id}/rotate_secret'>;
export type WebhookEndpoint = Schemas['webhook_endpoint'];
/** What an endpoint may subscribe to: `*`, a family or one type. */
export type EventPattern = WebhookEndpointCreateParams['enabled_events'][number];
export type Deleted = Schemas['deleted'];

export type EventListParams = QueryOf<'GET /v1/events'>;

export type BalanceListParams = QueryOf<'GET /v1/balances'>;
export type LedgerAccountListParams = QueryOf<'GET /v1/ledger/accounts'>;
export type LedgerAccount = Schemas['ledger_account'];
export type LedgerTransactionListParams = QueryOf<'GET /v1/ledger/transactions'>;
export type LedgerTransaction = Schemas['ledger_transaction'];
export type LedgerEntry = LedgerTransaction['entries'][number];
export type LedgerMoment = LedgerTransaction['moment'];
export type Balance = Schemas['balance'];

export type AuditLogListParams = QueryOf<'GET /v1/audit_log'>;
export type AuditEntry = Schemas['audit_entry'];
export type BuyerErasureCreateParams = BodyOf<'POST /v1/buyer_erasures'>;
export type BuyerErasure = Schemas['buyer_erasure'];
