/**
 * The use cases as the edges (http, cashier, cli) see them. Edges parse and present; everything
 * that decides or talks to a wallet is behind this interface.
 */
import type { AuditRow } from '../core/audit/audit.ts';
import type { BuyerErasure } from '../core/buyer/data.ts';
import type { Livemode } from '../core/key/mode.ts';
import type { Marketplace, Merchant, WalletAccount } from '../core/merchant/merchant.ts';
import type { Attempt, Buyer, IntentStatus, Payment, Refund } from '../core/payment/model.ts';
import type { HutongError } from '../kernel/errors.ts';
import type { Id } from '../kernel/id.ts';
import type { InterconnectPair } from '../kernel/interconnect.ts';
import type { Fen } from '../kernel/money.ts';
import type { Result } from '../kernel/result.ts';
import type { FormAction, Product, WalletName } from '../kernel/wallet-names.ts';
import type { AuditFilter } from '../store/audit/audit-log.ts';
import type { PayerIdentity, RawRequest, RawResponse } from '../wallets/wallet.ts';
import type { CounterCases } from './merchant/counters.ts';
import type { OneCode } from './payment/one-code.ts';

export type Outcome<T> = Promise<Result<T, HutongError>>;

export interface SubOrderInput {
  readonly merchant: string;
  readonly amountFen: Fen;
  readonly description: string;
  readonly merchantSubOrderNo: string | null;
  readonly items: readonly unknown[] | null;
  readonly splits: readonly unknown[] | null;
}

export interface CreateIntentInput {
  readonly marketplace: Id<'marketplace'>;
  /** Chosen by the edge (and kept with the idempotency key), so that a retry means the same row. */
  readonly id: Id<'payment_intent'>;
  readonly merchantOrderNo: string;
  readonly amountFen: Fen;
  readonly description: string;
  readonly subOrders: readonly SubOrderInput[];
  readonly buyer: Buyer;
  readonly expiresAtMs: number | null;
  readonly returnUrl: string | null;
  readonly metadata: Readonly<Record<string, string>>;
  /** The key's mode, which the payment keeps; null = made without one, at a counter of neither. */
  readonly isLivemode: Livemode;
}

export interface Offer {
  readonly wallet: WalletName;
  readonly product: Product;
  /** Whose app the buyer pays with; another than `wallet` by interconnection. */
  readonly payerWallet: WalletName;
  readonly combined: boolean;
  /** The cashier must ask the wallet who pays before it can start. */
  readonly needsPayer: boolean;
}

export interface Withheld {
  readonly wallet: WalletName;
  readonly product: Product | null;
  /** e.g. `merchant_not_consented`, `cart_not_combinable`, `device_unsupported`, `wallet_unhealthy`. */
  readonly reason: string;
  /** Whose lack it is, where the reason is a merchant's. */
  readonly merchants?: readonly Id<'merchant'>[];
  /** By whose code the buyer can pay with this wallet nevertheless. */
  readonly reachedThrough?: readonly WalletName[];
}

export interface Offers {
  readonly offered: readonly Offer[];
  readonly withheld: readonly Withheld[];
}

export interface InterconnectInput extends InterconnectPair {
  readonly status: 'active' | 'paused';
}

export interface Interconnect extends InterconnectInput {
  readonly changedAtMs: number;
}

export interface StartAttemptInput {
  readonly marketplace: Id<'marketplace'>;
  readonly intent: Id<'payment_intent'>;
  /** Chosen by the edge, see CreateIntentInput.id. */
  readonly id: Id<'payment_attempt'>;
  /** null = found by what the buyer showed: `payer.authCode` or `payer.field55`. */
  readonly wallet: WalletName | null;
  readonly product: Product | null;
  /** Whose app the buyer chose to pay with; left out, the wallet's own. */
  readonly payerWallet?: WalletName;
  readonly payer: PayerIdentity;
  /** The buyer stands in our cashier, at this address; null = started through the API. */
  readonly cashier: { readonly buyerIp: string } | null;
  /** The key's mode; null = without a key, in the payment's own. */
  readonly isLivemode: Livemode;
}

/** How an operator ends a conflicted payment. */
export interface ResolveConflictInput {
  readonly marketplace: Id<'marketplace'>;
  readonly intent: Id<'payment_intent'>;
  readonly outcome: 'accept' | 'refund';
  readonly reason: string;
  readonly by: Id<'api_key'>;
  readonly isLivemode: boolean;
}

export interface RefundInput {
  readonly marketplace: Id<'marketplace'>;
  readonly intent: Id<'payment_intent'>;
  readonly id: Id<'refund'>;
  readonly subOrder: Id<'sub_order'>;
  readonly amountFen: Fen;
  readonly reason: string;
  readonly isLivemode: boolean;
}

/** What a pay_token may see and do; never more than payee, amount, status and starting attempts. */
export interface CashierView {
  readonly payment: Payment;
  readonly marketplace: Marketplace;
  readonly merchants: ReadonlyMap<Id<'merchant'>, Merchant>;
  /** A friend's link is one more token, without the buyer's data. */
  readonly kind: 'buyer' | 'friend';
}

/** Why a way to pay is no longer one: `left`, the buyer chose another meanwhile. */
export type HandOutRefusal = 'paid' | 'expired' | 'canceled' | 'conflicted' | 'left';

/** One attempt's form for its wallet, or why there is none. */
export type HandOut = {
  readonly marketplace: Marketplace;
  readonly intent: Id<'payment_intent'>;
  readonly amountFen: Fen;
  readonly wallet: WalletName;
} & (
  | { readonly form: FormAction; readonly refusal: null }
  | { readonly form: null; readonly refusal: HandOutRefusal }
);

export interface PageRequest {
  readonly limit: number;
  readonly startingAfter: string | null;
  readonly endingBefore: string | null;
}

export interface Page<T> {
  readonly data: readonly T[];
  readonly hasMore: boolean;
}

export interface IntentFilter {
  readonly status: IntentStatus | null;
  readonly merchantOrderNo: string | null;
  readonly walletTransactionId: string | null;
  /** Ours at the wallet: of an order or of a refund. */
  readonly orderNo: string | null;
  readonly createdAfterMs: number | null;
  readonly createdBeforeMs: number | null;
}

export interface StoredEvent {
  readonly id: Id<'event'>;
  readonly type: string;
  readonly createdAtMs: number;
  readonly objectVersion: number;
  /** The object as the API shows it, at that moment. */
  readonly object: unknown;
}

export interface WebhookEndpoint {
  readonly id: Id<'webhook_endpoint'>;
  readonly url: string;
  readonly enabledEvents: readonly string[];
  readonly status: 'enabled' | 'disabled';
  readonly createdAtMs: number;
}

export interface LedgerAccount {
  readonly id: string;
  readonly name: string;
  readonly currency: string;
  /** In the account's normal direction. */
  readonly balanceFen: Fen;
  readonly normal: 'debit' | 'credit';
}

export interface LedgerTransactionView {
  readonly id: Id<'ledger_transaction'>;
  readonly moment: string;
  readonly paymentIntent: Id<'payment_intent'> | null;
  readonly createdAtMs: number;
  readonly entries: readonly {
    readonly account: string;
    readonly debitFen: Fen;
    readonly creditFen: Fen;
  }[];
}

/** Who calls: one marketplace's key (rule 11). */
export interface Principal {
  readonly keyId: Id<'api_key'>;
  readonly marketplace: Id<'marketplace'>;
  /** `*` or names such as `payment_intents:write`. */
  readonly scopes: readonly string[];
  /** The Hutong-Version pinned to the key. */
  readonly version: string;
  /** `sk_live_`, `rk_live_`: may move money of live configurations, and of no others. */
  readonly isLivemode: boolean;
}

/** Who cancels: whose payment it must be, and of which mode. */
export type Canceler = Pick<Principal, 'marketplace' | 'isLivemode'>;

/** What is known of a caller before its key is. */
export interface Caller {
  readonly address: string;
  /** So many keys of this address were refused that the next unknown one may wait. */
  readonly isSuspect: () => boolean;
}

export type IdempotencyClaim =
  /** Ours to run, with this target id (a resumed lease gives the first one's). */
  | { readonly kind: 'run'; readonly targetId: string }
  | {
      readonly kind: 'replay';
      readonly status: number;
      readonly body: string;
      readonly targetId: string;
    };

export type IdempotencyAnswer =
  | { readonly status: number; readonly body: string }
  | 'release'
  | 'resume';

export interface IdempotentRequest {
  readonly marketplace: Id<'marketplace'>;
  readonly principal: string;
  readonly key: string;
  readonly method: string;
  readonly path: string;
  readonly bodyHash: string;
  readonly targetId: string;
}

export interface UseCases {
  readonly createPaymentIntent: (
    input: CreateIntentInput,
  ) => Outcome<{ readonly payment: Payment; readonly created: boolean }>;
  readonly getPaymentIntent: (
    marketplace: Id<'marketplace'>,
    id: Id<'payment_intent'>,
  ) => Outcome<Payment>;
  /** The buyer's own view, by client_secret alone; `client_secret_invalid` for any other. */
  readonly getPaymentIntentAsBuyer: (
    id: Id<'payment_intent'>,
    clientSecret: string,
  ) => Outcome<Payment>;
  readonly listPaymentIntents: (
    marketplace: Id<'marketplace'>,
    filter: IntentFilter,
    page: PageRequest,
  ) => Outcome<Page<Payment>>;
  readonly cancelPaymentIntent: (by: Canceler, id: Id<'payment_intent'>) => Outcome<Payment>;
  readonly resolveConflict: (input: ResolveConflictInput) => Outcome<Payment>;
  /** `device` overrides the one of the intent: the cashier knows better where the buyer stands. */
  readonly listOffers: (
    marketplace: Id<'marketplace'>,
    id: Id<'payment_intent'>,
    device: Buyer['device'] | null,
  ) => Outcome<Offers>;
  readonly startAttempt: (
    input: StartAttemptInput,
  ) => Outcome<{ readonly payment: Payment; readonly attempt: Attempt }>;
  readonly getAttempt: (
    marketplace: Id<'marketplace'>,
    id: Id<'payment_attempt'>,
    intent: Id<'payment_intent'>,
  ) => Outcome<{ readonly payment: Payment; readonly attempt: Attempt }>;
  readonly createRefund: (
    input: RefundInput,
  ) => Outcome<{ readonly payment: Payment; readonly refund: Refund; readonly created: boolean }>;
  readonly getRefund: (
    marketplace: Id<'marketplace'>,
    id: Id<'refund'>,
  ) => Outcome<{ readonly payment: Payment; readonly refund: Refund }>;

  readonly createMerchant: (
    marketplace: Id<'marketplace'>,
    input: { readonly name: string; readonly externalId: string | null },
  ) => Outcome<Merchant>;
  readonly listMerchants: (
    marketplace: Id<'marketplace'>,
    page: PageRequest,
  ) => Outcome<Page<{ readonly merchant: Merchant; readonly accounts: readonly WalletAccount[] }>>;
  readonly listWalletAccounts: (
    marketplace: Id<'marketplace'>,
    merchant: Id<'merchant'>,
    page: PageRequest,
  ) => Outcome<Page<WalletAccount>>;

  readonly listInterconnects: (marketplace: Id<'marketplace'>) => Outcome<readonly Interconnect[]>;
  readonly setInterconnect: (
    marketplace: Id<'marketplace'>,
    input: InterconnectInput & { readonly by: string },
  ) => Outcome<Interconnect>;
  /** Printed codes on which the buyer types the amount. */
  readonly counters: CounterCases;

  readonly listLedgerAccounts: (
    marketplace: Id<'marketplace'>,
  ) => Outcome<readonly LedgerAccount[]>;
  readonly listLedgerTransactions: (
    marketplace: Id<'marketplace'>,
    filter: { readonly paymentIntent: Id<'payment_intent'> | null },
    page: PageRequest,
  ) => Outcome<Page<LedgerTransactionView>>;

  readonly eraseBuyer: (marketplace: Id<'marketplace'>, buyer: string) => Outcome<BuyerErasure>;
  readonly getBuyerErasure: (
    marketplace: Id<'marketplace'>,
    id: Id<'buyer_erasure'>,
  ) => Outcome<BuyerErasure>;
  readonly listAuditLog: (
    marketplace: Id<'marketplace'>,
    filter: AuditFilter,
    page: PageRequest,
  ) => Outcome<Page<AuditRow>>;
  readonly listEvents: (
    marketplace: Id<'marketplace'>,
    filter: { readonly type: string | null },
    page: PageRequest,
  ) => Outcome<Page<StoredEvent>>;
  readonly getEvent: (marketplace: Id<'marketplace'>, id: Id<'event'>) => Outcome<StoredEvent>;
  readonly resendEvent: (
    marketplace: Id<'marketplace'>,
    id: Id<'event'>,
  ) => Outcome<{ readonly deliveries: number }>;
  readonly createWebhookEndpoint: (
    marketplace: Id<'marketplace'>,
    input: {
      readonly url: string;
      readonly enabledEvents: readonly string[];
      readonly by: string;
    },
  ) => Outcome<{ readonly endpoint: WebhookEndpoint; readonly secret: string }>;
  readonly listWebhookEndpoints: (
    marketplace: Id<'marketplace'>,
    page: PageRequest,
  ) => Outcome<Page<WebhookEndpoint>>;
  readonly getWebhookEndpoint: (
    marketplace: Id<'marketplace'>,
    id: Id<'webhook_endpoint'>,
  ) => Outcome<WebhookEndpoint>;
  readonly updateWebhookEndpoint: (
    marketplace: Id<'marketplace'>,
    id: Id<'webhook_endpoint'>,
    change: {
      readonly url?: string;
      readonly enabledEvents?: readonly string[];
      readonly status?: 'enabled' | 'disabled';
      readonly by: string;
    },
  ) => Outcome<WebhookEndpoint>;
  readonly deleteWebhookEndpoint: (
    marketplace: Id<'marketplace'>,
    id: Id<'webhook_endpoint'>,
    by: string,
  ) => Outcome<void>;
  /** The old secret signs beside the new one for 24 h, or nothing more. */
  readonly rotateWebhookSecret: (
    marketplace: Id<'marketplace'>,
    id: Id<'webhook_endpoint'>,
    input: { readonly endsPrevious: boolean; readonly by: string },
  ) => Outcome<{ readonly secret: string }>;

  /** The answer goes out only after commit (rule 8). */
  readonly acceptNotification: (
    wallet: WalletName,
    config: Id<'wallet_config'>,
    kind: string,
    request: RawRequest,
    /** Whom refusals are counted against. */
    from: string,
  ) => Promise<RawResponse>;

  /** `isSuspect`: so many keys from there were none that an unknown one may wait its turn. */
  readonly authenticate: (secretKey: string, caller: Caller) => Outcome<Principal>;
  readonly claimIdempotency: (request: IdempotentRequest) => Outcome<IdempotencyClaim>;
  /**
   * Stores the answer (no secrets in `body`). `release`: refused, nothing was promised, the key may
   * be used anew. `resume`: nobody knows how far it came; the same body may try again at once.
   */
  readonly completeIdempotency: (
    request: IdempotentRequest,
    answer: IdempotencyAnswer,
  ) => Promise<void>;

  /** The intent a pay_token (buyer's or friend's) opens; `not_found` for anything else. */
  readonly openCashier: (payToken: string) => Outcome<CashierView>;
  /** The form of one attempt at the click; `not_found` where the token is none. */
  readonly handOut: (handOutToken: string, buyerIp: string) => Outcome<HandOut>;
  /** The one code of a payment, for every wallet's app. */
  readonly codeOf: (payment: Payment) => Outcome<OneCode>;
  /** The buyer's pay_token behind the address in that code. */
  readonly openCode: (code: string) => Outcome<string>;
  readonly clientSecretOf: (payment: Payment) => string;
  readonly payTokenOf: (payment: Payment, kind: 'buyer' | 'friend') => string;
  readonly clientSecretMatches: (payment: Payment, clientSecret: string) => boolean;
  /** The wallet's own redirect that tells who pays; state is bound to the pay_token. */
  readonly payerAuthorizeUrl: (
    payToken: string,
    wallet: WalletName,
    product: Product,
  ) => Outcome<string>;
  /** What came back from it: verified state, exchanged code. */
  readonly exchangePayerCode: (
    payToken: string,
    state: string,
    code: string,
  ) => Outcome<{
    readonly wallet: WalletName;
    readonly product: Product;
    readonly payer: PayerIdentity;
  }>;
  /** Resolves when the intent's version is above `version`, or after `timeoutMs`: live status. */
  readonly waitForChange: (payment: Payment, timeoutMs: number) => Promise<void>;

  readonly newId: <K extends 'payment_intent' | 'payment_attempt' | 'refund'>(
    kind: K,
    shard: number,
  ) => Id<K>;
  /** `skewed`: the wall clock is not the database's; this process leaves sweeping to others. */
  readonly readiness: () => Outcome<{ readonly clock: 'right' | 'skewed' }>;
}
