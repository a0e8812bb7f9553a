/**
 * WeChat Pay v3 in e-commerce partner mode behind the wallet interface. One merchant is paid by a
 * partner order, several by one combined order; refunds use the e-commerce family, and payment
 * codes have an API of their own (codepay.ts). Stateless but for its keys: whatever is not a
 * verified answer about the requested order is `unknown`.
 */

import type { AttemptOrder, AttemptReference, RefundOrder } from '../../core/wallet/order.ts';
import {
  type CloseOutcome,
  type QueryOutcome,
  type RefundReport,
  type StartOutcome,
  silentRefund,
  silentReport,
} from '../../core/wallet/report.ts';
import type { NextAction } from '../../kernel/wallet-names.ts';
import { invocationMessage } from '../../wires/wechatpay/canonical.ts';
import {
  wechatpayCredentialsSchema,
  wechatpayMerchantSchema,
} from '../../wires/wechatpay/credentials.ts';
import { signSha256 } from '../../wires/wechatpay/signature.ts';

import { defineWallet, type Wallet, type WalletSeams } from '../wallet.ts';
import { readOrders, readPrepay, readRefundAnswer, readRefundApplied } from './answer.ts';
import { capabilities } from './capabilities.ts';
import { type Client, openClient, refusedAs } from './client.ts';
import { type CodepayApi, queryCodepay, reverseCodepay, startCodepay } from './codepay.ts';
import { codepayV2 } from './codepay-v2.ts';
import { codepayV3 } from './codepay-v3.ts';
import {
  identityOf,
  LIVE_ENDPOINTS,
  openConfig,
  reviewConfig,
  type WechatpayConfig,
} from './config.ts';
import { acknowledge, NOTIFICATION_BYTES_MAX, parseNotification, refuse } from './notify.ts';
import { exchangePayerCode, payerAuthorizeUrl } from './payer.ts';
import { closeCall, queryTarget, refundCall, refundQueryTarget, startCall } from './request.ts';
import {
  closeRefusalOf,
  queryRefusalOf,
  refundQueryRefusalOf,
  refundRefusalOf,
  startRefusalOf,
} from './statuses.ts';

interface Context {
  readonly config: WechatpayConfig;
  readonly client: Client;
  readonly seams: WalletSeams;
  /** null = no credentials for payment codes. */
  readonly codepay: CodepayApi | null;
}

export const wechatpay = defineWallet({
  name: 'wechatpay',
  capabilities,
  notificationBytesMax: NOTIFICATION_BYTES_MAX,
  configSchema: wechatpayCredentialsSchema,
  openConfig: (credentials, seams) => openConfig(credentials, seams.wall.nowMs()),
  identityOf,
  merchantSchema: wechatpayMerchantSchema,
  endpointsOf: ({ endpoints }) => endpoints,
  liveEndpoints: LIVE_ENDPOINTS,
  review: reviewConfig,
  open: openWallet,
});

function openWallet(config: WechatpayConfig, seams: WalletSeams): Wallet {
  const client = openClient(config, seams);
  const context: Context = { config, client, seams, codepay: openCodepay(config, client, seams) };
  const receiver = { config, keys: client.keys, wall: seams.wall };
  return {
    hasCartContract: true,
    startAttempt: (order) => startAttempt(context, order),
    queryAttempt: (attempt) => queryAttempt(context, attempt),
    closeAttempt: (attempt) => closeAttempt(context, attempt),
    refund: (refund) => applyRefund(context, refund),
    queryRefund: (refund) => queryRefund(context, refund),
    parseNotification: (request, gate) => parseNotification(request, receiver, gate),
    acknowledge,
    refuse,
    payerAuthorization: {
      authorizeUrl: (request) => payerAuthorizeUrl(config, request),
      exchangeCode: (code) => exchangePayerCode(config, seams.http, code),
    },
  };
}

/** An attempt is ended through the API that its account is configured with. */
function openCodepay(
  config: WechatpayConfig,
  client: Client,
  seams: WalletSeams,
): CodepayApi | null {
  if (config.codepayApi === 'v3') return codepayV3({ config, client });
  const { apiV2 } = config;
  return apiV2 === null ? null : codepayV2({ config, apiV2, seams });
}

async function startAttempt(context: Context, order: AttemptOrder): Promise<StartOutcome> {
  if (order.product === 'codepay') return startCodepay(context.codepay, order);
  const request = startCall(order, context.config);
  if (!request.ok) return { outcome: 'failed', walletError: request.error };
  const answer = await context.client.call({ method: 'POST', ...request.value });
  if (!answer.ok) {
    const outcome = refusedAs(answer.error, startRefusalOf);
    return { outcome, walletError: answer.error.walletError };
  }
  const prepay = readPrepay(order, answer.value.body);
  if (prepay === undefined) return { outcome: 'unknown', walletError: null };
  if (prepay.kind === 'action') return { outcome: 'pending', nextAction: prepay.nextAction };
  const nextAction = await invocation(context, order, prepay.prepayId);
  return { outcome: 'pending', nextAction };
}

/** The parameters that open the payment sheet, signed with the merchant's key. */
async function invocation(
  context: Context,
  order: AttemptOrder,
  prepayId: string,
): Promise<NextAction> {
  const { config, seams } = context;
  const { appid, mchid, privateKey } = config;
  const timestamp = String(Math.floor(seams.wall.nowMs() / 1000));
  const nonce = seams.random.bytes(16).toString('hex').toUpperCase();
  const isApp = order.product === 'app';
  const prepay = isApp ? prepayId : `prepay_id=${prepayId}`;
  const message = invocationMessage({ appid, timestamp, nonce, prepay });
  const paySign = await signSha256(privateKey, message);
  if (isApp) {
    const ids = { appid, partnerid: mchid, prepayid: prepayId, package: 'Sign=WXPay' };
    return { type: 'invoke', params: { ...ids, noncestr: nonce, timestamp, sign: paySign } };
  }
  const signed = { timeStamp: timestamp, nonceStr: nonce, package: prepay, signType: 'RSA' };
  return { type: 'invoke', params: { appId: appid, ...signed, paySign } };
}

async function queryAttempt(context: Context, attempt: AttemptReference): Promise<QueryOutcome> {
  if (attempt.product === 'codepay') return queryCodepay(context.codepay, attempt);
  const target = queryTarget(attempt, context.config);
  const answer = await context.client.call({ method: 'GET', target });
  if (!answer.ok) {
    const { walletError } = answer.error;
    if (refusedAs(answer.error, queryRefusalOf) === 'unknown') {
      return { outcome: 'unknown', walletError };
    }
    return {
      outcome: 'answered',
      legs: attempt.legs.map((leg) => silentReport(leg.orderNo, 'not_found')),
    };
  }
  const orders = readOrders(answer.value.body, context.config);
  const asked = attempt.combineOrderNo ?? attempt.legs[0]?.orderNo;
  const isAsked = new Set(attempt.legs.map((leg) => leg.orderNo));
  const isThis = orders?.orderNo === asked && orders?.legs.every((leg) => isAsked.has(leg.orderNo));
  // An answer about another order says nothing about this one.
  if (orders === undefined || isThis !== true) return { outcome: 'unknown', walletError: null };
  const reports = new Map(orders.legs.map((leg) => [leg.orderNo, leg]));
  const legs = attempt.legs.map(
    (leg) => reports.get(leg.orderNo) ?? silentReport(leg.orderNo, 'unknown'),
  );
  return { outcome: 'answered', legs };
}

async function closeAttempt(context: Context, attempt: AttemptReference): Promise<CloseOutcome> {
  if (attempt.product === 'codepay') return reverseCodepay(context.codepay, attempt);
  const request = closeCall(attempt, context.config);
  const answer = await context.client.call({ method: 'POST', ...request });
  if (answer.ok) {
    // 202 means "repeat with the same parameters".
    if (answer.value.status === 202) return { outcome: 'unknown', walletError: null };
    return { outcome: 'closed' };
  }
  const outcome = refusedAs(answer.error, closeRefusalOf);
  if (outcome !== 'unknown') return { outcome };
  return { outcome, walletError: answer.error.walletError };
}

async function applyRefund(context: Context, refund: RefundOrder): Promise<RefundReport> {
  const request = refundCall(refund, context.config);
  const answer = await context.client.call({ method: 'POST', ...request });
  if (answer.ok) return readRefundApplied(refund, answer.value.body);
  const status = refusedAs(answer.error, refundRefusalOf);
  return silentRefund(status, answer.error.walletError);
}

async function queryRefund(context: Context, refund: RefundOrder): Promise<RefundReport> {
  const answer = await context.client.call({ method: 'GET', target: refundQueryTarget(refund) });
  if (answer.ok) return readRefundAnswer(refund, answer.value.body);
  const status = refusedAs(answer.error, refundQueryRefusalOf);
  return silentRefund(status, answer.error.walletError);
}
