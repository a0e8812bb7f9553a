/** The methods of this gateway, and which order a call is about (for the faults). */

import { GATEWAY_ERRORS } from '../../../src/wires/alipay/gateway-errors.ts';
import { isJsonObject, type JsonObject, textField } from '../../../src/wires/alipay/json-text.ts';
import { DISTORTIONS } from '../../kit/distortion.ts';
import { gated } from '../../kit/gate.ts';
import type { FaultName, Handled } from '../../kit/kit.ts';
import { type Answer, refusal } from './answers.ts';
import type { Context, Method, MethodCall } from './context.ts';
import { IDENTITY_METHODS } from './oauth.ts';
import { PAGES, PAY_METHODS } from './orders.ts';
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

/** By the buyer: as a page's form, a redirect, an app's order string. */
export function isCarried(name: string): boolean {
  return PAGES.includes(name) || isAppMethod(name);
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

/** A call of either protocol, with its one fault; `write` puts the answer on its wire. */
export function runMethod(
  context: Context,
  method: Method,
  call: MethodCall,
  write: (answer: Answer, fault: FaultName | undefined) => Handled | Promise<Handled>,
): Promise<Handled> {
  const fault = takeFault(context, call.app, method, call.content);
  return gated({
    operation: method.operation,
    take: (kinds) => kinds.find((kind) => kind === fault),
    limited: () => write(refusal(GATEWAY_ERRORS.appCallLimited), fault),
    run: () => method.run(context, { ...call, fault }),
    broken: () => write(refusal(GATEWAY_ERRORS.unknown), fault),
    seal: (answer) => write(answer, fault),
  });
}

/** One fault for this call: those of every method, and those of this one. */
function takeFault(
  context: Context,
  app: AppRecord,
  method: Method,
  content: JsonObject,
): FaultName | undefined {
  const { operation } = method;
  const kinds: FaultName[] = [...ANSWER_FAULTS, ...(method.faults ?? [])];
  if (operation === 'close') kinds.push('close_lost');
  if (operation === 'refund') kinds.push('refund_stuck');
  if (operation === 'query') kinds.push(...DISTORTIONS);
  const points = pointsOf(context, app, content);
  const orderNo = points.map((point) => point.orderNo);
  const merchant = points.map((point) => point.merchant);
  return context.kit.faults.take({ wallet: 'alipay', operation, orderNo, merchant }, kinds);
}

/** A merged call is about its merge number and each of its orders. */
function pointsOf(
  context: Context,
  app: AppRecord,
  content: JsonObject,
): readonly { readonly orderNo: string | undefined; readonly merchant: string }[] {
  const outMergeNo = textField(content, 'out_merge_no');
  if (outMergeNo !== undefined) {
    const details: unknown = content.order_details;
    const parts = Array.isArray(details) ? details.filter(isJsonObject) : [];
    return [
      { orderNo: outMergeNo, merchant: app.pid },
      ...parts.map((part) => pointOf(context, app, part)),
    ];
  }
  const pre = context.checkouts.find(textField(content, 'pre_order_no') ?? '');
  if (pre !== undefined) {
    const parts = pre.orders.map(({ outTradeNo, smid }) => ({
      orderNo: outTradeNo,
      merchant: smid ?? app.pid,
    }));
    return [{ orderNo: pre.outMergeNo ?? undefined, merchant: app.pid }, ...parts];
  }
  return [pointOf(context, app, content)];
}

function pointOf(context: Context, app: AppRecord, content: JsonObject) {
  const tradeNo = textField(content, 'trade_no');
  const trade = tradeNo === undefined ? undefined : context.store.trades.find('tradeNo', tradeNo);
  const orderNo = trade?.order.outTradeNo ?? textField(content, 'out_trade_no');
  const named = content.sub_merchant;
  const smid =
    (isJsonObject(named) ? textField(named, 'merchant_id') : undefined) ??
    (trade ?? context.store.find(app.pid, orderNo ?? ''))?.order.smid ??
    context.checkouts.ofOrder(app.pid, orderNo ?? '')?.orders[0]?.smid;
  return { orderNo, merchant: smid ?? app.pid };
}
