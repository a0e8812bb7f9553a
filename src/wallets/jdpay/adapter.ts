/**
 * JD Pay behind the wallet port. pc and h5 are only signed here, at the buyer's click, and carried
 * by the buyer's browser; qr and payment codes are calls. Stateless but for the keys it was opened
 * with, and free of decisions: what an answer means stands in answer.ts.
 *
 * JD's revoke closes an order that is unpaid and gives the money of a paid one back, and nothing
 * tells beforehand which it will be: a payment that its notification has already made count would
 * be taken back. So page and QR orders run out by their own time (rule 2), and are revoked only
 * when nobody can pay them any more. Payment codes are revoked: core lets no success of theirs
 * count from then on.
 */
import { ok } from '../../kernel/result.ts';
import type { FormAction } from '../../kernel/wallet-names.ts';
import { jdpayCredentialsSchema } from '../../wires/jdpay/credentials.ts';
import { sealForm } from '../../wires/jdpay/form.ts';
import { PATHS } from '../../wires/jdpay/trade.ts';
import {
  type AttemptOrder,
  type AttemptReference,
  type CloseOutcome,
  type LegOrder,
  type LegReport,
  type NotificationRefusal,
  type QueryOutcome,
  type RawResponse,
  type RefundOrder,
  type RefundReport,
  type StartOutcome,
  silentReport,
  type Wallet,
  type WalletModule,
  type WalletSeams,
} from '../wallet.ts';
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
  silentRefund,
} from './answer.ts';
import { jdpayCapabilities } from './capabilities.ts';
import { type Called, createClient, type JdpayClient, walletError } from './client.ts';
import {
  adviseOn,
  identityOf,
  isLivemode,
  type JdpayAccount,
  type JdpayMerchant,
  merchantFor,
  openCredentials,
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

export const jdpay: WalletModule = {
  name: 'jdpay',
  capabilities: jdpayCapabilities,
  notificationBytesMax: NOTIFICATION_BYTES_MAX,
  configSchema: jdpayCredentialsSchema,
  identityOf,
  isLivemode,
  open: (credentials, seams) => {
    const opened = openCredentials(credentials);
    return opened.ok ? ok(openWallet(opened.value, seams)) : opened;
  },
  advise: adviseOn,
};

interface Desk {
  readonly account: JdpayAccount;
  readonly client: JdpayClient;
  readonly seams: WalletSeams;
}

function openWallet(account: JdpayAccount, seams: WalletSeams): Wallet {
  const desk: Desk = { account, client: createClient(account, seams), seams };
  return {
    hasCartContract: true,
    ownMerchant: account.online.merchant,
    startAttempt: (order) => startAttempt(desk, order),
    handOut: (order) => formAt(desk, order, seams.clock.nowMs()),
    queryAttempt: (attempt) => queryAttempt(desk, attempt),
    closeAttempt: (attempt) => closeAttempt(desk, attempt),
    refund: (refund) => sendRefund(desk, refund),
    queryRefund: (refund) => queryRefund(desk, refund),
    parseNotification: (request, gate) => parseNotification(desk.account, request, gate),
    acknowledge: () => plain(200, 'success'),
    refuse,
    payerDoor: null,
  };
}

/** Anything but `success` makes JD deliver again. */
function refuse(refusal: NotificationRefusal | { readonly code: 'try_again' }): RawResponse {
  return plain(STATUSES[refusal.code] ?? 400, 'fail');
}

const STATUSES: Readonly<Record<string, number>> = { try_again: 503, too_many: 429 };

function plain(status: number, body: string): RawResponse {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body };
}

function refusedHere(code: string, message: string): StartOutcome {
  return { outcome: 'failed', walletError: walletError(`hutong.${code}`, message) };
}

/** The platform collects: one order pays the whole cart. */
function onlyLeg(attempt: AttemptReference): LegOrder | undefined {
  const [leg, another] = attempt.legs;
  return another === undefined ? leg : undefined;
}

async function startAttempt(desk: Desk, order: AttemptOrder): Promise<StartOutcome> {
  const leg = onlyLeg(order);
  if (leg === undefined) return refusedHere('legs_unsupported', 'JD Pay takes a cart as one order');
  const { account } = desk;
  switch (order.product) {
    case 'qr': {
      const fields = uniorderFields(order, leg);
      const called = await call(desk, account.online, PATHS.uniorder, fields);
      return qrOutcome(leg, called, account.resultCodes);
    }
    case 'pc':
    case 'h5':
      return handedOutLater(desk, order);
    case 'bar':
      return chargeCode(desk, order, leg);
    default:
      return refusedHere('product_unsupported', `JD Pay does not pay by ${order.product}`);
  }
}

/** JD hears of the order when the buyer's browser posts the form, which is made at that click. */
function handedOutLater(desk: Desk, order: AttemptOrder): StartOutcome {
  // What cannot be sealed is told now, not to a buyer who has already pressed.
  if (formAt(desk, order, order.createdAtMs) === undefined) {
    return refusedHere('form', 'no time is left, or a field is longer than JD Pay takes');
  }
  return { outcome: 'pending', nextAction: { type: 'redirect', url: order.handOutUrl } };
}

function formAt({ account }: Desk, order: AttemptOrder, nowMs: number): FormAction | undefined {
  const leg = onlyLeg(order);
  if (leg === undefined || (order.product !== 'pc' && order.product !== 'h5')) return undefined;
  const { keys, merchant } = account.online;
  const plain = formFields(order, leg, { merchant, nowMs });
  const fields = plain === undefined ? undefined : sealForm(keys, plain);
  if (fields === undefined) return undefined;
  const action = `${account.endpoints[order.product]}${PATHS.saveOrder}`;
  return { type: 'form', action, fields };
}

async function chargeCode(desk: Desk, order: AttemptOrder, leg: LegOrder): Promise<StartOutcome> {
  const { paymentCode, resultCodes } = desk.account;
  const token = order.payer.authCode;
  if (paymentCode === null) {
    return refusedHere(
      'payment_code_missing',
      'no merchant number for payment codes is configured',
    );
  }
  if (token === undefined) return refusedHere('payer_missing', 'bar needs auth_code');
  const fields = fkmPayFields(order, leg, { token, device: paymentCode.device });
  const called = await call(desk, paymentCode, PATHS.fkmPay, fields);
  return fkmPayOutcome(leg, called, resultCodes);
}

function call(
  desk: Desk,
  merchant: JdpayMerchant,
  path: string,
  fields: Readonly<Record<string, string>>,
): Promise<Called> {
  return desk.client.call(merchant, path, xmlFields(fields));
}

async function queryAttempt(desk: Desk, attempt: AttemptReference): Promise<QueryOutcome> {
  const asked = await askLeg(desk, attempt);
  if (asked === undefined) return { outcome: 'unknown', walletError: null };
  const { called } = asked;
  const report = await afterRevoke(desk, attempt, asked.report);
  const isSilent = report.status === 'unknown' && report.amountFen === null;
  if (!isSilent) return { outcome: 'answered', legs: [report] };
  return { outcome: 'unknown', walletError: called.kind === 'answered' ? null : called.error };
}

/** The order's own time and what may still be under way then. */
function isOver({ seams }: Desk, attempt: AttemptReference): boolean {
  return seams.clock.nowMs() >= attempt.expiresAtMs + jdpayCapabilities.notFoundIsFinalAfterMs;
}

/**
 * It may have been revoked before. What JD then says of the purchase is not known, so a purchase
 * that it calls paid counts only when its refunds hold no revoke of ours.
 */
async function afterRevoke(
  desk: Desk,
  attempt: AttemptReference,
  report: LegReport,
): Promise<LegReport> {
  const leg = onlyLeg(attempt);
  const merchant = merchantFor(desk.account, attempt.product);
  if (report.status !== 'succeeded' || leg === undefined || merchant === null) return report;
  if (attempt.product !== 'bar' && !isOver(desk, attempt)) return report;
  const fields = refundQueryFields(leg.orderNo);
  const revoke = revokeInList(leg, await call(desk, merchant, PATHS.queryRefund, fields));
  if (revoke === 'not_found' || revoke === 'failed') return report;
  return revoke === 'succeeded' ? reversedReport(report) : silentReport(leg.orderNo, 'unknown');
}

async function askLeg(
  desk: Desk,
  attempt: AttemptReference,
): Promise<{ readonly called: Called; readonly report: LegReport } | undefined> {
  const leg = onlyLeg(attempt);
  const merchant = merchantFor(desk.account, attempt.product);
  if (leg === undefined || merchant === null) return undefined;
  const called = await call(desk, merchant, PATHS.query, queryFields(leg));
  const asked = { leg, isOneTry: merchant.takesPaymentCodes || isOver(desk, attempt) };
  return { called, report: queryReport(asked, called, desk.account.resultCodes) };
}

async function closeAttempt(desk: Desk, attempt: AttemptReference): Promise<CloseOutcome> {
  const leg = onlyLeg(attempt);
  const merchant = merchantFor(desk.account, attempt.product);
  if (leg === undefined || merchant === null) return { outcome: 'unsupported' };
  if (attempt.product !== 'bar') {
    const before = (await askLeg(desk, attempt))?.report;
    if (before?.status !== 'pending') return untouched(before);
    if (!isOver(desk, attempt)) return { outcome: 'unsupported' };
  }
  const revoked = await call(desk, merchant, PATHS.revoke, revokeFields(attempt, leg));
  if (revoked.kind === 'unknown') return { outcome: 'unknown', walletError: revoked.error };
  const after = (await askLeg(desk, attempt))?.report;
  if (after === undefined) return { outcome: 'unknown', walletError: null };
  return closeOutcome(after, revokeStatus(leg, revoked));
}

function untouched(report: LegReport | undefined): CloseOutcome {
  if (report?.status === 'succeeded') return { outcome: 'paid' };
  return report === undefined
    ? { outcome: 'unknown', walletError: null }
    : closeOutcome(report, 'not_found');
}

async function sendRefund(desk: Desk, refund: RefundOrder): Promise<RefundReport> {
  const merchant = merchantFor(desk.account, refund.leg.product);
  if (merchant === null) return withoutMerchant();
  const fields = refundFields(refund);
  const called = await call(desk, merchant, PATHS.refund, fields);
  return refundReport(refund, called, desk.account.resultCodes);
}

async function queryRefund(desk: Desk, refund: RefundOrder): Promise<RefundReport> {
  const merchant = merchantFor(desk.account, refund.leg.product);
  if (merchant === null) return withoutMerchant();
  const called = await call(
    desk,
    merchant,
    PATHS.queryRefund,
    refundQueryFields(refund.leg.orderNo),
  );
  return refundQueryReport(refund, called);
}

function withoutMerchant(): RefundReport {
  const message = 'the merchant number for payment codes was taken out of the configuration';
  return {
    ...silentRefund('unknown'),
    walletError: walletError('hutong.payment_code_missing', message),
  };
}
