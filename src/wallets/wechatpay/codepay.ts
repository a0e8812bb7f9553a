/**
 * Payment codes (付款码): the one procedure of an attempt, whichever API is used (codepay-v2.ts,
 * codepay-v3.ts). A code is good for one call: any unclear answer is followed by a query and then a
 * reversal. A reversal always queries first, because its own answer does not say whether money had
 * moved, and neither does the query of a revoked order.
 */

import type { AttemptOrder, AttemptReference, LegOrder } from '../../core/wallet/order.ts';
import type {
  CloseOutcome,
  LegReport,
  QueryOutcome,
  StartOutcome,
} from '../../core/wallet/report.ts';
import { must } from '../../kernel/assert.ts';
import type { Result } from '../../kernel/result.ts';
import type { WalletError } from '../../kernel/wallet-names.ts';
import { isPaymentCode } from '../../wires/wechatpay/trade.ts';
import { notSent } from '../answers.ts';
import { reversalRefusalOf } from './statuses.ts';

/** WeChat Pay's limit on what is bought, in either API. */
export const CODEPAY_TEXT_CHARS_MAX = 127;
/** The calling device's address, if the order has none of the counter's. */
export const NO_ADDRESS = '127.0.0.1';

export interface CodepayApi {
  readonly start: (order: AttemptOrder, authCode: string) => Promise<StartOutcome>;
  /** An error is an answer that says nothing about the order. */
  readonly query: (attempt: AttemptReference) => Promise<Result<LegReport, WalletError | null>>;
  readonly reverse: (attempt: AttemptReference) => Promise<Result<'done', ReversalFailure>>;
}

/** `lost`: whether it was reversed is unknown, and the same call may be repeated. */
export type ReversalFailure =
  | { readonly kind: 'refused'; readonly walletError: WalletError }
  | { readonly kind: 'lost'; readonly walletError: WalletError | null };

/** `null`: the account has credentials for no API that accepts payment codes. */
export async function startCodepay(
  api: CodepayApi | null,
  order: AttemptOrder,
): Promise<StartOutcome> {
  if (api === null) {
    const message = 'codepay needs apiV2Key in the wallet configuration';
    return notSent('wechatpay', 'payment_code_missing', message);
  }
  const { authCode } = order.payer;
  if (authCode === undefined || !isPaymentCode(authCode)) {
    const code = authCode === undefined ? 'payer_missing' : 'auth_code_invalid';
    const message = 'codepay needs auth_code, the 18 digits of the payment code';
    return notSent('wechatpay', code, message);
  }
  return api.start(order, authCode);
}

export async function queryCodepay(
  api: CodepayApi | null,
  attempt: AttemptReference,
): Promise<QueryOutcome> {
  if (api === null) return { outcome: 'unknown', walletError: null };
  const asked = await api.query(attempt);
  if (!asked.ok) return { outcome: 'unknown', walletError: asked.error };
  return { outcome: 'answered', legs: [asked.value] };
}

/** 撤销: ends an unpaid order; refunds a paid one, and the query before it says how much. */
export async function reverseCodepay(
  api: CodepayApi | null,
  attempt: AttemptReference,
): Promise<CloseOutcome> {
  if (api === null) return { outcome: 'unknown', walletError: null };
  const asked = await api.query(attempt);
  if (!asked.ok) return { outcome: 'unknown', walletError: asked.error };
  const before = asked.value;
  if (before.status === 'unknown') return { outcome: 'unknown', walletError: null };
  if (before.status === 'not_found') return { outcome: 'not_found' };
  if (before.status === 'closed') return endedByReversal(before);
  const reversal = await api.reverse(attempt);
  if (reversal.ok)
    return before.status === 'succeeded' ? endedByReversal(before) : endedUnseen(api, attempt);
  const { kind, walletError } = reversal.error;
  const refusal = kind === 'refused' ? reversalRefusalOf(walletError.code) : 'unknown';
  if (refusal === 'not_found') return { outcome: refusal };
  // Paid for good: an ordinary refund returns the money.
  if (refusal === 'too_late' && before.status === 'succeeded') return { outcome: 'paid' };
  return { outcome: 'unknown', walletError };
}

/**
 * Not paid when queried: the buyer may have confirmed between that and the reversal. The revoked
 * order is queried once; if it has no figures, the bill will say whether it was paid.
 */
async function endedUnseen(api: CodepayApi, attempt: AttemptReference): Promise<CloseOutcome> {
  const asked = await api.query(attempt);
  if (asked.ok && asked.value.isReversed === true) return endedByReversal(asked.value);
  // Paid, and its reversal does not show yet. Nothing is concluded: it is polled again.
  if (asked.ok && asked.value.status === 'succeeded')
    return { outcome: 'unknown', walletError: null };
  return { outcome: 'closed', isUnseen: true };
}

/**
 * Also for an order that was revoked before this query, perhaps by a call whose answer was lost.
 */
function endedByReversal(before: LegReport): CloseOutcome {
  if (before.isReversed === true) return { outcome: 'reversed', legs: [before] };
  if (before.isUnseen === true) return { outcome: 'closed', isUnseen: true };
  if (before.status !== 'succeeded') return { outcome: 'closed' };
  return { outcome: 'reversed', legs: [{ ...before, status: 'closed', isReversed: true }] };
}

/** A payment code pays one order of one merchant. */
export function codeLegOf(attempt: AttemptReference): LegOrder {
  return must(attempt.legs[0], 'the leg of a payment code');
}
