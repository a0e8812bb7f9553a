/**
 * One platform beside one city per engine, shared by the whole contract, and the buyer's steps as
 * outside callers make them.
 */
import { randomUUID } from 'node:crypto';
import { readSandboxCredentials } from '../../src/cli/demo-marketplaces.ts';
import type { Db } from '../../src/database/db.ts';
import type { Cells } from '../../src/store/cells.ts';
import { type Answer, call, type Json, Marketplace, Sandbox, until } from '../helpers/api.ts';
import { composeForTest, type TestPlatform } from '../helpers/platform.ts';
import { openInbox, type WebhookInbox } from '../helpers/webhook-inbox.ts';
import type { TestEngine, TestHome } from '../store/engines.ts';
import { CELL_COUNT } from '../store/test-cells.ts';

export interface Stage {
  readonly platform: TestPlatform;
  /** Sees the rows of every cell. */
  readonly db: Db;
  readonly cells: Cells;
  readonly taobao: Marketplace;
  readonly tmall: Marketplace;
  readonly sandbox: Sandbox;
  readonly inbox: WebhookInbox;
  readonly endpoint: string;
  /** What must never be seen again after it was given out. */
  readonly secrets: Set<string>;
  readonly openid: string;
  readonly buyerId: string;
  readonly close: () => Promise<void>;
}

/** The platform closes its databases when it stops; a restart wants them back. */
function keptOpen({ cells }: TestHome): Cells {
  return Object.create(cells, { close: { value: async () => undefined } }) as Cells;
}

export async function openStage(engine: TestEngine): Promise<Stage> {
  const home = await engine.open({ cells: CELL_COUNT });
  const platform = await composeForTest({ cells: keptOpen(home) });
  const shopOf = (name: string): Marketplace => {
    const found = platform.marketplaces.get(name);
    if (found === undefined) throw new Error(`no marketplace ${name}`);
    return new Marketplace(platform.url, found.secretKey, found.merchants);
  };
  const taobao = shopOf('taobao');
  const inbox = await openInbox();
  const secrets = new Set([taobao.key, shopOf('tmall').key]);
  const sandbox = readSandboxCredentials(platform.dir);
  for (const secret of secretsIn(sandbox.marketplaces)) secrets.add(secret);
  const made = await taobao.expect(201, 'POST', '/v1/webhook_endpoints', {
    url: inbox.url,
    enabled_events: ['*'],
  });
  inbox.trust(String(made.secret));
  secrets.add(String(made.secret));
  const credentials = sandbox.demo.credentials as {
    wechatpay: { openids: string[] };
    alipay: { buyer_ids: string[] };
  };
  const openid = String(credentials.wechatpay.openids[0]);
  const buyerId = String(credentials.alipay.buyer_ids[0]);
  secrets.add(openid);
  secrets.add(buyerId);
  return {
    platform,
    db: home.db,
    cells: home.cells,
    taobao,
    tmall: shopOf('tmall'),
    sandbox: new Sandbox(platform.sandbox.url),
    inbox,
    endpoint: String(made.id),
    secrets,
    openid,
    buyerId,
    close: async () => {
      await platform.close();
      await inbox.close();
      await home.close();
    },
  };
}

/** Private keys and symmetric keys of the wallet configurations, wherever they stand. */
function secretsIn(value: unknown, name = ''): string[] {
  if (typeof value === 'string') {
    const isSecret = /privateKey|apiV3Key|appSecret|aesKey|desKey/i.test(name);
    // Of a PEM, a line from its middle: logs and JSON escape line feeds.
    return isSecret ? [value.split('\n').filter((line) => line.length >= 16)[1] ?? value] : [];
  }
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => secretsIn(inner, key));
}

export interface Way {
  readonly wallet: 'wechatpay' | 'alipay' | 'unionpay' | 'jdpay';
  readonly product: string;
  readonly device: string;
  /** Can it pay a cart of several sellers? */
  readonly combines: boolean;
}

/** Every product that starts from a page; codes shown at a counter have tests of their own. */
export const WAYS: readonly Way[] = [
  { wallet: 'wechatpay', product: 'native', device: 'desktop', combines: true },
  { wallet: 'wechatpay', product: 'h5', device: 'mobile', combines: true },
  { wallet: 'wechatpay', product: 'jsapi', device: 'wechat', combines: true },
  { wallet: 'wechatpay', product: 'app', device: 'app', combines: true },
  { wallet: 'alipay', product: 'page', device: 'desktop', combines: true },
  { wallet: 'alipay', product: 'precreate', device: 'desktop', combines: false },
  { wallet: 'alipay', product: 'wap', device: 'mobile', combines: true },
  { wallet: 'alipay', product: 'app', device: 'app', combines: true },
  { wallet: 'alipay', product: 'jsapi', device: 'alipay', combines: false },
  { wallet: 'unionpay', product: 'qr', device: 'desktop', combines: false },
  { wallet: 'unionpay', product: 'web', device: 'mobile', combines: false },
  { wallet: 'unionpay', product: 'app', device: 'app', combines: false },
  { wallet: 'jdpay', product: 'qr', device: 'desktop', combines: false },
  { wallet: 'jdpay', product: 'pc', device: 'desktop', combines: false },
  { wallet: 'jdpay', product: 'h5', device: 'mobile', combines: false },
];

export const nameOf = ({ wallet, product }: Way): string => `${wallet}.${product}`;

export interface Order {
  readonly intent: string;
  readonly subOrders: readonly string[];
  readonly attempt: Json;
  readonly scan: string;
}

export function payerOf(stage: Stage, { wallet, product }: Way): Json {
  if (product !== 'jsapi') return {};
  return wallet === 'wechatpay' ? { openid: stage.openid } : { buyer_id: stage.buyerId };
}

export async function createIntent(
  stage: Stage,
  amounts: readonly number[],
  device = 'desktop',
  more: Json = {},
): Promise<Json> {
  const buyer = { id: 'buyer-1', device, ip: '203.0.113.9' };
  const intent = await stage.taobao.createIntent(amounts, { buyer, ...more });
  stage.secrets.add(String(intent.client_secret));
  stage.secrets.add(String(intent.cashier_url).split('/pay/')[1] ?? '');
  return intent;
}

export async function startAndScan(stage: Stage, intent: Json, way: Way): Promise<Order> {
  const id = String(intent.id);
  const payer = payerOf(stage, way);
  const attempt = await stage.taobao.startAttempt(id, way.wallet, way.product, payer);
  const scan = await stage.sandbox.scan(way.wallet, attempt.next_action);
  const subOrders = (intent.sub_orders as Json[]).map((sub) => String(sub.id));
  return { intent: id, subOrders, attempt, scan };
}

export async function startOrder(
  stage: Stage,
  way: Way,
  amounts: readonly number[],
  more: Json = {},
): Promise<Order> {
  return startAndScan(stage, await createIntent(stage, amounts, way.device, more), way);
}

export async function becomes(stage: Stage, intent: string, status: string): Promise<Json> {
  return until(
    `the intent is ${status}`,
    () => stage.taobao.getIntent(intent),
    (now) => now.status === status,
  );
}

export async function paidOrder(
  stage: Stage,
  way: Way,
  amounts: readonly number[],
): Promise<Order> {
  const order = await startOrder(stage, way, amounts);
  await stage.sandbox.pay(order.scan);
  await becomes(stage, order.intent, 'succeeded');
  return order;
}

/** Moves the city's clock until it is so. */
export async function inTime<T>(
  stage: Stage,
  what: string,
  look: () => Promise<T>,
  isSo: (value: T) => boolean,
  stepSeconds = 30,
): Promise<T> {
  let value = await look();
  for (let step = 0; step < 60 && !isSo(value); step += 1) {
    await stage.sandbox.advance(stepSeconds);
    value = await look();
  }
  if (!isSo(value)) throw new Error(`${what}: never; last ${JSON.stringify(value)}`);
  return value;
}

/** A request of ours with a key of our choice. */
export function post(shop: Marketplace, path: string, body: unknown, key: string): Promise<Answer> {
  return call('POST', `${shop.url}${path}`, {
    key: shop.key,
    body,
    headers: { 'idempotency-key': key },
  });
}

export const newKey = (): string => randomUUID();

export function codeOf(answer: Answer): unknown {
  return (answer.body.error as Json | undefined)?.code;
}

/** The events of one object, each once, in the order in which they arrived. */
export function eventsOf(stage: Stage, id: string): Json[] {
  const seen = new Map<string, Json>();
  for (const event of stage.inbox.events) {
    const object = (event.data as Json).object as Json;
    if (object.id === id) seen.set(String(event.id), event);
  }
  return [...seen.values()];
}

export async function refund(stage: Stage, order: Order, amount: number, sub = 0): Promise<Answer> {
  const body = {
    payment_intent: order.intent,
    sub_order: order.subOrders[sub],
    amount,
    reason: 'requested_by_customer',
  };
  return post(stage.taobao, '/v1/refunds', body, newKey());
}

export async function refunded(
  stage: Stage,
  answer: Pick<Answer, 'status' | 'body'>,
): Promise<Json> {
  if (answer.status !== 201) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
  return inTime(
    stage,
    'the refund succeeded',
    () => stage.taobao.expect(200, 'GET', `/v1/refunds/${String(answer.body.id)}`),
    (now) => now.status === 'succeeded',
    20,
  );
}

/** What one payment's entries say that its wallet holds. */
export async function clearingOf(stage: Stage, order: Order): Promise<number> {
  let heldFen = 0;
  for await (const row of stage.taobao.transactions()) {
    if (row.payment_intent !== order.intent) continue;
    for (const entry of row.entries as Json[]) {
      if (String(entry.account).endsWith(':clearing'))
        heldFen += Number(entry.debit) - Number(entry.credit);
    }
  }
  return heldFen;
}

export async function walletOrders(stage: Stage, order: Order): Promise<Json[]> {
  const numbers = (order.attempt.legs as Json[]).map((leg) => leg.order_no);
  const orders = await stage.sandbox.orders(String(order.attempt.wallet));
  return orders.filter((row) => numbers.includes(row.order_no));
}
