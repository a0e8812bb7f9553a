/**
 * The objects of the Hutong API as they travel in JSON, written from the API's contract.
 *
 * Field names are the wire's own (snake_case) and amounts are JSON integers of 分, so what the
 * documentation, a log line and a debugger show is the same thing. Statuses that the server may
 * extend are open unions: a new one must never break a client that was compiled earlier.
 * A generated schema (openapi-typescript) can replace `paths.ts` without touching the resources.
 */

/** Known values with completion, and room for what a later server adds. */
export type Open<Known extends string> = Known | (string & Record<never, never>);

export type WalletName = 'wechatpay' | 'alipay' | 'unionpay' | 'jdpay';
export type Device = 'desktop' | 'mobile' | 'wechat' | 'alipay' | 'unionpay' | 'jdpay' | 'app';
export type Product =
  | 'native'
  | 'jsapi'
  | 'h5'
  | 'app'
  | 'codepay'
  | 'page'
  | 'wap'
  | 'precreate'
  | 'bar'
  | 'qr'
  | 'web'
  | 'nfc'
  | 'pc';

export type Metadata = Record<string, string>;

export interface WalletError {
  wallet: Open<WalletName>;
  code: string;
  message: string;
  request_id: string | null;
}

export interface ErrorBody {
  error: {
    type: string;
    code: string;
    message: string;
    param?: string | null;
    doc_url?: string | null;
    request_id?: string | null;
    retryable?: boolean;
    wallet_error?: WalletError | null;
  };
}

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

export interface OrderItem {
  name: string;
  quantity?: number;
  /** One piece, in 分. */
  amount?: number;
  [field: string]: unknown;
}

export interface SplitParams {
  type: 'commission' | 'affiliate';
  party?: string;
  amount?: number;
  bps?: number;
  description: string;
}

export interface SubOrderParams {
  merchant: string;
  amount: number;
  description: string;
  merchant_sub_order_no?: string;
  items?: OrderItem[];
  splits?: SplitParams[];
}

export interface BuyerParams {
  id: string;
  device: Device;
  ip?: string;
}

export interface PaymentIntentCreateParams {
  amount: number;
  currency: 'cny';
  merchant_order_no: string;
  description: string;
  sub_orders: SubOrderParams[];
  buyer: BuyerParams;
  expires_at?: string;
  return_url?: string;
  metadata?: Metadata;
}

export interface PaymentIntentListParams extends PageParams {
  status?: Open<IntentStatus>;
  merchant_order_no?: string;
  /** The wallet's own number of a leg: transaction_id, trade_no or queryId. */
  wallet_transaction_id?: string;
  /** The `order_no` of a leg or the `refund_no` of a refund. */
  order_no?: string;
  created_after?: string;
  created_before?: string;
}

export type IntentStatus =
  | 'requires_wallet'
  | 'requires_action'
  | 'processing'
  | 'conflicted'
  | 'succeeded'
  | 'canceled'
  | 'expired';

export interface SubOrder {
  id: string;
  merchant: string;
  amount: number;
  amount_refunded?: number;
  description: string;
  merchant_sub_order_no?: string | null;
  items?: OrderItem[] | null;
}

export interface PaymentIntent {
  id: string;
  object: 'payment_intent';
  amount: number;
  amount_received: number;
  amount_refunded: number;
  currency: 'cny';
  status: Open<IntentStatus>;
  merchant_order_no: string;
  description: string;
  sub_orders: SubOrder[];
  latest_attempt: string | null;
  succeeded_attempt: string | null;
  wallet: Open<WalletName> | null;
  metadata?: Metadata;
  /** How an operator ended a conflict. */
  resolution?: { outcome: 'accept' | 'refund'; reason: string; by: string; at: string } | null;
  return_url?: string | null;
  created_at: string;
  expires_at: string;
  /** Where the buyer pays. */
  cashier_url?: string;
  /** Given once, to the caller that made the intent. */
  client_secret?: string;
  /** With `expand: ['attempts']`. */
  attempts?: List<PaymentAttempt> | PaymentAttempt[];
}

export type NextAction =
  | { type: 'qr_code'; code: string }
  | { type: 'redirect'; url: string }
  | { type: 'form'; action: string; fields: Record<string, string> }
  | { type: 'invoke'; params: Record<string, string> };

export type AttemptStatus =
  | 'created'
  | 'pending'
  | 'unknown'
  | 'succeeded'
  | 'superseded'
  | 'conflicted'
  | 'failed'
  | 'closed';

export interface Leg {
  id: string;
  order_no: string;
  wallet_transaction_id: string | null;
  amount: number;
  payer_amount: number | null;
  receipt_amount: number | null;
  status: Open<AttemptStatus>;
  sub_orders: string[];
}

export interface PaymentAttempt {
  id: string;
  object: 'payment_attempt';
  payment_intent: string;
  wallet: Open<WalletName>;
  product: Open<Product>;
  /** Whose app pays: what the wallet reported, until then what the buyer chose. */
  payer_wallet: string | null;
  payer_wallet_chosen: Open<WalletName>;
  /** From the wallet's own answer only. */
  payer_wallet_reported: string | null;
  status: Open<AttemptStatus>;
  next_action: NextAction | null;
  failure: { code: string; wallet_error: WalletError | null } | null;
  created_at: string;
  expires_at: string;
  legs: Leg[];
}

export interface ConflictResolveParams {
  /** `accept`: what the wallet took counts as paid. `refund`: it goes back. */
  outcome: 'accept' | 'refund';
  reason: string;
}

export interface AttemptCreateParams {
  /** May be left out with `payer.auth_code` or `payer.field55`. */
  wallet?: WalletName;
  /** May be left out with `payer.auth_code` or `payer.field55`. */
  product?: Product;
  /** Whose app the buyer pays with, where it is another than `wallet` (interconnection). */
  payer_wallet?: WalletName;
  payer?: {
    openid?: string;
    buyer_id?: string;
    buyer_open_id?: string;
    auth_code?: string;
    field55?: string;
  };
}

export interface Offer {
  wallet: Open<WalletName>;
  product: Open<Product>;
  /** Whose app the buyer pays with; another than `wallet` by interconnection. */
  payer_wallet: Open<WalletName>;
  /** Pays several merchants in one go. */
  combined: boolean;
  /** The attempt must say who pays. */
  needs_payer: boolean;
}

export interface WithheldWallet {
  wallet: Open<WalletName>;
  product: Open<Product> | null;
  reason: Open<'merchant_not_consented' | 'cart_not_combinable'>;
  /** Whose lack it is, where the reason is a merchant's. */
  merchants?: string[];
  /** Wallets by whose code the buyer can pay with this one nevertheless. */
  reached_through: Open<WalletName>[];
}

export interface Offers {
  object: 'offers';
  payment_intent: string;
  /** In the order in which the cashier shows them. */
  offered: Offer[];
  withheld: WithheldWallet[];
}

export type RefundStatus = 'pending' | 'succeeded' | 'failed' | 'requires_attention';

export interface RefundCreateParams {
  payment_intent: string;
  sub_order: string;
  amount: number;
  reason: string;
}

export interface Refund {
  id: string;
  object: 'refund';
  payment_intent: string;
  sub_order: string | null;
  leg: string;
  amount: number;
  currency?: 'cny';
  reason: string;
  status: Open<RefundStatus>;
  failure?: { code: string; wallet_error: WalletError | null } | null;
  /** Its number at the wallet. */
  refund_no?: string;
  wallet_refund_id?: string | null;
  created_at?: string;
}

export interface MerchantCreateParams {
  name: string;
  /** The marketplace's own number of this seller. */
  external_id?: string;
}

export interface Merchant {
  id: string;
  object: 'merchant';
  name: string;
  external_id: string | null;
  wallet_accounts: MerchantWalletAccount[];
}

export interface MerchantWalletAccount {
  id: string;
  wallet: Open<WalletName>;
  /** sub_mchid or smid. */
  wallet_merchant: string;
  status: Open<'active' | 'restricted' | 'paused'>;
  consented_at: string | null;
}

/** A seller's number at a wallet; one of each is current, others are on their way in or out. */
export interface WalletAccount {
  id: string;
  object: 'wallet_account';
  wallet: Open<WalletName>;
  /** sub_mchid, smid, merId or merchantNo. */
  wallet_merchant: string;
  /** The marketplace's own account it is paid through, `wc_…`. */
  config: string | null;
  status: Open<'applying' | 'active' | 'restricted' | 'paused' | 'retiring' | 'closed'>;
  consented_at: string | null;
  fee_bps: number;
}

export interface CounterCreateParams {
  /** Which till or table; unique for its merchant. */
  name: string;
}

export interface CounterUpdateParams {
  name?: string;
  status?: 'enabled' | 'disabled';
}

/** A printed code on which the buyer types the amount. */
export interface Counter {
  id: string;
  object: 'counter';
  merchant: string;
  name: string;
  /** What the code holds; any wallet's app opens it. */
  url: string;
  /** The same as an EMVCo merchant code, for QuickPass; null where the address is too long. */
  emv: string | null;
  /** The same as an NDEF message in hex, for a tag. */
  ndef: string;
  status: Open<'enabled' | 'disabled'>;
  created_at: string;
}

/** The one code of a payment. Who has it can pay. */
export interface PaymentCode {
  object: 'payment_code';
  payment_intent: string;
  url: string;
  emv: string | null;
  svg: string;
}

export interface OnboardingParams {
  wallet: WalletName;
  [field: string]: unknown;
}

export interface OnboardingApplication {
  id: string;
  object: 'onboarding_application';
  wallet: Open<WalletName>;
  status: string;
  [field: string]: unknown;
}

export interface WebhookEndpointCreateParams {
  url: string;
  /** Event types, or `['*']`. */
  enabled_events: string[];
}

export interface WebhookEndpoint {
  id: string;
  object?: 'webhook_endpoint';
  url?: string;
  enabled_events?: string[];
  status?: Open<'enabled' | 'disabled'>;
  created_at?: string;
  /** `whsec_…`, shown once, when made or rotated: keep it. */
  secret?: string;
}

export interface WebhookEndpointUpdateParams {
  url?: string;
  enabled_events?: string[];
  status?: 'enabled' | 'disabled';
}

export interface Deleted {
  id: string;
  object: string;
  deleted: true;
}

export interface EventListParams extends PageParams {
  type?: string;
}

export interface LedgerAccount {
  id: string;
  name: string;
  currency: string;
  balance: number;
  normal: 'debit' | 'credit';
}

export interface LedgerEntry {
  account: string;
  debit: number;
  credit: number;
}

export interface LedgerTransaction {
  id: string;
  object?: 'ledger_transaction';
  moment: string;
  payment_intent: string | null;
  created_at?: string;
  entries: LedgerEntry[];
}

export interface LedgerTransactionListParams extends PageParams {
  payment_intent?: string;
}

export interface Balance {
  object: 'balance';
  merchant: string;
  wallet: Open<WalletName> | null;
  currency: 'cny';
  /** Held until receipt is confirmed. */
  escrow: number;
  /** May be paid out. */
  available: number;
  /** What the merchant owes the marketplace. */
  owed: number;
}
