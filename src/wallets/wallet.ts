/**
 * The wallet port: what Hutong asks of a wallet, in Hutong's words. One folder a wallet implements
 * it; nobody outside that folder knows the wallet's field names. Its data (orders, reports,
 * capabilities) is `core/wallet/`.
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
       * Of the refund alone, although Alipay's message names the order, too: a refund of ours is of
       * a leg that is booked already, and a payment that somebody else has refunded is not counted
       * by the message of that refund. Its query says what the order is.
       */
      readonly type: 'refund';
      readonly notificationId: string;
      readonly orderNo: string;
      readonly refundNo: string;
      readonly report: RefundReport;
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
