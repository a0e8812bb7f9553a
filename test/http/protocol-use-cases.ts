/**
 * The use cases as far as the edge's own protocol needs them: keys, tenants, idempotency claims and
 * payments that exist. It talks to no wallet and books nothing, so no test may conclude from it
 * that a payment works; those run on the composed platform.
 */

import { randomBytes } from 'node:crypto';
import type { Attempt, Payment } from '../../src/core/payment/model.ts';
import type { IdempotencyClaim, IdempotentRequest } from '../../src/flows/base/idempotency.ts';
import type { Principal } from '../../src/flows/key/authenticate.ts';
import type { StartAttemptInput } from '../../src/flows/payment/choose-wallet.ts';
import type { CreateIntentInput } from '../../src/flows/payment/create.ts';
import type { UseCases } from '../../src/flows/verbs.ts';
import { hutongError } from '../../src/kernel/errors.ts';
import { formatId, type Id, packId } from '../../src/kernel/id.ts';
import { err, ok } from '../../src/kernel/result.ts';
import type { RawRequest } from '../../src/wallets/wallet.ts';

export const TAOBAO: Id<'marketplace'> = 'mkt_0000000000001';
const TMALL: Id<'marketplace'> = 'mkt_0000000000002';
export const TAOBAO_KEY = 'sk_test_taobao';
export const TMALL_KEY = 'sk_test_tmall';
export const READ_KEY = 'sk_test_read_only';

interface Claim {
  request: IdempotentRequest;
  released?: boolean;
  answer: { readonly status: number; readonly body: string } | null;
}

export interface Protocol extends UseCases {
  readonly payments: Map<string, Payment>;
  readonly claims: Map<string, Claim>;
  readonly notifications: RawRequest[];
  /** The next call of this use case throws (`throw`) or is refused as busy (`busy`). */
  readonly fail: Map<keyof UseCases, 'throw' | 'busy' | 'declined'>;
  readonly calls: Map<string, number>;
  ready: boolean;
  /** What creating waits for. */
  gate: Promise<void>;
}

const KEYS: Readonly<Record<string, Principal>> = {
  [TAOBAO_KEY]: principal('key_0000000000001', TAOBAO, ['*']),
  [TMALL_KEY]: principal('key_0000000000002', TMALL, ['*']),
  [READ_KEY]: principal('key_0000000000003', TAOBAO, ['payment_intents:read']),
};

function principal(
  keyId: Id<'api_key'>,
  marketplace: Id<'marketplace'>,
  scopes: string[],
): Principal {
  return { keyId, marketplace, scopes, version: '2026-12-01', isLivemode: false };
}

let sequence = 0;

export function protocolUseCases(): Protocol {
  const payments = new Map<string, Payment>();
  const claims = new Map<string, Claim>();
  const fail: Protocol['fail'] = new Map();
  const calls: Protocol['calls'] = new Map();
  const missing = err(hutongError('not_found', 'no such object in this marketplace'));

  const stumble = (name: keyof UseCases) => {
    calls.set(name, (calls.get(name) ?? 0) + 1);
    const how = fail.get(name);
    fail.delete(name);
    if (how === 'throw') throw new Error('a defect with SECRET-STACK');
    if (how === 'busy') return err(hutongError('busy', 'the database is away'));
    if (how === 'declined') {
      return err(
        hutongError('wallet_declined', 'the wallet refused', {
          walletError: {
            wallet: 'wechatpay',
            code: 'NO_AUTH',
            message: '商户无此接口权限',
            requestId: '08F1',
          },
        }),
      );
    }
    return undefined;
  };

  const paymentOf = (marketplace: Id<'marketplace'>, id: string) => {
    const payment = payments.get(id);
    return payment?.intent.marketplace === marketplace ? ok(payment) : missing;
  };

  const protocol: Protocol = {
    payments,
    claims,
    fail,
    calls,
    notifications: [],
    ready: true,
    gate: Promise.resolve(),
    createPaymentIntent: async (input) => {
      const failed = stumble('createPaymentIntent');
      if (failed !== undefined) return failed;
      await protocol.gate;
      const sum = input.subOrders.reduce((total, part) => total + part.amountFen, 0n);
      if (sum !== input.amountFen) {
        return err(hutongError('amount_mismatch', 'the parts do not sum', { param: 'amount' }));
      }
      for (const payment of payments.values()) {
        if (payment.intent.merchantOrderNo !== input.merchantOrderNo) continue;
        if (payment.intent.amountFen === input.amountFen) return ok({ payment, created: false });
        return err(hutongError('merchant_order_no_conflict', 'other content'));
      }
      const payment = made(input);
      payments.set(payment.intent.id, payment);
      return ok({ payment, created: true });
    },
    getPaymentIntent: async (marketplace, id) => paymentOf(marketplace, id),
    getPaymentIntentAsBuyer: async (id, secret) => {
      const payment = payments.get(id);
      return payment !== undefined && secret === `cs_${payment.intent.tokenSeed}`
        ? ok(payment)
        : err(hutongError('client_secret_invalid', 'not the secret of this payment_intent'));
    },
    listPaymentIntents: async (marketplace, _filter, page) => {
      const own = [...payments.values()].filter((one) => one.intent.marketplace === marketplace);
      return ok({ data: own.slice(0, page.limit), hasMore: own.length > page.limit });
    },
    resolveConflict: async ({ marketplace, intent }) => paymentOf(marketplace, intent),
    cancelPaymentIntent: async ({ marketplace }, id) => paymentOf(marketplace, id),
    listOffers: async (marketplace, id) => {
      const found = paymentOf(marketplace, id);
      if (!found.ok) return found;
      return ok({
        offered: [
          {
            ...{ wallet: 'wechatpay', product: 'native', payerWallet: 'wechatpay' },
            ...{ combined: false, needsPayer: false },
          },
        ],
        withheld: [{ wallet: 'alipay', product: null, reason: 'merchant_not_consented' }],
      });
    },
    startAttempt: async (input) => {
      const failed = stumble('startAttempt');
      if (failed !== undefined) return failed;
      const found = paymentOf(input.marketplace, input.intent);
      if (!found.ok) return found;
      const attempt = attemptOf(input);
      const known = found.value.attempts.filter(({ id }) => id !== attempt.id);
      const payment = { ...found.value, attempts: [...known, attempt] };
      payments.set(payment.intent.id, payment);
      return ok({ payment, attempt });
    },
    getAttempt: async (marketplace, id, intent) => {
      const found = paymentOf(marketplace, intent);
      if (!found.ok) return found;
      const attempt = found.value.attempts.find((one) => one.id === id);
      return attempt === undefined ? missing : ok({ payment: found.value, attempt });
    },
    createRefund: async (input) => {
      const found = paymentOf(input.marketplace, input.intent);
      if (!found.ok) return found;
      return err(hutongError('refund_not_possible', 'not paid'));
    },
    getRefund: async () => missing,
    createMerchant: async (marketplace, input) =>
      ok({ id: 'mer_0000000000001', marketplace, ...input }),
    listMerchants: async () => ok({ data: [], hasMore: false }),
    listWalletAccounts: async () => ok({ data: [], hasMore: false }),
    listInterconnects: async () => ok([]),
    setInterconnect: async (_marketplace, { by: _by, ...pair }) => ok({ ...pair, changedAtMs: 0 }),
    counters: {
      create: async () => missing,
      get: async () => missing,
      list: async () => missing,
      change: async () => missing,
      open: async () => missing,
      newVisit: () => '0'.repeat(20),
      pay: async () => missing,
    },
    codeOf: async () => ok({ url: 'https://pay.hutong.example/q/1', emv: null }),
    openCode: async () => missing,
    listLedgerAccounts: async () => ok([]),
    listLedgerTransactions: async () => ok({ data: [], hasMore: false }),
    listAuditLog: async () => ok({ data: [], hasMore: false }),
    eraseBuyer: async () => missing,
    getBuyerErasure: async () => missing,
    listEvents: async () => ok({ data: [], hasMore: false }),
    getEvent: async () => missing,
    resendEvent: async () => missing,
    createWebhookEndpoint: async (_marketplace, input) =>
      ok({
        endpoint: {
          id: 'we_0000000000001',
          ...input,
          status: 'enabled',
          createdAtMs: 1_800_000_000_000,
        },
        secret: 'whsec_abc',
      }),
    listWebhookEndpoints: async () => ok({ data: [], hasMore: false }),
    getWebhookEndpoint: async () => missing,
    updateWebhookEndpoint: async () => missing,
    deleteWebhookEndpoint: async () => missing,
    rotateWebhookSecret: async () => missing,
    acceptNotification: async ({ request }) => {
      stumble('acceptNotification');
      protocol.notifications.push(request);
      return { status: 200, headers: { 'content-type': 'text/plain' }, body: 'success' };
    },
    authenticate: async (secretKey) => {
      const known = KEYS[secretKey];
      return known === undefined
        ? err(hutongError('api_key_invalid', 'the key is unknown or was revoked'))
        : ok(known);
    },
    claimIdempotency: async (request) => claimIn(claims, request),
    completeIdempotency: async (request, answer) => {
      const id = `${request.marketplace} ${request.key}`;
      const claim = claims.get(id);
      if (claim === undefined) return;
      if (typeof answer === 'string') claim.released = true;
      else claim.answer = answer;
    },
    openCashier: async () => missing,
    handOut: async () => missing,
    clientSecretOf: (payment) => `cs_${payment.intent.tokenSeed}`,
    payTokenOf: (payment) => `pt_${payment.intent.tokenSeed}`,
    clientSecretMatches: (payment, secret) => secret === `cs_${payment.intent.tokenSeed}`,
    payerAuthorizeUrl: async () => missing,
    exchangePayerCode: async () => missing,
    waitForChange: async () => undefined,
    newId: (kind, shard) => {
      sequence = (sequence + 1) % 128;
      return formatId(kind, packId({ unixMs: Date.now(), shard, process: 0, sequence }));
    },
    readiness: async () =>
      protocol.ready ? ok({ clock: 'right' }) : err(hutongError('busy', 'the database is away')),
  };
  return protocol;
}

function claimIn(
  claims: Map<string, Claim>,
  request: IdempotentRequest,
): { ok: true; value: IdempotencyClaim } | ReturnType<typeof err<ReturnType<typeof hutongError>>> {
  const id = `${request.marketplace} ${request.key}`;
  const known = claims.get(id);
  if (known === undefined) {
    claims.set(id, { request, answer: null });
    return ok({ kind: 'run', targetId: request.targetId });
  }
  const fields = ['principal', 'method', 'path', 'bodyHash'] as const;
  const isSame = fields.every((field) => known.request[field] === request[field]);
  if (known.released === true) {
    const targetId = isSame ? known.request.targetId : request.targetId;
    known.request = { ...request, targetId };
    known.released = false;
    return ok({ kind: 'run', targetId });
  }
  if (!isSame) {
    return err(hutongError('idempotency_key_reused', 'this key was used for another request'));
  }
  if (known.answer === null) {
    return err(hutongError('idempotency_key_in_flight', 'the first request is still running'));
  }
  return ok({ kind: 'replay', ...known.answer, targetId: known.request.targetId });
}

function made(input: CreateIntentInput): Payment {
  return {
    intent: {
      id: input.id,
      shard: 0,
      marketplace: input.marketplace,
      merchantOrderNo: input.merchantOrderNo,
      contentHash: '',
      amountFen: input.amountFen,
      currency: 'cny',
      description: input.description,
      buyer: input.buyer,
      status: 'requires_wallet',
      version: 1,
      returnUrl: input.returnUrl,
      metadata: input.metadata,
      createdAtMs: Date.now(),
      expiresAtMs: input.expiresAtMs ?? Date.now() + 7_200_000,
      closingAtMs: null,
      closingReason: null,
      latestAttempt: null,
      succeededAttempt: null,
      amountReceivedFen: 0n,
      amountRefundedFen: 0n,
      resolution: null,
      dueAtMs: null,
      isLivemode: input.isLivemode,
      tokenSeed: randomBytes(16).toString('hex'),
    },
    subOrders: input.subOrders.map((part, index) => ({
      id: `so_000000000000${index}`,
      merchant: 'mer_0000000000001',
      amountFen: part.amountFen,
      refundedFen: 0n,
      description: part.description,
      merchantSubOrderNo: part.merchantSubOrderNo,
      items: part.items,
      splits: part.splits,
    })),
    attempts: [],
    legs: [],
    refunds: [],
    escrows: [],
  };
}

function attemptOf(input: StartAttemptInput): Attempt {
  return {
    id: input.id,
    wallet: input.wallet ?? 'wechatpay',
    product: input.product ?? 'native',
    config: 'wc_0000000000001',
    payerWalletChosen: input.payerWallet ?? input.wallet ?? 'wechatpay',
    payerWalletReported: null,
    status: 'pending',
    combineOrderNo: null,
    nextAction: { type: 'qr_code', code: 'weixin://wxpay/bizpayurl?pr=1' },
    failure: null,
    createdAtMs: Date.now(),
    expiresAtMs: Date.now() + 900_000,
    closingAtMs: null,
    isProvisional: false,
    dueAtMs: null,
    tries: 0,
  };
}
