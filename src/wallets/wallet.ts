/**
 * The wallet interface: what Hutong asks of a wallet, in Hutong's terms. Each wallet implements it
 * in a folder of its own; no code outside that folder knows the wallet's field names. Its data
 * (orders, reports, capabilities) is in `core/wallet/`.
 *
 * Rules that every implementation keeps:
 * - `unknown` is the result of a timeout, a 5xx, an unverifiable answer and an unmapped status.
 *   `failed` is used only if the wallet itself refused and the order can no longer be paid.
 * - Every answer is verified (signature) before any field of it is trusted.
 * - Reports carry the wallet's own ORDER amount, currency and payee; core compares them (rule 3).
 * - No secret, openid or token appears in a WalletError, an exception or a log line.
 */
import type { Static, TSchema } from 'typebox';
import { Value } from 'typebox/value';
import type { Capabilities } from '../core/wallet/capabilities.ts';
import type {
  AttemptOrder,
  AttemptReference,
  PayerIdentity,
  RefundOrder,
} from '../core/wallet/order.ts';
import type {
  CloseOutcome,
  LegReport,
  QueryOutcome,
  RefundReport,
  StartOutcome,
} from '../core/wallet/report.ts';
import { ok, type Result } from '../kernel/result.ts';
import type {
  FormAction,
  WalletError,
  WalletIdentity,
  WalletName,
} from '../kernel/wallet-names.ts';
import type { Clock } from '../runtime/clock.ts';
import type { HttpClient } from '../runtime/http-client.ts';
import type { Random } from '../runtime/random.ts';
import { isTestAddress } from '../runtime/web-address.ts';
import type { ConfigProblem } from './credentials.ts';

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
      /**
       * About the refund alone, although Alipay's message names the order, too: a refund of ours
       * belongs to a leg that is booked already, and a payment that somebody else has refunded is
       * not counted because of that refund's message. Its query says what the order is.
       */
      readonly type: 'refund';
      readonly notificationId: string;
      readonly orderNo: string;
      readonly refundNo: string;
      readonly report: RefundReport;
    }
  /** Verified, ours, but nothing we act on (yet): acknowledged and stored. */
  | { readonly type: 'ignored'; readonly notificationId: string; readonly what: string };

/** Why a callback is refused; `explain` is safe to log (no secrets, no bodies). */
export interface NotificationRefusal {
  readonly code: 'bad_signature' | 'malformed' | 'stale' | 'unknown_key' | 'not_ours' | 'too_many';
  readonly explain: string;
}

/**
 * What a callback claims before its signature is checked, so it is not trusted: the order it names,
 * or that it decrypts with a secret key that only the wallet and we hold.
 */
export type NotificationClaim =
  | { readonly kind: 'order'; readonly orderNo: string }
  | { readonly kind: 'opened' };

/** Whether to spend the work of verifying a callback now; false = refused as `too_many`. */
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

/** One marketplace's account at one wallet, its keys parsed and kept as key objects. */
export interface Wallet {
  /** This account may pay a cart all or nothing, if the wallet requires a contract for that. */
  readonly hasCartContract: boolean;
  /** split, collect: the marketplace's own number, the payee of a cart in one leg. */
  readonly ownMerchant?: string;
  readonly startAttempt: (order: AttemptOrder) => Promise<StartOutcome>;
  /**
   * For a wallet whose form states no absolute expiry, so that a stored form would outlive its
   * order (rule 2): `startAttempt` answers with `handOutUrl`, and the form is created here, at the
   * click, with the order's remaining time. undefined = expired. Left out: no product of this
   * wallet needs it.
   */
  readonly handOut?: (order: AttemptOrder) => FormAction | undefined;
  readonly queryAttempt: (attempt: AttemptReference) => Promise<QueryOutcome>;
  /**
   * For payment codes and taps this is the wallet's reversal (撤销, 冲正). For every other product it
   * never refunds: a payment made at this moment may already count. A wallet whose only way to
   * close does that answers `unsupported` and lets the order expire.
   */
  readonly closeAttempt: (attempt: AttemptReference) => Promise<CloseOutcome>;
  readonly refund: (refund: RefundOrder) => Promise<RefundReport>;
  readonly queryRefund: (refund: RefundOrder) => Promise<RefundReport>;
  /** Asks `gate` once, after the cheap refusals and before the costly verification. */
  readonly parseNotification: (
    request: RawRequest,
    gate?: NotificationGate,
  ) => Promise<Result<Notification, NotificationRefusal>>;
  /** Success / failure acknowledgement body. */
  readonly acknowledge: () => RawResponse;
  readonly refuse: (refusal: NotificationRefusal | { readonly code: 'try_again' }) => RawResponse;
  /** null = no OAuth redirect, and no product that would need one. */
  readonly payerAuthorization: PayerAuthorization | null;
}

/** The wallet's own OAuth redirect that identifies the payer (snsapi_base, auth_base). */
export interface PayerAuthorization {
  readonly authorizeUrl: (request: {
    readonly redirectUri: string;
    readonly state: string;
  }) => string;
  readonly exchangeCode: (code: string) => Promise<Result<PayerIdentity, WalletError>>;
}

/** The argument of `defineWallet`: data, and functions that get validated credentials. */
interface WalletDefinition<S extends TSchema, Config> {
  readonly name: WalletName;
  readonly capabilities: Capabilities;
  /** No genuine callback of this wallet is longer. */
  readonly notificationBytesMax: number;
  /** JSON schema of the credentials; stored only as envelope ciphertext. */
  readonly configSchema: S;
  /** Checks credentials and parses every key once into a key object. */
  readonly openConfig: (credentials: unknown, seams: WalletSeams) => Result<Config, ConfigProblem>;
  /**
   * The numbers that its orders are created and found under; a different one is another account.
   */
  readonly identityOf: (credentials: Static<S>) => WalletIdentity;
  /** The schema of a merchant's number there, with a description. */
  readonly merchantSchema: TSchema;
  /** Every URL in the credentials, by its field name. */
  readonly endpointsOf: (credentials: Static<S>) => Endpoints;
  readonly liveEndpoints: Readonly<Record<string, string>>;
  /** The wallet's own test gateways, if it has some, and the domains that they are under. */
  readonly testEndpoints?: Readonly<Record<string, string>>;
  readonly testDomains?: readonly string[];
  /** What works, but not well: `hutong doctor` reports it with its remedy. */
  readonly advise?: (credentials: Static<S>) => readonly ConfigProblem[];
  /** Errors in credentials that can be opened: see `review` of the module. */
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
  /**
   * The account's identity; undefined if the credentials do not match the schema. Parses no key.
   */
  readonly identityOf: (credentials: unknown) => WalletIdentity | undefined;
  /**
   * Moves real money: false only if every URL is this machine's, reserved for tests or the wallet's
   * own test gateway. A relay or an unknown host counts as live.
   */
  readonly isLivemode: (credentials: unknown) => boolean;
  readonly advise: (credentials: unknown) => readonly ConfigProblem[];
  /**
   * Errors that are refused when credentials are set. Stored ones open all the same: what an
   * earlier version accepted keeps working, and `hutong doctor` reports it.
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
 * Would send money to a live address but the buyer to a test one, or the reverse. Names the first
 * address that differs from the first of all.
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
