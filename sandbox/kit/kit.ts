/**
 * The building blocks of the sandbox city's gateways. The kit is below the wallets' sandboxes,
 * which import it and their own wire (`src/wires`); the city above composes them.
 */
import type { Fen } from '../../src/kernel/money.ts';
import type { WalletName } from '../../src/kernel/wallet-names.ts';
import type { Clock } from '../../src/runtime/clock.ts';
import type { Random } from '../../src/runtime/random.ts';

/** A request exactly as received: gateways verify over these bytes. */
export interface WireRequest {
  readonly method: string;
  /** Raw request target, never decoded or normalised. */
  readonly target: string;
  /** The part of `target` before `?`. */
  readonly path: string;
  /** The part of `target` after `?`, raw; empty when there is none. */
  readonly queryText: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface WireResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | string;
}

/** `lost: true` = the operation was done, but the caller gets no answer (answer_lost). */
export type Handled = WireResponse | { readonly lost: true };

/** A named map that survives a restart: every put and delete is a line of the journal. */
export interface Collection<T> {
  readonly get: (key: string) => T | undefined;
  readonly put: (key: string, value: T) => void;
  readonly delete: (key: string) => void;
  readonly values: () => IterableIterator<T>;
  readonly size: () => number;
}

export interface Journal {
  /** Values are JSON (with bigint). Opening the same name twice returns the same collection. */
  readonly collection: <T>(name: string) => Collection<T>;
}

export const FAULTS = [
  'answer_lost',
  'close_lost',
  'callback_lost',
  'callback_late',
  'callback_duplicated',
  'callback_reordered',
  'callback_bad_signature',
  'signtest',
  'rate_limited',
  'server_error',
  'html_502',
  'wrong_amount',
  'wrong_currency',
  'wrong_payee',
  'key_rotated',
  'userpaying',
  'refund_stuck',
  'bill_not_ready',
  'bill_line_missing',
  'bill_line_extra',
  'bill_amount',
  'bill_hash',
] as const;
export type FaultName = (typeof FAULTS)[number];

/** The call that a fault waits for; gateways name their operations with these words. */
export const OPERATIONS = [
  'create',
  'query',
  'close',
  'refund',
  'query_refund',
  'certificates',
  'oauth',
  'callback',
  'other',
] as const;
export type Operation = (typeof OPERATIONS)[number];

/** A call or message that a fault may affect, by all of its order numbers and merchants. */
export interface FaultPoint {
  readonly wallet: WalletName;
  readonly operation: Operation;
  readonly orderNo?: Names;
  readonly merchant?: Names;
}
type Names = string | undefined | readonly (string | undefined)[];

export interface Faults {
  /** Takes one firing of the first armed fault among `kinds` that matches; undefined = none. */
  readonly take: (point: FaultPoint, kinds: readonly FaultName[]) => FaultName | undefined;
}

/** One callback to deliver until it is acknowledged or the wallet's schedule is exhausted. */
export interface CallbackOrder {
  readonly wallet: WalletName;
  /** `payment` or `refund`, for the log and the faults. */
  readonly kind: string;
  readonly orderNo: string;
  readonly merchant: string;
  readonly url: string;
  /** JSON that `compose` turns into the message, signed anew at every delivery. */
  readonly message: unknown;
}

export interface ComposedCallback {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | string;
}

/** A wallet's delivery policy: registered once by its gateway. */
export interface CallbackPolicy {
  /** Delays after the first failed delivery, in order (the wallet's own schedule). */
  readonly retryDelaysMs: readonly number[];
  readonly timeoutMs: number;
  /** `flaw`: the fault that this delivery must show, if any. */
  readonly compose: (
    order: CallbackOrder,
    flaw: 'callback_bad_signature' | 'signtest' | 'key_rotated' | undefined,
  ) => Promise<ComposedCallback>;
  readonly isAcknowledged: (
    response: { readonly status: number; readonly body: Buffer },
    order: CallbackOrder,
  ) => boolean;
}

export interface CallbackQueue {
  readonly register: (wallet: WalletName, policy: CallbackPolicy) => void;
  readonly send: (order: CallbackOrder) => void;
}

/** The log of refused signatures: both canonical strings and where they differ. */
export interface Explanation {
  readonly wallet: WalletName;
  readonly what: string;
  /** What the gateway built from the wire. */
  readonly expected: string;
  /** What the caller seems to have signed, if it can be determined; else null. */
  readonly received: string | null;
  readonly hint: string;
}

export interface Explanations {
  readonly add: (explanation: Explanation) => void;
}

/**
 * How an authority assigns serial numbers. Clients compute with them (an SN, a certId) and some
 * languages print long ones in another base: each wallet's have their own length and prefix.
 */
export interface SerialShape {
  readonly bytes: number;
  /** Hex of the first bytes, from 10 to 7f so that the number is positive; the rest is random. */
  readonly prefix?: string;
}

export interface KeyPair {
  readonly privateKeyPem: string;
  readonly publicKeyPem: string;
}

/** A certificate, and the key that signs with it. */
export interface CertifiedKey {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

/** Makes keys and certificates. The caller stores everything it makes. */
export interface Authority {
  readonly rsaKeyPair: () => Promise<KeyPair>;
  /**
   * A self-made root and leafs below it; serials are upper-case hex. The same subject gives the
   * same root while the process lives; keep it and use `openRoot` after a restart.
   */
  readonly root: (subject: string, serials: SerialShape) => Promise<RootCertificate>;
  /** The same root after a restart, from the PEM texts that the caller stored. */
  readonly openRoot: (kept: CertifiedKey, serials: SerialShape) => Promise<RootCertificate>;
}

export interface RootCertificate extends CertifiedKey {
  readonly issue: (leaf: {
    readonly subject: string;
    readonly publicKeyPem: string;
    readonly notAfterYears: number;
    /** A middle authority: it may issue others (open it with `openRoot`). */
    readonly isAuthority?: boolean;
  }) => Promise<{ readonly certificatePem: string; readonly serial: string }>;
}

export interface CityKit {
  /** City time: expiry, schedules. */
  readonly clock: Clock;
  /** Real time: signature timestamps. */
  readonly wall: Clock;
  readonly random: Random;
  readonly journal: Journal;
  readonly faults: Faults;
  readonly callbackQueue: CallbackQueue;
  readonly explanations: Explanations;
  readonly authority: Authority;
  /** http://127.0.0.1:4100: the base URL of the city's own pages (qr links, oauth, phone). */
  readonly publicUrl: string;
  /** May callbacks use http and loopback? (--allow-local-callbacks) */
  readonly allowLocalCallbacks: boolean;
}

/** What the phone reads from a code, a URL, a form or an app order string. */
export interface Scanned {
  readonly wallet: WalletName;
  /** Identifies the order for the gateway's `pay`. */
  readonly ref: string;
  readonly payee: string;
  readonly amountFen: Fen;
  readonly currency: string;
  /** `closed`/`paid` codes can be viewed but not paid. */
  readonly state: 'payable' | 'paid' | 'closed' | 'expired';
}

export interface PayRequest {
  readonly ref: string;
  readonly payerWallet: WalletName;
  readonly outcome: 'success' | 'insufficient_funds' | 'cancel';
  readonly coupon: { readonly platformFen: Fen; readonly merchantFen: Fen };
}

export interface PayAnswer {
  readonly status: string;
  /** Where the wallet sends the buyer's browser afterwards, if the order names it. */
  readonly returnUrl?: string | undefined;
}

/** The wallet's own records: `GET /control/orders`. Sub-orders are rows, too. */
export interface ControlOrder {
  readonly wallet: WalletName;
  readonly orderNo: string;
  readonly combineOrderNo: string | null;
  readonly transactionId: string | null;
  readonly merchant: string;
  readonly amountFen: Fen;
  readonly payerAmountFen: Fen | null;
  readonly refundedFen: Fen;
  readonly state: 'created' | 'paid' | 'closed' | 'refunded';
  readonly payerWallet: WalletName | null;
  readonly paidAtMs: number | null;
}

/** Signed calls may arrive under the wallet's own host names: many SDKs know no other. */
export interface GatewayEndpoint {
  /** Lower case. */
  readonly hostNames: readonly string[];
  /**
   * Paths on which every call authenticates itself. Pages and the phone are called locally only.
   */
  readonly isSigned: (path: string) => boolean;
  /** The refusal of any other Host, in a format that the wallet's clients can read. */
  readonly refuseHost: (path: string, why: string) => WireResponse;
}

export interface Gateway {
  readonly wallet: WalletName;
  readonly endpoint?: GatewayEndpoint;
  /** Is this path one of this wallet's? Gateways are at the root, without a prefix. */
  readonly owns: (request: WireRequest) => boolean;
  readonly handle: (request: WireRequest) => Promise<Handled>;
  /** undefined = not a code of this wallet. */
  readonly scan: (code: string | Readonly<Record<string, unknown>>) => Promise<Scanned | undefined>;
  readonly pay: (request: PayRequest) => Promise<PayAnswer>;
  /**
   * A new payment code (付款码) of this wallet's app, to be scanned by a merchant. `scan` accepts the
   * same text once a merchant has charged it and the wallet asks its buyer to confirm.
   */
  readonly showCode?: () => string;
  /** The same code as an EMV consumer code (CPM), if this wallet's app shows that form, too. */
  readonly showConsumerCode?: (code: string) => string;
  /** A QuickPass tap of the phone on a terminal that asks for `amountFen`. */
  readonly tap?: (request: {
    readonly amountFen: Fen;
  }) => Promise<Readonly<Record<string, unknown>> & { readonly field55: string }>;
  readonly orders: () => ControlOrder[];
  /** City time of this gateway's next due work (expiry, refund settling); null = none. */
  readonly nextDueMs: () => number | null;
  readonly runDue: (nowMs: number) => Promise<void>;
}

/**
 * A request for a merchant's account at a wallet, which the wallet's sandbox makes and the city
 * stores.
 */
export interface AccountRequest {
  /** `credentials` (for outside SDKs), `taobao`, `tmall`. */
  readonly label: string;
  readonly name: string;
  readonly subMerchantNames: readonly string[];
  /** What a wallet opens per merchant, in its gateway's terms (`v3_codepay`). */
  readonly openedProducts?: readonly string[];
}

/**
 * The result of `make…Account(kit, request)`. The city stores it as JSON, so values stay the same
 * until HUTONG_DIR is deleted.
 */
export interface MadeAccount {
  /**
   * The wallet configuration of a marketplace, exactly as the wallet's `configSchema` requires it.
   */
  readonly credentials: unknown;
  /** The `credentials.{wallet}` object of demo.json, for outside SDKs. */
  readonly sdkCredentials: unknown;
  /** One per `subMerchantNames`, in order; `walletMerchant` is the sub_mchid or smid. */
  readonly subMerchants: readonly { readonly name: string; readonly walletMerchant: string }[];
}

/** How the city opens one wallet: its gateway, and the accounts of merchants at it. */
export interface GatewayMaker {
  readonly wallet: WalletName;
  readonly open: (kit: CityKit) => Gateway | Promise<Gateway>;
  readonly makeAccount: (kit: CityKit, request: AccountRequest) => Promise<MadeAccount>;
}
