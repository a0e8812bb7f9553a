/** The use cases as one object, for the edges. Each line is one flow; nothing is decided here. */

import { hutongError } from '../kernel/errors.ts';
import { err, ok } from '../kernel/result.ts';
import { readMarketplaces } from '../store/merchant/marketplaces.ts';
import { readPayment } from '../store/queries.ts';
import { listAuditLog } from './audit/audit-log.ts';
import { claimIdempotency, completeIdempotency } from './base/idempotency.ts';
import {
  getEvent,
  listLedgerAccounts,
  listLedgerTransactions,
  listPaymentIntents,
  listStoredEvents,
  pageOf,
} from './base/list.ts';
import type { Platform } from './base/platform.ts';
import { attemptRead, readOwnPayment } from './base/read-payment.ts';
import { clientSecretOf, isSameSecret, payTokenOf } from './base/tokens.ts';
import { waitForChange } from './base/wait-for-change.ts';
import { eraseBuyer, getBuyerErasure } from './buyer/data.ts';
import { counterCases } from './merchant/counters.ts';
import {
  authenticate,
  createMerchant,
  listMerchants,
  listWalletAccounts,
} from './merchant/merchants.ts';
import { listInterconnects, setInterconnect } from './offer/interconnects.ts';
import { listOffers } from './offer/list-offers.ts';
import { acceptNotification } from './payment/accept-notification.ts';
import { cancelPaymentIntent } from './payment/cancel.ts';
import { createPaymentIntent } from './payment/create.ts';
import { handOut } from './payment/hand-out.ts';
import { exchangePayerCode, payerAuthorizeUrl } from './payment/identify-payer.ts';
import { codeOfPayment, openPaymentCode } from './payment/one-code.ts';
import { openCashier } from './payment/open-cashier.ts';
import { resolveConflict } from './payment/resolve-conflict.ts';
import { startAttempt } from './payment/start.ts';
import { createRefund, getRefund } from './refund/refund.ts';
import type { UseCases } from './use-cases.ts';
import {
  createWebhookEndpoint,
  getWebhookEndpoint,
  listWebhookEndpoints,
  resendEvent,
  rotateWebhookSecret,
  updateWebhookEndpoint,
} from './webhook/endpoints.ts';

export function createUseCases(platform: Platform, wake: () => void): UseCases {
  return {
    ...payments(platform),
    ...reference(platform, wake),
    ...buyers(platform),
    counters: counterCases(platform),
    acceptNotification: (wallet, config, _kind, request, from) =>
      acceptNotification(platform, { wallet, config, request, from }),
    authenticate: (secretKey, caller) => authenticate(platform, secretKey, caller),
    claimIdempotency: (request) => claimIdempotency(platform, request),
    completeIdempotency: (request, answer) => completeIdempotency(platform, request, answer),
    newId: (kind, shard) => platform.ids.next(kind, shard),
    readiness: async () => {
      const read = await attemptRead(() => readMarketplaces(platform.db));
      return read.ok ? ok({ clock: platform.share() === null ? 'skewed' : 'right' }) : read;
    },
  };
}

type PaymentCases = Pick<
  UseCases,
  | 'createPaymentIntent'
  | 'getPaymentIntent'
  | 'listPaymentIntents'
  | 'cancelPaymentIntent'
  | 'resolveConflict'
  | 'listOffers'
  | 'startAttempt'
  | 'getAttempt'
  | 'createRefund'
  | 'getRefund'
>;

function payments(platform: Platform): PaymentCases {
  return {
    createPaymentIntent: (input) => createPaymentIntent(platform, input),
    getPaymentIntent: (marketplace, id) => readOwnPayment(platform, marketplace, id),
    listPaymentIntents: (marketplace, filter, page) =>
      listPaymentIntents(platform, marketplace, filter, page),
    cancelPaymentIntent: (by, id) => cancelPaymentIntent(platform, by, id),
    resolveConflict: (input) => resolveConflict(platform, input),
    listOffers: (marketplace, id, device) => listOffers(platform, marketplace, id, device),
    startAttempt: (input) => startAttempt(platform, input),
    getAttempt: async (marketplace, id, intent) => {
      const payment = await readOwnPayment(platform, marketplace, intent);
      if (!payment.ok) return payment;
      const attempt = payment.value.attempts.find((row) => row.id === id);
      return attempt === undefined
        ? err(hutongError('not_found', 'no such payment_attempt'))
        : ok({ payment: payment.value, attempt });
    },
    createRefund: (input) => createRefund(platform, input),
    getRefund: (marketplace, id) => getRefund(platform, marketplace, id),
  };
}

type ReferenceCases = Pick<
  UseCases,
  | 'createMerchant'
  | 'listMerchants'
  | 'listWalletAccounts'
  | 'listInterconnects'
  | 'setInterconnect'
  | 'listLedgerAccounts'
  | 'listLedgerTransactions'
  | 'listAuditLog'
  | 'eraseBuyer'
  | 'getBuyerErasure'
  | 'listEvents'
  | 'getEvent'
  | 'resendEvent'
  | 'createWebhookEndpoint'
  | 'listWebhookEndpoints'
  | 'getWebhookEndpoint'
  | 'updateWebhookEndpoint'
  | 'deleteWebhookEndpoint'
  | 'rotateWebhookSecret'
>;

function reference(platform: Platform, wake: () => void): ReferenceCases {
  return {
    createMerchant: (marketplace, input) => createMerchant(platform, marketplace, input),
    listMerchants: (marketplace, page) => listMerchants(platform, marketplace, page),
    listWalletAccounts: (marketplace, merchant, page) =>
      listWalletAccounts(platform, { marketplace, merchant }, page),
    listInterconnects: (marketplace) => listInterconnects(platform, marketplace),
    setInterconnect: (marketplace, input) => setInterconnect(platform, marketplace, input),
    listLedgerAccounts: (marketplace) => listLedgerAccounts(platform, marketplace),
    listLedgerTransactions: (marketplace, { paymentIntent }, page) =>
      listLedgerTransactions(platform, marketplace, paymentIntent, page),
    eraseBuyer: (marketplace, buyer) => eraseBuyer(platform, marketplace, buyer),
    getBuyerErasure: (marketplace, id) => getBuyerErasure(platform, marketplace, id),
    listAuditLog: (marketplace, filter, page) => listAuditLog(platform, marketplace, filter, page),
    listEvents: (marketplace, { type }, page) =>
      listStoredEvents(platform, marketplace, type, page),
    getEvent: (marketplace, id) => getEvent(platform, marketplace, id),
    resendEvent: (marketplace, id) => resendEvent(platform, marketplace, id, wake),
    createWebhookEndpoint: (marketplace, input) =>
      createWebhookEndpoint(platform, marketplace, input),
    listWebhookEndpoints: async (marketplace, page) => {
      const rows = await listWebhookEndpoints(platform, marketplace);
      return rows.ok ? ok(pageOf(rows.value, page)) : rows;
    },
    getWebhookEndpoint: (marketplace, id) => getWebhookEndpoint(platform, marketplace, id),
    updateWebhookEndpoint: (marketplace, id, change) =>
      updateWebhookEndpoint(platform, marketplace, id, change),
    deleteWebhookEndpoint: async (marketplace, id, by) => {
      const change = { status: 'deleted', by } as const;
      const changed = await updateWebhookEndpoint(platform, marketplace, id, change);
      return changed.ok ? ok(undefined) : changed;
    },
    rotateWebhookSecret: (marketplace, id, input) =>
      rotateWebhookSecret(platform, marketplace, id, input),
  };
}

type BuyerCases = Pick<
  UseCases,
  | 'getPaymentIntentAsBuyer'
  | 'openCashier'
  | 'handOut'
  | 'codeOf'
  | 'openCode'
  | 'clientSecretOf'
  | 'payTokenOf'
  | 'clientSecretMatches'
  | 'payerAuthorizeUrl'
  | 'exchangePayerCode'
  | 'waitForChange'
>;

function buyers(platform: Platform): BuyerCases {
  const { envelope, db } = platform;
  const matches: UseCases['clientSecretMatches'] = (payment, clientSecret) =>
    isSameSecret(clientSecret, clientSecretOf(envelope, payment));
  return {
    getPaymentIntentAsBuyer: async (id, clientSecret) => {
      const payment = await attemptRead(() => readPayment(db, id));
      if (!payment.ok) return payment;
      const { value } = payment;
      if (value !== undefined && matches(value, clientSecret)) return ok(value);
      return err(
        hutongError(
          'client_secret_invalid',
          'the client_secret does not belong to this payment_intent',
        ),
      );
    },
    openCashier: (payToken) => openCashier(platform, payToken),
    handOut: (token, buyerIp) => handOut(platform, token, buyerIp),
    codeOf: (payment) => codeOfPayment(platform, payment),
    openCode: (code) => openPaymentCode(platform, code),
    clientSecretOf: (payment) => clientSecretOf(envelope, payment),
    payTokenOf: (payment, kind) => payTokenOf(envelope, payment, kind),
    clientSecretMatches: matches,
    payerAuthorizeUrl: (payToken, wallet, product) =>
      payerAuthorizeUrl(platform, payToken, wallet, product),
    exchangePayerCode: (payToken, state, code) =>
      exchangePayerCode(platform, payToken, state, code),
    waitForChange: (payment, timeoutMs) => waitForChange(platform, payment, timeoutMs),
  };
}
