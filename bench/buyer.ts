/**
 * One complete payment as the outside sees it: the marketplace creates it and starts an attempt
 * whose code is scanned, the buyer pays in the sandbox's phone, the wallet notifies, and the
 * marketplace gets its webhook. Times are kept for each part.
 */
import { randomUUID } from 'node:crypto';
import type { Work } from '../tools/load.ts';
import type { LoadClient } from '../tools/load-client.ts';
import type { WebhookSink } from './webhook-sink.ts';
import type { World } from './world.ts';

/** Each wallet by the product whose code a buyer scans: the same way for all. */
export const SCANNED_PRODUCTS = {
  wechatpay: 'native',
  alipay: 'precreate',
  unionpay: 'qr',
  jdpay: 'qr',
} as const;
export type BenchedWallet = keyof typeof SCANNED_PRODUCTS;

const AMOUNT_FEN = 12_800;
const WEBHOOK_TIMEOUT_MS = 20_000;

/** Milliseconds of the parts in which the platform works. */
export interface PaymentTimes {
  /** From the moment the buyer was due to the intent's answer. */
  readonly createMs: number;
  /** The attempt's answer; the wallet's own answer is within. */
  readonly attemptMs: number;
  /** From the phone's "paid" to the webhook; the wallet's callback is within. */
  readonly webhookMs: number;
}

export function createBuyer(
  world: Pick<World, 'platforms' | 'platformUrl' | 'sandboxUrl' | 'marketplaces'>,
  client: LoadClient,
  sink: WebhookSink,
  wallet: BenchedWallet,
  onPaid: (times: PaymentTimes) => void,
): Work {
  const [shop] = world.marketplaces.values();
  if (shop === undefined) throw new Error('demo.json names no marketplace');
  let turn = 0;
  /** Each request goes to the next process, as a balancer would have it. */
  const intents = (): string => {
    const { url } = world.platforms[turn % world.platforms.length] ?? { url: world.platformUrl };
    turn += 1;
    return `${url}/v1/payment_intents`;
  };
  const run = randomUUID().slice(0, 8);
  let count = 0;
  const headers = (key: string) => ({
    authorization: `Bearer ${shop.secretKey}`,
    'idempotency-key': `${run}-${key}`,
  });
  const orderOf = (number: number) => ({
    amount: AMOUNT_FEN,
    currency: 'cny',
    merchant_order_no: `B${run}${number}`,
    description: '一双布鞋 (cloth shoes)',
    sub_orders: [
      {
        merchant: shop.merchants[number % shop.merchants.length],
        amount: AMOUNT_FEN,
        description: '布鞋',
      },
    ],
    buyer: { id: `buyer-${number}`, device: 'desktop', ip: '203.0.113.9' },
  });
  return async (dueMs) => {
    count += 1;
    const number = count;
    const intent = await client.post(intents(), orderOf(number), {
      expected: 201,
      headers: headers(`create-${number}`),
    });
    const createdMs = performance.now();
    const id = String(intent.id);
    const attempt = await client.post(
      `${intents()}/${id}/attempts`,
      { wallet, product: SCANNED_PRODUCTS[wallet], payer: {} },
      { expected: 201, headers: headers(`start-${number}`) },
    );
    const startedMs = performance.now();
    const { code } = attempt.next_action as { readonly code: string };
    const { scan } = await client.post(
      `${world.sandboxUrl}/phone/scan`,
      { wallet, code },
      { expected: 200 },
    );
    const delivered = sink.succeeded(id, WEBHOOK_TIMEOUT_MS);
    const paying = client.post(
      `${world.sandboxUrl}/phone/pay`,
      { scan, outcome: 'success' },
      { expected: 200 },
    );
    // The callback may overtake the phone's own answer.
    const paidMs = paying.then(() => performance.now());
    const [paid] = await Promise.all([paidMs, delivered]);
    onPaid({
      createMs: createdMs - dueMs,
      attemptMs: startedMs - createdMs,
      webhookMs: Math.max(0, performance.now() - paid),
    });
  };
}
