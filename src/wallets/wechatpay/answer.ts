/**
 * Pure mapping in both directions: orders to request bodies, answers and plaintexts to reports.
 * Reports carry the wallet's own ORDER amount, currency and payee for core to compare (rule 3);
 * nothing here decides whether they are right.
 */
import { assert, present } from '../../kernel/assert.ts';
import { type Fen, fenToJson, sumFen } from '../../kernel/money.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import type { NextAction, WalletError } from '../../kernel/wallet-names.ts';
import { fenOf, type JsonRecord, recordOf, recordsOf, textOf } from '../../wires/wechatpay/json.ts';
import { formatTime, parseTime } from '../../wires/wechatpay/time.ts';
import {
  INTERCONNECT_BANK_TYPES,
  isPlainText,
  PATHS,
  TRADE_TYPES,
} from '../../wires/wechatpay/trade.ts';
import type {
  AttemptOrder,
  AttemptReference,
  LegOrder,
  LegReport,
  RefundOrder,
  RefundReport,
} from '../wallet.ts';
import { legStatusOf, refundStatusOf } from './statuses.ts';

/** The platform account that acts: sp_mchid and sp_appid, or the combine pair. */
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
    return refusedHere(`${product} is not a product of WeChat Pay`);
  }
  if (product === 'jsapi' && order.payer.openid === undefined) {
    return refusedHere('jsapi needs the openid of the payer');
  }
  if (product === 'h5' && order.payerIp === null) {
    return refusedHere("h5 needs the payer's address (payer_client_ip)");
  }
  if (order.combineOrderNo === null) {
    return ok({ target: `${PATHS.partner}/${product}`, body: singleBody(order, by) });
  }
  return ok({ target: `${PATHS.combine}/${product}`, body: combineBody(order, by) });
}

function singleBody(order: AttemptOrder, by: Principal): JsonRecord {
  const leg = onlyLeg(order);
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
  const combineOrderNo = present(order.combineOrderNo, 'a combined attempt’s order number');
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
  const leg = onlyLeg(attempt);
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
  const leg = onlyLeg(attempt);
  return {
    target: `${PATHS.partner}/out-trade-no/${encodeURIComponent(leg.orderNo)}/close`,
    body: { sp_mchid: by.mchid, sub_mchid: leg.walletMerchant },
  };
}

/** What an answered start hands to the buyer; `invoke` products need a signature of ours first. */
export type PrepayAnswer =
  | { readonly kind: 'action'; readonly nextAction: NextAction }
  | { readonly kind: 'invoke'; readonly prepayId: string };

export function readPrepay(order: AttemptOrder, body: JsonRecord): PrepayAnswer | undefined {
  const codeUrl = textOf(body, 'code_url');
  const h5Url = textOf(body, 'h5_url');
  const prepayId = textOf(body, 'prepay_id');
  if (order.product === 'native' && codeUrl !== undefined) {
    return { kind: 'action', nextAction: { type: 'qr_code', code: codeUrl } };
  }
  if (order.product === 'h5' && h5Url !== undefined) {
    const back = order.returnUrl;
    const suffix = back === null ? '' : `&redirect_url=${encodeURIComponent(back)}`;
    return { kind: 'action', nextAction: { type: 'redirect', url: h5Url + suffix } };
  }
  const isInvoked = order.product === 'jsapi' || order.product === 'app';
  return isInvoked && prepayId !== undefined ? { kind: 'invoke', prepayId } : undefined;
}

/**
 * The reports of a query's answer or a callback's plaintext; undefined when it does not speak of
 * this account (`not_ours`) or has no order number.
 */
export function readOrders(
  body: JsonRecord,
  by: Principal,
): { readonly orderNo: string; readonly legs: readonly LegReport[] } | undefined {
  const combineOrderNo = textOf(body, 'combine_out_trade_no');
  if (combineOrderNo === undefined) {
    const leg = isOurs(body, by) ? readSingle(body) : undefined;
    return leg === undefined ? undefined : { orderNo: leg.orderNo, legs: [leg] };
  }
  if (textOf(body, 'combine_mchid') !== by.mchid) return undefined;
  if (textOf(body, 'combine_appid') !== by.appid) return undefined;
  const legs: LegReport[] = [];
  for (const sub of recordsOf(body, 'sub_orders')) {
    const leg = textOf(sub, 'mchid') === by.mchid ? readSub(sub) : undefined;
    if (leg === undefined) return undefined;
    legs.push(leg);
  }
  return legs.length === 0 ? undefined : { orderNo: combineOrderNo, legs };
}

/** Is the acting account inside a plaintext the configuration's own? */
export function isOurs(body: JsonRecord, by: Principal): boolean {
  const mchid = textOf(body, 'sp_mchid') ?? textOf(body, 'mchid');
  const appid = textOf(body, 'sp_appid') ?? textOf(body, 'appid');
  return mchid === by.mchid && (appid === undefined || appid === by.appid);
}

function readSingle(body: JsonRecord): LegReport | undefined {
  const amount = recordOf(body, 'amount');
  return readLeg(body, {
    orderAmountFen: fenOf(amount, 'total'),
    payerAmountFen: fenOf(amount, 'payer_total'),
    currency: textOf(amount, 'currency'),
  });
}

function readSub(sub: JsonRecord): LegReport | undefined {
  const amount = recordOf(sub, 'amount');
  return readLeg(sub, {
    orderAmountFen: fenOf(amount, 'total_amount'),
    payerAmountFen: fenOf(amount, 'payer_amount'),
    currency: textOf(amount, 'currency'),
  });
}

function readLeg(
  body: JsonRecord,
  figures: {
    readonly orderAmountFen: Fen | undefined;
    readonly payerAmountFen: Fen | undefined;
    readonly currency: string | undefined;
  },
): LegReport | undefined {
  const orderNo = textOf(body, 'out_trade_no');
  if (orderNo === undefined) return undefined;
  const status = legStatusOf(textOf(body, 'trade_state'));
  const isPaid = status === 'succeeded';
  const { orderAmountFen } = figures;
  return {
    orderNo,
    status,
    walletTransactionId: textOf(body, 'transaction_id') ?? null,
    amountFen: orderAmountFen ?? null,
    currency: figures.currency?.toLowerCase() ?? null,
    payee: textOf(body, 'sub_mchid') ?? null,
    payerAmountFen: figures.payerAmountFen ?? null,
    receiptAmountFen: isPaid ? receiptFen(body, orderAmountFen) : null,
    paidAtMs: parseTime(textOf(body, 'success_time') ?? '') ?? null,
    payerWalletReported: INTERCONNECT_BANK_TYPES.get(textOf(body, 'bank_type') ?? '') ?? null,
  };
}

/**
 * NOCASH coupons are the merchant's own discount: that money never arrives. CASH ones do. Coupons
 * that make no sense leave the figure unsaid.
 */
function receiptFen(body: JsonRecord, orderAmountFen: Fen | undefined): Fen | null {
  if (orderAmountFen === undefined) return null;
  const ownDiscounts = recordsOf(body, 'promotion_detail')
    .filter((promotion) => textOf(promotion, 'type') === 'NOCASH')
    .map((promotion) => fenOf(promotion, 'amount') ?? -1n);
  const receipt = orderAmountFen - sumFen(ownDiscounts);
  return ownDiscounts.some((fen) => fen < 0n) || receipt < 0n ? null : receipt;
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

/** The apply answer of e-commerce refunds has no status: it only says "taken". */
export function readRefundApplied(refund: RefundOrder, body: JsonRecord): RefundReport {
  const isThis = textOf(body, 'out_refund_no') === refund.refundNo;
  return refundReport(isThis ? 'submitted' : 'unknown', isThis ? body : {});
}

export function readRefundAnswer(refund: RefundOrder, body: JsonRecord): RefundReport {
  const isThis = textOf(body, 'out_refund_no') === refund.refundNo;
  const status = refundStatusOf(textOf(body, 'status'));
  const settlementFen = fenOf(recordOf(body, 'amount'), 'settlement_refund') ?? null;
  return { ...refundReport(isThis ? status : 'unknown', isThis ? body : {}), settlementFen };
}

/** A callback's plaintext says `refund_status` where the query says `status`. */
export function readRefundPlaintext(body: JsonRecord): RefundReport {
  return refundReport(refundStatusOf(textOf(body, 'refund_status')), body);
}

function refundReport(status: RefundReport['status'], body: JsonRecord): RefundReport {
  return {
    status,
    walletRefundId: textOf(body, 'refund_id') ?? null,
    amountFen: fenOf(recordOf(body, 'amount'), 'refund') ?? null,
    walletError: null,
  };
}

/** WeChat Pay refuses emoji and control characters: they are left out, and the text is cut. */
export function plainText(text: string, fallback: string, charsMax: number): string {
  const kept = [...text]
    .filter((char) => isPlainText(char))
    .join('')
    .trim();
  return (kept === '' ? fallback : kept).slice(0, charsMax);
}

function onlyLeg(attempt: AttemptReference): LegOrder {
  assert(attempt.legs.length === 1, 'a single order has one leg');
  return present(attempt.legs[0], 'the leg');
}

function refusedHere(message: string): Result<never, WalletError> {
  return err({ wallet: 'wechatpay', code: 'PARAM_ERROR', message, requestId: null });
}
