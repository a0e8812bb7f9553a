/**
 * Converts WeChat Pay's answers and plaintexts to reports; pure. Reports carry the wallet's own
 * ORDER amount, currency and payee for core to compare (rule 3); nothing here decides whether they
 * are right.
 */

import type { AttemptOrder, RefundOrder } from '../../core/wallet/order.ts';
import { type LegReport, type RefundReport, silentRefund } from '../../core/wallet/report.ts';
import { type Fen, sumFen } from '../../kernel/money.ts';
import type { NextAction } from '../../kernel/wallet-names.ts';
import { fenOf, type JsonRecord, recordOf, recordsOf, textOf } from '../../wires/wechatpay/json.ts';
import { parseTime } from '../../wires/wechatpay/time.ts';
import { INTERCONNECT_BANK_TYPES } from '../../wires/wechatpay/trade.ts';

import type { Principal } from './request.ts';
import { legStatusOf, refundStatusOf } from './statuses.ts';

/** What a successful start gives to the buyer; `invoke` products still need our signature. */
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
 * The reports in a query's answer or a callback's plaintext; undefined if it is not about this
 * account (`not_ours`) or has no order number.
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
 * NOCASH coupons are the merchant's own discount: that money never arrives. CASH ones do. With
 * inconsistent coupons the figure counts as not reported.
 */
function receiptFen(body: JsonRecord, orderAmountFen: Fen | undefined): Fen | null {
  if (orderAmountFen === undefined) return null;
  const ownDiscounts = recordsOf(body, 'promotion_detail')
    .filter((promotion) => textOf(promotion, 'type') === 'NOCASH')
    .map((promotion) => fenOf(promotion, 'amount') ?? -1n);
  const receipt = orderAmountFen - sumFen(ownDiscounts);
  return ownDiscounts.some((fen) => fen < 0n) || receipt < 0n ? null : receipt;
}

/** The apply answer of e-commerce refunds has no status: it only means "accepted". */
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

/** A callback's plaintext has `refund_status` where the query has `status`. */
export function readRefundPlaintext(body: JsonRecord): RefundReport {
  return refundReport(refundStatusOf(textOf(body, 'refund_status')), body);
}

function refundReport(status: RefundReport['status'], body: JsonRecord): RefundReport {
  return {
    ...silentRefund(status),
    walletRefundId: textOf(body, 'refund_id') ?? null,
    amountFen: fenOf(recordOf(body, 'amount'), 'refund') ?? null,
    settledAtMs: parseTime(textOf(body, 'success_time') ?? '') ?? null,
  };
}
