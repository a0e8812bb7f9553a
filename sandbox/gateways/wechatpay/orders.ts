/**
 * Orders: create, query, close, for a direct merchant, a partner's second-level merchant, and a
 * combined order of several. The families share one life cycle: NOTPAY until paid, closed or
 * expired.
 *
 * Re-entry with the same number and the same content returns a new prepay (a native order's old
 * code expires); other content is OUT_TRADE_NO_USED; a paid or closed number is reported as such
 * and never reused.
 */
import { createHash } from 'node:crypto';
import { must } from '../../../src/kernel/assert.ts';
import { ok, type Result } from '../../../src/kernel/result.ts';
import {
  fenOf,
  type JsonRecord,
  recordOf,
  recordsOf,
  textOf,
} from '../../../src/wires/wechatpay/json.ts';
import type { TradeProduct } from '../../../src/wires/wechatpay/trade.ts';
import type { Answer, Call, Context } from './context.ts';
import {
  brokenQuery,
  checkFields,
  type Fields,
  list,
  needed,
  object,
  required,
} from './field-rules.ts';
import { prepayId, randomToken } from './numbers.ts';
import {
  checkNotifyUrl,
  checkParties,
  checkPayer,
  MINUTE_MS,
  openidOf,
  orderFields,
  readExpiry,
} from './order-rules.ts';
import type { FoundLine } from './order-store.ts';
import { combineBody, singleBody } from './present.ts';
import { type Family, type OrderLine, type OrderRecord, UNPAID } from './records.ts';
import { type Refusal, refuse } from './refusal.ts';

const CODE_LIFE_MS = 120 * MINUTE_MS;
const H5_LIFE_MS = 5 * MINUTE_MS;

export function createOrder(call: Call, family: Family, product: TradeProduct): Answer {
  const { body, context } = call;
  const fields = checkFields(body, orderFields(family, product));
  if (!fields.ok) return fields;
  const expiry = readExpiry(call);
  if (!expiry.ok) return expiry;
  for (const check of [
    checkNotifyUrl(call, textOf(body, 'notify_url')),
    checkParties(call, family),
    checkPayer(call, family, product),
  ]) {
    if (!check.ok) return check;
  }
  const asked = draftOrder(call, family, product, expiry.value);
  const free = checkNumbers(context, asked);
  if (!free.ok) return free;
  const { order, code } = issuePrepay(context, free.value ?? asked);
  if (order.product === 'native') return ok({ code_url: codeUrl(order, code) });
  return ok(order.product === 'h5' ? { h5_url: h5Url(context, code) } : { prepay_id: code });
}

function draftOrder(
  call: Call,
  family: Family,
  product: TradeProduct,
  expiresMs: number,
): OrderRecord {
  const { account, body, context } = call;
  const isCombine = family === 'combine';
  const orderNo = must(
    textOf(body, isCombine ? 'combine_out_trade_no' : 'out_trade_no'),
    'an order number',
  );
  const scope = isCombine ? 'combine' : 'single';
  return {
    key: `${scope}/${account.mchid}/${orderNo}`,
    family,
    mchid: account.mchid,
    appid: account.appid,
    orderNo,
    product,
    notifyUrl: must(textOf(body, 'notify_url'), 'a notify_url'),
    openid: openidOf(family, body),
    deviceId: textOf(recordOf(body, 'scene_info'), 'device_id') ?? null,
    fingerprint: fingerprint(family, product, body),
    createdMs: context.kit.clock.nowMs(),
    expiresMs,
    ...UNPAID,
    lines: isCombine
      ? recordsOf(body, 'sub_orders').map((sub) => draftLine(sub, 'total_amount'))
      : [draftLine(body, 'total')],
    signWith: call.serial,
  };
}

export function draftLine(source: JsonRecord, totalName: 'total' | 'total_amount'): OrderLine {
  return unpaidLine({
    outTradeNo: must(textOf(source, 'out_trade_no'), 'an out_trade_no'),
    subMchid: textOf(source, 'sub_mchid') ?? null,
    description: must(textOf(source, 'description'), 'a description'),
    attach: textOf(source, 'attach') ?? null,
    totalFen: must(fenOf(recordOf(source, 'amount'), totalName), 'a total'),
    profitSharing: recordOf(source, 'settle_info')?.profit_sharing === true,
  });
}

export function unpaidLine(
  asked: Omit<OrderLine, 'paid' | 'refundedFen' | 'refundCount' | 'lastRefundMs'>,
): OrderLine {
  return { ...asked, paid: null, refundedFen: 0n, refundCount: 0, lastRefundMs: null };
}

/** The existing order with this number, if the same content is requested again. */
export function checkNumbers(
  context: Context,
  asked: OrderRecord,
): Result<OrderRecord | undefined, Refusal> {
  const used = refuse(403, 'OUT_TRADE_NO_USED', '商户订单号重复');
  const existing = context.store.orders.get(asked.key);
  for (const line of asked.lines) {
    const holder = context.store.lineByNo(asked.mchid, line.outTradeNo)?.order.key;
    if (holder !== undefined && holder !== asked.key) return used;
  }
  const numbers = new Set(asked.lines.map((line) => line.outTradeNo));
  if (numbers.size !== asked.lines.length) return used;
  if (existing === undefined) return ok(undefined);
  if (existing.state === 'SUCCESS') return refuse(400, 'ORDER_PAID', '该订单已支付');
  if (existing.state === 'CLOSED') return refuse(400, 'ORDER_CLOSED', '该订单已关闭');
  return existing.fingerprint === asked.fingerprint ? ok(existing) : used;
}

/** The order as stored, and the newest code that opens it. */
export function issuePrepay(
  context: Context,
  order: OrderRecord,
): { readonly order: OrderRecord; readonly code: string } {
  const { kit, store } = context;
  const nowMs = kit.clock.nowMs();
  const code =
    order.product === 'native' ? randomToken(kit.random, 9) : prepayId(kit.random, nowMs);
  const lifeMs = order.product === 'h5' ? H5_LIFE_MS : CODE_LIFE_MS;
  store.prepays.put(code, { code, orderKey: order.key, validUntilMs: nowMs + lifeMs });
  if (order.product === 'native' && order.prepayCode !== '') store.prepays.delete(order.prepayCode);
  const issued = { ...order, prepayCode: code };
  store.orders.put(issued);
  return { order: issued, code };
}

export function codeUrl(order: OrderRecord, code: string): string {
  return order.family === 'combine'
    ? `weixin://pay.weixin.qq.com/bizpayurl/up?pr=${code}&groupid=00`
    : `weixin://wxpay/bizpayurl?pr=${code}`;
}

/** The live host is wx.tenpay.com; the city serves the page at the same path on its own host. */
export function h5Url({ kit }: Context, code: string): string {
  const token = kit.random.bytes(4).readUInt32BE().toString();
  return `${kit.publicUrl}/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=${code}&package=${token}`;
}

const NOT_EXIST = refuse(404, 'ORDER_NOT_EXIST', '订单不存在');

export function querySingle(call: Call, family: Family, by: 'number' | 'id'): Answer {
  const found = findQueried(call, family, by);
  if (!found.ok) return found;
  return ok(singleBody(found.value.order, found.value.line));
}

function findQueried(call: Call, family: Family, by: 'number' | 'id'): Result<FoundLine, Refusal> {
  const { account, query, context, params } = call;
  const mchidName = family === 'direct' ? 'mchid' : 'sp_mchid';
  const mchid = query.get(mchidName);
  if (!mchid) return brokenQuery(mchidName, family === 'direct' ? '直连商户号' : '服务商户号');
  if (mchid !== account.mchid) return refuse(403, 'NO_AUTH', '商户号与Authorization不一致');
  const subMchid = family === 'direct' ? null : query.get('sub_mchid');
  if (subMchid === '' || (family !== 'direct' && subMchid === null)) {
    return brokenQuery('sub_mchid', '子商户号');
  }
  const name = params[0] ?? '';
  const found =
    by === 'id' ? context.store.lineByTransaction(name) : context.store.lineByNo(mchid, name);
  const order = found?.order;
  const line = order?.lines[0];
  const isTheirs = order?.mchid === mchid && order.family === family;
  if (order === undefined || line === undefined || !isTheirs) return NOT_EXIST;
  return line.subMchid === subMchid ? ok({ order, line }) : NOT_EXIST;
}

const CLOSE_FIELDS: Readonly<Record<'direct' | 'partner', Fields>> = {
  direct: { mchid: needed('直连商户号', 32) },
  partner: { sp_mchid: needed('服务商户号', 32), sub_mchid: needed('子商户号', 32) },
};

export function closeSingle(call: Call, family: 'direct' | 'partner'): Answer {
  const { account, body, context, params } = call;
  const fields = checkFields(body, CLOSE_FIELDS[family]);
  if (!fields.ok) return fields;
  const mchid = textOf(body, family === 'direct' ? 'mchid' : 'sp_mchid');
  if (mchid !== account.mchid) return refuse(403, 'NO_AUTH', '商户号与Authorization不一致');
  const order = context.store.orders.get(`single/${mchid}/${params[0]}`);
  const subMchid = family === 'direct' ? null : textOf(body, 'sub_mchid');
  if (order?.family !== family || order.lines[0]?.subMchid !== subMchid) return NOT_EXIST;
  return close(context, order);
}

function close(context: Context, order: OrderRecord): Answer {
  if (order.state === 'SUCCESS') return refuse(400, 'ORDER_PAID', '该订单已支付');
  if (order.product === 'codepay') {
    return refuse(400, 'INVALID_REQUEST', '付款码订单请调用撤销接口');
  }
  if (order.state === 'NOTPAY') context.store.orders.put({ ...order, state: 'CLOSED' });
  return ok(null);
}

export function queryCombine(call: Call, by: 'number' | 'id'): Answer {
  const { account, context, params } = call;
  const name = params[0] ?? '';
  const { orders } = context.store;
  const order =
    by === 'number'
      ? orders.get(`combine/${account.mchid}/${name}`)
      : orders.find('transaction', name);
  const isIt = by === 'number' || order?.combineTransactionId === name;
  return isIt && order?.mchid === account.mchid ? ok(combineBody(order)) : NOT_EXIST;
}

const CLOSED_SUB_ORDER = object('子单信息', {
  mchid: needed('子单商户号', 32),
  out_trade_no: needed('子单商户订单号', 32),
});
const COMBINE_CLOSE_FIELDS: Fields = {
  combine_appid: needed('合单商户Appid', 32),
  sub_orders: required(list('子单信息', required(CLOSED_SUB_ORDER), 1, 50)),
};

/** The list must be the original set. */
export function closeCombine(call: Call): Answer {
  const { account, body, context, params } = call;
  const fields = checkFields(body, COMBINE_CLOSE_FIELDS);
  if (!fields.ok) return fields;
  if (textOf(body, 'combine_appid') !== account.appid) {
    return refuse(400, 'APPID_MCHID_NOT_MATCH', 'appid和mchid不匹配，请检查后再试');
  }
  const order = context.store.orders.get(`combine/${account.mchid}/${params[0]}`);
  if (order === undefined) return NOT_EXIST;
  const named = recordsOf(body, 'sub_orders').map((sub) =>
    [textOf(sub, 'mchid'), textOf(sub, 'sub_mchid'), textOf(sub, 'out_trade_no')].join('/'),
  );
  const original = order.lines.map((line) =>
    [order.mchid, line.subMchid ?? undefined, line.outTradeNo].join('/'),
  );
  if (named.toSorted().join() !== original.toSorted().join()) {
    return refuse(400, 'INVALID_REQUEST', '子单列表与原合单不一致');
  }
  return close(context, order);
}

/** The same content in any order of keys gives the same text. */
export function fingerprint(...parts: readonly unknown[]): string {
  return createHash('sha256')
    .update(JSON.stringify(parts.map(canonical)))
    .digest('hex');
}

function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.map(([name, item]) => [name, canonical(item)]);
}
