/**
 * Payment codes by v3 (codepay, query, reverse), if the configuration says that WeChat Pay has
 * opened them: `codepayApi` v3. codepay.ts explains the calls; this file has v3's messages.
 */

import type { AttemptOrder, AttemptReference } from '../../core/wallet/order.ts';
import { type LegReport, type StartOutcome, silentReport } from '../../core/wallet/report.ts';
import { fenToJson } from '../../kernel/money.ts';
import { err, ok } from '../../kernel/result.ts';
import { type JsonRecord, textOf } from '../../wires/wechatpay/json.ts';
import { PATHS } from '../../wires/wechatpay/trade.ts';
import { readOrders } from './answer.ts';
import { revokedReport } from './answer-v2.ts';
import { type Client, refusedAs } from './client.ts';
import { CODEPAY_TEXT_CHARS_MAX, type CodepayApi, codeLegOf, NO_ADDRESS } from './codepay.ts';
import type { WechatpayConfig } from './config.ts';
import { plainText, queryTarget } from './request.ts';
import { codeRefusalOf, queryRefusalOf } from './statuses.ts';

interface Context {
  readonly config: WechatpayConfig;
  readonly client: Client;
}

export function codepayV3(context: Context): CodepayApi {
  return {
    start: (order, authCode) => payByCode(context, order, authCode),
    query: (attempt) => queryOrder(context, attempt),
    reverse: (attempt) => reverse(context, attempt),
  };
}

async function payByCode(
  { config, client }: Context,
  order: AttemptOrder,
  authCode: string,
): Promise<StartOutcome> {
  const target = `${PATHS.partner}/codepay`;
  const body = orderBody(config, order, authCode);
  const answer = await client.call({ method: 'POST', target, body });
  if (!answer.ok) {
    const outcome = refusedAs(answer.error, codeRefusalOf);
    return { outcome, walletError: answer.error.walletError };
  }
  const report = readCode(config, order, answer.value.body);
  switch (report?.status) {
    case 'succeeded':
      return { outcome: 'succeeded', legs: [report] };
    case 'pending':
      return { outcome: 'pending', nextAction: null };
    default:
      // Also PAYERROR: the following query reports it, and its result is final.
      return { outcome: 'unknown', walletError: null };
  }
}

function orderBody(config: WechatpayConfig, order: AttemptOrder, authCode: string): JsonRecord {
  const leg = codeLegOf(order);
  return {
    sp_appid: config.appid,
    sp_mchid: config.mchid,
    sub_mchid: leg.walletMerchant,
    description: plainText(leg.description, leg.orderNo, CODEPAY_TEXT_CHARS_MAX),
    out_trade_no: leg.orderNo,
    payer: { auth_code: authCode },
    amount: { total: fenToJson(leg.amountFen), currency: 'CNY' },
    scene_info: { store_info: { id: leg.walletMerchant }, device_ip: order.payerIp ?? NO_ADDRESS },
    settle_info: { profit_sharing: true },
  };
}

/** The requested order as the answer reports it; undefined = the answer is about another one. */
function readCode(
  config: WechatpayConfig,
  attempt: AttemptReference,
  body: JsonRecord,
): LegReport | undefined {
  const orders = readOrders(body, config);
  const [report] = orders?.legs ?? [];
  if (report === undefined || report.orderNo !== codeLegOf(attempt).orderNo) return undefined;
  const tradeState = textOf(body, 'trade_state');
  if (tradeState === 'REVOKED') return revokedReport(report);
  // The code is used up, so a failed payment cannot be tried again.
  return tradeState === 'PAYERROR' ? { ...report, status: 'failed' } : report;
}

async function queryOrder(
  { config, client }: Context,
  attempt: AttemptReference,
): ReturnType<CodepayApi['query']> {
  const answer = await client.call({ method: 'GET', target: queryTarget(attempt, config) });
  if (answer.ok) {
    const report = readCode(config, attempt, answer.value.body);
    return report === undefined ? err(null) : ok(report);
  }
  const status = refusedAs(answer.error, queryRefusalOf);
  return status === 'not_found'
    ? ok(silentReport(codeLegOf(attempt).orderNo, status))
    : err(answer.error.walletError);
}

async function reverse(
  { config, client }: Context,
  attempt: AttemptReference,
): ReturnType<CodepayApi['reverse']> {
  const { orderNo, walletMerchant } = codeLegOf(attempt);
  const target = `${PATHS.partner}/out-trade-no/${encodeURIComponent(orderNo)}/reverse`;
  const body = { sp_appid: config.appid, sp_mchid: config.mchid, sub_mchid: walletMerchant };
  const answer = await client.call({ method: 'POST', target, body });
  if (!answer.ok) return answer;
  const { status, body: said } = answer.value;
  const isThis = status === 200 && textOf(said, 'out_trade_no') === orderNo;
  return isThis ? ok('done') : err({ kind: 'lost', walletError: null });
}
