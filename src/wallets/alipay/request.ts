/**
 * Converts Hutong's order to biz_content. Every order carries an absolute time_expire in Beijing
 * time (rule 2), names its payee (sub_merchant) and holds the money until settlement (settle_info).
 * Amounts are yuan text; pure data in, data out.
 */

import type { AttemptOrder, LegOrder, RefundOrder } from '../../core/wallet/order.ts';
import { fenToYuan } from '../../kernel/money.ts';
import type { Product } from '../../kernel/wallet-names.ts';
import type { JsonObject } from '../../wires/alipay/json-text.ts';
import { formatTime } from '../../wires/alipay/time.ts';

const SUBJECT_LENGTH_MAX = 256;
const REASON_LENGTH_MAX = 256;

/** Alipay refuses `/`, `=` and `&` in a subject. */
export function subjectOf(description: string): string {
  const clean = description.replace(/[/=&\p{Cc}]/gu, ' ').trim();
  return [...clean].slice(0, SUBJECT_LENGTH_MAX).join('') || '订单';
}

type AlipayProduct = Extract<Product, 'page' | 'wap' | 'app' | 'precreate' | 'jsapi' | 'bar'>;

const PRODUCT_CODES: Readonly<Record<AlipayProduct, string>> = {
  page: 'FAST_INSTANT_TRADE_PAY',
  wap: 'QUICK_WAP_WAY',
  app: 'QUICK_MSECURITY_PAY',
  precreate: 'FACE_TO_FACE_PAYMENT',
  jsapi: 'JSAPI_PAY',
  bar: 'FACE_TO_FACE_PAYMENT',
};

export function isAlipayProduct(product: Product): product is AlipayProduct {
  return Object.hasOwn(PRODUCT_CODES, product);
}

function legContent(order: AttemptOrder, leg: LegOrder, productCode: string): JsonObject {
  const amount = fenToYuan(leg.amountFen);
  return {
    out_trade_no: leg.orderNo,
    total_amount: amount,
    subject: subjectOf(leg.description),
    product_code: productCode,
    sub_merchant: { merchant_id: leg.walletMerchant, merchant_type: 'alipay' },
    settle_info: {
      settle_detail_infos: [{ trans_in_type: 'defaultSettle', amount }],
      settle_period_time: `${order.holdDays}d`,
    },
  };
}

/** One merchant, one order. */
export function singleContent(
  order: AttemptOrder,
  product: AlipayProduct,
  leg: LegOrder,
): JsonObject {
  const content = {
    ...legContent(order, leg, PRODUCT_CODES[product]),
    time_expire: formatTime(order.expiresAtMs),
  };
  if (product !== 'wap' || order.returnUrl === null) return content;
  return { ...content, quit_url: order.returnUrl };
}

/** alipay.trade.create requires the buyer; newer applications know open ids only. */
export function jsapiContent(order: AttemptOrder, leg: LegOrder, appId: string): JsonObject {
  const { buyerId, buyerOpenId } = order.payer;
  const buyer =
    buyerOpenId === undefined ? { buyer_id: buyerId ?? '' } : { buyer_open_id: buyerOpenId };
  return { ...singleContent(order, 'jsapi', leg), op_app_id: appId, ...buyer };
}

/** The merchant scanned the buyer's payment code, which is good for one call. */
export function barContent(order: AttemptOrder, leg: LegOrder, authCode: string): JsonObject {
  return { ...singleContent(order, 'bar', leg), scene: 'bar_code', auth_code: authCode };
}

/** Several merchants in one payment: alipay.trade.merge.precreate and page.merge.pay. */
export function mergeContent(
  order: AttemptOrder,
  product: AlipayProduct,
  config: { readonly appId: string; readonly pid: string; readonly outMergeNo: string },
): JsonObject {
  return {
    out_merge_no: config.outMergeNo,
    time_expire: formatTime(order.expiresAtMs),
    order_details: order.legs.map((leg) => ({
      app_id: config.appId,
      seller_id: config.pid,
      ...legContent(order, leg, PRODUCT_CODES[product]),
    })),
  };
}

/** Without it Alipay does not return `send_back_fee`, what a refund took from the merchant. */
const WHAT_MOVED = 'refund_detail_item_list';

export function refundContent(refund: RefundOrder): JsonObject {
  return {
    out_trade_no: refund.leg.orderNo,
    refund_amount: fenToYuan(refund.amountFen),
    refund_reason: [...refund.reason].slice(0, REASON_LENGTH_MAX).join(''),
    out_request_no: refund.refundNo,
    query_options: [WHAT_MOVED],
  };
}

export function refundQueryContent(refund: RefundOrder): JsonObject {
  return {
    out_trade_no: refund.leg.orderNo,
    out_request_no: refund.refundNo,
    query_options: [WHAT_MOVED],
  };
}
