/**
 * The payment aggregate: one intent and everything that hangs on it. It is loaded, decided upon
 * and saved as a whole under the intent's lock, so core's functions take a `Payment` and give a
 * new one; nothing here is ever mutated.
 */
import type { Id } from '../../kernel/id.ts';
import type { Fen } from '../../kernel/money.ts';
import { type StateTable, stateTable } from '../../kernel/state-table.ts';
import type {
  Device,
  NextAction,
  Product,
  WalletError,
  WalletName,
} from '../../kernel/wallet-names.ts';

export type IntentStatus =
  | 'requires_wallet'
  | 'requires_action'
  | 'processing'
  | 'conflicted'
  | 'succeeded'
  | 'canceled'
  | 'expired';

export const INTENT_STATES: StateTable<IntentStatus> = stateTable(
  'payment_intent',
  'requires_wallet',
  {
    requires_wallet: ['requires_action', 'processing', 'canceled', 'expired'],
    requires_action: [
      'requires_wallet',
      'processing',
      'succeeded',
      'conflicted',
      'canceled',
      'expired',
    ],
    processing: [
      'requires_wallet',
      'requires_action',
      'succeeded',
      'conflicted',
      'canceled',
      'expired',
    ],
    conflicted: ['succeeded', 'canceled'],
    succeeded: [],
    canceled: [],
    expired: [],
  },
);

/** Attempts and their legs share one table: an attempt's status derives from its legs'. */
export type AttemptStatus =
  | 'created'
  | 'pending'
  | 'unknown'
  | 'succeeded'
  | 'superseded'
  | 'conflicted'
  | 'failed'
  | 'closed';

export const ATTEMPT_STATES: StateTable<AttemptStatus> = stateTable('payment_attempt', 'created', {
  created: ['pending', 'unknown', 'succeeded', 'superseded', 'conflicted', 'failed', 'closed'],
  pending: ['unknown', 'succeeded', 'superseded', 'conflicted', 'failed', 'closed'],
  unknown: ['pending', 'succeeded', 'superseded', 'conflicted', 'failed', 'closed'],
  // A bill may know better than the wallet's first word.
  failed: ['succeeded', 'superseded', 'conflicted'],
  closed: ['succeeded', 'superseded', 'conflicted'],
  conflicted: ['succeeded', 'superseded'],
  succeeded: [],
  superseded: [],
});

export type RefundStatus =
  | 'created'
  | 'submitted'
  | 'unknown'
  | 'processing'
  | 'succeeded'
  | 'abnormal'
  | 'failed';

export const REFUND_STATES: StateTable<RefundStatus> = stateTable('refund', 'created', {
  created: ['submitted', 'unknown', 'processing', 'succeeded', 'abnormal', 'failed'],
  submitted: ['unknown', 'processing', 'succeeded', 'abnormal', 'failed'],
  unknown: ['submitted', 'processing', 'succeeded', 'abnormal', 'failed'],
  processing: ['succeeded', 'abnormal', 'failed'],
  abnormal: ['processing', 'succeeded', 'failed'],
  succeeded: [],
  // A query or a bill may know better: what moved is booked.
  failed: ['succeeded'],
});

/** The failure of what a wallet should long have told the end of, and has not: a person is told. */
export const OUTCOME_UNKNOWN = 'outcome_unknown';

/** Reasons that Hutong gives by itself; a refund of these names no sub_order. */
export const AUTOMATIC_REFUND_REASONS = [
  'duplicate',
  'late',
  'conflicted',
  'partial_payment',
  'reversed',
] as const;
export type AutomaticRefundReason = (typeof AUTOMATIC_REFUND_REASONS)[number];

export interface Buyer {
  readonly id: string;
  readonly device: Device;
  readonly ip: string | null;
}

export interface PaymentIntent {
  readonly id: Id<'payment_intent'>;
  readonly shard: number;
  readonly marketplace: Id<'marketplace'>;
  readonly merchantOrderNo: string;
  /** SHA-256 over the canonical request: the same number with other content is a conflict. */
  readonly contentHash: string;
  readonly amountFen: Fen;
  readonly currency: 'cny';
  readonly description: string;
  readonly buyer: Buyer;
  readonly status: IntentStatus;
  /** Given under the root's lock, +1 a change: receivers drop stale events by it (rule 9). */
  readonly version: number;
  readonly returnUrl: string | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  /** Cancel and expiry first close every attempt; the status follows when all are terminal. */
  readonly closingAtMs: number | null;
  readonly closingReason: 'canceled' | 'expired' | null;
  readonly latestAttempt: Id<'payment_attempt'> | null;
  readonly succeededAttempt: Id<'payment_attempt'> | null;
  readonly amountReceivedFen: Fen;
  readonly amountRefundedFen: Fen;
  readonly dueAtMs: number | null;
  /** How an operator ended a conflict; null where none did. */
  readonly resolution: Resolution | null;
  /** The mode of the key that made it; null = of before modes were kept. */
  readonly isLivemode: boolean | null;
  /** Random seed of client_secret and pay_token; neither can be told from it without the key. */
  readonly tokenSeed: string;
}

export interface Resolution {
  readonly outcome: 'accept' | 'refund';
  readonly reason: string;
  /** Whose key it was. */
  readonly by: Id<'api_key'>;
  readonly atMs: number;
}

export interface SubOrder {
  readonly id: Id<'sub_order'>;
  readonly merchant: Id<'merchant'>;
  readonly amountFen: Fen;
  readonly refundedFen: Fen;
  readonly description: string;
  readonly merchantSubOrderNo: string | null;
  readonly items: readonly unknown[] | null;
  readonly splits: readonly unknown[] | null;
}

export interface Attempt {
  readonly id: Id<'payment_attempt'>;
  readonly wallet: WalletName;
  readonly product: Product;
  readonly config: Id<'wallet_config'>;
  readonly payerWalletChosen: WalletName;
  readonly payerWalletReported: string | null;
  readonly status: AttemptStatus;
  /** WeChat's combine_out_trade_no or Alipay's out_merge_no; null when one merchant is paid. */
  readonly combineOrderNo: string | null;
  readonly nextAction: NextAction | null;
  readonly failure: { readonly code: string; readonly walletError: WalletError | null } | null;
  readonly createdAtMs: number;
  /** The absolute expiry that the wallet was told (rule 2). */
  readonly expiresAtMs: number;
  /** The buyer went elsewhere: close it, by the wallet's word. */
  readonly closingAtMs: number | null;
  /**
   * Closed, and the bill may know better: on "not found" alone (while it is due it is looked at
   * some more, `provisional-close.ts`), or by a reversal that may have met a payment.
   */
  readonly isProvisional: boolean;
  readonly dueAtMs: number | null;
  /** Looks at it since it began, since it is being closed, or since it was closed. */
  readonly tries: number;
}

export interface Leg {
  readonly id: Id<'leg'>;
  readonly attempt: Id<'payment_attempt'>;
  readonly orderNo: string;
  /** Whom the wallet pays: the merchant's own number there, or the marketplace's (see `parts`). */
  readonly walletMerchant: string;
  /** null = a cart of several merchants in one leg; `parts` says who they are. */
  readonly merchant: Id<'merchant'> | null;
  readonly parts: readonly LegPart[] | null;
  readonly subOrders: readonly Id<'sub_order'>[];
  readonly amountFen: Fen;
  readonly payerAmountFen: Fen | null;
  readonly receiptAmountFen: Fen | null;
  readonly refundedFen: Fen;
  readonly status: AttemptStatus;
  /** WeChat transaction_id or Alipay trade_no, in the wallet's own words. */
  readonly walletTransactionId: string | null;
  readonly paidAtMs: number | null;
  /** The merchant's contracted fee, of the receipt; of several merchants, see `parts`. */
  readonly feeBps: number;
  /** What a conflicted leg put into suspense; null otherwise. */
  readonly suspenseFen: Fen | null;
  /** The order's amount by its wallet's word, where that is not ours (rule 3); null otherwise. */
  readonly disputedFen: Fen | null;
}

/** What the wallet calls the whole order: a refund is quoted against it, and never exceeds it. */
export function orderedFen(leg: Leg): Fen {
  return leg.disputedFen ?? leg.amountFen;
}

/** One merchant's share of a leg. The parts of a leg sum to its amount. */
export interface LegPart {
  readonly merchant: Id<'merchant'>;
  readonly walletMerchant: string;
  readonly amountFen: Fen;
  readonly feeBps: number;
}

/** Which pockets a refund was reserved from, so that a failed one gives back exactly that. */
export interface RefundMix {
  readonly escrowFen: Fen;
  /** The expected fee that the wallet gives back with the refund. */
  readonly feeFen: Fen;
  readonly availableFen: Fen;
  readonly owedFen: Fen;
}

export interface Refund {
  readonly id: Id<'refund'>;
  readonly leg: Id<'leg'>;
  readonly subOrder: Id<'sub_order'> | null;
  /** In order amount: what rule 7 counts. */
  readonly amountFen: Fen;
  /** What really moves: the receipt's share of `amountFen`. */
  readonly movedFen: Fen;
  readonly reason: string;
  readonly status: RefundStatus;
  /** out_refund_no or out_request_no: never reused. */
  readonly refundNo: string;
  /** Numbers under which its wallet took it and closed it again. */
  readonly earlierNos: readonly string[];
  readonly walletRefundId: string | null;
  readonly mix: RefundMix | null;
  readonly failure: { readonly code: string; readonly walletError: WalletError | null } | null;
  readonly createdAtMs: number;
  /** When its number was first on its way to the wallet: from then on it is asked about first. */
  readonly sentAtMs: number | null;
  readonly dueAtMs: number | null;
  readonly tries: number;
}

/** It is neither given nor given up. */
export function isOpenRefund({ status }: Refund): boolean {
  return status !== 'succeeded' && status !== 'failed';
}

/** A paid sub_order's money. paid - fee = held + returned. */
export interface Escrow {
  readonly id: Id<'escrow'>;
  readonly subOrder: Id<'sub_order'>;
  readonly leg: Id<'leg'>;
  readonly merchant: Id<'merchant'>;
  readonly wallet: WalletName;
  /** Its part of what the wallet calls the order: refunds of it are quoted in this. */
  readonly orderedFen: Fen;
  /** Its share of the receipt, as it was booked. */
  readonly paidFen: Fen;
  /** The expected fee in it. */
  readonly feeFen: Fen;
  /** What of it became the merchant's available. */
  readonly releasedFen: Fen;
  /** What refunds that stand took of the merchant's part of it. */
  readonly returnedFen: Fen;
  /** What is left of it after refunds: in escrow or, once released, in the merchant's available. */
  readonly heldFen: Fen;
  readonly status: 'held' | 'released' | 'refunded';
  readonly dueAtMs: number | null;
}

export interface Payment {
  readonly intent: PaymentIntent;
  readonly subOrders: readonly SubOrder[];
  readonly attempts: readonly Attempt[];
  readonly legs: readonly Leg[];
  readonly refunds: readonly Refund[];
  readonly escrows: readonly Escrow[];
}
