/**
 * Alipay behind the wallet port. Page, wap and app payments are only signed here and carried by the
 * buyer; precreate, create and merge.precreate are calls. Stateless but for the keys it was opened
 * with, and free of decisions: what an answer means stands in answer.ts and statuses.ts.
 */
import { err, ok, type Result } from '../../kernel/result.ts';
import type { NextAction, WalletError } from '../../kernel/wallet-names.ts';
import { alipayCredentialsSchema } from '../../wires/alipay/credentials.ts';
import { type JsonObject, textField } from '../../wires/alipay/json-text.ts';
import { encodeParameters } from '../../wires/alipay/parameters.ts';
import { isPaymentCode } from '../../wires/alipay/trade.ts';
import { FORM_BYTES_MAX } from '../../wires/keys/form-limits.ts';
import type {
  AttemptOrder,
  AttemptReference,
  CloseOutcome,
  LegOrder,
  NotificationRefusal,
  PayerIdentity,
  QueryOutcome,
  RawResponse,
  RefundOrder,
  StartOutcome,
  Wallet,
  WalletModule,
  WalletSeams,
} from '../wallet.ts';
import {
  cancelOutcome,
  closeOutcome,
  payOutcome,
  queryReport,
  refundQueryReport,
  refundReport,
  reversalOutcome,
  startFailure,
  successFields,
  worstClose,
} from './answer.ts';
import { alipayCapabilities } from './capabilities.ts';
import { type AlipayCall, type AlipayClient, createClient, splitParameters } from './client.ts';
import { type AlipayAccount, identityOf, isLivemode, openCredentials } from './config.ts';
import { parseNotification } from './notify.ts';
import {
  barContent,
  isAlipayProduct,
  jsapiContent,
  mergeContent,
  refundContent,
  refundQueryContent,
  singleContent,
} from './request.ts';

export const alipay: WalletModule = {
  name: 'alipay',
  capabilities: alipayCapabilities,
  notificationBytesMax: FORM_BYTES_MAX,
  configSchema: alipayCredentialsSchema,
  identityOf,
  isLivemode,
  open: (credentials, seams) => {
    const opened = openCredentials(credentials);
    return opened.ok ? ok(openWallet(opened.value, seams)) : opened;
  },
};

function openWallet(account: AlipayAccount, seams: WalletSeams): Wallet {
  const client = createClient(account, seams);
  return {
    hasCartContract: account.allOrNothingMerge,
    startAttempt: async (order) => startAttempt(account, client, order),
    queryAttempt: (attempt) => queryAttempt(client, attempt),
    closeAttempt: (attempt) => closeAttempt(client, attempt),
    refund: async (refund) => refundReport(refund, await callRefund(client, refund)),
    queryRefund: async (refund) => refundQueryReport(refund, await callRefundQuery(client, refund)),
    parseNotification: (request, gate) => parseNotification(account, client.keys, request, gate),
    acknowledge: () => plain(200, 'success'),
    refuse,
    payerDoor: {
      authorizeUrl: (request) => payerAuthorizeUrl(account, request),
      exchangeCode: (code) => exchangePayerCode(client, code),
    },
  };
}

function payerAuthorizeUrl(
  account: AlipayAccount,
  request: { readonly redirectUri: string; readonly state: string },
): string {
  const query = encodeParameters([
    ['app_id', account.appId],
    ['scope', 'auth_base'],
    ['redirect_uri', request.redirectUri],
    ['state', request.state],
  ]);
  return `${account.endpoints.authorize}?${query}`;
}

/** Anything but `success` makes Alipay deliver again. */
function refuse(refusal: NotificationRefusal | { readonly code: 'try_again' }): RawResponse {
  return plain(STATUSES[refusal.code] ?? 400, 'fail');
}

const STATUSES: Readonly<Record<string, number>> = { try_again: 503, too_many: 429 };

function plain(status: number, body: string): RawResponse {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body };
}

function refusedHere(code: string, message: string): StartOutcome {
  return {
    outcome: 'failed',
    walletError: { wallet: 'alipay', code: `hutong.${code}`, message, requestId: null },
  };
}

function startAttempt(
  account: AlipayAccount,
  client: AlipayClient,
  order: AttemptOrder,
): Promise<StartOutcome> | StartOutcome {
  if (order.combineOrderNo !== null)
    return startMerge(account, client, order, order.combineOrderNo);
  const [leg, another] = order.legs;
  if (leg === undefined || another !== undefined || !isAlipayProduct(order.product)) {
    return refusedHere('product_unsupported', `alipay does not pay this by ${order.product}`);
  }
  return startSingle(account, client, order, leg);
}

async function startSingle(
  account: AlipayAccount,
  client: AlipayClient,
  order: AttemptOrder,
  leg: LegOrder,
): Promise<StartOutcome> {
  const { notifyUrl, returnUrl } = order;
  switch (order.product) {
    case 'page': {
      const content = singleContent(order, 'page', leg);
      const call = { method: 'alipay.trade.page.pay', content, notifyUrl, returnUrl };
      return pending(await formAction(account, client, call));
    }
    case 'wap': {
      const content = singleContent(order, 'wap', leg);
      const call = { method: 'alipay.trade.wap.pay', content, notifyUrl, returnUrl };
      return pending(await redirectAction(account, client, call));
    }
    case 'app': {
      const content = singleContent(order, 'app', leg);
      return pending(
        await appAction(client, { method: 'alipay.trade.app.pay', content, notifyUrl }),
      );
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
        return refusedHere('payer_missing', 'jsapi needs buyer_id or buyer_open_id');
      }
      const content = jsapiContent(order, leg, account.appId);
      const call = { method: 'alipay.trade.create', content, notifyUrl };
      return startByCall(client, call, { out_trade_no: leg.orderNo }, (fields) => {
        const tradeNo = textField(fields, 'trade_no');
        return tradeNo && { type: 'invoke', params: { trade_no: tradeNo } };
      });
    }
    case 'bar':
      return startByCode(client, order, leg);
    default:
      return refusedHere('product_unsupported', `alipay does not pay by ${order.product}`);
  }
}

/** The code is worth one call: whatever is not a clear answer is queried, then reversed. */
async function startByCode(
  client: AlipayClient,
  order: AttemptOrder,
  leg: LegOrder,
): Promise<StartOutcome> {
  const { authCode } = order.payer;
  if (authCode === undefined || !isPaymentCode(authCode)) {
    const message = 'bar needs auth_code, the 16 to 24 digits of the payment code';
    return refusedHere(authCode === undefined ? 'payer_missing' : 'auth_code_invalid', message);
  }
  const content = barContent(order, leg, authCode);
  const { notifyUrl } = order;
  return payOutcome(leg, await client.call({ method: 'alipay.trade.pay', content, notifyUrl }));
}

/** Merged payment: precreate, then pay with nothing but the pre_order_no; page pays directly. */
async function startMerge(
  account: AlipayAccount,
  client: AlipayClient,
  order: AttemptOrder,
  outMergeNo: string,
): Promise<StartOutcome> {
  if (!account.allOrNothingMerge) {
    return refusedHere('merge_contract_missing', 'the account has no all-or-nothing contract');
  }
  const { product, notifyUrl, returnUrl } = order;
  if (product !== 'page' && product !== 'wap' && product !== 'app') {
    return refusedHere('product_unsupported', `alipay does not merge orders by ${product}`);
  }
  const { appId, pid } = account;
  const merged = mergeContent(order, product, { appId, pid, outMergeNo });
  if (product === 'page') {
    const call = { method: 'alipay.trade.page.merge.pay', content: merged, notifyUrl, returnUrl };
    return pending(await formAction(account, client, call));
  }
  const call = { method: 'alipay.trade.merge.precreate', content: merged, notifyUrl };
  const called = await client.call(call);
  const fields = successFields(called);
  if (fields === undefined) return startFailure(called);
  const preOrderNo = textField(fields, 'pre_order_no');
  if (preOrderNo === undefined || textField(fields, 'out_merge_no') !== outMergeNo) {
    return { outcome: 'unknown', walletError: called.error };
  }
  const content = { pre_order_no: preOrderNo };
  if (product === 'app') {
    return pending(await appAction(client, { method: 'alipay.trade.app.merge.pay', content }));
  }
  const pay = { method: 'alipay.trade.wap.merge.pay', content, returnUrl };
  return pending(await redirectAction(account, client, pay));
}

function pending(nextAction: NextAction): StartOutcome {
  return { outcome: 'pending', nextAction };
}

async function startByCall(
  client: AlipayClient,
  call: AlipayCall,
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

async function formAction(
  account: AlipayAccount,
  client: AlipayClient,
  call: AlipayCall,
): Promise<NextAction> {
  const { query, fields } = splitParameters(await client.signedParameters(call));
  return { type: 'form', action: `${account.endpoints.gateway}?${query}`, fields };
}

async function redirectAction(
  account: AlipayAccount,
  client: AlipayClient,
  call: AlipayCall,
): Promise<NextAction> {
  const query = encodeParameters(await client.signedParameters(call));
  return { type: 'redirect', url: `${account.endpoints.gateway}?${query}` };
}

async function appAction(client: AlipayClient, call: AlipayCall): Promise<NextAction> {
  const orderString = encodeParameters(await client.signedParameters(call));
  return { type: 'invoke', params: { order_string: orderString } };
}

async function queryAttempt(
  client: AlipayClient,
  attempt: AttemptReference,
): Promise<QueryOutcome> {
  const answers = await Promise.all(attempt.legs.map((leg) => callQuery(client, leg)));
  const legs = attempt.legs.map((leg, index) =>
    queryReport(leg, answers[index] ?? { kind: 'unknown', error: null }, attempt.product),
  );
  if (legs.every(({ status, amountFen }) => status === 'unknown' && amountFen === null)) {
    return { outcome: 'unknown', walletError: answers[0]?.error ?? null };
  }
  return { outcome: 'answered', legs };
}

async function closeAttempt(
  client: AlipayClient,
  attempt: AttemptReference,
): Promise<CloseOutcome> {
  const [first] = attempt.legs;
  if (attempt.product === 'bar' && first !== undefined) return reverse(client, first);
  const outcomes = attempt.legs.map(async ({ orderNo }) => {
    const content = { out_trade_no: orderNo };
    return closeOutcome(orderNo, await client.call({ method: 'alipay.trade.close', content }));
  });
  return worstClose(await Promise.all(outcomes));
}

/** 撤销: an unpaid trade closes; a paid one gives the money back, and the query says how much. */
async function reverse(client: AlipayClient, leg: LegOrder): Promise<CloseOutcome> {
  const content = { out_trade_no: leg.orderNo };
  const called = await client.call({ method: 'alipay.trade.cancel', content });
  const outcome = cancelOutcome(leg.orderNo, called);
  if (outcome !== 'ask' && outcome !== 'too_late') return outcome;
  return reversalOutcome(queryReport(leg, await callQuery(client, leg), 'bar'), outcome);
}

function callQuery(client: AlipayClient, { orderNo }: LegOrder) {
  return client.call({ method: 'alipay.trade.query', content: { out_trade_no: orderNo } });
}

function callRefund(client: AlipayClient, refund: RefundOrder) {
  return client.call({ method: 'alipay.trade.refund', content: refundContent(refund) });
}

function callRefundQuery(client: AlipayClient, refund: RefundOrder) {
  const content = refundQueryContent(refund);
  return client.call({ method: 'alipay.trade.fastpay.refund.query', content });
}

async function exchangePayerCode(
  client: AlipayClient,
  code: string,
): Promise<Result<PayerIdentity, WalletError>> {
  const called = await client.call({
    method: 'alipay.system.oauth.token',
    extra: { grant_type: 'authorization_code', code },
  });
  const fields = successFields(called);
  if (fields !== undefined) {
    const buyerId = textField(fields, 'user_id');
    const buyerOpenId = textField(fields, 'open_id');
    if (buyerId !== undefined || buyerOpenId !== undefined) {
      return ok({ ...(buyerId && { buyerId }), ...(buyerOpenId && { buyerOpenId }) });
    }
  }
  const unanswered = { code: 'unknown', message: 'no answer', requestId: null };
  return err(called.error ?? { wallet: 'alipay', ...unanswered });
}
