/**
 * The payment aggregate: one intent and all rows that belong to it. It is loaded, decided upon and
 * saved as a whole under the intent's lock, so core's functions take a `Payment` and return a new
 * one; nothing is mutated.
 */
import type { Id } from '../../kernel/id.ts';
import type { Currency, Fen } from '../../kernel/money.ts';
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
  // A bill may correct what the wallet reported first.
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
  // A query or a bill may correct it: what really moved is booked.
  failed: ['succeeded'],
});

/**
 * The failure of an attempt or refund whose end its wallet should long have reported: an operator
 * is alerted.
 */
export const OUTCOME_UNKNOWN = 'outcome_unknown';

/** Reasons of automatic refunds; a refund with one of them names no sub_order. */
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
  readonly currency: Currency;
  readonly description: string;
  readonly buyer: Buyer;
  readonly status: IntentStatus;
  /** Assigned under the root's lock, +1 per change: receivers drop stale events by it (rule 9). */
  readonly version: number;
  readonly returnUrl: string | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  /**
   * Cancel and expiry first close every attempt; the status changes when all of them are terminal.
   */
  readonly closingAtMs: number | null;
  readonly closingReason: 'canceled' | 'expired' | null;
  readonly latestAttempt: Id<'payment_attempt'> | null;
  readonly succeededAttempt: Id<'payment_attempt'> | null;
  readonly amountReceivedFen: Fen;
  readonly amountRefundedFen: Fen;
  readonly dueAtMs: number | null;
  /** How an operator resolved a conflict; null = not resolved, or none. */
  readonly resolution: Resolution | null;
  /** The mode of the creating key; null = created before modes were stored. */
  readonly isLivemode: boolean | null;
  /** Random seed of client_secret and pay_token; without the key neither can be derived from it. */
  readonly tokenSeed: string;
}

export interface Resolution {
  readonly outcome: 'accept' | 'refund';
  readonly reason: string;
  /** The key that resolved it. */
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
  /** WeChat's combine_out_trade_no or Alipay's out_merge_no; null for a single merchant. */
  readonly combineOrderNo: string | null;
  readonly nextAction: NextAction | null;
  readonly failure: { readonly code: string; readonly walletError: WalletError | null } | null;
  readonly createdAtMs: number;
  /** The absolute expiry that was sent to the wallet (rule 2). */
  readonly expiresAtMs: number;
  /** The buyer chose another way to pay: close it, as confirmed by the wallet. */
  readonly closingAtMs: number | null;
  /**
   * Closed, and the bill may correct it: closed on "not found" alone (while it is due it is still
   * polled, `provisional-close.ts`), or by a reversal that may have crossed a payment.
   */
  readonly isProvisional: boolean;
  readonly dueAtMs: number | null;
  /** Polls since it started, since it is being closed, or since it was closed. */
  readonly tries: number;
}

export interface Leg {
  readonly id: Id<'leg'>;
  readonly attempt: Id<'payment_attempt'>;
  readonly orderNo: string;
  /** The payee: the merchant's own number at the wallet, or the marketplace's (see `parts`). */
  readonly walletMerchant: string;
  /** The one merchant, and its account of that number; null for a cart that is paid as one leg. */
  readonly merchant: Id<'merchant'> | null;
  readonly walletAccount: Id<'wallet_account'> | null;
  /** The merchants of a cart that is paid as one leg; null = one merchant. */
  readonly parts: readonly LegPart[] | null;
  readonly subOrders: readonly Id<'sub_order'>[];
  readonly currency: Currency;
  readonly amountFen: Fen;
  readonly payerAmountFen: Fen | null;
  readonly receiptAmountFen: Fen | null;
  readonly refundedFen: Fen;
  readonly status: AttemptStatus;
  /** WeChat transaction_id or Alipay trade_no, as the wallet writes it. */
  readonly walletTransactionId: string | null;
  readonly paidAtMs: number | null;
  /** The merchant's contracted fee rate on the receipt; for several merchants, see `parts`. */
  readonly feeBps: number;
  /** What a conflicted leg put into suspense; null otherwise. */
  readonly suspenseFen: Fen | null;
  /**
   * The order amount that the wallet reports, where it differs from ours (rule 3); null otherwise.
   */
  readonly disputedFen: Fen | null;
}

/** The wallet's total of the whole order: a refund quotes it and never exceeds it. */
export function orderedFen(leg: Leg): Fen {
  return leg.disputedFen ?? leg.amountFen;
}

/** One merchant's share of a leg. The parts of a leg sum to its amount. */
export interface LegPart {
  readonly merchant: Id<'merchant'>;
  readonly walletAccount: Id<'wallet_account'>;
  readonly walletMerchant: string;
  readonly amountFen: Fen;
  readonly feeBps: number;
}

/** Where a refund's money comes from, so that a failed one returns exactly that. */
export interface RefundAllocation {
  readonly escrowFen: Fen;
  /** The expected fee that the wallet refunds to us. */
  readonly feeFen: Fen;
  /** From the merchant's balance, which decides whether it is available or advanced. */
  readonly balanceFen: Fen;
}

export interface Refund {
  readonly id: Id<'refund'>;
  readonly leg: Id<'leg'>;
  readonly subOrder: Id<'sub_order'> | null;
  readonly currency: Currency;
  /** As an order amount: what rule 7 counts. */
  readonly amountFen: Fen;
  /** What really moves: the receipt's share of `amountFen`. */
  readonly movedFen: Fen;
  readonly reason: string;
  readonly status: RefundStatus;
  /** out_refund_no or out_request_no: never reused. */
  readonly refundNo: string;
  /** Numbers under which its wallet accepted it and then closed it. */
  readonly earlierNos: readonly string[];
  readonly walletRefundId: string | null;
  readonly allocation: RefundAllocation | null;
  /** Not sent before the merchant's balance has answered: its part of the allocation is asked. */
  readonly awaitsBalance: boolean;
  readonly failure: { readonly code: string; readonly walletError: WalletError | null } | null;
  readonly createdAtMs: number;
  /** When its number was first sent to the wallet: from then on a query precedes every call. */
  readonly sentAtMs: number | null;
  /** When its wallet paid it, by the wallet's own clock if it tells; null = it has not. */
  readonly settledAtMs: number | null;
  readonly dueAtMs: number | null;
  readonly tries: number;
}

/** It is neither refunded nor given up. */
export function isOpenRefund({ status }: Refund): boolean {
  return status !== 'succeeded' && status !== 'failed';
}

/**
 * A paid sub_order's money: paid - fee = held + released + returned - returned from the balance.
 */
export interface Escrow {
  readonly id: Id<'escrow'>;
  readonly subOrder: Id<'sub_order'>;
  readonly leg: Id<'leg'>;
  readonly merchant: Id<'merchant'>;
  readonly wallet: WalletName;
  /** Whose pocket holds it: the account that was paid, whatever the merchant has since. */
  readonly walletAccount: Id<'wallet_account'>;
  readonly currency: Currency;
  /** Its part of the wallet's order amount: refunds of it are quoted in this. */
  readonly orderedFen: Fen;
  /** Its share of the receipt, as booked. */
  readonly paidFen: Fen;
  /** The expected fee within it. */
  readonly feeFen: Fen;
  /** What of it was sent to the merchant's balance. */
  readonly releasedFen: Fen;
  /** What refunds that stand took of the merchant, whether held or released. */
  readonly returnedFen: Fen;
  /** The part of `returnedFen` that the merchant's balance paid. */
  readonly returnedFromBalanceFen: Fen;
  /** What is in escrow. */
  readonly heldFen: Fen;
  readonly status: 'held' | 'released' | 'refunded';
  /** What sent it to the merchant's balance; null = nothing did, or before there were balances. */
  readonly release: Id<'transfer'> | null;
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
