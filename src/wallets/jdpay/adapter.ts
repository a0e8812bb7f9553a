/**
 * JD Pay behind the wallet interface. pc and h5 are only signed here, at the buyer's click, and
 * submitted by the buyer's browser; qr and payment codes are calls. Stateless but for the keys it
 * was opened with, and free of decisions: answer.ts defines what an answer means.
 *
 * JD's revoke closes an unpaid order and refunds a paid one, and there is no way to know beforehand
 * which it will do: it might refund a payment that already counts because of its notification. So
 * page and QR orders expire by their own time (rule 2), and are revoked only when nobody can pay
 * them any more. Payment codes are revoked: core lets no success of theirs count from then on.
 */

import type {
  AttemptOrder,
  AttemptReference,
  LegOrder,
  RefundOrder,
} from '../../core/wallet/order.ts';
import {
  type CloseOutcome,
  type LegReport,
  type QueryOutcome,
  type RefundReport,
  type StartOutcome,
  silentReport,
} from '../../core/wallet/report.ts';
import type { FormAction } from '../../kernel/wallet-names.ts';
import { jdpayCredentialsSchema, jdpayMerchantSchema } from '../../wires/jdpay/credentials.ts';
import { sealForm } from '../../wires/jdpay/form.ts';
import { PATHS } from '../../wires/jdpay/trade.ts';
import {
  isOver,
  notSent,
  onlyLeg,
  ownError,
  plainText,
  queryOutcome,
  refuseWithFail,
} from '../answers.ts';
import { defineWallet, type Wallet, type WalletSeams } from '../wallet.ts';
import {
  closeOutcome,
  fkmPayOutcome,
  qrOutcome,
  queryReport,
  refundQueryReport,
  refundReport,
  reversedReport,
  revokeInList,
  revokeStatus,
  silentJdRefund,
} from './answer.ts';
import { capabilities } from './capabilities.ts';
import { type Called, type Client, openClient } from './client.ts';
import {
  adviseOn,
  identityOf,
  type JdpayConfig,
  type JdpayMerchant,
  LIVE_ENDPOINTS,
  merchantFor,
  openConfig,
} from './config.ts';
import { NOTIFICATION_BYTES_MAX, parseNotification } from './notify.ts';
import {
  fkmPayFields,
  formFields,
  queryFields,
  refundFields,
  refundQueryFields,
  revokeFields,
  uniorderFields,
  xmlFields,
} from './request.ts';

interface Context {
  readonly config: JdpayConfig;
  readonly client: Client;
  readonly seams: WalletSeams;
}

export const jdpay = defineWallet({
  name: 'jdpay',
  capabilities,
  notificationBytesMax: NOTIFICATION_BYTES_MAX,
  configSchema: jdpayCredentialsSchema,
  openConfig,
  identityOf,
  merchantSchema: jdpayMerchantSchema,
  endpointsOf: ({ endpoints }) => endpoints,
  liveEndpoints: LIVE_ENDPOINTS,
  advise: adviseOn,
  open: openWallet,
});

function openWallet(config: JdpayConfig, seams: WalletSeams): Wallet {
  const context: Context = { config, client: openClient(config, seams), seams };
  return {
    hasCartContract: true,
    ownMerchant: config.online.merchant,
    startAttempt: (order) => startAttempt(context, order),
    handOut: (order) => formAt(context, order, seams.clock.nowMs()),
    queryAttempt: (attempt) => queryAttempt(context, attempt),
    closeAttempt: (attempt) => closeAttempt(context, attempt),
    refund: (refund) => sendRefund(context, refund),
    queryRefund: (refund) => queryRefund(context, refund),
    parseNotification: (request, gate) => parseNotification(config, request, gate),
    acknowledge: () => plainText(200, 'success'),
    // After any answer but `success` JD delivers again.
    refuse: refuseWithFail,
    payerAuthorization: null,
  };
}

async function startAttempt(context: Context, order: AttemptOrder): Promise<StartOutcome> {
  const leg = onlyLeg(order);
  if (leg === undefined)
    return notSent('jdpay', 'legs_unsupported', 'JD Pay takes a cart as one order');
  const { config } = context;
  switch (order.product) {
    case 'qr': {
      const fields = uniorderFields(order, leg);
      const called = await call(context, config.online, PATHS.uniorder, fields);
      return qrOutcome(leg, called, config.resultCodes);
    }
    case 'pc':
    case 'h5':
      return handedOutLater(context, order);
    case 'bar':
      return chargeCode(context, order, leg);
    default:
      return notSent('jdpay', 'product_unsupported', `JD Pay does not pay by ${order.product}`);
  }
}

/** JD receives the order when the buyer's browser posts the form, which is made at that click. */
function handedOutLater(context: Context, order: AttemptOrder): StartOutcome {
  // A text that cannot be encrypted is refused now, not after the buyer has clicked.
  if (formAt(context, order, order.createdAtMs) === undefined) {
    return notSent('jdpay', 'form', 'no time is left, or a field is longer than JD Pay takes');
  }
  return { outcome: 'pending', nextAction: { type: 'redirect', url: order.handOutUrl } };
}

function formAt({ config }: Context, order: AttemptOrder, nowMs: number): FormAction | undefined {
  const leg = onlyLeg(order);
  if (leg === undefined || (order.product !== 'pc' && order.product !== 'h5')) return undefined;
  const { keys, merchant } = config.online;
  const plain = formFields(order, leg, { merchant, nowMs });
  const fields = plain === undefined ? undefined : sealForm(keys, plain);
  if (fields === undefined) return undefined;
  const action = `${config.endpoints[order.product]}${PATHS.saveOrder}`;
  return { type: 'form', action, fields };
}

async function chargeCode(
  context: Context,
  order: AttemptOrder,
  leg: LegOrder,
): Promise<StartOutcome> {
  const { paymentCode, resultCodes } = context.config;
  const token = order.payer.authCode;
  if (paymentCode === null) {
    const message = 'no merchant number for payment codes is configured';
    return notSent('jdpay', 'payment_code_missing', message);
  }
  if (token === undefined) return notSent('jdpay', 'payer_missing', 'bar needs auth_code');
  const fields = fkmPayFields(order, leg, { token, device: paymentCode.device });
  const called = await call(context, paymentCode, PATHS.fkmPay, fields);
  return fkmPayOutcome(leg, called, resultCodes);
}

function call(
  context: Context,
  merchant: JdpayMerchant,
  path: string,
  fields: Readonly<Record<string, string>>,
): Promise<Called> {
  return context.client.call(merchant, path, xmlFields(fields));
}

async function queryAttempt(context: Context, attempt: AttemptReference): Promise<QueryOutcome> {
  const asked = await askLeg(context, attempt);
  if (asked === undefined) return { outcome: 'unknown', walletError: null };
  const { called } = asked;
  const report = await afterRevoke(context, attempt, asked.report);
  return queryOutcome([report], called.kind === 'answered' ? null : called.error);
}

/**
 * It may have been revoked before. How JD then reports the purchase is not known, so a purchase
 * reported as paid counts only if its refunds contain no revoke of ours.
 */
async function afterRevoke(
  context: Context,
  attempt: AttemptReference,
  report: LegReport,
): Promise<LegReport> {
  const leg = onlyLeg(attempt);
  const merchant = merchantFor(context.config, attempt.product);
  if (report.status !== 'succeeded' || leg === undefined || merchant === null) return report;
  if (attempt.product !== 'bar' && !isOver(attempt, context.seams, capabilities)) return report;
  const fields = refundQueryFields(leg.orderNo);
  const revoke = revokeInList(leg, await call(context, merchant, PATHS.queryRefund, fields));
  if (revoke === 'not_found' || revoke === 'failed') return report;
  return revoke === 'succeeded' ? reversedReport(report) : silentReport(leg.orderNo, 'unknown');
}

async function askLeg(
  context: Context,
  attempt: AttemptReference,
): Promise<{ readonly called: Called; readonly report: LegReport } | undefined> {
  const leg = onlyLeg(attempt);
  const merchant = merchantFor(context.config, attempt.product);
  if (leg === undefined || merchant === null) return undefined;
  const called = await call(context, merchant, PATHS.query, queryFields(leg));
  const asked = {
    leg,
    isOneTry: merchant.takesPaymentCodes || isOver(attempt, context.seams, capabilities),
  };
  return { called, report: queryReport(asked, called, context.config.resultCodes) };
}

async function closeAttempt(context: Context, attempt: AttemptReference): Promise<CloseOutcome> {
  const leg = onlyLeg(attempt);
  const merchant = merchantFor(context.config, attempt.product);
  if (leg === undefined || merchant === null) return { outcome: 'unsupported' };
  if (attempt.product !== 'bar') {
    const before = (await askLeg(context, attempt))?.report;
    if (before?.status !== 'pending') return untouched(before);
    if (!isOver(attempt, context.seams, capabilities)) return { outcome: 'unsupported' };
  }
  const revoked = await call(context, merchant, PATHS.revoke, revokeFields(attempt, leg));
  if (revoked.kind === 'unknown') return { outcome: 'unknown', walletError: revoked.error };
  const after = (await askLeg(context, attempt))?.report;
  if (after === undefined) return { outcome: 'unknown', walletError: null };
  return closeOutcome(after, revokeStatus(leg, revoked));
}

function untouched(report: LegReport | undefined): CloseOutcome {
  if (report?.status === 'succeeded') return { outcome: 'paid' };
  return report === undefined
    ? { outcome: 'unknown', walletError: null }
    : closeOutcome(report, 'not_found');
}

async function sendRefund(context: Context, refund: RefundOrder): Promise<RefundReport> {
  const merchant = merchantFor(context.config, refund.leg.product);
  if (merchant === null) return withoutMerchant();
  const fields = refundFields(refund);
  const called = await call(context, merchant, PATHS.refund, fields);
  return refundReport(refund, called, context.config.resultCodes);
}

async function queryRefund(context: Context, refund: RefundOrder): Promise<RefundReport> {
  const merchant = merchantFor(context.config, refund.leg.product);
  if (merchant === null) return withoutMerchant();
  const called = await call(
    context,
    merchant,
    PATHS.queryRefund,
    refundQueryFields(refund.leg.orderNo),
  );
  return refundQueryReport(refund, called);
}

function withoutMerchant(): RefundReport {
  const message = 'the merchant number for payment codes was taken out of the configuration';
  return silentJdRefund('unknown', ownError('jdpay', 'payment_code_missing', message));
}
