/** The methods of this gateway, and which order a call is about (for the faults). */

import { isJsonObject, type JsonObject, textField } from '../../../src/wires/alipay/json-text.ts';
import type { FaultName, FaultPoint } from '../../kit/kit.ts';
import type { Context, Method } from './context.ts';
import { IDENTITY_METHODS } from './oauth.ts';
import { CARRIED_PRODUCTS, PAY_METHODS } from './orders.ts';
import { CODE_METHODS } from './payment-codes.ts';
import type { AppRecord } from './records.ts';
import { REFUND_METHODS } from './refunds.ts';
import { TRADE_METHODS } from './trades.ts';

const METHODS: ReadonlyMap<string, Method> = new Map(
  Object.entries({
    ...{ ...PAY_METHODS, ...CODE_METHODS, ...TRADE_METHODS },
    ...{ ...REFUND_METHODS, ...IDENTITY_METHODS },
  }),
);

export function methodNamed(name: string): Method | undefined {
  return METHODS.get(name);
}

/** Signed by the merchant's server, opened by the app: never sent to the gateway itself. */
export function isAppMethod(name: string): boolean {
  return name === 'alipay.trade.app.pay' || name === 'alipay.trade.app.merge.pay';
}

export function isCarried(name: string): boolean {
  return (
    Object.hasOwn(CARRIED_PRODUCTS, name) ||
    isAppMethod(name) ||
    name === 'alipay.trade.page.merge.pay' ||
    name === 'alipay.trade.wap.merge.pay'
  );
}

const V3_METHODS = [
  'alipay.trade.query',
  'alipay.trade.pay',
  'alipay.trade.precreate',
  'alipay.trade.create',
  'alipay.trade.refund',
  'alipay.trade.close',
  'alipay.trade.cancel',
  'alipay.trade.fastpay.refund.query',
] as const;

/** `/v3/alipay/trade/query` -> `alipay.trade.query`. */
export function methodOfV3Path(path: string): string | undefined {
  const name = path.replace(/^\/v3\//, '').replaceAll('/', '.');
  return V3_METHODS.find((method) => method === name);
}

const ANSWER_FAULTS = [
  'rate_limited',
  'html_502',
  'server_error',
  'answer_lost',
  'key_rotated',
  'signtest',
] as const satisfies readonly FaultName[];

/** One fault for this call: those of every method, and those of this one. */
export function takeFault(
  context: Context,
  app: AppRecord,
  method: Method,
  content: JsonObject,
): FaultName | undefined {
  const kinds: FaultName[] = [...ANSWER_FAULTS, ...(method.faults ?? [])];
  if (method.operation === 'close') kinds.push('close_lost');
  if (method.operation === 'refund') kinds.push('refund_stuck');
  if (method.operation === 'query') kinds.push('wrong_amount', 'wrong_currency', 'wrong_payee');
  for (const point of pointsOf(context, app, content)) {
    const { operation } = method;
    const fault = context.kit.faults.take({ wallet: 'alipay', operation, ...point }, kinds);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** A merged call is about its merge number and each of its orders. */
function pointsOf(
  context: Context,
  app: AppRecord,
  content: JsonObject,
): Pick<FaultPoint, 'orderNo' | 'merchant'>[] {
  const outMergeNo = textField(content, 'out_merge_no');
  if (outMergeNo !== undefined) {
    const details: unknown = content.order_details;
    const parts = Array.isArray(details) ? details.filter(isJsonObject) : [];
    return [{ orderNo: outMergeNo }, ...parts.map((part) => pointOf(context, app, part))];
  }
  const pre = context.checkouts.find(textField(content, 'pre_order_no') ?? '');
  if (pre !== undefined) {
    const parts = pre.orders.map(({ outTradeNo, smid }) => ({
      orderNo: outTradeNo,
      merchant: smid ?? app.pid,
    }));
    return [{ orderNo: pre.outMergeNo ?? undefined }, ...parts];
  }
  return [pointOf(context, app, content)];
}

function pointOf(context: Context, app: AppRecord, content: JsonObject) {
  const tradeNo = textField(content, 'trade_no');
  const trade = tradeNo === undefined ? undefined : context.store.findByTradeNo(tradeNo);
  const orderNo = trade?.order.outTradeNo ?? textField(content, 'out_trade_no');
  const named = content.sub_merchant;
  const smid =
    (isJsonObject(named) ? textField(named, 'merchant_id') : undefined) ??
    (trade ?? context.store.find(app.pid, orderNo ?? ''))?.order.smid ??
    context.checkouts.ofOrder(app.pid, orderNo ?? '')?.orders[0]?.smid;
  return { orderNo, merchant: smid ?? app.pid };
}
