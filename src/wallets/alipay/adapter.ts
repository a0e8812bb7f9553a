/**
 * Alipay behind the wallet interface. Page, wap and app payments are only signed here and submitted
 * by the buyer; precreate, create and merge.precreate are calls. Stateless but for the keys it was
 * opened with, and free of decisions: answer.ts and statuses.ts define what an answer means.
 */

import type {
  AttemptOrder,
  AttemptReference,
  LegOrder,
  RefundOrder,
} from '../../core/wallet/order.ts';
import type { CloseOutcome, QueryOutcome, StartOutcome } from '../../core/wallet/report.ts';
import type { NextAction } from '../../kernel/wallet-names.ts';
import { alipayCredentialsSchema, alipayMerchantSchema } from '../../wires/alipay/credentials.ts';
import { type JsonObject, textField } from '../../wires/alipay/json-text.ts';
import { encodeParameters } from '../../wires/alipay/parameters.ts';
import { FORM_BYTES_MAX } from '../../wires/keys/form-limits.ts';
import { notSent, onlyLeg, plainText, queryOutcome, refuseWithFail } from '../answers.ts';
import { defineWallet, type Wallet, type WalletSeams } from '../wallet.ts';
import {
  closeOutcome,
  queryReport,
  refundQueryReport,
  refundReport,
  startFailure,
  successFields,
  worstClose,
} from './answer.ts';
import { capabilities } from './capabilities.ts';
import { type ApiCall, type Client, openClient, splitParameters } from './client.ts';
import { reverseCode, startByCode } from './codepay.ts';
import {
  type AlipayConfig,
  identityOf,
  LIVE_ENDPOINTS,
  openConfig,
  reviewConfig,
  TEST_DOMAINS,
  TEST_ENDPOINTS,
} from './config.ts';
import { parseNotification } from './notify.ts';
import { exchangePayerCode, payerAuthorizeUrl } from './payer.ts';
import {
  isAlipayProduct,
  jsapiContent,
  mergeContent,
  refundContent,
  refundQueryContent,
  singleContent,
} from './request.ts';

interface Context {
  readonly config: AlipayConfig;
  readonly client: Client;
}

export const alipay = defineWallet({
  name: 'alipay',
  capabilities,
  notificationBytesMax: FORM_BYTES_MAX,
  configSchema: alipayCredentialsSchema,
  openConfig,
  identityOf,
  merchantSchema: alipayMerchantSchema,
  endpointsOf: ({ endpoints }) => endpoints,
  liveEndpoints: LIVE_ENDPOINTS,
  testEndpoints: TEST_ENDPOINTS,
  testDomains: TEST_DOMAINS,
  review: reviewConfig,
  open: openWallet,
});

function openWallet(config: AlipayConfig, seams: WalletSeams): Wallet {
  const client = openClient(config, seams);
  const context: Context = { config, client };
  return {
    hasCartContract: config.allOrNothingMerge,
    startAttempt: async (order) => startAttempt(context, order),
    queryAttempt: (attempt) => queryAttempt(client, attempt),
    closeAttempt: (attempt) => closeAttempt(client, attempt),
    refund: async (refund) => refundReport(refund, await callRefund(client, refund)),
    queryRefund: async (refund) => refundQueryReport(refund, await callRefundQuery(client, refund)),
    parseNotification: (request, gate) => parseNotification(config, client.keys, request, gate),
    acknowledge: () => plainText(200, 'success'),
    // After any answer but `success` Alipay delivers again.
    refuse: refuseWithFail,
    payerAuthorization: {
      authorizeUrl: (request) => payerAuthorizeUrl(config, request),
      exchangeCode: (code) => exchangePayerCode(client, code),
    },
  };
}

function startAttempt(context: Context, order: AttemptOrder): Promise<StartOutcome> | StartOutcome {
  if (order.combineOrderNo !== null) return startMerge(context, order, order.combineOrderNo);
  const leg = onlyLeg(order);
  if (leg === undefined || !isAlipayProduct(order.product)) {
    return notSent('alipay', 'product_unsupported', `alipay does not pay this by ${order.product}`);
  }
  return startSingle(context, order, leg);
}

async function startSingle(
  context: Context,
  order: AttemptOrder,
  leg: LegOrder,
): Promise<StartOutcome> {
  const { config, client } = context;
  const { product, notifyUrl, returnUrl } = order;
  switch (product) {
    case 'page':
    case 'wap':
    case 'app': {
      const content = singleContent(order, product, leg);
      const call = { method: `alipay.trade.${product}.pay`, content, notifyUrl };
      return carried(config, client, product, product === 'app' ? call : { ...call, returnUrl });
    }
    case 'precreate': {
      const content = singleContent(order, 'precreate', leg);
      const call = { method: 'alipay.trade.precreate', content, notifyUrl };
      return startByCall(client, call, { out_trade_no: leg.orderNo }, (fields) => {
        const code = textField(fields, 'qr_code');
        return code === undefined ? undefined : { type: 'qr_code', code };
      });
    }
    case 'jsapi': {
      const { buyerId, buyerOpenId } = order.payer;
      if (buyerId === undefined && buyerOpenId === undefined) {
        return notSent('alipay', 'payer_missing', 'jsapi needs buyer_id or buyer_open_id');
      }
      const content = jsapiContent(order, leg, config.appId);
      const call = { method: 'alipay.trade.create', content, notifyUrl };
      return startByCall(client, call, { out_trade_no: leg.orderNo }, (fields) => {
        const tradeNo = textField(fields, 'trade_no');
        return tradeNo && { type: 'invoke', params: { trade_no: tradeNo } };
      });
    }
    case 'bar':
      return startByCode(client, order, leg);
    default:
      return notSent('alipay', 'product_unsupported', `alipay does not pay by ${order.product}`);
  }
}

/** Merged payment: precreate, then pay with only the pre_order_no; page pays directly. */
async function startMerge(
  context: Context,
  order: AttemptOrder,
  outMergeNo: string,
): Promise<StartOutcome> {
  const { config, client } = context;
  if (!config.allOrNothingMerge) {
    return notSent(
      'alipay',
      'merge_contract_missing',
      'the account has no all-or-nothing contract',
    );
  }
  const { product, notifyUrl, returnUrl } = order;
  if (product !== 'page' && product !== 'wap' && product !== 'app') {
    return notSent('alipay', 'product_unsupported', `alipay does not merge orders by ${product}`);
  }
  const { appId, pid } = config;
  const merged = mergeContent(order, product, { appId, pid, outMergeNo });
  if (product === 'page') {
    const call = { method: 'alipay.trade.page.merge.pay', content: merged, notifyUrl, returnUrl };
    return carried(config, client, product, call);
  }
  const call = { method: 'alipay.trade.merge.precreate', content: merged, notifyUrl };
  const called = await client.call(call);
  const fields = successFields(called);
  if (fields === undefined) return startFailure(called);
  const preOrderNo = textField(fields, 'pre_order_no');
  if (preOrderNo === undefined || textField(fields, 'out_merge_no') !== outMergeNo) {
    return { outcome: 'unknown', walletError: called.error };
  }
  const pay = {
    method: `alipay.trade.${product}.merge.pay`,
    content: { pre_order_no: preOrderNo },
  };
  return carried(config, client, product, product === 'app' ? pay : { ...pay, returnUrl });
}

function pending(nextAction: NextAction): StartOutcome {
  return { outcome: 'pending', nextAction };
}

async function startByCall(
  client: Client,
  call: ApiCall,
  echoed: Readonly<Record<string, string>>,
  nextAction: (fields: JsonObject) => NextAction | '' | undefined,
): Promise<StartOutcome> {
  const called = await client.call(call);
  const fields = successFields(called);
  if (fields === undefined) return startFailure(called);
  const isOurs = Object.entries(echoed).every(([name, value]) => textField(fields, name) === value);
  const action = isOurs ? nextAction(fields) : undefined;
  if (!action) return { outcome: 'unknown', walletError: called.error };
  return pending(action);
}

/** Only signed: the buyer submits it, as a page's form, a redirect or an app's order string. */
async function carried(
  { endpoints }: AlipayConfig,
  client: Client,
  product: 'page' | 'wap' | 'app',
  call: ApiCall,
): Promise<StartOutcome> {
  const parameters = await client.signedParameters(call);
  switch (product) {
    case 'page': {
      const { query, fields } = splitParameters(parameters);
      return pending({ type: 'form', action: `${endpoints.gateway}?${query}`, fields });
    }
    case 'wap': {
      const url = `${endpoints.gateway}?${encodeParameters(parameters)}`;
      return pending({ type: 'redirect', url });
    }
    case 'app': {
      const params = { order_string: encodeParameters(parameters) };
      return pending({ type: 'invoke', params });
    }
  }
}

async function queryAttempt(client: Client, attempt: AttemptReference): Promise<QueryOutcome> {
  const answers = await Promise.all(attempt.legs.map((leg) => client.query(leg.orderNo)));
  const legs = attempt.legs.map((leg, index) =>
    queryReport(leg, answers[index] ?? { kind: 'unknown', error: null }, attempt.product),
  );
  return queryOutcome(legs, answers[0]?.error ?? null);
}

async function closeAttempt(client: Client, attempt: AttemptReference): Promise<CloseOutcome> {
  const [first] = attempt.legs;
  if (attempt.product === 'bar' && first !== undefined) return reverseCode(client, first);
  const outcomes = attempt.legs.map(async ({ orderNo }) => {
    const content = { out_trade_no: orderNo };
    return closeOutcome(orderNo, await client.call({ method: 'alipay.trade.close', content }));
  });
  return worstClose(await Promise.all(outcomes));
}

function callRefund(client: Client, refund: RefundOrder) {
  return client.call({ method: 'alipay.trade.refund', content: refundContent(refund) });
}

function callRefundQuery(client: Client, refund: RefundOrder) {
  const content = refundQueryContent(refund);
  return client.call({ method: 'alipay.trade.fastpay.refund.query', content });
}
