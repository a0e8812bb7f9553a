/**
 * The wallet port: what Hutong asks of a wallet, in Hutong's words. One folder a wallet implements
 * it; nobody outside that folder knows the wallet's field names.
 *
 * Rules that every implementation keeps:
 * - `unknown` is the answer to a timeout, a 5xx, an unverifiable answer and an unmapped status.
 *   `failed` is said only where the wallet itself refused and the order can no longer be paid.
 * - Every answer is verified (signature) before one field of it is believed.
 * - Reports carry the wallet's own ORDER amount, currency and payee; core compares them (rule 3).
 * - No secret, openid or token appears in a WalletError, an exception or a log line.
 */
import type { Static, TSchema } from 'typebox';
import { Value } from 'typebox/value';
import type { Fen } from '../kernel/money.ts';
import { ok, type Result } from '../kernel/result.ts';
import type {
  Device,
  FormAction,
  NextAction,
  Product,
  WalletError,
  WalletIdentity,
  WalletName,
} from '../kernel/wallet-names.ts';
import type { Clock } from '../runtime/clock.ts';
import type { HttpClient } from '../runtime/http-client.ts';
import type { Random } from '../runtime/random.ts';
import { isTestAddress } from '../runtime/web-address.ts';
import type { ConfigProblem } from './credentials.ts';

/** One order at the wallet: what one merchant is paid, or (split, collect) a cart of several. */
export interface LegOrder {
  readonly orderNo: string;
  /** sub_mchid, smid, merId, merchantNo; of a cart in one leg, the marketplace's own. */
  readonly walletMerchant: string;
  readonly amountFen: Fen;
  readonly description: string;
  /** A cart in one leg: each merchant's share. They sum to `amountFen`; null = one merchant. */
  readonly parts?: readonly WalletPart[] | null;
}

/** What one merchant of a cart in one leg is paid, or gives back. */
export interface WalletPart {
  readonly walletMerchant: string;
  readonly amountFen: Fen;
}

/** Names an attempt at the wallet: everything a query or a close needs. */
export interface AttemptReference {
  readonly product: Product;
  /** combine_out_trade_no or out_merge_no; null = one single order, `legs[0]`. */
  readonly combineOrderNo: string | null;
  readonly legs: readonly LegOrder[];
  readonly createdAtMs: number;
  /** Absolute expiry told to the wallet. */
  readonly expiresAtMs: number;
}

export interface AttemptOrder extends AttemptReference {
  readonly description: string;
  readonly payer: PayerIdentity;
  readonly payerIp: string | null;
  readonly device: Device;
  /** Where the wallet sends the buyer's browser back; never believed for booking. */
  readonly returnUrl: string | null;
  readonly notifyUrl: string;
  /** Our own page that gives the buyer's browser what `handOut` makes, at the click. */
  readonly handOutUrl: string;
  /** settle_period_time / the escrow's longest hold. */
  readonly holdDays: number;
}

/**
 * Who pays, or what the buyer presented to pay with: never stored, never logged. A payment code and
 * a tap work once: a start that carries one is never repeated, only queried and then reversed.
 */
export interface PayerIdentity {
  readonly openid?: string;
  readonly buyerId?: string;
  readonly buyerOpenId?: string;
  /** The digits of the payment code (付款码) that the buyer showed. */
  readonly authCode?: string;
  /** A QuickPass tap: EMV field 55 (BER-TLV) in hex. */
  readonly field55?: string;
}

export type LegReportStatus =
  | 'pending'
  | 'succeeded'
  | 'failed'
  | 'closed'
  | 'not_found'
  | 'unknown';

/** What the wallet says of one order, by query or notification. Nulls = it did not say. */
export interface LegReport {
  readonly orderNo: string;
  readonly status: LegReportStatus;
  readonly walletTransactionId: string | null;
  /** The ORDER amount (`total`, `total_amount`), never what the payer paid after coupons. */
  readonly amountFen: Fen | null;
  /** ISO 4217 lower case. */
  readonly currency: string | null;
  /** sub_mchid or smid/seller the wallet names; null where the wallet's message has none. */
  readonly payee: string | null;
  readonly payerAmountFen: Fen | null;
  /** Net of merchant-funded discounts. */
  readonly receiptAmountFen: Fen | null;
  readonly paidAtMs: number | null;
  /** From the wallet's answer only (bank_type, payType): which wallet really paid. */
  readonly payerWalletReported: string | null;
  /**
   * Only with `closed`: a reversal (撤销) gave back whole what had been paid, and the figures say
   * what that was. A leg that is live must never become paid by such a word.
   */
  readonly isReversed?: true;
  /**
   * Only with `closed`: by a reversal, and the wallet no longer says whether it had been paid until
   * then and was given back. Its bill will.
   */
  readonly isUnseen?: true;
}

/** Of an order about which the wallet said nothing but, at most, where it stands. */
export function silentReport(orderNo: string, status: LegReportStatus): LegReport {
  return {
    orderNo,
    status,
    walletTransactionId: null,
    amountFen: null,
    currency: null,
    payee: null,
    payerAmountFen: null,
    receiptAmountFen: null,
    paidAtMs: null,
    payerWalletReported: null,
  };
}

/**
 * `pending` without a next action: the buyer confirms in the wallet's own app (USERPAYING, 10003).
 * `succeeded`: paid in the same call (payment code, tap); the legs are reports like a query's.
 */
export type StartOutcome =
  | { readonly outcome: 'pending'; readonly nextAction: NextAction | null }
  | { readonly outcome: 'succeeded'; readonly legs: readonly LegReport[] }
  | { readonly outcome: 'failed'; readonly walletError: WalletError }
  | { readonly outcome: 'unknown'; readonly walletError: WalletError | null };

export type QueryOutcome =
  | { readonly outcome: 'answered'; readonly legs: readonly LegReport[] }
  | { readonly outcome: 'unknown'; readonly walletError: WalletError | null };

/**
 * `closed`: can no longer be paid. `isUnseen`: as in a report of the order.
 * `paid`: too late, query it. `not_found`: see rule 2.
 * `reversed`: a payment code's order had been paid and the wallet has given the money back whole;
 * the legs say what was paid, since the wallet's bill will show both.
 */
export type CloseOutcome =
  | { readonly outcome: 'closed'; readonly isUnseen?: true }
  | { readonly outcome: 'paid' | 'not_found' | 'unsupported' }
  | { readonly outcome: 'reversed'; readonly legs: readonly LegReport[] }
  | { readonly outcome: 'unknown'; readonly walletError: WalletError | null };

export interface RefundOrder {
  readonly refundNo: string;
  readonly amountFen: Fen;
  readonly reason: string;
  readonly notifyUrl: string;
  /** With `refundNo` it names the refund at wallets that key by number and time. */
  readonly createdAtMs: number;
  readonly leg: {
    readonly orderNo: string;
    readonly walletTransactionId: string | null;
    readonly walletMerchant: string;
    readonly amountFen: Fen;
    readonly product: Product;
    /** The attempt's, as in its AttemptReference. */
    readonly createdAtMs: number;
  };
  /** Of a cart in one leg: which merchants give back how much; null = one merchant. */
  readonly parts?: readonly WalletPart[] | null;
}

export type RefundReportStatus =
  | 'submitted'
  | 'processing'
  | 'succeeded'
  | 'abnormal'
  | 'failed'
  | 'not_found'
  | 'unknown';

export interface RefundReport {
  readonly status: RefundReportStatus;
  readonly walletRefundId: string | null;
  /** The refund's own amount as the wallet states it; null where it did not. */
  readonly amountFen: Fen | null;
  /**
   * What the refund took out of the merchants' money, net of their own discount's share. null: the
   * wallet does not tell it. Left out: this message does not, but a query does.
   */
  readonly settlementFen?: Fen | null;
  readonly walletError: WalletError | null;
}

/** The raw bytes of a callback, exactly as received. */
export interface RawRequest {
  readonly method: string;
  readonly target: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface RawResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export type Notification =
  | {
      readonly type: 'attempt';
      /** The wallet's own id of this message (`id`, `notify_id`): the same on re-delivery. */
      readonly notificationId: string;
      readonly orderNo: string;
      readonly legs: readonly LegReport[];
    }
  | {
      readonly type: 'refund';
      readonly notificationId: string;
      readonly orderNo: string;
      readonly refundNo: string;
      readonly report: RefundReport;
      /** Alipay tells payment and refund in one message: what it also says of the order. */
      readonly legs: readonly LegReport[];
    }
  /** Verified, ours, but nothing we act on (yet): acknowledged and kept for the record. */
  | { readonly type: 'ignored'; readonly notificationId: string; readonly what: string };

/** Why a callback is refused; `explain` is safe to log (no secrets, no bodies). */
export interface NotificationRefusal {
  readonly code: 'bad_signature' | 'malformed' | 'stale' | 'unknown_key' | 'not_ours' | 'too_many';
  readonly explain: string;
}

/**
 * What a callback says of itself before its signature was looked at, and so believed by nobody:
 * the order it names, or that it opens with a secret key that only the wallet and we hold.
 */
export type NotificationClaim =
  | { readonly kind: 'order'; readonly orderNo: string }
  | { readonly kind: 'opened' };

/** Whether the work of verifying a callback is worth doing now; false = refused as `too_many`. */
export type NotificationGate = (claim: NotificationClaim) => Promise<boolean>;

export const NO_GATE: NotificationGate = async () => true;

export interface WalletSeams {
  readonly http: HttpClient;
  /** Business time: expiries sent to the wallet. */
  readonly clock: Clock;
  /** Wall time: signature timestamps. */
  readonly wall: Clock;
  readonly random: Random;
}

/** One marketplace's account at one wallet, its keys read and kept as key objects. */
export interface Wallet {
  /** This account may pay a cart all or nothing, where the wallet wants a contract for that. */
  readonly hasCartContract: boolean;
  /** split, collect: the marketplace's own number, which a cart in one leg is paid to. */
  readonly ownMerchant?: string;
  readonly startAttempt: (order: AttemptOrder) => Promise<StartOutcome>;
  /**
   * For a wallet whose form names no absolute expiry, so that one kept for later would outlive its
   * order (rule 2): `startAttempt` answers with `handOutUrl`, and the form is made here, at the
   * click, with what is left of the order's time. undefined = nothing is left. Left out: no product
   * of this wallet is like that.
   */
  readonly handOut?: (order: AttemptOrder) => FormAction | undefined;
  readonly queryAttempt: (attempt: AttemptReference) => Promise<QueryOutcome>;
  /**
   * For payment codes and taps this is the wallet's reversal (撤销, 冲正). For every other product it
   * never gives money back: a payment of this very moment may have counted already. A wallet whose
   * only way to close does that answers `unsupported` and lets the order run out.
   */
  readonly closeAttempt: (attempt: AttemptReference) => Promise<CloseOutcome>;
  readonly refund: (refund: RefundOrder) => Promise<RefundReport>;
  readonly queryRefund: (refund: RefundOrder) => Promise<RefundReport>;
  /** Asks `gate` once, after what is cheap to refuse and before what costs to verify. */
  readonly parseNotification: (
    request: RawRequest,
    gate?: NotificationGate,
  ) => Promise<Result<Notification, NotificationRefusal>>;
  /** The bodies of its acknowledgement and of a refusal. */
  readonly acknowledge: () => RawResponse;
  readonly refuse: (refusal: NotificationRefusal | { readonly code: 'try_again' }) => RawResponse;
  /** null = no such redirect, and no product that would need it. */
  readonly payerAuthorization: PayerAuthorization | null;
}

/** The wallet's own redirect that tells us who pays (snsapi_base, auth_base). */
export interface PayerAuthorization {
  readonly authorizeUrl: (request: {
    readonly redirectUri: string;
    readonly state: string;
  }) => string;
  readonly exchangeCode: (code: string) => Promise<Result<PayerIdentity, WalletError>>;
}

export interface ProductCapability {
  readonly product: Product;
  /** Devices of the buyer on which the cashier may offer it, best first. */
  readonly devices: readonly Device[];
  /** Can pay several merchants in one go. */
  readonly combines: boolean;
  /** Which payer field the start needs, if any. `auth_code` and `field55` work once. */
  readonly payerField: 'openid' | 'buyer' | 'auth_code' | 'field55' | null;
  /** The buyer scans its code with an app: another wallet's may too, where they interconnect. */
  readonly isScanned?: boolean;
  /** Where it is not the wallet's own figure. */
  readonly refundWindowMs?: number;
}

export interface Capabilities {
  readonly wallet: WalletName;
  readonly products: readonly ProductCapability[];
  /** How a cart of several merchants is paid at once. */
  readonly cart: {
    /** combine, merge: one leg a merchant. split, collect: one leg for the whole cart. */
    readonly kind: 'combine' | 'merge' | 'split' | 'collect';
    readonly legCountMax: number;
    readonly atomic: boolean;
    /** Only where the wallet account has the all-or-nothing contract. */
    readonly needsContract: boolean;
    readonly expiryMsMax: number | null;
  };
  /** After the order's absolute expiry plus this, "not found" is final (rule 2). */
  readonly notFoundIsFinalAfterMs: number;
  /** How much of one merchant's order may be split to others; 0 = it does not split. */
  readonly splitCapBps: number;
  readonly refundSpacingMs: number;
  /** From the payment; a product may have a figure of its own (`refundWindowMsOf`). */
  readonly refundWindowMs: number;
  readonly refundCountMax: number;
  readonly holdDaysMax: number;
  /** Who holds the money until receipt: `settles_directly` = nobody, it goes to the merchants. */
  readonly custody: 'wallet_holds' | 'settles_directly' | 'platform_holds';
  /** The daily files this wallet offers, in its own words; none = per-order queries only. */
  readonly bills: readonly string[];
  /** Delays of polling a pending attempt, from its start; the last repeats until expiry. */
  readonly pollDelaysMs: readonly number[];
}

/** How long after its payment an order of this product can be refunded. */
export function refundWindowMsOf(capabilities: Capabilities, product: Product): number {
  const row = capabilities.products.find((entry) => entry.product === product);
  return row?.refundWindowMs ?? capabilities.refundWindowMs;
}

/** How the codes of errors begin that say why a wallet was not asked. */
export const OWN_ERROR_PREFIX = 'hutong.';

/** It was refused here: the wallet never heard of the order. */
export function isOwnError({ code }: WalletError): boolean {
  return code.startsWith(OWN_ERROR_PREFIX);
}

/** What a wallet gives to `defineWallet`: data, and functions of credentials that were checked. */
interface WalletDefinition<S extends TSchema, Config> {
  readonly name: WalletName;
  readonly capabilities: Capabilities;
  /** No genuine callback of this wallet is longer. */
  readonly notificationBytesMax: number;
  /** JSON schema of the credentials; stored only as envelope ciphertext. */
  readonly configSchema: S;
  /** Checks credentials and reads every key once into a key object. */
  readonly openConfig: (credentials: unknown, seams: WalletSeams) => Result<Config, ConfigProblem>;
  /** Every number that its orders are made and found under; another one is another account. */
  readonly identityOf: (credentials: Static<S>) => WalletIdentity;
  /** What a merchant's number there looks like: its schema, with a description. */
  readonly merchantSchema: TSchema;
  /** Every address that the credentials name, by its name there. */
  readonly endpointsOf: (credentials: Static<S>) => Endpoints;
  readonly liveEndpoints: Readonly<Record<string, string>>;
  /** The wallet's own test gateways, where it has some, and the domains that they are below. */
  readonly testEndpoints?: Readonly<Record<string, string>>;
  readonly testDomains?: readonly string[];
  /** What works, but not well: `hutong doctor` says so, and what to do. */
  readonly advise?: (credentials: Static<S>) => readonly ConfigProblem[];
  /** What is wrong with credentials that open: see `review` of the module. */
  readonly review?: (credentials: Static<S>) => readonly ConfigProblem[];
  readonly open: (config: Config, seams: WalletSeams) => Wallet;
}

export interface WalletModule
  extends Pick<
    WalletDefinition<TSchema, never>,
    | 'name'
    | 'capabilities'
    | 'notificationBytesMax'
    | 'configSchema'
    | 'merchantSchema'
    | 'liveEndpoints'
    | 'testEndpoints'
  > {
  readonly open: (credentials: unknown, seams: WalletSeams) => Result<Wallet, ConfigProblem>;
  /** Whose account they are; undefined where they are not of the schema. Reads no key. */
  readonly identityOf: (credentials: unknown) => WalletIdentity | undefined;
  /**
   * Money moves there: false only where every address that they name is this machine's, reserved
   * for tests or the wallet's own test gateway. A relay or a host that nobody knows is live.
   */
  readonly isLivemode: (credentials: unknown) => boolean;
  readonly advise: (credentials: unknown) => readonly ConfigProblem[];
  /**
   * Mistakes that are refused when credentials are set. Stored ones open all the same: what a
   * version of before took goes on working, and `hutong doctor` tells of it.
   */
  readonly review: (credentials: unknown) => readonly ConfigProblem[];
}

type Endpoints = Readonly<Record<string, string | undefined>>;

export function defineWallet<S extends TSchema, Config>(
  definition: WalletDefinition<S, Config>,
): WalletModule {
  const { name, capabilities, notificationBytesMax, configSchema, testDomains } = definition;
  const { merchantSchema, liveEndpoints, testEndpoints, endpointsOf } = definition;
  const checked = <T>(credentials: unknown, read: (known: Static<S>) => T, otherwise: T): T =>
    Value.Check(configSchema, credentials) ? read(credentials) : otherwise;
  const isTest = (address: string) => isTestAddress(address, testDomains);
  return Object.freeze({
    ...{ name, capabilities, notificationBytesMax, configSchema, merchantSchema, liveEndpoints },
    ...(testEndpoints === undefined ? {} : { testEndpoints }),
    open: (credentials, seams) => {
      const config = definition.openConfig(credentials, seams);
      return config.ok ? ok(Object.freeze(definition.open(config.value, seams))) : config;
    },
    identityOf: (credentials) => checked(credentials, definition.identityOf, undefined),
    isLivemode: (credentials) =>
      checked(credentials, (known) => !addressesIn(endpointsOf(known)).every(isTest), true),
    advise: (credentials) => checked(credentials, definition.advise ?? (() => []), []),
    review: (credentials) =>
      checked(
        credentials,
        (known) => [
          ...mixedEndpoints(endpointsOf(known), isTest),
          ...(definition.review?.(known) ?? []),
        ],
        [],
      ),
  } satisfies WalletModule);
}

function addressesIn(endpoints: Endpoints): string[] {
  return Object.values(endpoints).filter((address) => address !== undefined);
}

/**
 * Money would move at one address, and the buyer be asked at another where none is real. The first
 * address that differs from the first of all is named.
 */
function mixedEndpoints(
  endpoints: Endpoints,
  isTest: (address: string) => boolean,
): ConfigProblem[] {
  const given = Object.entries(endpoints).flatMap(([place, address]) =>
    address === undefined ? [] : [{ place, isTest: isTest(address) }],
  );
  const [first] = given;
  const odd = given.find((one) => one.isTest !== first?.isTest);
  if (first === undefined || odd === undefined) return [];
  const [own, other] = odd.isTest ? ['for tests', 'live'] : ['live', 'for tests'];
  const message = `is ${own}, but endpoints.${first.place} is ${other}: all are one or the other`;
  return [{ field: `endpoints.${odd.place}`, message }];
}
