/**
 * WeChat Pay v3 in e-commerce partner mode behind the wallet port. One merchant is paid by a
 * partner order, several by one combined order; refunds go through the e-commerce family, and
 * payment codes go their own way (codepay.ts). It keeps no state but keys: whatever is not a
 * verified answer about the order that was asked is `unknown`.
 */
import { ok } from '../../kernel/result.ts';
import type { NextAction } from '../../kernel/wallet-names.ts';
import { invocationMessage } from '../../wires/wechatpay/canonical.ts';
import { signSha256 } from '../../wires/wechatpay/signature.ts';
import {
  type AttemptOrder,
  type AttemptReference,
  type CloseOutcome,
  type QueryOutcome,
  type RefundOrder,
  type RefundReport,
  type StartOutcome,
  silentReport,
  type Wallet,
  type WalletModule,
  type WalletSeams,
} from '../wallet.ts';
import {
  closeCall,
  queryTarget,
  readOrders,
  readPrepay,
  readRefundAnswer,
  readRefundApplied,
  refundCall,
  refundQueryTarget,
  startCall,
} from './answer.ts';
import { capabilities } from './capabilities.ts';
import { type CallFailure, type Client, openClient } from './client.ts';
import { type CodepayApi, queryCodepay, reverseCodepay, startCodepay } from './codepay.ts';
import { codepayV2 } from './codepay-v2.ts';
import { codepayV3 } from './codepay-v3.ts';
import {
  credentialsSchema,
  identityOf,
  isLivemode,
  openConfig,
  type WechatpayConfig,
} from './config.ts';
import { acknowledge, NOTIFICATION_BYTES_MAX, parseNotification, refuse } from './notify.ts';
import { exchangePayerCode, payerAuthorizeUrl } from './payer.ts';
import {
  closeRefusalOf,
  queryRefusalOf,
  refundQueryRefusalOf,
  refundRefusalOf,
  startRefusalOf,
} from './statuses.ts';

interface Account {
  readonly config: WechatpayConfig;
  readonly client: Client;
  readonly seams: WalletSeams;
  /** null = no API's papers for payment codes. */
  readonly codepay: CodepayApi | null;
}

export const wechatpay: WalletModule = Object.freeze({
  name: 'wechatpay',
  capabilities,
  notificationBytesMax: NOTIFICATION_BYTES_MAX,
  configSchema: credentialsSchema,
  identityOf,
  isLivemode,
  open: (credentials: unknown, seams: WalletSeams): ReturnType<WalletModule['open']> => {
    const config = openConfig(credentials, seams.wall.nowMs());
    if (!config.ok) return config;
    const client = openClient(config.value, seams);
    const codepay = openCodepay(config.value, client, seams);
    return ok(openWallet({ config: config.value, client, seams, codepay }));
  },
} satisfies WalletModule);

function openWallet(account: Account): Wallet {
  const { config, client, seams } = account;
  const receiver = { config, keyring: client.keyring, wall: seams.wall };
  return Object.freeze({
    hasCartContract: true,
    startAttempt: (order) => startAttempt(account, order),
    queryAttempt: (attempt) => queryAttempt(account, attempt),
    closeAttempt: (attempt) => closeAttempt(account, attempt),
    refund: (refund) => applyRefund(account, refund),
    queryRefund: (refund) => queryRefund(account, refund),
    parseNotification: (request, gate) => parseNotification(request, receiver, gate),
    acknowledge,
    refuse,
    payerDoor: {
      authorizeUrl: (request) => payerAuthorizeUrl(config, request),
      exchangeCode: (code) => exchangePayerCode(config, seams.http, code),
    },
  } satisfies Wallet);
}

/** An attempt ends by the API that its account is configured with. */
function openCodepay(
  config: WechatpayConfig,
  client: Client,
  seams: WalletSeams,
): CodepayApi | null {
  if (config.codepayApi === 'v3') return codepayV3({ config, client });
  const { apiV2 } = config;
  return apiV2 === null ? null : codepayV2({ config, apiV2, seams });
}

async function startAttempt(account: Account, order: AttemptOrder): Promise<StartOutcome> {
  if (order.product === 'codepay') return startCodepay(account.codepay, order);
  const request = startCall(order, account.config);
  if (!request.ok) return { outcome: 'failed', walletError: request.error };
  const answer = await account.client.call({ method: 'POST', ...request.value });
  if (!answer.ok) {
    const failure = answer.error;
    const outcome = refusedAs(failure, startRefusalOf, 'unknown');
    return { outcome, walletError: failure.walletError };
  }
  const prepay = readPrepay(order, answer.value.body);
  if (prepay === undefined) return { outcome: 'unknown', walletError: null };
  if (prepay.kind === 'action') return { outcome: 'pending', nextAction: prepay.nextAction };
  const nextAction = await invocation(account, order, prepay.prepayId);
  return { outcome: 'pending', nextAction };
}

/** The parameters that open the payment sheet, signed with the merchant's key. */
async function invocation(
  account: Account,
  order: AttemptOrder,
  prepayId: string,
): Promise<NextAction> {
  const { config, seams } = account;
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

async function queryAttempt(account: Account, attempt: AttemptReference): Promise<QueryOutcome> {
  if (attempt.product === 'codepay') return queryCodepay(account.codepay, attempt);
  const target = queryTarget(attempt, account.config);
  const answer = await account.client.call({ method: 'GET', target });
  if (!answer.ok) {
    const { walletError } = answer.error;
    if (refusedAs(answer.error, queryRefusalOf, 'unknown') === 'unknown') {
      return { outcome: 'unknown', walletError };
    }
    return {
      outcome: 'answered',
      legs: attempt.legs.map((leg) => silentReport(leg.orderNo, 'not_found')),
    };
  }
  const orders = readOrders(answer.value.body, account.config);
  const asked = attempt.combineOrderNo ?? attempt.legs[0]?.orderNo;
  const isAsked = new Set(attempt.legs.map((leg) => leg.orderNo));
  const isThis = orders?.orderNo === asked && orders?.legs.every((leg) => isAsked.has(leg.orderNo));
  // An answer about something else says nothing of what was asked.
  if (orders === undefined || isThis !== true) return { outcome: 'unknown', walletError: null };
  const reports = new Map(orders.legs.map((leg) => [leg.orderNo, leg]));
  const legs = attempt.legs.map(
    (leg) => reports.get(leg.orderNo) ?? silentReport(leg.orderNo, 'unknown'),
  );
  return { outcome: 'answered', legs };
}

async function closeAttempt(account: Account, attempt: AttemptReference): Promise<CloseOutcome> {
  if (attempt.product === 'codepay') return reverseCodepay(account.codepay, attempt);
  const request = closeCall(attempt, account.config);
  const answer = await account.client.call({ method: 'POST', ...request });
  if (answer.ok) {
    // 202 is "ask again with the same parameters".
    if (answer.value.status === 202) return { outcome: 'unknown', walletError: null };
    return { outcome: 'closed' };
  }
  const outcome = refusedAs(answer.error, closeRefusalOf, 'unknown');
  if (outcome !== 'unknown') return { outcome };
  return { outcome, walletError: answer.error.walletError };
}

async function applyRefund(account: Account, refund: RefundOrder): Promise<RefundReport> {
  const request = refundCall(refund, account.config);
  const answer = await account.client.call({ method: 'POST', ...request });
  if (answer.ok) return readRefundApplied(refund, answer.value.body);
  return refusedRefund(refusedAs(answer.error, refundRefusalOf, 'unknown'), answer.error);
}

async function queryRefund(account: Account, refund: RefundOrder): Promise<RefundReport> {
  const answer = await account.client.call({ method: 'GET', target: refundQueryTarget(refund) });
  if (answer.ok) return readRefundAnswer(refund, answer.value.body);
  return refusedRefund(refusedAs(answer.error, refundQueryRefusalOf, 'unknown'), answer.error);
}

function refusedRefund(status: RefundReport['status'], failure: CallFailure): RefundReport {
  return { status, walletRefundId: null, amountFen: null, walletError: failure.walletError };
}

/** The meaning of a refusal in one call's table; an answer that was lost has none. */
function refusedAs<T>(
  failure: CallFailure,
  meaningOf: (status: number, code: string) => T,
  otherwise: T,
): T {
  return failure.kind === 'refused'
    ? meaningOf(failure.status, failure.walletError.code)
    : otherwise;
}
