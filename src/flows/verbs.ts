/**
 * Every use case by name, bound to one platform: what the edges (http, cashier, cli) call. Edges
 * parse and present; whatever decides or calls a wallet is behind these.
 */
import type { Payment } from '../core/payment/model.ts';
import type { Id, IdKind } from '../kernel/id.ts';
import { listAuditLog } from './audit/audit-log.ts';
import { releaseEscrow } from './balance/release.ts';
import type { Until } from './base/change-hub.ts';
import { completeIdempotency, readKept } from './base/idempotency.ts';
import { openClaim } from './base/key-claim.ts';
import type { Platform } from './base/platform.ts';
import { readiness } from './base/readiness.ts';
import { clientSecretOf, isSameSecret, type PayTokenKind, payTokenOf } from './base/tokens.ts';
import { eraseBuyer, getBuyerErasure } from './buyer/data.ts';
import { authenticate } from './key/authenticate.ts';
import { listBalances, listLedgerAccounts, listLedgerTransactions } from './ledger/list.ts';
import { counterCases } from './merchant/counters.ts';
import { createMerchant, listMerchants, listWalletAccounts } from './merchant/merchants.ts';
import { listInterconnects, setInterconnect } from './offer/interconnects.ts';
import { listOffers } from './offer/list-offers.ts';
import { acceptNotification } from './payment/accept-notification.ts';
import { cancelPaymentIntent } from './payment/cancel.ts';
import { createPaymentIntent } from './payment/create.ts';
import { getAttempt, getPaymentIntent, getPaymentIntentAsBuyer } from './payment/get.ts';
import { handOut } from './payment/hand-out.ts';
import { exchangePayerCode, payerAuthorizeUrl } from './payment/identify-payer.ts';
import { listPaymentIntents } from './payment/list.ts';
import { openCashier } from './payment/open-cashier.ts';
import { resolveConflict } from './payment/resolve-conflict.ts';
import { startAttempt } from './payment/start.ts';
import { codeOf, openCode } from './payment/universal-qr.ts';
import { createRefund, getRefund } from './refund/refund.ts';
import {
  createWebhookEndpoint,
  deleteWebhookEndpoint,
  getWebhookEndpoint,
  listWebhookEndpoints,
  rotateWebhookSecret,
  updateWebhookEndpoint,
} from './webhook/endpoints.ts';
import { getEvent, listEvents, resendEvent } from './webhook/events.ts';

const VERBS = {
  ...{ createPaymentIntent, getPaymentIntent, getPaymentIntentAsBuyer, listPaymentIntents },
  ...{ cancelPaymentIntent, resolveConflict, listOffers, startAttempt, getAttempt },
  ...{ createRefund, getRefund, releaseEscrow, acceptNotification },
  ...{ openCashier, handOut, codeOf, openCode, payerAuthorizeUrl, exchangePayerCode },
  ...{ createMerchant, listMerchants, listWalletAccounts, listInterconnects, setInterconnect },
  ...{ listBalances, listLedgerAccounts, listLedgerTransactions, listAuditLog },
  ...{ eraseBuyer, getBuyerErasure },
  ...{ listEvents, getEvent, resendEvent, createWebhookEndpoint, listWebhookEndpoints },
  ...{ getWebhookEndpoint, updateWebhookEndpoint, deleteWebhookEndpoint, rotateWebhookSecret },
  ...{ authenticate, openClaim, completeIdempotency, readKept, readiness },
};

type Bound<V> = {
  readonly [K in keyof V]: V[K] extends (platform: Platform, ...args: infer A) => infer R
    ? (...args: A) => R
    : never;
};

function bind<V extends Record<string, (platform: Platform, ...args: never[]) => unknown>>(
  verbs: V,
  platform: Platform,
): Bound<V> {
  const bound = Object.entries(verbs).map(([name, verb]) => [name, verb.bind(null, platform)]);
  return Object.fromEntries(bound) as Bound<V>;
}

export type UseCases = ReturnType<typeof bindVerbs>;

export function bindVerbs(platform: Platform) {
  const { envelope, ids, changes } = platform;
  return {
    ...bind(VERBS, platform),
    counters: counterCases(platform),
    /** True: the payment has changed since it was read. */
    waitForChange: ({ intent }: Payment, until: Until) => changes.wait(intent, until),
    clientSecretOf: (payment: Payment) => clientSecretOf(envelope, payment),
    clientSecretMatches: (payment: Payment, clientSecret: string) =>
      isSameSecret(clientSecret, clientSecretOf(envelope, payment)),
    payTokenOf: (payment: Payment, kind: PayTokenKind) => payTokenOf(envelope, payment, kind),
    newId: <K extends IdKind>(kind: K, shard: number): Id<K> => ids.next(kind, shard),
  };
}
