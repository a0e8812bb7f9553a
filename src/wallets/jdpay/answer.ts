/**
 * Converts JD's answers to reports; pure, no I/O. What an answer does not state is null, a status
 * that no table lists is `unknown`, and an answer about another order than the queried one is
 * `unknown`.
 *
 * `payList/detail` holds the buyer's name, card and phone: it is never read here, so none of it can
 * reach a report, a row or a log line.
 */

import type { LegOrder, RefundOrder } from '../../core/wallet/order.ts';
import {
  type CloseOutcome,
  type LegReport,
  type RefundReport,
  type RefundReportStatus,
  type StartOutcome,
  silentRefund,
  silentReport,
} from '../../core/wallet/report.ts';
import type { Fen } from '../../kernel/money.ts';
import type { WalletError } from '../../kernel/wallet-names.ts';
import { parseCompactTime } from '../../wires/beijing-time.ts';
import { CURRENCY, fenOfText, PAY_TYPE } from '../../wires/jdpay/trade.ts';
import { childOf, childrenOf, textOf, type XmlElement } from '../../wires/jdpay/xml.ts';
import { type Called, walletError } from './client.ts';
import type { JdpayConfig, JdpayMerchant } from './config.ts';
import { revokeNumber } from './request.ts';
import { paymentStatusOf, refundStatusOf } from './statuses.ts';

type ResultCodes = JdpayConfig['resultCodes'];

/** The purchase fields of query, fkmPay and notifications; `fields` are from a verified text. */
export function paymentReport(
  fields: XmlElement,
  merchant: JdpayMerchant,
  isOneTry = merchant.takesPaymentCodes,
): LegReport {
  const status = paymentStatusOf(textOf(fields, 'status'), isOneTry);
  const payee = textOf(fields, 'merchant') ?? null;
  const pays = readPays(fields);
  const orderNo = textOf(fields, 'tradeNum') ?? '';
  const isReversed = status === 'closed' && pays.length > 0;
  const isPaid = status === 'succeeded' || isReversed;
  return {
    orderNo,
    status,
    // JD identifies a payment by the merchant's own number; no answer contains another one.
    walletTransactionId: isPaid ? orderNo : null,
    amountFen: fenOfText(textOf(fields, 'amount')) ?? null,
    currency: currencyOf(fields, pays),
    // The merchant number is the account's own; another one is compared with the order (rule 3).
    payee: payee === merchant.merchant ? null : payee,
    payerAmountFen: isPaid ? payerAmountOf(pays) : null,
    receiptAmountFen: null,
    paidAtMs: isPaid ? paidAtOf(pays) : null,
    payerWalletReported: isPaid && pays.length > 0 ? 'jdpay' : null,
    ...(isReversed && { isReversed }),
  };
}

/** A payment refunded in full by our revoke, if JD still reports the purchase as paid. */
export function reversedReport(paid: LegReport): LegReport {
  return { ...paid, status: 'closed', isReversed: true };
}

/** One means of payment that the buyer used, without the buyer's data. */
interface Pay {
  readonly payType: string | undefined;
  readonly amountFen: Fen | undefined;
  readonly currency: string | undefined;
  readonly tradeTime: string | undefined;
}

function readPays(fields: XmlElement): readonly Pay[] {
  return childrenOf(childOf(fields, 'payList'), 'pay').map((pay) => ({
    payType: textOf(pay, 'payType'),
    amountFen: fenOfText(textOf(pay, 'amount')),
    currency: textOf(pay, 'currency'),
    tradeTime: textOf(pay, 'tradeTime'),
  }));
}

/**
 * A currency that differs from the order's is reported wherever it occurs: core refuses it (rule
 * 3).
 */
function currencyOf(fields: XmlElement, pays: readonly Pay[]): string | null {
  const named = [textOf(fields, 'currency'), ...pays.map((pay) => pay.currency)].filter(
    (text) => text !== undefined,
  );
  const foreign = named.find((text) => text.toUpperCase() !== CURRENCY);
  return (foreign ?? named[0])?.toLowerCase() ?? null;
}

function payerAmountOf(pays: readonly Pay[]): Fen | null {
  if (pays.length === 0) return null;
  let paidFen = 0n;
  for (const { payType, amountFen } of pays) {
    if (amountFen === undefined) return null;
    if (payType !== PAY_TYPE.coupon) paidFen += amountFen;
  }
  return paidFen;
}

/** The message's own tradeTime is the merchant's; the time of payment is in the pay element. */
function paidAtOf(pays: readonly Pay[]): number | null {
  const times = pays.map(({ tradeTime }) => parseCompactTime(tradeTime ?? ''));
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? null : Math.max(...known);
}

/** An answer that is not about this order reports nothing. */
export function queryReport(
  { leg, isOneTry }: { readonly leg: LegOrder; readonly isOneTry: boolean },
  called: Called,
  codes: ResultCodes,
): LegReport {
  if (called.kind === 'answered') {
    const report = paymentReport(called.fields, called.merchant, isOneTry);
    return report.orderNo === leg.orderNo ? report : silentReport(leg.orderNo, 'unknown');
  }
  const isMissing = called.kind === 'refused' && codes.orderNotFound.has(called.code);
  return silentReport(leg.orderNo, isMissing ? 'not_found' : 'unknown');
}

function startFailure(
  called: Exclude<Called, { kind: 'answered' }>,
  codes: ResultCodes,
): StartOutcome {
  const isRefused = called.kind === 'refused' && codes.refused.has(called.code);
  return { outcome: isRefused ? 'failed' : 'unknown', walletError: called.error };
}

/** uniorder: the code to show, of this very order. */
export function qrOutcome(leg: LegOrder, called: Called, codes: ResultCodes): StartOutcome {
  if (called.kind !== 'answered') return startFailure(called, codes);
  const { fields, merchant } = called;
  const code = textOf(fields, 'qrCode') ?? '';
  const isOurs =
    textOf(fields, 'tradeNum') === leg.orderNo &&
    textOf(fields, 'merchant') === merchant.merchant &&
    (fenOfText(textOf(fields, 'amount')) ?? leg.amountFen) === leg.amountFen;
  if (!isOurs || !/^https?:\/\/\S{1,500}$/.test(code)) {
    const error = walletError('not_ours', 'the answer is not about this order, or has no code');
    return { outcome: 'unknown', walletError: error };
  }
  return { outcome: 'pending', nextAction: { type: 'qr_code', code } };
}

/** fkmPay: paid at once, waiting for the buyer's confirmation, or refused for good. */
export function fkmPayOutcome(leg: LegOrder, called: Called, codes: ResultCodes): StartOutcome {
  if (called.kind !== 'answered') return startFailure(called, codes);
  const report = queryReport({ leg, isOneTry: true }, called, codes);
  switch (report.status) {
    case 'succeeded':
      return { outcome: 'succeeded', legs: [report] };
    case 'pending':
      return { outcome: 'pending', nextAction: null };
    case 'failed':
    case 'closed': {
      const status = textOf(called.fields, 'status') ?? '';
      const message = 'the payment code was not charged';
      return { outcome: 'failed', walletError: walletError(`status.${status}`, message) };
    }
    case 'not_found':
    case 'unknown':
      return { outcome: 'unknown', walletError: null };
  }
}

/** The status of a revoke, if the answer is about it. */
export function revokeStatus(leg: LegOrder, called: Called): RefundReportStatus {
  if (called.kind !== 'answered') return 'unknown';
  const { fields } = called;
  const isOurs =
    textOf(fields, 'tradeNum') === revokeNumber(leg.orderNo) &&
    textOf(fields, 'oTradeNum') === leg.orderNo;
  return isOurs ? refundStatusOf(textOf(fields, 'status')) : 'unknown';
}

/** The order's outcome after it was told to end. */
export function closeOutcome(report: LegReport, revoke: RefundReportStatus): CloseOutcome {
  switch (report.status) {
    case 'closed':
      return report.isReversed ? { outcome: 'reversed', legs: [report] } : { outcome: 'closed' };
    case 'failed':
      return { outcome: 'closed' };
    case 'not_found':
      return { outcome: 'not_found' };
    case 'succeeded':
      if (revoke === 'succeeded') return { outcome: 'reversed', legs: [reversedReport(report)] };
      // In progress: the same revoke is repeated. Refused or never received: the order stays paid.
      return revoke === 'failed' || revoke === 'not_found'
        ? { outcome: 'paid' }
        : { outcome: 'unknown', walletError: null };
    case 'pending':
    case 'unknown':
      return { outcome: 'unknown', walletError: null };
  }
}

/** Our revoke among the refunds of a purchase; `not_found` = there is none. */
export function revokeInList(leg: LegOrder, called: Called): RefundReportStatus {
  if (called.kind !== 'answered') return 'unknown';
  const ours = revokeNumber(leg.orderNo);
  const list = childrenOf(childOf(called.fields, 'refList'), 'refund');
  const found = list.find((item) => textOf(item, 'tradeNum') === ours);
  return found === undefined ? 'not_found' : refundStatusOf(textOf(found, 'status'));
}

export function refundReport(
  refund: RefundOrder,
  called: Called,
  codes: ResultCodes,
): RefundReport {
  if (called.kind !== 'answered') {
    const isRefused = called.kind === 'refused' && codes.refused.has(called.code);
    return silentJdRefund(isRefused ? 'failed' : 'unknown', called.error);
  }
  return ownRefund(refund, called.fields) ?? silentJdRefund('unknown');
}

/** The answer lists every refund of the purchase; ours is identified by its elements. */
export function refundQueryReport(refund: RefundOrder, called: Called): RefundReport {
  if (called.kind !== 'answered') {
    return silentJdRefund('unknown', called.error);
  }
  const list = childrenOf(childOf(called.fields, 'refList'), 'refund');
  const found = list.filter((item) => textOf(item, 'tradeNum') === refund.refundNo);
  const [item] = found;
  if (item === undefined) return silentJdRefund('not_found');
  return (found.length === 1 ? ownRefund(refund, item) : undefined) ?? silentJdRefund('unknown');
}

function ownRefund(refund: RefundOrder, fields: XmlElement): RefundReport | undefined {
  const isOurs =
    textOf(fields, 'tradeNum') === refund.refundNo &&
    textOf(fields, 'oTradeNum') === refund.leg.orderNo;
  return isOurs ? statedRefund(fields) : undefined;
}

/** JD assigns refunds no number of its own: ours is the only one. */
export function statedRefund(fields: XmlElement): RefundReport {
  const currency = (textOf(fields, 'currency') ?? CURRENCY).toUpperCase();
  const status = refundStatusOf(textOf(fields, 'status'));
  return {
    ...silentJdRefund(currency === CURRENCY ? status : 'unknown'),
    amountFen: fenOfText(textOf(fields, 'amount')) ?? null,
  };
}

/** JD never reports what a refund took from the merchants' money. */
export function silentJdRefund(
  status: RefundReportStatus,
  walletError: WalletError | null = null,
): RefundReport {
  return { ...silentRefund(status, walletError), settlementFen: null };
}
