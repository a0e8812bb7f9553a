/**
 * Payment codes (付款码) by APIv2: micropay, orderquery, reverse. A code is worth one call: what is
 * not a clear answer is queried and then reversed. A reversal always looks first, because it alone
 * does not say whether money had moved, and a revoked order's query no longer says it either.
 */
import { present } from '../../core/assert.ts';
import { fenToJson } from '../../core/money.ts';
import {
  type AttemptOrder,
  type AttemptReference,
  type CloseOutcome,
  type LegOrder,
  type LegReport,
  type QueryOutcome,
  type StartOutcome,
  silentReport,
  type WalletSeams,
} from '../wallet.ts';
import type { ApiV2, WechatpayConfig } from './config.ts';
import { plainText } from './transform.ts';
import { callV2, type V2Call } from './v2-client.ts';
import {
  isNotFoundV2,
  readMicropay,
  readOrderQuery,
  reverseRefusalOf,
  startRefusalOfV2,
} from './v2-transform.ts';
import { isPaymentCode } from './wire/payment-code.ts';
import { compactTime } from './wire/time.ts';
import { V2_PATHS } from './wire/trade.ts';

const BODY_CHARS_MAX = 127;
/** The machine that calls, where the order names no address of the counter's. */
const NO_ADDRESS = '127.0.0.1';

export interface CodepayAccount {
  readonly config: WechatpayConfig;
  readonly seams: WalletSeams;
}

export async function startCodepay(
  account: CodepayAccount,
  order: AttemptOrder,
): Promise<StartOutcome> {
  const { authCode } = order.payer;
  const { apiV2 } = account.config;
  if (apiV2 === null) {
    return refusedHere('APIV2_KEY_MISSING', 'codepay needs apiV2Key in the wallet configuration');
  }
  if (authCode === undefined || !isPaymentCode(authCode)) {
    return refusedHere(
      'AUTH_CODE_INVALID',
      'codepay needs auth_code, the 18 digits of the payment code',
    );
  }
  const leg = onlyLeg(order);
  const called = await call(account, apiV2, V2_PATHS.micropay, leg, {
    body: plainText(leg.description, leg.orderNo, BODY_CHARS_MAX),
    total_fee: String(fenToJson(leg.amountFen)),
    fee_type: 'CNY',
    spbill_create_ip: order.payerIp ?? NO_ADDRESS,
    time_expire: compactTime(order.expiresAtMs),
    profit_sharing: 'Y',
    auth_code: authCode,
  });
  if (called.kind === 'lost') return { outcome: 'unknown', walletError: called.walletError };
  if (called.kind === 'answered') {
    const report = readMicropay(leg, called.fields);
    if (report === undefined) return { outcome: 'unknown', walletError: null };
    return { outcome: 'succeeded', legs: [report] };
  }
  const outcome = startRefusalOfV2(called.walletError.code);
  if (outcome === 'pending') return { outcome, nextAction: null };
  return { outcome, walletError: called.walletError };
}

export async function queryCodepay(
  account: CodepayAccount,
  attempt: AttemptReference,
): Promise<QueryOutcome> {
  const { apiV2 } = account.config;
  if (apiV2 === null) return { outcome: 'unknown', walletError: null };
  return ask(account, apiV2, onlyLeg(attempt));
}

async function ask(account: CodepayAccount, apiV2: ApiV2, leg: LegOrder): Promise<QueryOutcome> {
  const called = await call(account, apiV2, V2_PATHS.orderQuery, leg, {});
  if (called.kind === 'answered') {
    return { outcome: 'answered', legs: [readOrderQuery(leg, called.fields)] };
  }
  const { walletError } = called;
  const isNone = called.kind === 'refused' && isNotFoundV2(walletError.code);
  if (!isNone) return { outcome: 'unknown', walletError };
  return { outcome: 'answered', legs: [silentReport(leg.orderNo, 'not_found')] };
}

/** 撤销: an unpaid order ends; a paid one gives the money back, and the look before says how much. */
export async function reverseCodepay(
  account: CodepayAccount,
  attempt: AttemptReference,
): Promise<CloseOutcome> {
  const { apiV2 } = account.config;
  if (apiV2 === null) return { outcome: 'unknown', walletError: null };
  const leg = onlyLeg(attempt);
  const asked = await ask(account, apiV2, leg);
  if (asked.outcome === 'unknown') return asked;
  const before = present(asked.legs[0], 'the report of the one leg');
  if (before.status === 'unknown') return { outcome: 'unknown', walletError: null };
  if (before.status === 'not_found') return { outcome: 'not_found' };
  if (before.status === 'closed') return endedByReversal(before);
  const called = await call(account, apiV2, V2_PATHS.reverse, leg, {}, true);
  if (called.kind === 'lost') return { outcome: 'unknown', walletError: called.walletError };
  // Y: nothing is done yet, the same call must come again.
  if (called.fields.get('recall') === 'Y') {
    const walletError = called.kind === 'refused' ? called.walletError : null;
    return { outcome: 'unknown', walletError };
  }
  if (called.kind === 'answered') return endedByReversal(before);
  const refusal = reverseRefusalOf(called.walletError.code);
  if (refusal === 'not_found') return { outcome: refusal };
  // Paid for good: an ordinary refund gives it back.
  if (refusal === 'too_late' && before.status === 'succeeded') return { outcome: 'paid' };
  return { outcome: 'unknown', walletError: called.walletError };
}

export function endedByReversal(before: LegReport): CloseOutcome {
  if (before.isReversed === true) return { outcome: 'reversed', legs: [before] };
  if (before.status !== 'succeeded') return { outcome: 'closed' };
  return { outcome: 'reversed', legs: [{ ...before, status: 'closed', isReversed: true }] };
}

function call(
  account: CodepayAccount,
  apiV2: ApiV2,
  path: V2Call['path'],
  leg: LegOrder,
  fields: V2Call['fields'],
  hasClientCertificate = false,
) {
  const { orderNo, walletMerchant: subMchid } = leg;
  const request = { path, orderNo, subMchid, fields, hasClientCertificate };
  return callV2(account.config, apiV2, account.seams, request);
}

function onlyLeg(attempt: AttemptReference): LegOrder {
  return present(attempt.legs[0], 'the leg of a payment code');
}

function refusedHere(code: string, message: string): StartOutcome {
  const walletError = { wallet: 'wechatpay', code, message, requestId: null } as const;
  return { outcome: 'failed', walletError };
}
