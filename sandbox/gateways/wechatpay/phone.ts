/**
 * The buyer's side: what the WeChat app reads from a code, a redirect URL or invocation parameters,
 * and what paying does. Invocation parameters must carry the merchant's signature, as the app
 * checks it. Paying is one synchronous change: every line of an order, or none.
 */
import { must } from '../../../src/kernel/assert.ts';
import { sumFen } from '../../../src/kernel/money.ts';
import { invocationMessage } from '../../../src/wires/wechatpay/canonical.ts';
import { type JsonRecord, parseRecord, textOf } from '../../../src/wires/wechatpay/json.ts';
import { verifySha256 } from '../../../src/wires/wechatpay/signature.ts';
import {
  V2_SIGN_TYPES,
  type V2SignType,
  v2SignText,
  verifyV2,
} from '../../../src/wires/wechatpay/signature-v2.ts';
import { payeeText, payOrder, readScanRef, scanRef, takeCoupons } from '../../kit/buyer.ts';
import type { PayAnswer, PayRequest, Scanned } from '../../kit/kit.ts';
import { notifyPaid } from './callbacks.ts';
import type { Context } from './context.ts';
import { transactionId } from './numbers.ts';
import { isWaiting } from './order-store.ts';
import type { AccountRecord, OrderLine, OrderRecord } from './records.ts';

export async function scan(
  context: Context,
  code: string | Readonly<Record<string, unknown>>,
): Promise<Scanned | undefined> {
  if (typeof code !== 'string') return scanParams(context, code);
  const text = code.trim();
  if (text.startsWith('{')) {
    const params = parseRecord(text);
    return params === undefined ? undefined : scanParams(context, params);
  }
  if (/^weixin:\/\/(wxpay|pay\.weixin\.qq\.com)\/bizpayurl/.test(text)) {
    return scanned(context, new URLSearchParams(text.split('?')[1] ?? '').get('pr'), null);
  }
  const charged = context.store.paymentCodes.orderOf(text);
  if (charged !== undefined) return scannedOrder(context, context.store.orders.get(charged), null);
  const isH5 = URL.canParse(text) && text.includes('/cgi-bin/mmpayweb-bin/checkmweb?');
  if (!isH5) return undefined;
  const query = new URL(text).searchParams;
  return scanned(context, query.get('prepay_id'), query.get('redirect_url'));
}

/** JSAPI's `{appId,timeStamp,nonceStr,package,paySign}` or APP's `{appid,prepayid,…,sign}`. */
async function scanParams(context: Context, params: JsonRecord): Promise<Scanned | undefined> {
  const packageText = textOf(params, 'package') ?? '';
  const isJsapi = packageText.startsWith('prepay_id=');
  const id = isJsapi ? packageText.slice('prepay_id='.length) : textOf(params, 'prepayid');
  const order = orderOf(context, id ?? null);
  if (id === undefined || order === undefined) return undefined;
  const account = must(context.store.accounts.get(order.mchid), 'the account');
  if (order.v2SignType !== undefined) {
    const sheet = { params, isJsapi, appid: order.appid, signType: order.v2SignType };
    if (isSignedSheet(account, sheet)) return scanned(context, id, null);
    const expected = `${v2SignText(sheetFields(sheet))}&key=<APIv2 key>`;
    explainSheet(context, id, expected, 'APIv2: sorted fields, then &key= and the APIv2 key');
    return undefined;
  }
  const message = invocationMessage({
    appid: textOf(params, isJsapi ? 'appId' : 'appid') ?? '',
    timestamp: textOf(params, isJsapi ? 'timeStamp' : 'timestamp') ?? '',
    nonce: textOf(params, isJsapi ? 'nonceStr' : 'noncestr') ?? '',
    prepay: isJsapi ? packageText : id,
  });
  const signature = textOf(params, isJsapi ? 'paySign' : 'sign') ?? '';
  const isSigned = await verifySha256(context.keys.merchantKey(account), message, signature);
  const isForThem = textOf(params, isJsapi ? 'appId' : 'appid') === order.appid;
  if (isSigned && isForThem) return scanned(context, id, null);
  const hint = 'four lines, each ended by a line feed, signed with the merchant key';
  explainSheet(context, id, message.toString('utf8'), hint);
  return undefined;
}

function explainSheet(context: Context, id: string, expected: string, hint: string): void {
  context.kit.explanations.add({
    ...{ wallet: 'wechatpay', what: `payment sheet for prepay_id ${id}`, expected },
    ...{ received: null, hint: `支付验证签名失败: ${hint}` },
  });
}

interface V2Sheet {
  readonly params: JsonRecord;
  readonly isJsapi: boolean;
  readonly appid: string;
  /** Signed by unifiedorder's sign type, which an app's sheet does not repeat. */
  readonly signType: V2SignType;
}

const JSAPI_NAMES = ['appId', 'timeStamp', 'nonceStr', 'package', 'signType'];
const APP_NAMES = ['appid', 'partnerid', 'prepayid', 'package', 'noncestr', 'timestamp'];

function sheetFields({ params, isJsapi }: V2Sheet): Map<string, string> {
  const names = isJsapi ? JSAPI_NAMES : APP_NAMES;
  return new Map(names.map((name) => [name, textOf(params, name) ?? '']));
}

function isSignedSheet(account: AccountRecord, sheet: V2Sheet): boolean {
  const { params, isJsapi, appid } = sheet;
  const named = isJsapi ? (textOf(params, 'signType') ?? 'MD5') : sheet.signType;
  const signType = V2_SIGN_TYPES.find((each) => each === named);
  if (signType === undefined || account.apiV2Key === undefined) return false;
  if (textOf(params, isJsapi ? 'appId' : 'appid') !== appid) return false;
  const sign = textOf(params, isJsapi ? 'paySign' : 'sign') ?? '';
  const fields = sheetFields(sheet).set('sign', sign);
  return verifyV2(fields, account.apiV2Key, signType);
}

function orderOf(context: Context, code: string | null): OrderRecord | undefined {
  const prepay = code === null ? undefined : context.store.prepays.get(code);
  return context.store.orders.get(prepay?.orderKey ?? '');
}

function scanned(
  context: Context,
  code: string | null,
  returnUrl: string | null,
): Scanned | undefined {
  if (code === null) return undefined;
  const seen = scannedOrder(context, orderOf(context, code), returnUrl);
  if (seen?.state !== 'payable') return seen;
  const validUntilMs = context.store.prepays.get(code)?.validUntilMs ?? 0;
  return context.kit.clock.nowMs() < validUntilMs ? seen : { ...seen, state: 'expired' };
}

/** By a code of the merchant's, or by the app's own payment code that a merchant charged. */
function scannedOrder(
  context: Context,
  order: OrderRecord | undefined,
  returnUrl: string | null,
): Scanned | undefined {
  if (order === undefined) return undefined;
  const account = must(context.store.accounts.get(order.mchid), 'the account');
  return {
    wallet: 'wechatpay',
    ref: scanRef(order.key, returnUrl),
    payee: payeeName(account, order),
    amountFen: sumFen(order.lines.map((line) => line.totalFen)),
    currency: 'CNY',
    state: stateOf(context, order),
  };
}

function stateOf(context: Context, order: OrderRecord): Scanned['state'] {
  switch (order.state) {
    case 'NOTPAY':
    case 'USERPAYING':
      return 'payable';
    case 'SUCCESS':
      return 'paid';
    case 'CLOSED':
      return context.kit.clock.nowMs() >= order.expiresMs ? 'expired' : 'closed';
    case 'PAYERROR':
    case 'REVOKED':
      return 'closed';
  }
}

function payeeName(account: AccountRecord, order: OrderRecord): string {
  const names = order.lines.map(
    (line) =>
      account.subMerchants.find((merchant) => merchant.mchid === line.subMchid)?.name ??
      account.name,
  );
  return payeeText(names, account.name);
}

export function pay(context: Context, request: PayRequest): PayAnswer {
  const { key, ...back } = readScanRef(request.ref);
  const order = context.store.orders.get(key);
  if (order === undefined) return { status: 'not_found' };
  const status = payOrder(request, {
    isPaid: order.state === 'SUCCESS',
    isOpen: isWaiting(order),
    book: () => bookPayment(context, order, request),
    // Refusing to confirm uses up a payment code; any other order stays as it is.
    refuse: (outcome) => {
      if (outcome !== 'cancel' || order.product !== 'codepay') return;
      context.store.orders.put({ ...order, state: 'PAYERROR' });
    },
  });
  return { status, ...back };
}

export function bookPayment(
  context: Context,
  order: OrderRecord,
  request: Pick<PayRequest, 'coupon' | 'payerWallet'>,
): OrderRecord {
  const { kit, store } = context;
  const nowMs = kit.clock.nowMs();
  const account = must(store.accounts.get(order.mchid), 'the account');
  let { platformFen, merchantFen } = request.coupon;
  // Of a combined order the coupons go line by line.
  const lines = order.lines.map((line): OrderLine => {
    const { receiptFen: _receipt, ...taken } = takeCoupons(line.totalFen, {
      platformFen,
      merchantFen,
    });
    platformFen -= taken.platformCouponFen;
    merchantFen -= taken.merchantCouponFen;
    return { ...line, paid: { transactionId: transactionId(kit.random, nowMs), ...taken } };
  });
  const paidOrder: OrderRecord = {
    ...order,
    lines,
    state: 'SUCCESS',
    successMs: nowMs,
    payerWallet: request.payerWallet,
    payerOpenid: order.openid ?? account.openids[0] ?? null,
    combineTransactionId: order.family === 'combine' ? transactionId(kit.random, nowMs) : null,
  };
  store.orders.put(paidOrder);
  for (const line of lines) {
    const receiptFen = line.totalFen - must(line.paid, 'a payment').merchantCouponFen;
    const funds = line.profitSharing ? 'frozenFen' : 'availableFen';
    store.moveBalance(line.subMchid ?? order.mchid, funds, receiptFen);
  }
  notifyPaid(context, paidOrder);
  return paidOrder;
}
