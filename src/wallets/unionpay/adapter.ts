/**
 * UnionPay Cloud QuickPass behind the wallet port. web is only signed here and carried by the
 * buyer; app, qr, bar and nfc are calls. Stateless but for the keys it was opened with, and free of
 * decisions: what an answer means stands in answer.ts and statuses.ts.
 */
import { ok } from '../../kernel/result.ts';
import type { NextAction } from '../../kernel/wallet-names.ts';
import { FORM_BYTES_MAX } from '../../wires/keys/form-limits.ts';
import { unionpayCredentialsSchema } from '../../wires/unionpay/credentials.ts';
import { formatTime } from '../../wires/unionpay/time.ts';
import {
  isUnionpayProduct,
  PATHS,
  PURCHASES,
  type UnionpayProduct,
} from '../../wires/unionpay/trade.ts';
import type {
  AttemptOrder,
  AttemptReference,
  CloseOutcome,
  LegOrder,
  NotificationRefusal,
  QueryOutcome,
  RawResponse,
  RefundOrder,
  StartOutcome,
  Wallet,
  WalletModule,
  WalletSeams,
} from '../wallet.ts';
import {
  type AskedOrder,
  queryReport,
  refundQueryReport,
  refundReport,
  type StartVerdict,
  startVerdict,
} from './answer.ts';
import { unionpayCapabilities } from './capabilities.ts';
import { createClient, type RequestFields, type UnionpayClient } from './client.ts';
import { closeAttempt } from './close.ts';
import { codeFields, readTap, tapFields } from './codepay.ts';
import { identityOf, isLivemode, openCredentials, type UnionpayAccount } from './config.ts';
import { type EncryptionKey, openEncryptionKey } from './keys.ts';
import { parseNotification } from './notify.ts';
import { purchaseFields, queryFields, refundFields, refundQueryFields } from './request.ts';

export const unionpay: WalletModule = {
  name: 'unionpay',
  capabilities: unionpayCapabilities,
  notificationBytesMax: FORM_BYTES_MAX,
  configSchema: unionpayCredentialsSchema,
  identityOf,
  isLivemode,
  open: (credentials, seams) => {
    const opened = openCredentials(credentials);
    return opened.ok ? ok(openWallet(opened.value, seams)) : opened;
  },
};

interface Desk {
  readonly account: UnionpayAccount;
  readonly client: UnionpayClient;
  readonly seams: WalletSeams;
  readonly encryptionKey: EncryptionKey;
}

function openWallet(account: UnionpayAccount, seams: WalletSeams): Wallet {
  const client = createClient(account, seams);
  const encryptionKey = openEncryptionKey(account, client, seams.wall);
  const desk: Desk = { account, client, seams, encryptionKey };
  return {
    hasCartContract: false,
    ownMerchant: account.merId,
    startAttempt: (order) => startAttempt(desk, order),
    queryAttempt: (attempt) => queryAttempt(desk, attempt),
    closeAttempt: (attempt) => closeCounter(desk, attempt),
    refund: (refund) => applyRefund(desk, refund),
    queryRefund: (refund) => queryRefund(desk, refund),
    parseNotification: (request, gate) => parseNotification(account, seams.wall, request, gate),
    acknowledge: () => plain(200, 'ok'),
    refuse,
    payerDoor: null,
  };
}

/** Only the status counts: 200 ends the deliveries. */
function refuse(refusal: NotificationRefusal | { readonly code: 'try_again' }): RawResponse {
  return plain(STATUSES[refusal.code] ?? 400, 'fail');
}

const STATUSES: Readonly<Record<string, number>> = { try_again: 503, too_many: 429 };

function plain(status: number, body: string): RawResponse {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body };
}

function refusedHere(code: string, message: string): StartOutcome {
  return {
    outcome: 'failed',
    walletError: { wallet: 'unionpay', code: `hutong.${code}`, message, requestId: null },
  };
}

async function startAttempt(desk: Desk, order: AttemptOrder): Promise<StartOutcome> {
  const { product } = order;
  const [leg, another] = order.legs;
  if (leg === undefined || another !== undefined || !isUnionpayProduct(product)) {
    return refusedHere('product_unsupported', `unionpay does not pay this by ${product}`);
  }
  switch (product) {
    case 'web':
      return startWeb(desk, order, leg);
    case 'app':
      return startByCall(desk, product, order, leg, (fields) => {
        const tn = fields.get('tn');
        return tn === undefined ? undefined : { type: 'invoke', params: { tn } };
      });
    case 'qr':
      return startByCall(desk, product, order, leg, (fields) => {
        const code = fields.get('qrCode');
        return code === undefined ? undefined : { type: 'qr_code', code };
      });
    case 'bar':
      return startByCode(desk, order, leg);
    case 'nfc':
      return startByTap(desk, order, leg);
  }
}

async function startWeb(desk: Desk, order: AttemptOrder, leg: LegOrder): Promise<StartOutcome> {
  const fields = await desk.client.signedForm(purchaseFields(desk.account, 'web', order, leg));
  const action = `${desk.account.gatewayUrl}${PATHS.front}`;
  return { outcome: 'pending', nextAction: { type: 'form', action, fields } };
}

async function startByCall(
  desk: Desk,
  product: UnionpayProduct,
  order: AttemptOrder,
  leg: LegOrder,
  nextAction: (fields: ReadonlyMap<string, string>) => NextAction | undefined,
): Promise<StartOutcome> {
  const verdict = await callPurchase(desk, product, order, leg);
  if (verdict.outcome !== 'accepted') return verdict;
  const action = nextAction(verdict.fields);
  if (action === undefined) return { outcome: 'unknown', walletError: null };
  return { outcome: 'pending', nextAction: action };
}

async function startByCode(desk: Desk, order: AttemptOrder, leg: LegOrder): Promise<StartOutcome> {
  const { authCode } = order.payer;
  if (authCode === undefined) return refusedHere('payer_missing', 'bar needs auth_code');
  const presented = codeFields(authCode);
  if (!presented.ok) return refusedHere('payment_code_invalid', presented.error);
  return startCounter(desk, 'bar', order, leg, presented.value);
}

async function startByTap(desk: Desk, order: AttemptOrder, leg: LegOrder): Promise<StartOutcome> {
  const { field55 } = order.payer;
  if (field55 === undefined) return refusedHere('payer_missing', 'nfc needs field55');
  const tap = readTap(field55);
  if (!tap.ok) return refusedHere('field55_invalid', tap.error);
  if (tap.value.amountFen !== leg.amountFen) {
    return refusedHere('field55_invalid', 'the tap was for another amount than the order');
  }
  const certificate = await desk.encryptionKey();
  if (certificate === undefined) {
    return refusedHere('encrypt_cert_missing', 'no valid encryption certificate: set encryptCert');
  }
  return startCounter(desk, 'nfc', order, leg, tapFields(tap.value, certificate));
}

/** Accepted is not paid: the end comes by notification or query. */
async function startCounter(
  desk: Desk,
  product: 'bar' | 'nfc',
  order: AttemptOrder,
  leg: LegOrder,
  presented: RequestFields,
): Promise<StartOutcome> {
  const verdict = await callPurchase(desk, product, order, leg, presented);
  return verdict.outcome === 'accepted' ? { outcome: 'pending', nextAction: null } : verdict;
}

async function callPurchase(
  { account, client, seams }: Desk,
  product: UnionpayProduct,
  order: AttemptOrder,
  leg: LegOrder,
  presented: RequestFields = {},
): Promise<StartVerdict> {
  const fields = { ...purchaseFields(account, product, order, leg), ...presented };
  const called = await client.call(PURCHASES[product].path, fields);
  return startVerdict(called, askedOrder(account, order, leg, seams));
}

function askedOrder(
  account: UnionpayAccount,
  attempt: AttemptReference,
  leg: LegOrder,
  seams: WalletSeams,
): AskedOrder {
  return {
    orderNo: leg.orderNo,
    txnTime: formatTime(attempt.createdAtMs),
    merId: account.merId,
    isOneTry: attempt.product === 'bar' || attempt.product === 'nfc',
    isOver: isOver(attempt, seams),
  };
}

/** payTimeout and what may still be under way then. */
function isOver(attempt: AttemptReference, { clock }: WalletSeams): boolean {
  return clock.nowMs() >= attempt.expiresAtMs + unionpayCapabilities.notFoundIsFinalAfterMs;
}

async function queryAttempt(desk: Desk, attempt: AttemptReference): Promise<QueryOutcome> {
  const { account, client, seams } = desk;
  const { product, createdAtMs } = attempt;
  const answers = await Promise.all(
    attempt.legs.map(async (leg) => {
      const { orderNo } = leg;
      const fields = queryFields(account, { orderNo, product, createdAtMs });
      const called = await client.call(PATHS.query, fields);
      return { called, report: queryReport(called, askedOrder(account, attempt, leg, seams)) };
    }),
  );
  const legs = answers.map(({ report }) => report);
  if (legs.every(({ status, amountFen }) => status === 'unknown' && amountFen === null)) {
    return { outcome: 'unknown', walletError: answers[0]?.called.error ?? null };
  }
  return { outcome: 'answered', legs };
}

async function closeCounter(desk: Desk, attempt: AttemptReference): Promise<CloseOutcome> {
  const [leg] = attempt.legs;
  if (leg === undefined) return { outcome: 'unsupported' };
  return closeAttempt(desk, attempt, askedOrder(desk.account, attempt, leg, desk.seams));
}

function askedRefund({ account }: Desk, refund: RefundOrder): AskedOrder {
  const txnTime = formatTime(refund.createdAtMs);
  const { merId } = account;
  return { orderNo: refund.refundNo, txnTime, merId, isOneTry: true, isOver: false };
}

async function applyRefund(desk: Desk, refund: RefundOrder) {
  const called = await desk.client.call(PATHS.back, refundFields(desk.account, refund));
  return refundReport(called, askedRefund(desk, refund));
}

async function queryRefund(desk: Desk, refund: RefundOrder) {
  const called = await desk.client.call(PATHS.query, refundQueryFields(desk.account, refund));
  return refundQueryReport(called, askedRefund(desk, refund));
}
