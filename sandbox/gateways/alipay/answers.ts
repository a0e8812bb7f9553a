/**
 * A method's answer before it is written in a protocol: fields of a success, a coded refusal, or a
 * page for the buyer's browser. v2 and v3 write the same answer in their own ways.
 */
import type { GatewayError } from '../../../src/wires/alipay/gateway-errors.ts';
import type { JsonObject } from '../../../src/wires/alipay/json-text.ts';
import type { WireResponse } from '../../kit/kit.ts';

export type Answer =
  | { readonly kind: 'success'; readonly fields: JsonObject }
  /** 10003: the order exists, the buyer must confirm it. */
  | { readonly kind: 'waiting'; readonly fields: JsonObject }
  | { readonly kind: 'refusal'; readonly error: GatewayError; readonly fields?: JsonObject }
  | { readonly kind: 'page'; readonly page: WireResponse };

export function success(fields: JsonObject): Answer {
  return { kind: 'success', fields };
}

export function waiting(fields: JsonObject): Answer {
  return { kind: 'waiting', fields };
}

export function refusal(error: GatewayError): Answer {
  return { kind: 'refusal', error };
}

const BUSINESS_MESSAGES = {
  'ACQ.SYSTEM_ERROR': '系统错误',
  'ACQ.INVALID_PARAMETER': '参数无效',
  'ACQ.ACCESS_FORBIDDEN': '无权限使用接口',
  'ACQ.TRADE_NOT_EXIST': '交易不存在',
  'ACQ.TRADE_HAS_SUCCESS': '交易已被支付',
  'ACQ.TRADE_HAS_CLOSE': '交易已经关闭',
  'ACQ.TRADE_HAS_FINISHED': '交易已完结',
  'ACQ.TRADE_STATUS_ERROR': '交易状态不合法',
  'ACQ.CONTEXT_INCONSISTENT': '交易信息被篡改',
  'ACQ.TOTAL_FEE_EXCEED': '订单总金额不在允许范围内',
  'ACQ.PAYMENT_AUTH_CODE_INVALID': '支付失败，获取顾客账户信息失败，请顾客刷新付款码后重新收款',
  'ACQ.BUYER_SELLER_EQUAL': '买卖家不能相同',
  'ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR': '当前时间已超过允许支付的时间',
  'ACQ.SUB_GOODS_SIZE_MAX_COUNT': '子商品明细超长',
  'ACQ.DISCORDANT_REPEAT_REQUEST': '不一致的请求',
  'ACQ.REASON_TRADE_REFUND_FEE_ERR': '退款金额无效',
  'ACQ.TRADE_NOT_ALLOW_REFUND': '当前交易不允许退款',
} as const;

export type BusinessCode = keyof typeof BUSINESS_MESSAGES;

/** 40004 with a business code; `detail` follows Alipay's own text. */
export function businessError(subCode: BusinessCode, detail = ''): GatewayError {
  const text = BUSINESS_MESSAGES[subCode];
  const subMsg = detail === '' ? text : `${text}：${detail}`;
  return { code: '40004', msg: 'Business Failed', subCode, subMsg, httpStatus: 400 };
}

export function refuse(subCode: BusinessCode, detail = ''): Answer {
  return refusal(businessError(subCode, detail));
}
