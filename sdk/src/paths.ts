/**
 * The API's paths in the form that openapi-typescript writes, so that openapi-fetch checks every
 * call. Replaced by a generated schema when the server's document is at hand: the resources
 * import `paths` from one line of `transport.ts`.
 */
import type { HutongEvent } from './event.ts';
import type {
  AttemptCreateParams,
  Balance,
  ConflictResolveParams,
  Counter,
  CounterCreateParams,
  CounterUpdateParams,
  Deleted,
  ErrorBody,
  EventListParams,
  LedgerAccount,
  LedgerTransaction,
  LedgerTransactionListParams,
  List,
  Merchant,
  MerchantCreateParams,
  Offers,
  OnboardingApplication,
  OnboardingParams,
  PageParams,
  PaymentAttempt,
  PaymentCode,
  PaymentIntent,
  PaymentIntentCreateParams,
  PaymentIntentListParams,
  Refund,
  RefundCreateParams,
  WalletAccount,
  WebhookEndpoint,
  WebhookEndpointCreateParams,
  WebhookEndpointUpdateParams,
} from './types.ts';

interface Json<T> {
  content: { 'application/json': T };
}

interface Answers<T> {
  200: Json<T>;
  201: Json<T>;
  default: Json<ErrorBody>;
}

interface Get<T, Query = never> {
  parameters: { query?: Query };
  responses: Answers<T>;
}

interface GetById<T, Query = never> {
  parameters: { path: { id: string }; query?: Query };
  responses: Answers<T>;
}

interface Post<Body, T> {
  parameters: Record<never, never>;
  requestBody: Json<Body>;
  responses: Answers<T>;
}

interface PostById<Body, T> {
  parameters: { path: { id: string } };
  requestBody: Json<Body>;
  responses: Answers<T>;
}

interface CounterPath {
  path: { id: string; counter: string };
}

interface Sheet {
  get: { parameters: CounterPath; responses: Answers<ArrayBuffer> };
}

export interface paths {
  '/v1/payment_intents': {
    get: Get<List<PaymentIntent>, PaymentIntentListParams>;
    post: Post<PaymentIntentCreateParams, PaymentIntent>;
  };
  '/v1/payment_intents/{id}': {
    get: GetById<PaymentIntent, { 'expand[]'?: string[] }>;
  };
  '/v1/payment_intents/{id}/resolve': {
    post: PostById<ConflictResolveParams, PaymentIntent>;
  };
  '/v1/payment_intents/{id}/cancel': {
    post: PostById<Record<string, never>, PaymentIntent>;
  };
  '/v1/payment_intents/{id}/offers': { get: GetById<Offers> };
  '/v1/payment_intents/{id}/code': { get: GetById<PaymentCode> };
  '/v1/payment_intents/{id}/attempts': {
    post: PostById<AttemptCreateParams, PaymentAttempt>;
  };
  '/v1/payment_intents/{id}/confirm_receipt': {
    post: PostById<{ sub_order: string }, PaymentIntent>;
  };
  '/v1/refunds': { post: Post<RefundCreateParams, Refund> };
  '/v1/refunds/{id}': { get: GetById<Refund> };
  '/v1/merchants': {
    get: Get<List<Merchant>, PageParams>;
    post: Post<MerchantCreateParams, Merchant>;
  };
  '/v1/merchants/{id}/wallet_accounts': { get: GetById<List<WalletAccount>, PageParams> };
  '/v1/merchants/{id}/onboarding_applications': {
    post: PostById<OnboardingParams, OnboardingApplication>;
  };
  '/v1/merchants/{id}/consent': { post: PostById<OnboardingParams, Merchant> };
  '/v1/merchants/{id}/counters': {
    get: GetById<List<Counter>, PageParams>;
    post: PostById<CounterCreateParams, Counter>;
  };
  '/v1/merchants/{id}/counters/{counter}': {
    get: { parameters: CounterPath; responses: Answers<Counter> };
    post: {
      parameters: CounterPath;
      requestBody: Json<CounterUpdateParams>;
      responses: Answers<Counter>;
    };
  };
  '/v1/merchants/{id}/counters/{counter}/stand.svg': Sheet;
  '/v1/merchants/{id}/counters/{counter}/stand.pdf': Sheet;
  '/v1/merchants/{id}/counters/{counter}/tap_card.svg': Sheet;
  '/v1/merchants/{id}/counters/{counter}/tap_card.pdf': Sheet;
  '/v1/webhook_endpoints': {
    get: Get<List<WebhookEndpoint>, PageParams>;
    post: Post<WebhookEndpointCreateParams, WebhookEndpoint>;
  };
  '/v1/webhook_endpoints/{id}': {
    get: GetById<WebhookEndpoint>;
    post: PostById<WebhookEndpointUpdateParams, WebhookEndpoint>;
    delete: GetById<Deleted>;
  };
  '/v1/webhook_endpoints/{id}/rotate_secret': {
    post: PostById<Record<string, never>, WebhookEndpoint>;
  };
  '/v1/events': { get: Get<List<HutongEvent>, EventListParams> };
  '/v1/events/{id}': { get: GetById<HutongEvent> };
  '/v1/events/{id}/resend': { post: PostById<Record<string, never>, HutongEvent> };
  '/v1/balances': { get: Get<List<Balance>> };
  '/v1/ledger/accounts': { get: Get<List<LedgerAccount>, PageParams> };
  '/v1/ledger/transactions': {
    get: Get<List<LedgerTransaction>, LedgerTransactionListParams>;
  };
}
