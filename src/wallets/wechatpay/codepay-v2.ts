/**
 * Payment codes by APIv2: micropay, orderquery, reverse. codepay.ts explains the calls; this file
 * has APIv2's messages.
 */

import type { AttemptOrder, LegOrder } from '../../core/wallet/order.ts';
import { type StartOutcome, silentReport } from '../../core/wallet/report.ts';
import { fenToJson } from '../../kernel/money.ts';
import { err, ok } from '../../kernel/result.ts';
import { compactTime } from '../../wires/beijing-time.ts';
import { V2_PATHS } from '../../wires/wechatpay/trade.ts';
import type { WalletSeams } from '../wallet.ts';
import { isNotFoundV2, readMicropay, readOrderQuery, startRefusalOfV2 } from './answer-v2.ts';
import { callV2, type V2Call, type V2Called } from './client-v2.ts';
import { CODEPAY_TEXT_CHARS_MAX, type CodepayApi, codeLegOf, NO_ADDRESS } from './codepay.ts';
import type { ApiV2, WechatpayConfig } from './config.ts';
import { plainText } from './request.ts';

interface Context {
  readonly config: WechatpayConfig;
  readonly apiV2: ApiV2;
  readonly seams: WalletSeams;
}

export function codepayV2(context: Context): CodepayApi {
  return {
    start: (order, authCode) => micropay(context, order, authCode),
    query: (attempt) => orderQuery(context, codeLegOf(attempt)),
    reverse: (attempt) => reverse(context, codeLegOf(attempt)),
  };
}

async function micropay(
  context: Context,
  order: AttemptOrder,
  authCode: string,
): Promise<StartOutcome> {
  const leg = codeLegOf(order);
  const called = await call(context, leg, V2_PATHS.micropay, {
    body: plainText(leg.description, leg.orderNo, CODEPAY_TEXT_CHARS_MAX),
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

async function orderQuery(context: Context, leg: LegOrder): ReturnType<CodepayApi['query']> {
  const called = await call(context, leg, V2_PATHS.orderQuery, {});
  if (called.kind === 'answered') return ok(readOrderQuery(leg, called.fields));
  const { walletError } = called;
  const isNone = called.kind === 'refused' && isNotFoundV2(walletError.code);
  return isNone ? ok(silentReport(leg.orderNo, 'not_found')) : err(walletError);
}

async function reverse(context: Context, leg: LegOrder): ReturnType<CodepayApi['reverse']> {
  const called = await call(context, leg, V2_PATHS.reverse, {});
  if (called.kind === 'lost') return err(called);
  // Y: nothing is done yet, the same call must be repeated.
  if (called.fields.get('recall') === 'Y') {
    return err({
      kind: 'lost',
      walletError: called.kind === 'refused' ? called.walletError : null,
    });
  }
  return called.kind === 'answered' ? ok('done') : err(called);
}

function call(
  { config, apiV2, seams }: Context,
  leg: LegOrder,
  path: V2Call['path'],
  fields: V2Call['fields'],
): Promise<V2Called> {
  return callV2(config, apiV2, seams, {
    path,
    orderNo: leg.orderNo,
    subMchid: leg.walletMerchant,
    fields,
    hasClientCertificate: path === V2_PATHS.reverse,
  });
}
