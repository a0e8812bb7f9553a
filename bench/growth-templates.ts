/**
 * One payment of each kind, made by the product itself: what `growth-seed.ts` copies by the
 * million. Their rows are what the engine wrote, so that a column that is added is copied too.
 */
import assert from 'node:assert/strict';
import type { DecideContext } from '../src/core/draft.ts';
import { cancelPayment, expirePayment } from '../src/core/payment/close.ts';
import { createPayment, newPayment } from '../src/core/payment/create.ts';
import type { PaymentDecision } from '../src/core/payment/draft.ts';
import type { Leg, Payment } from '../src/core/payment/model.ts';
import { refundNumber } from '../src/core/payment/order-number.ts';
import { applyReport } from '../src/core/payment/report.ts';
import { recordStart, startAttempt } from '../src/core/payment/start.ts';
import { reserveRefund } from '../src/core/refund/refund.ts';
import { applyRefundReport } from '../src/core/refund/report.ts';
import { silentRefund } from '../src/core/wallet/report.ts';
import type { Db } from '../src/database/db.ts';
import { createIdSource, type IdSource } from '../src/engine/ids.ts';
import { leaseProcess } from '../src/engine/process-lease.ts';
import { createEngine, type Engine } from '../src/engine/submit.ts';
import { type Id, shardOf, shardOfId } from '../src/kernel/id.ts';
import type { Result } from '../src/kernel/result.ts';
import { wallClock } from '../src/runtime/clock.ts';
import { systemRandom } from '../src/runtime/random.ts';
import { AGGREGATES } from '../src/store/aggregates.ts';
import { PAYMENT } from '../src/store/payment/aggregate.ts';
import { CAPABILITIES } from '../src/wallets/registry.ts';

const TEMPLATE_KINDS = [
  'paid',
  'refunded',
  'refund_failed',
  'canceled',
  'expired',
  'conflicted',
  'waiting',
] as const;
export type TemplateKind = (typeof TEMPLATE_KINDS)[number];

export interface TemplateOwner {
  readonly marketplace: Id<'marketplace'>;
  readonly merchant: Id<'merchant'>;
  readonly config: Id<'wallet_config'>;
  readonly walletAccount: Id<'wallet_account'>;
  readonly walletMerchant: string;
}

const AMOUNT_FEN = 12_800n;
const FEE_BPS = 60;
const DAY_MS = 86_400_000;
const TOKEN_SEED = 'c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00';
const capabilities = CAPABILITIES.get('wechatpay') ?? assert.fail('no wallet');
/** Open payments fall due long after the benchmark, so that no wallet is asked about them. */
const LIFE_MS = 6 * DAY_MS;

/** The engine with a clock that is moved by hand, and what a template belongs to. */
interface Bench {
  readonly engine: Engine;
  readonly ids: IdSource;
  readonly owner: TemplateOwner;
  nowMs: number;
}

/** By kind: the payments that were made. */
export async function makeTemplates(
  db: Db,
  owner: TemplateOwner,
): Promise<ReadonlyMap<TemplateKind, Id<'payment_intent'>>> {
  const lease = await leaseProcess(db, systemRandom, () => undefined);
  const ids = createIdSource(lease.number, wallClock);
  const bench: Bench = {
    ids,
    owner,
    nowMs: wallClock.nowMs(),
    engine: createEngine({
      ...{ aggregates: AGGREGATES, db, wall: wallClock, ids, lease },
      clock: { nowMs: () => bench.nowMs },
      listener: { onDefect: (_command, error) => process.stderr.write(`${error.message}\n`) },
    }),
  };
  const made = new Map<TemplateKind, Id<'payment_intent'>>();
  for (const kind of TEMPLATE_KINDS) made.set(kind, await makeOne(bench, kind));
  await bench.engine.drain();
  await lease.release();
  return made;
}

async function makeOne(bench: Bench, kind: TemplateKind): Promise<Id<'payment_intent'>> {
  bench.nowMs = wallClock.nowMs();
  const payment = await create(bench, `TEMPLATE-${kind}`);
  const { id } = payment.intent;
  if (kind === 'canceled') await decide(bench, id, (now, at) => cancelPayment(now, at));
  else if (kind === 'expired') {
    bench.nowMs += LIFE_MS;
    await decide(bench, id, (now, at) => expirePayment(now, at));
  } else {
    const attempt = await start(bench, id);
    if (kind !== 'waiting') await report(bench, id, attempt, kind === 'conflicted' ? 1n : 0n);
    if (kind === 'refunded') await refund(bench, id, 'succeeded');
    if (kind === 'refund_failed') await refund(bench, id, 'failed');
  }
  return id;
}

/** What a wallet says of the template's order; a conflicted one has another amount. */
function paidReport(leg: Leg, missingFen: bigint) {
  return {
    orderNo: leg.orderNo,
    status: 'succeeded' as const,
    walletTransactionId: `4200${leg.orderNo.slice(0, 24)}`,
    amountFen: leg.amountFen - missingFen,
    currency: 'cny',
    payee: leg.walletMerchant,
    payerAmountFen: leg.amountFen - missingFen,
    receiptAmountFen: leg.amountFen - missingFen,
    paidAtMs: wallClock.nowMs(),
    payerWalletReported: null,
  };
}

async function create({ engine, ids, owner, nowMs }: Bench, orderNo: string): Promise<Payment> {
  const { marketplace, merchant } = owner;
  const shard = shardOf(marketplace, orderNo);
  const wanted = must(
    newPayment({
      ...{ id: ids.next('payment_intent', shard), shard, marketplace, merchantOrderNo: orderNo },
      amountFen: AMOUNT_FEN,
      description: '一双布鞋 (cloth shoes)',
      subOrders: [
        {
          ...{ id: ids.next('sub_order', shard), merchant, amountFen: AMOUNT_FEN },
          ...{ description: '布鞋', merchantSubOrderNo: null, items: null, splits: null },
        },
      ],
      buyer: { id: 'buyer-1', device: 'desktop', ip: '203.0.113.9' },
      expiresAtMs: nowMs + LIFE_MS,
      ...{ returnUrl: null, metadata: {}, nowMs, tokenSeed: TOKEN_SEED },
    }),
  );
  const made = await engine.submit({
    aggregate: PAYMENT,
    name: 'create_payment_intent',
    ...{ shard, marketplace, root: wanted },
    decide: (stored: Payment, _context: DecideContext, isNew: boolean) =>
      createPayment(stored, wanted, isNew),
  });
  return must(made).payment;
}

async function decide<A>(
  { engine, owner: { marketplace } }: Bench,
  root: Id<'payment_intent'>,
  decision: (payment: Payment, context: DecideContext) => PaymentDecision<A>,
): Promise<A> {
  return must(
    await engine.submit({
      ...{ aggregate: PAYMENT, name: 'template', shard: shardOfId(root), marketplace, root },
      notification: { wallet: 'wechatpay', id: 'EV-TEMPLATE' },
      decide: decision,
    }),
  );
}

/** The attempt, with its code on the buyer's screen. */
async function start(bench: Bench, root: Id<'payment_intent'>): Promise<Id<'payment_attempt'>> {
  const { config, merchant, walletAccount, walletMerchant } = bench.owner;
  const id = bench.ids.next('payment_attempt', shardOfId(root));
  await decide(bench, root, (payment, context) =>
    startAttempt(
      payment,
      {
        ...{ id, config, wallet: 'wechatpay', product: 'native' },
        accounts: new Map([[merchant, { walletAccount, walletMerchant, feeBps: FEE_BPS }]]),
        expiresAtMs: payment.intent.expiresAtMs,
        ...{ oneLegMerchant: null, firstPollMs: LIFE_MS },
      },
      context,
    ),
  );
  await decide(bench, root, (payment, context) => {
    const nextAction = { type: 'qr_code', code: 'weixin://wxpay/bizpayurl?pr=x' } as const;
    const outcome = { outcome: 'pending', nextAction } as const;
    return recordStart(payment, { attempt: id, outcome, capabilities }, context);
  });
  return id;
}

async function report(
  bench: Bench,
  root: Id<'payment_intent'>,
  attempt: Id<'payment_attempt'>,
  missingFen: bigint,
): Promise<void> {
  await decide(bench, root, (payment, context) => {
    const legs = payment.legs.map((leg) => paidReport(leg, missingFen));
    const input = { attempt, report: { outcome: 'answered', legs }, capabilities } as const;
    return applyReport(payment, input, context);
  });
}

async function refund(
  bench: Bench,
  root: Id<'payment_intent'>,
  status: 'succeeded' | 'failed',
): Promise<void> {
  const id = bench.ids.next('refund', shardOfId(root));
  await decide(bench, root, (payment, context) =>
    reserveRefund(
      payment,
      {
        id,
        subOrder: payment.subOrders[0]?.id ?? 'so_0000000000000',
        amountFen: AMOUNT_FEN / 2n,
        reason: 'requested_by_customer',
        capabilities: CAPABILITIES,
      },
      context,
    ),
  );
  await decide(bench, root, (payment, context) =>
    applyRefundReport(
      payment,
      {
        ...{ refund: id, refundNo: refundNumber(root, id, 1) },
        report: { ...silentRefund(status), walletRefundId: '50' },
      },
      context,
    ),
  );
}

function must<T>(result: Result<T, { readonly message: string }>): T {
  assert.ok(result.ok, result.ok ? '' : result.error.message);
  return result.value;
}
