/**
 * The load process: buyers without pause, over plain HTTP. Every request has its own
 * Idempotency-Key and is sent again, the same, until it is answered for good; every answer is in
 * the journal before the next step. SIGTERM: no new payments, those under way are finished.
 */
import { randomInt, randomUUID } from 'node:crypto';
import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Json } from '../helpers/api.ts';
import { type AcknowledgedPost, Journal } from './journal.ts';

export interface LoadConfig {
  readonly platformUrl: string;
  readonly sandboxUrl: string;
  readonly journal: string;
  readonly workers: number;
  readonly shops: readonly {
    readonly name: string;
    readonly secretKey: string;
    readonly merchants: readonly string[];
  }[];
}

type Shop = LoadConfig['shops'][number];

const REQUEST_TIMEOUT_MS = 15_000;
const RETRY_PAUSE_MS = 200;
/** Longer than a key's lease (30 s) and a server's recovery together. */
const FINISH_PATIENCE_MS = 100_000;
const ATTEMPTS_MAX = 4;

let isStopping = false;
let mustLeave = false;
let repeats = 0;

interface Acknowledged {
  readonly body: Json;
  readonly post: AcknowledgedPost;
}

/** Sends one POST until it is answered; undefined when it was refused for good or given up. */
async function insist(
  config: LoadConfig,
  journal: Journal,
  shop: Shop,
  path: string,
  body: unknown,
): Promise<Acknowledged | undefined> {
  const key = randomUUID();
  for (let round = 0; !mustLeave; round += 1) {
    if (round > 0) {
      repeats += 1;
      await sleep(RETRY_PAUSE_MS + randomInt(200));
    }
    const answer = await send(config.platformUrl + path, shop.secretKey, key, body);
    if (answer === undefined || answer.status >= 500 || answer.status === 429) continue;
    const code = String((answer.body.error as Json | undefined)?.code ?? '');
    if (code === 'idempotency_key_in_flight') continue;
    if (answer.status < 300)
      return { body: answer.body, post: { shop: shop.name, path, key, body } };
    journal.write({ what: 'refused', path, status: answer.status, code });
    return undefined;
  }
  return undefined;
}

async function send(
  url: string,
  secretKey: string | null,
  key: string | null,
  body: unknown,
): Promise<{ readonly status: number; readonly body: Json } | undefined> {
  try {
    const response = await fetch(url, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        ...(secretKey === null ? {} : { authorization: `Bearer ${secretKey}` }),
        ...(key === null ? {} : { 'idempotency-key': key }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    return { status: response.status, body: (await response.json()) as Json };
  } catch {
    // Refused, reset, timed out or cut in the middle of the answer: not answered.
    return undefined;
  }
}

async function buyOnce(config: LoadConfig, journal: Journal, number: number): Promise<void> {
  const shop = config.shops[number % config.shops.length] as Shop;
  const orderNo = `C${randomUUID().replaceAll('-', '').slice(0, 24)}`;
  const merchant = shop.merchants[randomInt(shop.merchants.length)];
  const amount = randomInt(101, 20_000);
  const created = await insist(config, journal, shop, '/v1/payment_intents', {
    amount,
    currency: 'cny',
    merchant_order_no: orderNo,
    description: '混沌测试 chaos',
    sub_orders: [{ merchant, amount, description: '一件 one piece' }],
    buyer: { id: `buyer-${number % 50}`, device: 'desktop', ip: '203.0.113.9' },
  });
  if (created === undefined) return;
  const intent = String(created.body.id);
  const subOrders = (created.body.sub_orders as Json[]).map((sub) => String(sub.id));
  journal.write({ what: 'intent', id: intent, orderNo, amount, subOrders, post: created.post });
  if (!(await payFor(config, journal, shop, intent, number))) return;
  if (number % 2 === 0)
    await refundPart(config, journal, shop, intent, String(subOrders[0]), amount);
}

/** An attempt that was cut off before the wallet received it shows no code: then a new one. */
async function payFor(
  config: LoadConfig,
  journal: Journal,
  shop: Shop,
  intent: string,
  number: number,
): Promise<boolean> {
  const isWechat = Math.floor(number / config.shops.length) % 2 === 0;
  const [wallet, product] = isWechat ? ['wechatpay', 'native'] : ['alipay', 'precreate'];
  for (let tries = 0; tries < ATTEMPTS_MAX && !mustLeave; tries += 1) {
    const path = `/v1/payment_intents/${intent}/attempts`;
    const started = await insist(config, journal, shop, path, { wallet, product, payer: {} });
    if (started === undefined) return false;
    const attempt = String(started.body.id);
    const legs = (started.body.legs as Json[]).map((leg) => String(leg.order_no));
    journal.write({ what: 'attempt', id: attempt, intent, wallet, legs, post: started.post });
    const next = started.body.next_action as Json | null;
    if (next === null) continue;
    const url = `${config.sandboxUrl}/phone`;
    const scanned = await send(`${url}/scan`, null, null, { wallet, code: next.code });
    if (scanned?.status !== 200) continue;
    const pay = { scan: scanned.body.scan, outcome: 'success' };
    const paid = await send(`${url}/pay`, null, null, pay);
    if (paid?.status !== 200) continue;
    journal.write({ what: 'paid', intent, attempt });
    return true;
  }
  return false;
}

async function refundPart(
  config: LoadConfig,
  journal: Journal,
  shop: Shop,
  intent: string,
  subOrder: string,
  amount: number,
): Promise<void> {
  if (!(await isBooked(config, shop, intent))) return;
  const part = randomInt(1, amount);
  const refunded = await insist(config, journal, shop, '/v1/refunds', {
    payment_intent: intent,
    sub_order: subOrder,
    amount: part,
    reason: 'requested_by_customer',
  });
  if (refunded === undefined) return;
  const id = String(refunded.body.id);
  journal.write({ what: 'refund', id, intent, amount: part, post: refunded.post });
}

/** What is not booked soon is left to the platform's own janitor, and to the audit. */
async function isBooked(config: LoadConfig, shop: Shop, intent: string): Promise<boolean> {
  for (let round = 0; round < 40 && !mustLeave; round += 1) {
    const url = `${config.platformUrl}/v1/payment_intents/${intent}`;
    const answer = await send(url, shop.secretKey, null, undefined);
    if (answer?.status === 200 && answer.body.status === 'succeeded') return true;
    await sleep(250);
  }
  return false;
}

async function main(): Promise<void> {
  const config = JSON.parse(fs.readFileSync(String(process.argv[2]), 'utf8')) as LoadConfig;
  const journal = new Journal(config.journal);
  let number = 0;
  let underWay = 0;
  process.on('SIGTERM', () => {
    isStopping = true;
    setTimeout(() => {
      mustLeave = true;
    }, FINISH_PATIENCE_MS).unref();
  });
  let abandoned = 0;
  const worker = async (): Promise<void> => {
    while (!isStopping) {
      underWay += 1;
      await buyOnce(config, journal, number++);
      underWay -= 1;
      if (mustLeave) abandoned += 1;
      await sleep(randomInt(120));
    }
  };
  process.stdout.write('load        ready\n');
  await Promise.all(Array.from({ length: config.workers }, worker));
  journal.write({ what: 'end', abandoned: abandoned + underWay, repeats });
  journal.close();
}

await main();
