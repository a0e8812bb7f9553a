/**
 * Converts Hutong's orders to v3 requests: targets and bodies; pure. A repeated call has the same
 * content, so that WeChat Pay sees one order. What cannot be requested is refused here, with a code
 * of ours.
 */

import type {
  AttemptOrder,
  AttemptReference,
  LegOrder,
  RefundOrder,
} from '../../core/wallet/order.ts';
import { assert, must } from '../../kernel/assert.ts';
import { fenToJson } from '../../kernel/money.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import type { WalletError } from '../../kernel/wallet-names.ts';
import type { JsonRecord } from '../../wires/wechatpay/json.ts';
import { formatTime } from '../../wires/wechatpay/time.ts';
import { isPlainText, PATHS, TRADE_TYPES } from '../../wires/wechatpay/trade.ts';
import { onlyLeg, ownError } from '../answers.ts';

/** The acting platform account: sp_mchid and sp_appid, or the combine pair. */
export interface Principal {
  readonly mchid: string;
  readonly appid: string;
}

export interface WireCall {
  readonly target: string;
  readonly body: JsonRecord;
}

const DESCRIPTION_CHARS_MAX = 127;
const REASON_CHARS_MAX = 80;

export function startCall(order: AttemptOrder, by: Principal): Result<WireCall, WalletError> {
  const { product } = order;
  if (!Object.hasOwn(TRADE_TYPES, product)) {
    const message = `${product} is not a product of WeChat Pay`;
    return err(ownError('wechatpay', 'product_unsupported', message));
  }
  if (product === 'jsapi' && order.payer.openid === undefined) {
    return err(ownError('wechatpay', 'payer_missing', 'jsapi needs the openid of the payer'));
  }
  if (product === 'h5' && order.payerIp === null) {
    const message = "h5 needs the payer's address (payer_client_ip)";
    return err(ownError('wechatpay', 'payer_ip_missing', message));
  }
  if (order.combineOrderNo === null) {
    return ok({ target: `${PATHS.partner}/${product}`, body: singleBody(order, by) });
  }
  return ok({ target: `${PATHS.combine}/${product}`, body: combineBody(order, by) });
}

function singleBody(order: AttemptOrder, by: Principal): JsonRecord {
  const leg = singleLeg(order);
  const { openid } = order.payer;
  return {
    sp_appid: by.appid,
    sp_mchid: by.mchid,
    sub_mchid: leg.walletMerchant,
    description: plainText(leg.description, leg.orderNo, DESCRIPTION_CHARS_MAX),
    out_trade_no: leg.orderNo,
    time_expire: formatTime(order.expiresAtMs),
    notify_url: order.notifyUrl,
    amount: { total: fenToJson(leg.amountFen), currency: 'CNY' },
    settle_info: { profit_sharing: true },
    ...sceneInfo(order),
    ...(order.product === 'jsapi' ? { payer: { sp_openid: openid } } : {}),
  };
}

function combineBody(order: AttemptOrder, by: Principal): JsonRecord {
  const combineOrderNo = must(order.combineOrderNo, 'a combined attempt’s order number');
  assert(order.legs.length >= 1, 'a combined attempt has legs');
  const { openid } = order.payer;
  return {
    combine_appid: by.appid,
    combine_mchid: by.mchid,
    combine_out_trade_no: combineOrderNo,
    time_expire: formatTime(order.expiresAtMs),
    notify_url: order.notifyUrl,
    sub_orders: order.legs.map((leg) => ({
      mchid: by.mchid,
      sub_mchid: leg.walletMerchant,
      out_trade_no: leg.orderNo,
      // Required on sub orders, returned verbatim; the order number is in every message anyway.
      attach: leg.orderNo,
      description: plainText(leg.description, leg.orderNo, DESCRIPTION_CHARS_MAX),
      amount: { total_amount: fenToJson(leg.amountFen), currency: 'CNY' },
      settle_info: { profit_sharing: true },
    })),
    ...sceneInfo(order),
    ...(order.product === 'jsapi' ? { combine_payer_info: { openid } } : {}),
  };
}

function sceneInfo(order: AttemptOrder): JsonRecord {
  if (order.payerIp === null) return {};
  const scene: JsonRecord = { payer_client_ip: order.payerIp };
  return { scene_info: order.product === 'h5' ? { ...scene, h5_info: { type: 'Wap' } } : scene };
}

export function queryTarget(attempt: AttemptReference, by: Principal): string {
  if (attempt.combineOrderNo !== null) {
    return `${PATHS.combine}/out-trade-no/${encodeURIComponent(attempt.combineOrderNo)}`;
  }
  const leg = singleLeg(attempt);
  const query = `sp_mchid=${by.mchid}&sub_mchid=${encodeURIComponent(leg.walletMerchant)}`;
  return `${PATHS.partner}/out-trade-no/${encodeURIComponent(leg.orderNo)}?${query}`;
}

export function closeCall(attempt: AttemptReference, by: Principal): WireCall {
  if (attempt.combineOrderNo !== null) {
    return {
      target: `${PATHS.combine}/out-trade-no/${encodeURIComponent(attempt.combineOrderNo)}/close`,
      body: {
        combine_appid: by.appid,
        sub_orders: attempt.legs.map((leg) => ({
          mchid: by.mchid,
          out_trade_no: leg.orderNo,
          sub_mchid: leg.walletMerchant,
        })),
      },
    };
  }
  const leg = singleLeg(attempt);
  return {
    target: `${PATHS.partner}/out-trade-no/${encodeURIComponent(leg.orderNo)}/close`,
    body: { sp_mchid: by.mchid, sub_mchid: leg.walletMerchant },
  };
}

export function refundCall(refund: RefundOrder, by: Principal): WireCall {
  const { leg } = refund;
  const order =
    leg.walletTransactionId === null
      ? { out_trade_no: leg.orderNo }
      : { transaction_id: leg.walletTransactionId };
  return {
    target: `${PATHS.ecommerceRefunds}/apply`,
    body: {
      sub_mchid: leg.walletMerchant,
      sp_appid: by.appid,
      ...order,
      out_refund_no: refund.refundNo,
      reason: plainText(refund.reason, refund.refundNo, REASON_CHARS_MAX),
      amount: {
        refund: fenToJson(refund.amountFen),
        total: fenToJson(leg.amountFen),
        currency: 'CNY',
      },
      notify_url: refund.notifyUrl,
    },
  };
}

export function refundQueryTarget(refund: RefundOrder): string {
  const path = `${PATHS.ecommerceRefunds}/out-refund-no/${encodeURIComponent(refund.refundNo)}`;
  return `${path}?sub_mchid=${encodeURIComponent(refund.leg.walletMerchant)}`;
}

/** WeChat Pay refuses emoji and control characters: they are removed, and the text is truncated. */
export function plainText(text: string, fallback: string, charsMax: number): string {
  const kept = [...text]
    .filter((char) => isPlainText(char))
    .join('')
    .trim();
  return (kept === '' ? fallback : kept).slice(0, charsMax);
}

function singleLeg(attempt: AttemptReference): LegOrder {
  return must(onlyLeg(attempt), 'the one leg of a single order');
}
