/**
 * Payment codes: micropay, orderquery, reverse. Small sums are paid in the call; above the limit,
 * or when the fault `userpaying` says so, the order is USERPAYING until the buyer confirms on the
 * phone. A code pays one order, a number one payment; a reversal ends the order, whatever it was,
 * and gives back what was paid. There is no callback.
 */
import { isIP } from 'node:net';
import type { Fen } from '../../../core/money.ts';
import { isPaymentCode } from '../wire/payment-code.ts';
import { compactTime, parseCompactTime } from '../wire/time.ts';
import { CODEPAY_TRADE_TYPE, isPlainText } from '../wire/trade.ts';
import type { Desk } from './call.ts';
import { takeDistortion } from './callbacks.ts';
import { MINUTE_MS } from './order-rules.ts';
import { fingerprint, freshOrder } from './payments.ts';
import { bookPayment } from './phone.ts';
import { bankTypeOf, tradeStateOf, tradeStateWords } from './present.ts';
import type { OrderLine, OrderRecord } from './records.ts';
import { refused, type V2Answer, type V2Call } from './v2-call.ts';

/** Up to this the app pays without a password; WeChat Pay's own rules are more, and not public. */
const NO_PASSWORD_FEN_MAX: Fen = 1_000_00n;
export const CODE_LIFE_MS = 7 * 24 * 60 * MINUTE_MS;
export const REVERSE_WINDOW_MS = 7 * 24 * 60 * MINUTE_MS;
const TOTAL_FEN_MAX: Fen = 10_000_000_000n;

export function micropay(call: V2Call): V2Answer {
  const { desk, fields } = call;
  const asked = readOrder(call);
  if (!('key' in asked)) return asked;
  const holder = desk.books.lineByNo(asked.mchid, asked.orderNo)?.order.key;
  const known = holder === undefined ? undefined : freshOrder(desk, holder);
  if (known !== undefined) return repeated(asked, known);
  const code = fields.get('auth_code') ?? '';
  if (!isPaymentCode(code)) return refused('AUTH_CODE_INVALID', '请扫描微信支付被扫条码/二维码');
  const charged = desk.books.paymentCodes.charge(code, asked.key);
  if (charged === 'expired') return refused('AUTHCODEEXPIRE', '二维码已过期，请刷新再试');
  if (charged !== 'charged') return refused('AUTH_CODE_INVALID', '付款码无效，请重新扫码');
  if (mustConfirm(call, asked)) {
    desk.books.putOrder({ ...asked, state: 'USERPAYING' });
    return refused('USERPAYING', '需要用户输入支付密码');
  }
  const coupon = { platformFen: 0n, merchantFen: 0n };
  const paid = bookPayment(desk, asked, { payerWallet: 'wechatpay', coupon });
  return { ok: true, fields: distorted(desk, paid, 'create') };
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
  const expiresMs = expire === undefined ? nowMs + CODE_LIFE_MS : parseCompactTime(expire);
  if (expiresMs === undefined || expiresMs < nowMs + MINUTE_MS) return wrong('time_expire');
  const { nonce_str: _nonce, sign: _sign, ...content } = Object.fromEntries(fields);
  return {
    key: `single/${account.mchid}/${orderNo}`,
    family: subMchid === null ? 'direct' : 'partner',
    mchid: account.mchid,
    appid: account.appid,
    orderNo,
    product: 'codepay',
    notifyUrl: null,
    openid: null,
    deviceId: fields.get('device_info') ?? null,
    fingerprint: fingerprint('codepay', content),
    createdMs: nowMs,
    expiresMs,
    state: 'NOTPAY',
    lines: [lineOf(fields, orderNo, { subMchid, totalFen, description: body })],
    combineTransactionId: null,
    successMs: null,
    payerWallet: null,
    payerOpenid: null,
    prepayCode: '',
    signWith: null,
  };
}

function lineOf(
  fields: V2Call['fields'],
  outTradeNo: string,
  line: Pick<OrderLine, 'subMchid' | 'totalFen' | 'description'>,
): OrderLine {
  return {
    ...line,
    outTradeNo,
    attach: fields.get('attach') ?? null,
    profitSharing: fields.get('profit_sharing') === 'Y',
    paid: null,
    refundedFen: 0n,
    refundCount: 0,
    lastRefundMs: null,
  };
}

/** The number is known: what became of it, and never a second payment. */
function repeated(asked: OrderRecord, known: OrderRecord): V2Answer {
  if (known.fingerprint !== asked.fingerprint) {
    return refused('OUT_TRADE_NO_USED', '商户订单号重复');
  }
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

export function mustConfirm(
  { desk, account, subMchid }: Pick<V2Call, 'desk' | 'account' | 'subMchid'>,
  order: OrderRecord,
): boolean {
  const merchant = subMchid ?? account.mchid;
  const point = { wallet: 'wechatpay', operation: 'create', orderNo: order.orderNo } as const;
  const fault = desk.kit.faults.take({ ...point, merchant }, ['userpaying']);
  const totalFen = order.lines[0]?.totalFen ?? 0n;
  return fault !== undefined || totalFen > NO_PASSWORD_FEN_MAX;
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
  const { desk } = call;
  const order = findOrder(call);
  const [line] = order?.lines ?? [];
  const done = { recall: 'N' };
  if (order === undefined || line === undefined) {
    return refused('ORDERNOTEXIST', '订单不存在', done);
  }
  if (order.product !== 'codepay') return refused('TRADE_ERROR', '仅支持付款码支付订单', done);
  if (order.state === 'REVOKED') return { ok: true, fields: done };
  if (line.refundCount > 0) return refused('TRADE_ERROR', '订单已发生退款，无法撤销', done);
  if (desk.kit.clock.nowMs() > order.createdMs + REVERSE_WINDOW_MS) {
    return refused('REVERSE_EXPIRE', '订单无法撤销，请调用退款接口', done);
  }
  const merchant = line.subMchid ?? order.mchid;
  const point = { wallet: 'wechatpay', operation: 'close', orderNo: order.orderNo } as const;
  if (desk.kit.faults.take({ ...point, merchant }, ['refund_stuck']) !== undefined) {
    return refused('SYSTEMERROR', '系统超时，请再次调用', { recall: 'Y' });
  }
  giveBack(desk, order, line);
  return { ok: true, fields: done };
}

export function giveBack(desk: Desk, order: OrderRecord, line: OrderLine): void {
  const { paid } = line;
  if (paid === null) {
    desk.books.putOrder({ ...order, state: 'REVOKED' });
    return;
  }
  const pocket = line.profitSharing ? 'frozenFen' : 'availableFen';
  const receiptFen = line.totalFen - paid.merchantCouponFen;
  desk.books.moveBalance(line.subMchid ?? order.mchid, pocket, -receiptFen);
  const lines = [{ ...line, refundedFen: line.totalFen }];
  desk.books.putOrder({ ...order, lines, state: 'REVOKED' });
}
