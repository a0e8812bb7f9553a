/**
 * Orders over APIv2: unifiedorder (NATIVE, JSAPI, MWEB, APP), orderquery, closeorder. They are in
 * the same store as v3's, so that either API queries and refunds the other's orders; fields,
 * refusals and the callback's format differ.
 */
import { isIP } from 'node:net';
import type { Fen } from '../../../src/kernel/money.ts';
import { compactTime, parseCompactTime } from '../../../src/wires/beijing-time.ts';
import { isPlainText, TRADE_TYPES, type TradeProduct } from '../../../src/wires/wechatpay/trade.ts';
import { takeDistortion } from './callbacks.ts';
import { type AnswerV2, type CallV2, refused, wrong } from './context-v2.ts';
import { characterExplanation } from './field-rules.ts';
import { checkNotifyUrl, MINUTE_MS } from './order-rules.ts';
import { checkNumbers, codeUrl, fingerprint, h5Url, issuePrepay, unpaidLine } from './orders.ts';
import { tradeStateOf, tradeStateText } from './present.ts';
import { paymentFields } from './present-v2.ts';
import { type OrderLine, type OrderRecord, UNPAID } from './records.ts';

const TOTAL_FEN_MAX: Fen = 10_000_000_000n;
const ORDER_LIFE_MS = 7 * 24 * 60 * MINUTE_MS;

export interface V2Order {
  readonly orderNo: string;
  readonly expiresMs: number;
  readonly line: OrderLine;
  /** What a repeat must have in common. */
  readonly content: Readonly<Record<string, string>>;
}

/** The fields of every order, whoever shows the code. */
export function readV2Order(call: CallV2): V2Order | AnswerV2 {
  const { context, fields, subMchid } = call;
  const orderNo = fields.get('out_trade_no') ?? '';
  if (!/^[0-9A-Za-z_\-|*]{6,32}$/.test(orderNo)) return wrong('out_trade_no');
  const body = fields.get('body') ?? '';
  if (!isPlainText(body)) {
    context.kit.explanations.add(characterExplanation(`order ${orderNo} of APIv2`, 'body', body));
    return wrong('body');
  }
  if ([...body].length > 127) return wrong('body');
  const total = fields.get('total_fee') ?? '';
  const totalFen = /^[1-9]\d{0,11}$/.test(total) ? BigInt(total) : 0n;
  if (totalFen < 1n || totalFen > TOTAL_FEN_MAX) return wrong('total_fee');
  if ((fields.get('fee_type') ?? 'CNY') !== 'CNY') return wrong('fee_type');
  if (isIP(fields.get('spbill_create_ip') ?? '') === 0) return wrong('spbill_create_ip');
  const nowMs = context.kit.clock.nowMs();
  const expire = fields.get('time_expire');
  const expiresMs = expire === undefined ? nowMs + ORDER_LIFE_MS : parseCompactTime(expire);
  if (expiresMs === undefined || expiresMs < nowMs + MINUTE_MS) return wrong('time_expire');
  const { nonce_str: _nonce, sign: _sign, ...content } = Object.fromEntries(fields);
  const line = unpaidLine({
    outTradeNo: orderNo,
    subMchid,
    description: body,
    attach: fields.get('attach') ?? null,
    totalFen,
    profitSharing: fields.get('profit_sharing') === 'Y',
  });
  return { orderNo, expiresMs, line, content };
}

const PRODUCTS = Object.keys(TRADE_TYPES) as TradeProduct[];
/** The additional fields of each payment type. */
const NEEDED: Readonly<Partial<Record<TradeProduct, string>>> = {
  native: 'product_id',
  h5: 'scene_info',
};

export function unifiedOrder(call: CallV2): AnswerV2 {
  const { context, fields } = call;
  const product = PRODUCTS.find((each) => TRADE_TYPES[each] === fields.get('trade_type'));
  if (product === undefined) return wrong('trade_type');
  const read = readV2Order(call);
  if (!('orderNo' in read)) return read;
  const notifyUrl = fields.get('notify_url') ?? '';
  if (!checkNotifyUrl(call, notifyUrl).ok) return wrong('notify_url');
  const needed = NEEDED[product];
  if (needed !== undefined && !fields.get(needed)) {
    return refused('LACK_PARAMS', `缺少参数${needed}`);
  }
  const openid = fields.get('openid') ?? fields.get('sub_openid') ?? null;
  if (product === 'jsapi' && openid === null) return refused('LACK_PARAMS', '缺少参数openid');
  if (product === 'jsapi' && !call.account.openids.includes(openid ?? '')) {
    return refused('PARAM_ERROR', 'openid和appid不匹配');
  }
  const asked = draftOrder(call, read, { product, notifyUrl, openid });
  const free = checkNumbers(context, asked);
  if (!free.ok) {
    const { code = 'SYSTEMERROR', message = '' } = free.error.body ?? {};
    // APIv2 writes the same codes without the underscore: ORDERPAID, ORDERCLOSED.
    return refused(code.replace(/^ORDER_/, 'ORDER'), message);
  }
  const { order, code } = issuePrepay(context, free.value ?? asked);
  return { ok: true, fields: prepayFields(call, order, code) };
}

function draftOrder(
  { account, context, fields, signType, subMchid }: CallV2,
  { orderNo, expiresMs, line, content }: V2Order,
  how: Pick<OrderRecord, 'notifyUrl' | 'openid'> & { readonly product: TradeProduct },
): OrderRecord {
  return {
    ...how,
    key: `single/${account.mchid}/${orderNo}`,
    family: subMchid === null ? 'direct' : 'partner',
    mchid: account.mchid,
    appid: account.appid,
    orderNo,
    deviceId: fields.get('device_info') ?? null,
    fingerprint: fingerprint('v2', content),
    createdMs: context.kit.clock.nowMs(),
    expiresMs,
    ...UNPAID,
    lines: [line],
    signWith: null,
    v2SignType: signType,
  };
}

/** Always a prepay_id; a native order is opened by the token inside its code_url. */
function prepayFields({ context, fields }: CallV2, order: OrderRecord, code: string) {
  const isNative = order.product === 'native';
  return {
    trade_type: fields.get('trade_type') ?? '',
    prepay_id: isNative ? `wx${compactTime(order.createdMs)}${code}` : code,
    code_url: isNative ? codeUrl(order, code) : '',
    mweb_url: order.product === 'h5' ? h5Url(context, code) : '',
  };
}

/** By transaction_id (which wins) or out_trade_no; any order of the caller's, by either API. */
export function findOrder({ context, account, fields, subMchid }: CallV2): OrderRecord | undefined {
  const transactionId = fields.get('transaction_id');
  const { store } = context;
  const found =
    transactionId === undefined
      ? store.lineByNo(account.mchid, fields.get('out_trade_no') ?? '')
      : store.lineByTransaction(transactionId);
  if (found === undefined || found.order.family === 'combine') return undefined;
  const isTheirs = found.order.mchid === account.mchid && found.line.subMchid === subMchid;
  return isTheirs ? found.order : undefined;
}

export function orderQuery(call: CallV2): AnswerV2 {
  const order = findOrder(call);
  const [line] = order?.lines ?? [];
  if (order === undefined || line === undefined)
    return refused('ORDERNOTEXIST', '此交易订单号不存在');
  const state = tradeStateOf(order, line);
  const stateFields = { trade_state: state, trade_state_desc: tradeStateText(state) };
  const isPaid = state === 'SUCCESS' || state === 'REFUND';
  // For an order that is not paid, or no longer, only the number and the merchant's own data are
  // shown.
  if (!isPaid) {
    return {
      ok: true,
      fields: { ...stateFields, out_trade_no: line.outTradeNo, attach: line.attach ?? '' },
    };
  }
  const fault = takeDistortion(call.context, order, 'query');
  return { ok: true, fields: { ...stateFields, ...paymentFields(order, fault) } };
}

export function closeOrder(call: CallV2): AnswerV2 {
  const order = findOrder(call);
  if (order === undefined) return refused('ORDERNOTEXIST', '订单不存在');
  if (order.product === 'codepay') {
    return refused('INVALID_REQUEST', '付款码订单请调用撤销接口');
  }
  switch (order.state) {
    case 'SUCCESS':
      return refused('ORDERPAID', '订单已支付，不能发起关单');
    case 'NOTPAY':
    case 'USERPAYING':
      call.context.store.orders.put({ ...order, state: 'CLOSED' });
      return { ok: true, fields: { result_msg: 'OK' } };
    case 'CLOSED':
    case 'PAYERROR':
    case 'REVOKED':
      return refused('ORDERCLOSED', '订单已关闭，无法重复关闭');
  }
}
