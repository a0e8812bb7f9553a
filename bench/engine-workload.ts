/**
 * One payment through the engine, and many of them at once: create, start, settle, each a command
 * that core decides. No HTTP and no wallet; its report is made here, as a notification of a
 * paid order would bring it.
 *
 * `record_start` (what the wallet answered to the order) is not sent: the report overtakes it, as
 * it does with a fast payer, and the benchmark's contract counts three commands.
 */
import assert from 'node:assert/strict';
import { createPayment, newPayment } from '../src/core/payment/create.ts';
import type { Payment } from '../src/core/payment/model.ts';
import { applyReport } from '../src/core/payment/report.ts';
import { startAttempt } from '../src/core/payment/start.ts';
import type { IdSource } from '../src/engine/ids.ts';
import type { Engine } from '../src/engine/submit.ts';
import { formatId, type Id, packId, shardOf } from '../src/kernel/id.ts';
import type { Result } from '../src/kernel/result.ts';
import { PAYMENT } from '../src/store/payment/aggregate.ts';

const fixedId = <K extends 'marketplace' | 'merchant' | 'wallet_config' | 'wallet_account'>(
  kind: K,
): Id<K> =>
  formatId(kind, packId({ unixMs: Date.UTC(2026, 0, 1), shard: 1, process: 0, sequence: 1 }));

const MARKETPLACE = fixedId('marketplace');
const MERCHANT = fixedId('merchant');
const CONFIG = fixedId('wallet_config');
const WALLET_ACCOUNT = fixedId('wallet_account');
const ACCOUNTS = new Map([
  [MERCHANT, { walletAccount: WALLET_ACCOUNT, walletMerchant: '1900000109', feeBps: 60 }],
]);
const AMOUNT_FEN = 12_800n;
const FIRST_POLL_MS = 5_000;
/** WeChat Pay's. */
const CAPABILITIES = {
  cart: { atomic: true },
  custody: 'wallet_holds',
  notFoundIsFinalAfterMs: 60_000,
} as const;

export interface WorkloadOptions {
  readonly engine: Engine;
  readonly ids: IdSource;
  readonly paymentCount: number;
  /** Payments under way at once, so that batches fill. */
  readonly concurrency: number;
}

/** Runs them all; how long it took. The orders themselves are written before the clock starts. */
export async function runPayments(options: WorkloadOptions): Promise<{ readonly tookMs: number }> {
  const orders = Array.from({ length: options.paymentCount }, (_, index) =>
    newOrder(options.ids, `BENCH${index}`),
  );
  const waiting = orders.values();
  const worker = async (): Promise<void> => {
    for (const order of waiting) await payOrder(options, order);
  };
  const startedMs = performance.now();
  await Promise.all(Array.from({ length: options.concurrency }, worker));
  return { tookMs: performance.now() - startedMs };
}

function newOrder(ids: IdSource, orderNo: string): Payment {
  const shard = shardOf(MARKETPLACE, orderNo);
  return must(newPayment(orderOf(ids, shard, orderNo)));
}

async function payOrder({ engine, ids }: WorkloadOptions, wanted: Payment): Promise<void> {
  const { shard, merchantOrderNo } = wanted.intent;
  const { id } = wanted.intent;
  const created = must(
    await engine.submit({
      aggregate: PAYMENT,
      name: 'create_payment_intent',
      shard,
      marketplace: MARKETPLACE,
      root: wanted,
      decide: (stored, _context, isNew) => createPayment(stored, wanted, isNew),
    }),
  );
  const attempt = ids.next('payment_attempt', shard);
  const started = must(
    await engine.submit({
      aggregate: PAYMENT,
      name: 'start_attempt',
      shard,
      marketplace: MARKETPLACE,
      root: id,
      decide: (payment, context) =>
        startAttempt(
          payment,
          {
            id: attempt,
            wallet: 'wechatpay',
            product: 'native',
            config: CONFIG,
            accounts: ACCOUNTS,
            expiresAtMs: created.payment.intent.expiresAtMs,
            oneLegMerchant: null,
            firstPollMs: FIRST_POLL_MS,
          },
          context,
        ),
    }),
  );
  const legs = started.payment.legs.map(paidReport);
  const settled = must(
    await engine.submit({
      aggregate: PAYMENT,
      name: 'notify_attempt',
      shard,
      marketplace: MARKETPLACE,
      root: id,
      notification: { wallet: 'wechatpay', id: `EV-${merchantOrderNo}` },
      decide: (payment, context) =>
        applyReport(
          payment,
          { attempt, report: { outcome: 'answered', legs }, capabilities: CAPABILITIES },
          context,
        ),
    }),
  );
  assert.equal(settled.intent.status, 'succeeded');
}

function orderOf(ids: IdSource, shard: number, orderNo: string) {
  return {
    id: ids.next('payment_intent', shard),
    shard,
    marketplace: MARKETPLACE,
    merchantOrderNo: orderNo,
    amountFen: AMOUNT_FEN,
    description: '一双布鞋 (cloth shoes)',
    subOrders: [
      {
        id: ids.next('sub_order', shard),
        merchant: MERCHANT,
        amountFen: AMOUNT_FEN,
        description: '布鞋',
        merchantSubOrderNo: null,
        items: null,
        splits: null,
      },
    ],
    buyer: { id: 'buyer-1', device: 'desktop' as const, ip: '203.0.113.9' },
    expiresAtMs: null,
    returnUrl: null,
    metadata: {},
    nowMs: Date.now(),
    tokenSeed: 'c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00',
  };
}

function paidReport(leg: Payment['legs'][number]) {
  return {
    orderNo: leg.orderNo,
    status: 'succeeded' as const,
    walletTransactionId: `4200${leg.orderNo.slice(0, 24)}`,
    amountFen: leg.amountFen,
    currency: 'cny',
    payee: leg.walletMerchant,
    payerAmountFen: leg.amountFen,
    receiptAmountFen: leg.amountFen,
    paidAtMs: Date.now(),
    payerWalletReported: null,
  };
}

function must<T>(result: Result<T, { readonly message: string }>): T {
  assert.ok(result.ok, result.ok ? '' : result.error.message);
  return result.value;
}
