/**
 * Payment codes over APIv2: micropay, orderquery, reverse. What is paid, known or given back is
 * decided in codepay.ts; here are APIv2's fields, its refusals and its `recall`.
 */
import { isIP } from 'node:net';
import type { Fen } from '../../../core/money.ts';
import { compactTime, parseCompactTime } from '../wire/time.ts';
import { CODEPAY_TRADE_TYPE, isPlainText } from '../wire/trade.ts';
import type { Desk } from './call.ts';
import { takeDistortion } from './callbacks.ts';
import { CODE_ORDER_LIFE_MS, chargeCode, draftCodeOrder, reverseOrder } from './codepay.ts';
import { MINUTE_MS } from './order-rules.ts';
import { fingerprint, freshOrder, unpaidLine } from './payments.ts';
import { bankTypeOf, tradeStateOf, tradeStateWords } from './present.ts';
import type { OrderRecord } from './records.ts';
import { refused, type V2Answer, type V2Call } from './v2-call.ts';

const TOTAL_FEN_MAX: Fen = 10_000_000_000n;

export function micropay(call: V2Call): V2Answer {
  const { desk, fields } = call;
  const asked = readOrder(call);
  if (!('key' in asked)) return asked;
  const charge = chargeCode(desk, asked, fields.get('auth_code') ?? '');
  switch (charge.kind) {
    case 'paid':
      return { ok: true, fields: distorted(desk, charge.order, 'create') };
    case 'waiting':
      return refused('USERPAYING', '需要用户输入支付密码');
    case 'known':
      return repeated(charge.order);
    case 'number_used':
      return refused('OUT_TRADE_NO_USED', '商户订单号重复');
    case 'not_a_code':
      return refused('AUTH_CODE_INVALID', '请扫描微信支付被扫条码/二维码');
    case 'code_expired':
      return refused('AUTHCODEEXPIRE', '二维码已过期，请刷新再试');
    case 'code_invalid':
      return refused('AUTH_CODE_INVALID', '付款码无效，请重新扫码');
  }
}

function readOrder({ desk, account, fields, subMchid }: V2Call): OrderRecord | V2Answer {
  const wrong = (name: string) => refused('PARAM_ERROR', `${name}参数格式错误`);
  const orderNo = fields.get('out_trade_no') ?? '';
  if (!/^[0-9A-Za-z_\-|*]{6,32}$/.test(orderNo)) return wrong('out_trade_no');
  const body = fields.get('body') ?? '';
  if ([...body].length > 127 || !isPlainText(body)) return wrong('body');
  const total = fields.get('total_fee') ?? '';
  const totalFen = /^[1-9]\d{0,11}$/.test(total) ? BigInt(total) : 0n;
  if (totalFen < 1n || totalFen > TOTAL_FEN_MAX) return wrong('total_fee');
  if ((fields.get('fee_type') ?? 'CNY') !== 'CNY') return wrong('fee_type');
  if (isIP(fields.get('spbill_create_ip') ?? '') === 0) return wrong('spbill_create_ip');
  const nowMs = desk.kit.clock.nowMs();
  const expire = fields.get('time_expire');
  const expiresMs = expire === undefined ? nowMs + CODE_ORDER_LIFE_MS : parseCompactTime(expire);
  if (expiresMs === undefined || expiresMs < nowMs + MINUTE_MS) return wrong('time_expire');
  const { nonce_str: _nonce, sign: _sign, ...content } = Object.fromEntries(fields);
  return draftCodeOrder(desk, account, {
    family: subMchid === null ? 'direct' : 'partner',
    deviceId: fields.get('device_info') ?? null,
    fingerprint: fingerprint('codepay', content),
    expiresMs,
    line: unpaidLine({
      outTradeNo: orderNo,
      subMchid,
      description: body,
      attach: fields.get('attach') ?? null,
      totalFen,
      profitSharing: fields.get('profit_sharing') === 'Y',
    }),
  });
}

function repeated(known: OrderRecord): V2Answer {
  switch (known.state) {
    case 'SUCCESS':
      return refused('ORDERPAID', '该订单已支付');
    case 'REVOKED':
      return refused('ORDERREVERSED', '该订单已撤销');
    case 'CLOSED':
      return refused('ORDERCLOSED', '该订单已关闭');
    case 'PAYERROR':
      return refused('TRADE_ERROR', '支付失败，请重新下单支付');
    case 'NOTPAY':
    case 'USERPAYING':
      return refused('USERPAYING', '需要用户输入支付密码');
  }
}

/** By transaction_id (which wins) or out_trade_no; any order of the caller's, however it came. */
function findOrder({ desk, account, fields, subMchid }: V2Call): OrderRecord | undefined {
  const transactionId = fields.get('transaction_id');
  const { books } = desk;
  const found =
    transactionId === undefined
      ? books.lineByNo(account.mchid, fields.get('out_trade_no') ?? '')
      : books.lineByTransaction(transactionId);
  if (found === undefined || found.order.family === 'combine') return undefined;
  const isTheirs = found.order.mchid === account.mchid && found.line.subMchid === subMchid;
  return isTheirs ? freshOrder(desk, found.order.key) : undefined;
}

export function orderQuery(call: V2Call): V2Answer {
  const order = findOrder(call);
  const [line] = order?.lines ?? [];
  if (order === undefined || line === undefined)
    return refused('ORDERNOTEXIST', '此交易订单号不存在');
  const state = tradeStateOf(order, line);
  const words = { trade_state: state, trade_state_desc: tradeStateWords(state) };
  const isTold = state === 'SUCCESS' || state === 'REFUND';
  // Of what was not paid, or no longer is, only the number and the merchant's own data are told.
  if (!isTold) {
    return {
      ok: true,
      fields: { ...words, out_trade_no: line.outTradeNo, attach: line.attach ?? '' },
    };
  }
  return { ok: true, fields: { ...words, ...distorted(call.desk, order, 'query') } };
}

/** The payment as micropay and orderquery show it, or as a wallet that errs would. */
function distorted(
  desk: Desk,
  order: OrderRecord,
  operation: 'create' | 'query',
): Readonly<Record<string, string>> {
  const [line] = order.lines;
  const paid = line?.paid;
  if (line === undefined || !paid || order.successMs === null) return {};
  const couponFen = paid.platformCouponFen + paid.merchantCouponFen;
  const fields = {
    openid: order.payerOpenid ?? '',
    is_subscribe: 'N',
    trade_type: CODEPAY_TRADE_TYPE,
    bank_type: bankTypeOf(order),
    fee_type: 'CNY',
    total_fee: String(line.totalFen),
    settlement_total_fee:
      paid.merchantCouponFen > 0n ? String(line.totalFen - paid.merchantCouponFen) : '',
    coupon_fee: couponFen > 0n ? String(couponFen) : '',
    cash_fee: String(paid.payerFen),
    cash_fee_type: 'CNY',
    transaction_id: paid.transactionId,
    out_trade_no: line.outTradeNo,
    attach: line.attach ?? '',
    time_end: compactTime(order.successMs),
  };
  switch (takeDistortion(desk, order, operation)) {
    case 'wrong_amount':
      return { ...fields, total_fee: String(line.totalFen + 1n) };
    case 'wrong_currency':
      return { ...fields, fee_type: 'USD' };
    case 'wrong_payee':
      return { ...fields, sub_mch_id: '1600000000' };
    default:
      return fields;
  }
}

export function reverse(call: V2Call): V2Answer {
  const order = findOrder(call);
  const done = { recall: 'N' };
  if (order === undefined) return refused('ORDERNOTEXIST', '订单不存在', done);
  switch (reverseOrder(call.desk, order)) {
    case 'done':
      return { ok: true, fields: done };
    case 'not_a_code_order':
      return refused('TRADE_ERROR', '仅支持付款码支付订单', done);
    case 'refunded':
      return refused('TRADE_ERROR', '订单已发生退款，无法撤销', done);
    case 'too_late':
      return refused('REVERSE_EXPIRE', '订单无法撤销，请调用退款接口', done);
    case 'stuck':
      return refused('SYSTEMERROR', '系统超时，请再次调用', { recall: 'Y' });
  }
}
