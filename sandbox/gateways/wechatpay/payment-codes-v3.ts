/**
 * Payment codes over v3, for merchants to whom WeChat Pay has opened them: codepay and reverse.
 * payment-codes.ts decides what is paid, known or refunded. v3's answers differ from APIv2's: a
 * code that must be confirmed is an answered order (USERPAYING), not a refusal.
 */
import { must } from '../../../src/kernel/assert.ts';
import { ok } from '../../../src/kernel/result.ts';
import { recordOf, textOf } from '../../../src/wires/wechatpay/json.ts';
import { takeDistortion } from './callbacks.ts';
import type { Answer, Call } from './context.ts';
import { checkFields, type Fields, needed } from './field-rules.ts';
import { checkParties, codeOrderFields } from './order-rules.ts';
import { draftLine, fingerprint } from './orders.ts';
import {
  CODE_ORDER_LIFE_MS,
  type CodeFamily,
  type CodeRefusal,
  chargeCode,
  codeLineOf,
  draftCodeOrder,
  type ReversalRefusal,
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
  const code = must(textOf(recordOf(body, 'payer'), 'auth_code'), 'a checked auth_code');
  const charge = chargeCode(context, readOrder(call, family), code);
  switch (charge.kind) {
    case 'paid':
      return ok(distort(bodyOf(charge.order), takeDistortion(context, charge.order, 'create')));
    case 'waiting':
      return ok(bodyOf(charge.order));
    case 'known':
      return repeated(charge.order);
    default:
      return refuse(...CHARGE_REFUSALS[charge.kind]);
  }
}

type Words = readonly [status: number, code: string, message: string];
const BAD_CODE: Words = [400, 'AUTH_CODE_INVALID', '付款码无效，请重新扫码'];

const CHARGE_REFUSALS: Readonly<Record<CodeRefusal, Words>> = {
  number_used: [403, 'OUT_TRADE_NO_USED', '商户订单号重复'],
  code_expired: [400, 'AUTHCODEEXPIRE', '二维码已过期，请刷新再试'],
  not_a_code: BAD_CODE,
  code_invalid: BAD_CODE,
};

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

const REVERSE_FIELDS: Readonly<Record<CodeFamily, Fields>> = {
  direct: { appid: needed('公众账号ID', 32), mchid: needed('直连商户号', 32) },
  partner: {
    sp_appid: needed('服务商应用ID', 32),
    sp_mchid: needed('服务商户号', 32),
    sub_mchid: needed('子商户号', 32),
  },
};

export function reverseByCode(call: Call, family: CodeFamily): Answer {
  const { account, body, context, params } = call;
  const fields = checkFields(body, REVERSE_FIELDS[family]);
  if (!fields.ok) return fields;
  const parties = checkParties(call, family);
  if (!parties.ok) return parties;
  const order = context.store.orders.get(`single/${account.mchid}/${params[0]}`);
  const subMchid = textOf(body, 'sub_mchid') ?? null;
  if (order?.family !== family || codeLineOf(order).subMchid !== subMchid) {
    return refuse(404, 'ORDER_NOT_EXIST', '订单不存在');
  }
  const reversal = reverseOrder(context, order);
  if (reversal !== 'done') return refuse(...REVERSAL_REFUSALS[reversal]);
  return ok({ ...namesOf(order, family, subMchid), out_trade_no: order.orderNo });
}

const REVERSAL_REFUSALS: Readonly<Record<ReversalRefusal, Words>> = {
  not_a_code_order: [403, 'TRADE_ERROR', '仅支持付款码支付订单'],
  refunded: [403, 'TRADE_ERROR', '订单已发生退款，无法撤销'],
  too_late: [403, 'REVERSE_EXPIRE', '订单无法撤销，请调用退款接口'],
  stuck: [500, 'SYSTEM_ERROR', '系统异常，请使用相同参数稍后重新调用'],
};

function namesOf({ appid, mchid }: OrderRecord, family: CodeFamily, subMchid: string | null) {
  return family === 'direct'
    ? { appid, mchid }
    : { sp_appid: appid, sp_mchid: mchid, sub_mchid: subMchid };
}
