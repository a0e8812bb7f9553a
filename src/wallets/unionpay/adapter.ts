/**
 * UnionPay Cloud QuickPass behind the wallet interface. web is only signed here and submitted by
 * the buyer; app, qr, bar and nfc are calls. Stateless but for the keys it was opened with, and
 * free of decisions: answer.ts and statuses.ts define what an answer means.
 */

import type {
  AttemptOrder,
  AttemptReference,
  LegOrder,
  RefundOrder,
} from '../../core/wallet/order.ts';
import type { CloseOutcome, QueryOutcome, StartOutcome } from '../../core/wallet/report.ts';
import type { NextAction } from '../../kernel/wallet-names.ts';
import { compactTime } from '../../wires/beijing-time.ts';
import { FORM_BYTES_MAX } from '../../wires/keys/form-limits.ts';
import {
  unionpayCredentialsSchema,
  unionpayMerchantSchema,
} from '../../wires/unionpay/credentials.ts';
import {
  isUnionpayProduct,
  PATHS,
  PURCHASES,
  type UnionpayProduct,
} from '../../wires/unionpay/trade.ts';
import { isOver, notSent, onlyLeg, plainText, queryOutcome, refuseWithFail } from '../answers.ts';
import { defineWallet, type Wallet, type WalletSeams } from '../wallet.ts';
import {
  type AskedOrder,
  queryReport,
  refundQueryReport,
  refundReport,
  type StartVerdict,
  startVerdict,
} from './answer.ts';
import { capabilities } from './capabilities.ts';
import { type Client, openClient, type RequestFields } from './client.ts';
import { codeFields, readTap, reverseCode, tapFields } from './codepay.ts';
import {
  identityOf,
  LIVE_ENDPOINTS,
  openConfig,
  reviewConfig,
  TEST_DOMAINS,
  TEST_ENDPOINTS,
  type UnionpayConfig,
} from './config.ts';
import { type EncryptionKey, openEncryptionKey } from './keys.ts';
import { parseNotification } from './notify.ts';
import { purchaseFields, queryFields, refundFields, refundQueryFields } from './request.ts';

interface Context {
  readonly config: UnionpayConfig;
  readonly client: Client;
  readonly seams: WalletSeams;
  readonly encryptionKey: EncryptionKey;
}

export const unionpay = defineWallet({
  name: 'unionpay',
  capabilities,
  notificationBytesMax: FORM_BYTES_MAX,
  configSchema: unionpayCredentialsSchema,
  openConfig,
  identityOf,
  merchantSchema: unionpayMerchantSchema,
  endpointsOf: ({ endpoints }) => endpoints,
  liveEndpoints: LIVE_ENDPOINTS,
  testEndpoints: TEST_ENDPOINTS,
  testDomains: TEST_DOMAINS,
  review: reviewConfig,
  open: openWallet,
});

function openWallet(config: UnionpayConfig, seams: WalletSeams): Wallet {
  const client = openClient(config, seams);
  const encryptionKey = openEncryptionKey(config, client, seams.wall);
  const context: Context = { config, client, seams, encryptionKey };
  return {
    hasCartContract: false,
    ownMerchant: config.merId,
    startAttempt: (order) => startAttempt(context, order),
    queryAttempt: (attempt) => queryAttempt(context, attempt),
    closeAttempt: (attempt) => closeAttempt(context, attempt),
    refund: (refund) => applyRefund(context, refund),
    queryRefund: (refund) => queryRefund(context, refund),
    parseNotification: (request, gate) => parseNotification(config, seams.wall, request, gate),
    // Only the status counts: 200 ends the deliveries.
    acknowledge: () => plainText(200, 'ok'),
    refuse: refuseWithFail,
    payerAuthorization: null,
  };
}

async function startAttempt(context: Context, order: AttemptOrder): Promise<StartOutcome> {
  const { product } = order;
  const leg = onlyLeg(order);
  if (leg === undefined || !isUnionpayProduct(product)) {
    return notSent('unionpay', 'product_unsupported', `unionpay does not pay this by ${product}`);
  }
  switch (product) {
    case 'web':
      return startWeb(context, order, leg);
    case 'app':
      return startByCall(context, product, order, leg, (fields) => {
        const tn = fields.get('tn');
        return tn === undefined ? undefined : { type: 'invoke', params: { tn } };
      });
    case 'qr':
      return startByCall(context, product, order, leg, (fields) => {
        const code = fields.get('qrCode');
        return code === undefined ? undefined : { type: 'qr_code', code };
      });
    case 'bar':
      return startByCode(context, order, leg);
    case 'nfc':
      return startByTap(context, order, leg);
  }
}

async function startWeb(
  context: Context,
  order: AttemptOrder,
  leg: LegOrder,
): Promise<StartOutcome> {
  const fields = await context.client.signedForm(purchaseFields(context.config, 'web', order, leg));
  const action = `${context.config.gatewayUrl}${PATHS.front}`;
  return { outcome: 'pending', nextAction: { type: 'form', action, fields } };
}

async function startByCall(
  context: Context,
  product: UnionpayProduct,
  order: AttemptOrder,
  leg: LegOrder,
  nextAction: (fields: ReadonlyMap<string, string>) => NextAction | undefined,
): Promise<StartOutcome> {
  const verdict = await callPurchase(context, product, order, leg);
  if (verdict.outcome !== 'accepted') return verdict;
  const action = nextAction(verdict.fields);
  if (action === undefined) return { outcome: 'unknown', walletError: null };
  return { outcome: 'pending', nextAction: action };
}

async function startByCode(
  context: Context,
  order: AttemptOrder,
  leg: LegOrder,
): Promise<StartOutcome> {
  const { authCode } = order.payer;
  if (authCode === undefined) return notSent('unionpay', 'payer_missing', 'bar needs auth_code');
  const presented = codeFields(authCode);
  if (!presented.ok) return notSent('unionpay', 'payment_code_invalid', presented.error);
  return startCounter(context, 'bar', order, leg, presented.value);
}

async function startByTap(
  context: Context,
  order: AttemptOrder,
  leg: LegOrder,
): Promise<StartOutcome> {
  const { field55 } = order.payer;
  if (field55 === undefined) return notSent('unionpay', 'payer_missing', 'nfc needs field55');
  const tap = readTap(field55);
  if (!tap.ok) return notSent('unionpay', 'field55_invalid', tap.error);
  if (tap.value.amountFen !== leg.amountFen) {
    return notSent('unionpay', 'field55_invalid', 'the tap was for another amount than the order');
  }
  const certificate = await context.encryptionKey();
  if (certificate === undefined) {
    return notSent(
      'unionpay',
      'encrypt_cert_missing',
      'no valid encryption certificate: set encryptCert',
    );
  }
  return startCounter(context, 'nfc', order, leg, tapFields(tap.value, certificate));
}

/** Accepted is not paid: the outcome comes by notification or query. */
async function startCounter(
  context: Context,
  product: 'bar' | 'nfc',
  order: AttemptOrder,
  leg: LegOrder,
  presented: RequestFields,
): Promise<StartOutcome> {
  const verdict = await callPurchase(context, product, order, leg, presented);
  return verdict.outcome === 'accepted' ? { outcome: 'pending', nextAction: null } : verdict;
}

async function callPurchase(
  { config, client, seams }: Context,
  product: UnionpayProduct,
  order: AttemptOrder,
  leg: LegOrder,
  presented: RequestFields = {},
): Promise<StartVerdict> {
  const fields = { ...purchaseFields(config, product, order, leg), ...presented };
  const called = await client.call(PURCHASES[product].path, fields);
  return startVerdict(called, askedOrder(config, order, leg, seams));
}

function askedOrder(
  config: UnionpayConfig,
  attempt: AttemptReference,
  leg: LegOrder,
  seams: WalletSeams,
): AskedOrder {
  return {
    orderNo: leg.orderNo,
    txnTime: compactTime(attempt.createdAtMs),
    merId: config.merId,
    isOneTry: attempt.product === 'bar' || attempt.product === 'nfc',
    isOver: isOver(attempt, seams, capabilities),
  };
}

async function queryAttempt(context: Context, attempt: AttemptReference): Promise<QueryOutcome> {
  const { config, client, seams } = context;
  const { product, createdAtMs } = attempt;
  const answers = await Promise.all(
    attempt.legs.map(async (leg) => {
      const { orderNo } = leg;
      const fields = queryFields(config, { orderNo, product, createdAtMs });
      const called = await client.call(PATHS.query, fields);
      return { called, report: queryReport(called, askedOrder(config, attempt, leg, seams)) };
    }),
  );
  const legs = answers.map(({ report }) => report);
  return queryOutcome(legs, answers[0]?.called.error ?? null);
}

/**
 * A page, a prepay order and an applied code expire by payTimeout: no call closes them (rule 2).
 */
async function closeAttempt(context: Context, attempt: AttemptReference): Promise<CloseOutcome> {
  const [leg] = attempt.legs;
  if (leg === undefined) return { outcome: 'unsupported' };
  const asked = askedOrder(context.config, attempt, leg, context.seams);
  return asked.isOneTry ? reverseCode(context, attempt, asked) : { outcome: 'unsupported' };
}

function askedRefund({ config }: Context, refund: RefundOrder): AskedOrder {
  const txnTime = compactTime(refund.createdAtMs);
  const { merId } = config;
  return { orderNo: refund.refundNo, txnTime, merId, isOneTry: true, isOver: false };
}

async function applyRefund(context: Context, refund: RefundOrder) {
  const called = await context.client.call(PATHS.back, refundFields(context.config, refund));
  return refundReport(called, askedRefund(context, refund));
}

async function queryRefund(context: Context, refund: RefundOrder) {
  const called = await context.client.call(PATHS.query, refundQueryFields(context.config, refund));
  return refundQueryReport(called, askedRefund(context, refund));
}
