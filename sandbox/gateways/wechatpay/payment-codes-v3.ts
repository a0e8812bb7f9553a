/**
 * Payment codes over v3, for merchants to whom WeChat Pay has opened them: codepay and reverse.
 * payment-codes.ts decides what is paid, known or refunded. v3's answers differ from APIv2's: a
 * code that must be confirmed is an answered order (USERPAYING), not a refusal.
 */
import { present } from '../../../src/kernel/assert.ts';
import { ok } from '../../../src/kernel/result.ts';
import { recordOf, textOf } from '../../../src/wires/wechatpay/json.ts';
import { takeDistortion } from './callbacks.ts';
import type { Answer, Call } from './context.ts';
import { checkFields, type Fields } from './field-rules.ts';
import { checkParties, codeOrderFields } from './order-rules.ts';
import { draftLine, fingerprint, freshOrder } from './orders.ts';
import {
  CODE_ORDER_LIFE_MS,
  type CodeFamily,
  chargeCode,
  codeLineOf,
  draftCodeOrder,
  reverseOrder,
} from './payment-codes.ts';
import { type Draft, distort, singleBody } from './present.ts';
import type { OrderRecord } from './records.ts';
import { refuse } from './refusal.ts';

export const V3_CODEPAY = 'v3_codepay';

export function payByCode(call: Call, family: CodeFamily): Answer {
  const { account, body, context } = call;
  const fields = checkFields(body, codeOrderFields(family));
  if (!fields.ok) return fields;
  if (!account.openedProducts?.includes(V3_CODEPAY)) {
    return refuse(403, 'NO_AUTH', '商户未开通此接口权限');
  }
  const parties = checkParties(call, family);
  if (!parties.ok) return parties;
  const code = present(textOf(recordOf(body, 'payer'), 'auth_code'), 'a checked auth_code');
  const charge = chargeCode(context, readOrder(call, family), code);
  switch (charge.kind) {
    case 'paid':
      return ok(distort(bodyOf(charge.order), takeDistortion(context, charge.order, 'create')));
    case 'waiting':
      return ok(bodyOf(charge.order));
    case 'known':
      return repeated(charge.order);
    case 'number_used':
      return refuse(403, 'OUT_TRADE_NO_USED', '商户订单号重复');
    case 'code_expired':
      return refuse(400, 'AUTHCODEEXPIRE', '二维码已过期，请刷新再试');
    case 'not_a_code':
    case 'code_invalid':
      return refuse(400, 'AUTH_CODE_INVALID', '付款码无效，请重新扫码');
  }
}

function readOrder({ account, body, context }: Call, family: CodeFamily): OrderRecord {
  return draftCodeOrder(context, account, {
    family,
    deviceId: textOf(recordOf(body, 'scene_info'), 'device_id') ?? null,
    fingerprint: fingerprint('codepay', family, body),
    expiresMs: context.kit.clock.nowMs() + CODE_ORDER_LIFE_MS,
    line: draftLine(body, 'total'),
  });
}

function repeated(known: OrderRecord): Answer {
  switch (known.state) {
    case 'SUCCESS':
      return refuse(400, 'ORDER_PAID', '该订单已支付');
    case 'CLOSED':
    case 'REVOKED':
      return refuse(400, 'ORDER_CLOSED', '该订单已关闭');
    case 'NOTPAY':
    case 'PAYERROR':
    case 'USERPAYING':
      return ok(bodyOf(known));
  }
}

function bodyOf(order: OrderRecord): Draft {
  return singleBody(order, codeLineOf(order));
}

const needed = (label: string) =>
  ({ kind: 'text', label, charsMax: 32, isRequired: true }) as const;
const REVERSE_FIELDS: Readonly<Record<CodeFamily, Fields>> = {
  direct: { appid: needed('公众账号ID'), mchid: needed('直连商户号') },
  partner: {
    sp_appid: needed('服务商应用ID'),
    sp_mchid: needed('服务商户号'),
    sub_mchid: needed('子商户号'),
  },
};

export function reverseByCode(call: Call, family: CodeFamily): Answer {
  const { account, body, context, params } = call;
  const fields = checkFields(body, REVERSE_FIELDS[family]);
  if (!fields.ok) return fields;
  const parties = checkParties(call, family);
  if (!parties.ok) return parties;
  const order = freshOrder(context, `single/${account.mchid}/${params[0]}`);
  const subMchid = textOf(body, 'sub_mchid') ?? null;
  if (order?.family !== family || codeLineOf(order).subMchid !== subMchid) {
    return refuse(404, 'ORDER_NOT_EXIST', '订单不存在');
  }
  switch (reverseOrder(context, order)) {
    case 'done':
      return ok({ ...namesOf(order, family, subMchid), out_trade_no: order.orderNo });
    case 'not_a_code_order':
      return refuse(403, 'TRADE_ERROR', '仅支持付款码支付订单');
    case 'refunded':
      return refuse(403, 'TRADE_ERROR', '订单已发生退款，无法撤销');
    case 'too_late':
      return refuse(403, 'REVERSE_EXPIRE', '订单无法撤销，请调用退款接口');
    case 'stuck':
      return refuse(500, 'SYSTEM_ERROR', '系统异常，请使用相同参数稍后重新调用');
  }
}

function namesOf({ appid, mchid }: OrderRecord, family: CodeFamily, subMchid: string | null) {
  return family === 'direct'
    ? { appid, mchid }
    : { sp_appid: appid, sp_mchid: mchid, sub_mchid: subMchid };
}
