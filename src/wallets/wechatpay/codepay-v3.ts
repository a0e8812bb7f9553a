/**
 * Payment codes by v3 (codepay, query, reverse), where the configuration says that WeChat Pay has
 * opened them: `codepayApi` v3. The manner is that of APIv2 (codepay.ts): a code is worth one call,
 * and a reversal looks first, because a revoked order tells no figures any more.
 */
import { present } from '../../core/assert.ts';
import { fenToJson } from '../../core/money.ts';
import {
  type AttemptOrder,
  type AttemptReference,
  type CloseOutcome,
  type LegReport,
  type QueryOutcome,
  type StartOutcome,
  silentReport,
} from '../wallet.ts';
import type { Client } from './client.ts';
import { endedByReversal } from './codepay.ts';
import type { WechatpayConfig } from './config.ts';
import { codeRefusalOf, queryRefusalOf } from './status.ts';
import { plainText, queryTarget, readOrders } from './transform.ts';
import { reverseRefusalOf } from './v2-transform.ts';
import { type JsonRecord, textOf } from './wire/json.ts';
import { isPaymentCode } from './wire/payment-code.ts';
import { PATHS } from './wire/trade.ts';

const DESCRIPTION_CHARS_MAX = 127;
/** The machine that calls, where the order names no address of the counter's. */
const NO_ADDRESS = '127.0.0.1';

export interface CodepayV3Account {
  readonly config: WechatpayConfig;
  readonly client: Client;
}

export async function startCodepayV3(
  account: CodepayV3Account,
  order: AttemptOrder,
): Promise<StartOutcome> {
  const { authCode } = order.payer;
  if (authCode === undefined || !isPaymentCode(authCode)) {
    const message = 'codepay needs auth_code, the 18 digits of the payment code';
    const said = { wallet: 'wechatpay', code: 'AUTH_CODE_INVALID', message } as const;
    return { outcome: 'failed', walletError: { ...said, requestId: null } };
  }
  const target = `${PATHS.partner}/codepay`;
  const body = orderBody(account.config, order, authCode);
  const answer = await account.client.call({ method: 'POST', target, body });
  if (!answer.ok) {
    const { error } = answer;
    const { walletError } = error;
    if (error.kind === 'lost') return { outcome: 'unknown', walletError };
    return { outcome: codeRefusalOf(error.status, walletError.code), walletError };
  }
  const report = readCode(account.config, order, answer.value.body);
  switch (report?.status) {
    case 'succeeded':
      return { outcome: 'succeeded', legs: [report] };
    case 'pending':
      return { outcome: 'pending', nextAction: null };
    default:
      // Also PAYERROR: the query that follows says so, and what it says is final.
      return { outcome: 'unknown', walletError: null };
  }
}

function orderBody(config: WechatpayConfig, order: AttemptOrder, authCode: string): JsonRecord {
  const leg = onlyLeg(order);
  return {
    sp_appid: config.appid,
    sp_mchid: config.mchid,
    sub_mchid: leg.walletMerchant,
    description: plainText(leg.description, leg.orderNo, DESCRIPTION_CHARS_MAX),
    out_trade_no: leg.orderNo,
    payer: { auth_code: authCode },
    amount: { total: fenToJson(leg.amountFen), currency: 'CNY' },
    scene_info: { store_info: { id: leg.walletMerchant }, device_ip: order.payerIp ?? NO_ADDRESS },
    settle_info: { profit_sharing: true },
  };
}

/** The order that was asked, as the answer tells it; undefined = it tells of something else. */
function readCode(
  config: WechatpayConfig,
  attempt: AttemptReference,
  body: JsonRecord,
): LegReport | undefined {
  const orders = readOrders(body, config);
  const [report] = orders?.legs ?? [];
  if (report === undefined || report.orderNo !== onlyLeg(attempt).orderNo) return undefined;
  // The code is spent, so a failed payment can not be tried again.
  return textOf(body, 'trade_state') === 'PAYERROR' ? { ...report, status: 'failed' } : report;
}

export async function queryCodepayV3(
  account: CodepayV3Account,
  attempt: AttemptReference,
): Promise<QueryOutcome> {
  const target = queryTarget(attempt, account.config);
  const answer = await account.client.call({ method: 'GET', target });
  if (answer.ok) {
    const report = readCode(account.config, attempt, answer.value.body);
    if (report === undefined) return { outcome: 'unknown', walletError: null };
    return { outcome: 'answered', legs: [report] };
  }
  const { error } = answer;
  const isNone =
    error.kind === 'refused' &&
    queryRefusalOf(error.status, error.walletError.code) === 'not_found';
  if (!isNone) return { outcome: 'unknown', walletError: error.walletError };
  return { outcome: 'answered', legs: [silentReport(onlyLeg(attempt).orderNo, 'not_found')] };
}

export async function reverseCodepayV3(
  account: CodepayV3Account,
  attempt: AttemptReference,
): Promise<CloseOutcome> {
  const asked = await queryCodepayV3(account, attempt);
  if (asked.outcome === 'unknown') return asked;
  const before = present(asked.legs[0], 'the report of the one leg');
  if (before.status === 'unknown') return { outcome: 'unknown', walletError: null };
  if (before.status === 'not_found') return { outcome: 'not_found' };
  if (before.status === 'closed') return endedByReversal(before);
  const { config, client } = account;
  const { orderNo, walletMerchant } = onlyLeg(attempt);
  const target = `${PATHS.partner}/out-trade-no/${encodeURIComponent(orderNo)}/reverse`;
  const body = { sp_appid: config.appid, sp_mchid: config.mchid, sub_mchid: walletMerchant };
  const answer = await client.call({ method: 'POST', target, body });
  if (!answer.ok) {
    const { kind, walletError } = answer.error;
    const refusal = kind === 'refused' ? reverseRefusalOf(walletError.code) : 'unknown';
    if (refusal === 'not_found') return { outcome: refusal };
    // Paid for good: an ordinary refund gives it back.
    if (refusal === 'too_late' && before.status === 'succeeded') return { outcome: 'paid' };
    return { outcome: 'unknown', walletError };
  }
  const isThis =
    answer.value.status === 200 && textOf(answer.value.body, 'out_trade_no') === orderNo;
  return isThis ? endedByReversal(before) : { outcome: 'unknown', walletError: null };
}

function onlyLeg(attempt: AttemptReference) {
  return present(attempt.legs[0], 'the leg of a payment code');
}
