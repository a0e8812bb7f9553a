/**
 * Sample Pay behind the wallet interface. Stateless but for the keys it was opened with, and free
 * of decisions: answer.ts and statuses.ts define what an answer means.
 */
import type { AttemptOrder, AttemptReference } from '../../core/wallet/order.ts';
import type { CloseOutcome, QueryOutcome, StartOutcome } from '../../core/wallet/report.ts';
import {
  samplepayCredentialsSchema,
  samplepayMerchantSchema,
} from '../../wires/samplepay/credentials.ts';
import { PATHS, WALLET } from '../../wires/samplepay/trade.ts';
import { notSent, onlyLeg, plainText, queryOutcome, refuseWithFail } from '../answers.ts';
import { defineWallet, type Wallet, type WalletSeams } from '../wallet.ts';
import {
  chargeOutcome,
  closeOutcome,
  orderOutcome,
  queryReport,
  refundQueryReport,
  refundReport,
} from './answer.ts';
import { capabilities } from './capabilities.ts';
import { type Client, openClient } from './client.ts';
import { identityOf, LIVE_ENDPOINTS, openConfig, type SamplepayConfig } from './config.ts';
import { NOTIFICATION_BYTES_MAX, parseNotification } from './notify.ts';
import {
  chargeFields,
  orderFields,
  orderNoFields,
  refundFields,
  refundQueryFields,
} from './request.ts';

export const samplepay = defineWallet({
  name: WALLET,
  capabilities,
  notificationBytesMax: NOTIFICATION_BYTES_MAX,
  configSchema: samplepayCredentialsSchema,
  openConfig,
  identityOf,
  merchantSchema: samplepayMerchantSchema,
  endpointsOf: ({ endpoints }) => endpoints,
  liveEndpoints: LIVE_ENDPOINTS,
  open: openWallet,
});

function openWallet(config: SamplepayConfig, seams: WalletSeams): Wallet {
  const client = openClient(config, seams);
  return {
    hasCartContract: false,
    startAttempt: (order) => startAttempt(client, order),
    queryAttempt: (attempt) => queryAttempt(client, attempt),
    closeAttempt: (attempt) => closeAttempt(client, attempt),
    refund: async (refund) =>
      refundReport(refund, await client.call(PATHS.refund, refundFields(refund))),
    queryRefund: async (refund) =>
      refundQueryReport(refund, await client.call(PATHS.queryRefund, refundQueryFields(refund))),
    parseNotification: (request, gate) => parseNotification({ config, seams }, request, gate),
    acknowledge: () => plainText(200, 'success'),
    // After any answer but `success` it delivers again.
    refuse: refuseWithFail,
    payerAuthorization: null,
  };
}

async function startAttempt(client: Client, order: AttemptOrder): Promise<StartOutcome> {
  const leg = onlyLeg(order);
  if (leg === undefined) return notSent(WALLET, 'legs_unsupported', 'one order pays one merchant');
  const { product, payer } = order;
  switch (product) {
    case 'qr':
    case 'h5': {
      const called = await client.call(PATHS.order, orderFields(order, leg));
      return orderOutcome(leg, called, product);
    }
    case 'bar': {
      const { authCode } = payer;
      if (authCode === undefined) return notSent(WALLET, 'payer_missing', 'bar needs auth_code');
      return chargeOutcome(
        leg,
        await client.call(PATHS.charge, chargeFields(order, leg, authCode)),
      );
    }
    default:
      return notSent(WALLET, 'product_unsupported', `it does not pay by ${product}`);
  }
}

async function queryAttempt(client: Client, attempt: AttemptReference): Promise<QueryOutcome> {
  const leg = onlyLeg(attempt);
  if (leg === undefined) return { outcome: 'unknown', walletError: null };
  const called = await client.call(PATHS.query, orderNoFields(leg));
  const walletError = called.kind === 'answered' ? null : called.error;
  return queryOutcome([queryReport(leg, called)], walletError);
}

/** Only a payment code is reversed; a close never refunds. */
async function closeAttempt(client: Client, attempt: AttemptReference): Promise<CloseOutcome> {
  const leg = onlyLeg(attempt);
  if (leg === undefined) return { outcome: 'unsupported' };
  const path = attempt.product === 'bar' ? PATHS.reverse : PATHS.close;
  return closeOutcome(leg, await client.call(path, orderNoFields(leg)));
}
