/**
 * Payment codes over APIv2: micropay, reverse. payment-codes.ts decides what is paid, known or
 * refunded; this file has APIv2's fields, its refusals and its `recall`.
 */
import { takeDistortion } from './callbacks.ts';
import { type AnswerV2, type CallV2, refused } from './context-v2.ts';
import { fingerprint } from './orders.ts';
import { findOrder, readV2Order } from './orders-v2.ts';
import { chargeCode, draftCodeOrder, reverseOrder } from './payment-codes.ts';
import { paymentFields } from './present-v2.ts';
import type { OrderRecord } from './records.ts';

export function micropay(call: CallV2): AnswerV2 {
  const { context, fields } = call;
  const asked = readOrder(call);
  if (!('key' in asked)) return asked;
  const charge = chargeCode(context, asked, fields.get('auth_code') ?? '');
  switch (charge.kind) {
    case 'paid':
      return {
        ok: true,
        fields: paymentFields(charge.order, takeDistortion(context, charge.order, 'create')),
      };
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

function repeated(known: OrderRecord): AnswerV2 {
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

export function reverse(call: CallV2): AnswerV2 {
  const order = findOrder(call);
  const done = { recall: 'N' };
  if (order === undefined) return refused('ORDERNOTEXIST', '订单不存在', done);
  switch (reverseOrder(call.context, order)) {
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
