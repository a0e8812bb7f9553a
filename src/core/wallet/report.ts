/**
 * What wallets report, by whatever route: about an order, about a refund, in answer to a call. What
 * is not reported is null; what is not known is `unknown`, a state like any other (rule 2). Data
 * only: the wallets produce it, core judges it.
 */
import { unreachable } from '../../kernel/assert.ts';
import type { Fen } from '../../kernel/money.ts';
import type { NextAction, WalletError } from '../../kernel/wallet-names.ts';

export type LegReportStatus =
  | 'pending'
  | 'succeeded'
  | 'failed'
  | 'closed'
  | 'not_found'
  | 'unknown';

/** The wallet's report of one order, by query or notification. null = not reported. */
export interface LegReport {
  readonly orderNo: string;
  readonly status: LegReportStatus;
  readonly walletTransactionId: string | null;
  /** The ORDER amount (`total`, `total_amount`), never what the payer paid after coupons. */
  readonly amountFen: Fen | null;
  /** ISO 4217 lower case. */
  readonly currency: string | null;
  /** The sub_mchid, smid or seller that the wallet states; null where its message has none. */
  readonly payee: string | null;
  readonly payerAmountFen: Fen | null;
  /** Net of merchant-funded discounts. */
  readonly receiptAmountFen: Fen | null;
  readonly paidAtMs: number | null;
  /** From the wallet's answer only (bank_type, payType): the wallet that really paid. */
  readonly payerWalletReported: string | null;
  /**
   * Only with `closed`: a reversal (撤销) refunded in full what had been paid, and the figures say
   * how much that was. It must never make a live leg paid.
   */
  readonly isReversed?: true;
  /**
   * Only with `closed`: closed by a reversal, and the wallet no longer says whether the order had
   * been paid and was refunded. Its bill will.
   */
  readonly isUnseen?: true;
}

/** For an order about which the wallet reported nothing but, at most, its status. */
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
 * `succeeded`: paid in the same call (payment code, tap); the legs are reports as of a query.
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
 * `closed`: can no longer be paid. `isUnseen`: as in a report of the order. `paid`: too late to
 * close, query it. `not_found`: see rule 2. `reversed`: a payment code's order had been paid and
 * the wallet has refunded it in full; the legs say what was paid, since the wallet's bill will show
 * both.
 */
export type CloseOutcome =
  | { readonly outcome: 'closed'; readonly isUnseen?: true }
  | { readonly outcome: 'paid' | 'not_found' | 'unsupported' }
  | { readonly outcome: 'reversed'; readonly legs: readonly LegReport[] }
  | { readonly outcome: 'unknown'; readonly walletError: WalletError | null };

/**
 * What is reported about an attempt's orders, by whatever route: about each (`answered`), or about
 * all of them in answer to a close.
 */
export type AttemptReport =
  | Extract<QueryOutcome, { readonly outcome: 'answered' }>
  | Extract<CloseOutcome, { readonly outcome: 'closed' | 'reversed' }>
  | { readonly outcome: 'not_found' };

/** undefined: the answer reports nothing about the orders that could be booked. */
export function reportIn(answer: QueryOutcome | CloseOutcome): AttemptReport | undefined {
  switch (answer.outcome) {
    case 'answered':
    case 'closed':
    case 'reversed':
      return answer;
    case 'not_found':
      return { outcome: 'not_found' };
    case 'paid':
    case 'unsupported':
    case 'unknown':
      return undefined;
    default:
      return unreachable(answer);
  }
}

/** At least one order of it is paid. */
export function saysPaid(answer: QueryOutcome): boolean {
  return answer.outcome === 'answered' && answer.legs.some(({ status }) => status === 'succeeded');
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
   * What the refund took from the merchants' money, net of their own discount's share. null: the
   * wallet never reports it. Left out: this message does not, but a query does.
   */
  readonly settlementFen?: Fen | null;
  /** When it was paid, by the wallet's own clock; null where it does not say. */
  readonly settledAtMs: number | null;
  /** With `failed`: the wallet refused this call. Without: the refund itself was closed. */
  readonly walletError: WalletError | null;
}

/** For a refund about which the wallet reported nothing but, at most, its status. */
export function silentRefund(
  status: RefundReportStatus,
  walletError: WalletError | null = null,
): RefundReport {
  return { status, walletRefundId: null, amountFen: null, settledAtMs: null, walletError };
}

/** The prefix of error codes that say why a wallet was not called. */
export const OWN_ERROR_PREFIX = 'hutong.';

/** We refused it: the wallet never received the order. */
export function isOwnError({ code }: WalletError): boolean {
  return code.startsWith(OWN_ERROR_PREFIX);
}
