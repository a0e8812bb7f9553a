/**
 * Payment codes over APIv2: micropay, reverse. payment-codes.ts decides what is paid, known or
 * refunded; this file has APIv2's fields, its refusals and its `recall`.
 */
import { takeDistortion } from './callbacks.ts';
import { type AnswerV2, type CallV2, refused } from './context-v2.ts';
import { fingerprint } from './orders.ts';
import { findOrder, readV2Order } from './orders-v2.ts';
import {
  type CodeRefusal,
  chargeCode,
  draftCodeOrder,
  type ReversalRefusal,
  reverseOrder,
} from './payment-codes.ts';
import { paymentFields } from './present-v2.ts';
import type { OrderRecord } from './records.ts';

export function micropay(call: CallV2): AnswerV2 {
  const { context, fields } = call;
  const asked = readOrder(call);
  if (!('key' in asked)) return asked;
  const charge = chargeCode(context, asked, fields.get('auth_code') ?? '');
  switch (charge.kind) {
    case 'paid': {
      const fault = takeDistortion(context, charge.order, 'create');
      return { ok: true, fields: paymentFields(charge.order, fault) };
    }
    case 'waiting':
      return refused(...UNCONFIRMED);
    case 'known':
      return refused(...REPEATED[charge.order.state]);
    default:
      return refused(...CHARGE_REFUSALS[charge.kind]);
  }
}

type Words = readonly [code: string, message: string];
const UNCONFIRMED: Words = ['USERPAYING', '需要用户输入支付密码'];

const CHARGE_REFUSALS: Readonly<Record<CodeRefusal, Words>> = {
  number_used: ['OUT_TRADE_NO_USED', '商户订单号重复'],
  not_a_code: ['AUTH_CODE_INVALID', '请扫描微信支付被扫条码/二维码'],
  code_expired: ['AUTHCODEEXPIRE', '二维码已过期，请刷新再试'],
  code_invalid: ['AUTH_CODE_INVALID', '付款码无效，请重新扫码'],
};

/** What a repeat of the same order is told. */
const REPEATED: Readonly<Record<OrderRecord['state'], Words>> = {
  SUCCESS: ['ORDERPAID', '该订单已支付'],
  REVOKED: ['ORDERREVERSED', '该订单已撤销'],
  CLOSED: ['ORDERCLOSED', '该订单已关闭'],
  PAYERROR: ['TRADE_ERROR', '支付失败，请重新下单支付'],
  NOTPAY: UNCONFIRMED,
  USERPAYING: UNCONFIRMED,
};

function readOrder(call: CallV2): OrderRecord | AnswerV2 {
  const { context, account, fields, subMchid } = call;
  const read = readV2Order(call);
  if (!('orderNo' in read)) return read;
  return draftCodeOrder(context, account, {
    family: subMchid === null ? 'direct' : 'partner',
    deviceId: fields.get('device_info') ?? null,
    fingerprint: fingerprint('codepay', read.content),
    expiresMs: read.expiresMs,
    line: read.line,
  });
}

export function reverse(call: CallV2): AnswerV2 {
  const order = findOrder(call);
  const done = { recall: 'N' };
  if (order === undefined) return refused('ORDERNOTEXIST', '订单不存在', done);
  const reversal = reverseOrder(call.context, order);
  if (reversal === 'done') return { ok: true, fields: done };
  const recall = reversal === 'stuck' ? 'Y' : 'N';
  return refused(...REVERSAL_REFUSALS[reversal], { recall });
}

const REVERSAL_REFUSALS: Readonly<Record<ReversalRefusal, Words>> = {
  not_a_code_order: ['TRADE_ERROR', '仅支持付款码支付订单'],
  refunded: ['TRADE_ERROR', '订单已发生退款，无法撤销'],
  too_late: ['REVERSE_EXPIRE', '订单无法撤销，请调用退款接口'],
  stuck: ['SYSTEMERROR', '系统超时，请再次调用'],
};
