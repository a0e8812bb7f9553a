/**
 * How long until a change of a merchant, made by one process, is seen by another: consent is given
 * and withdrawn in turn, and the platform is asked for the offers of a payment of that merchant.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { DemoMarketplace } from '../src/cli/demo-marketplaces.ts';
import { must } from '../src/kernel/assert.ts';
import { formatId, type Id, packId, shardOf } from '../src/kernel/id.ts';
import { putAccount, readAccounts } from '../src/store/merchant/merchants.ts';
import type { Searched } from './growth-look-ups.ts';

const CHANGES = 20;
const PATIENCE_MS = 5_000;
const ASK_EVERY_MS = 10;

interface ChangedPlace {
  readonly platformUrl: string;
  readonly shop: DemoMarketplace;
  readonly searched: Searched;
}

export async function slowestChangeMs(place: ChangedPlace): Promise<number> {
  const { searched, shop } = place;
  const merchant = must(shop.merchants[0], 'a merchant') as Id<'merchant'>;
  const accounts = await readAccounts(searched.db, [merchant]);
  const account = must(
    accounts.find(({ wallet }) => wallet === 'wechatpay'),
    'its account',
  );
  const offers = `/v1/payment_intents/${await createIntent(place, merchant)}/offers`;
  let slowestMs = 0;
  for (let number = 0; number < CHANGES; number += 1) {
    const isOffered = number % 2 === 1;
    const consent = isOffered ? { consentedAtMs: Date.now() } : { withdrawsConsent: true };
    const createdAtMs = Date.now();
    const note = {
      ...{ id: auditId(createdAtMs, number), marketplace: searched.marketplace },
      ...{ actor: 'cli:growth', action: 'wallet_account.put', atMs: createdAtMs },
    };
    await isSeen(place, offers, !isOffered);
    await putAccount(searched.db, { ...account, ...consent, createdAtMs }, note);
    const changedMs = performance.now();
    await isSeen(place, offers, isOffered);
    slowestMs = Math.max(slowestMs, performance.now() - changedMs);
    // So that changes fall anywhere between two of the platform's questions.
    await sleep(number * 37);
  }
  return slowestMs;
}

function auditId(unixMs: number, sequence: number): Id<'audit_entry'> {
  return formatId('audit_entry', packId({ unixMs, shard: 0, process: 255, sequence }));
}

async function isSeen(place: ChangedPlace, path: string, isOffered: boolean): Promise<void> {
  const untilMs = performance.now() + PATIENCE_MS;
  while (performance.now() < untilMs) {
    const { offered } = (await ask(place, path)) as { offered: { wallet: string }[] };
    if (offered.some(({ wallet }) => wallet === 'wechatpay') === isOffered) return;
    await sleep(ASK_EVERY_MS);
  }
  throw new Error(`wechatpay is not ${isOffered ? 'offered' : 'withheld'} after ${PATIENCE_MS} ms`);
}

async function createIntent(place: ChangedPlace, merchant: Id<'merchant'>): Promise<string> {
  const orderNo = `CHANGE${Date.now()}`;
  const intent = await ask(place, '/v1/payment_intents', {
    ...{ amount: 100, currency: 'cny', merchant_order_no: orderNo, description: '鞋' },
    sub_orders: [{ merchant, amount: 100, description: '鞋' }],
    buyer: { id: `buyer-${shardOf(orderNo)}`, device: 'desktop', ip: '203.0.113.9' },
  });
  return String(intent.id);
}

async function ask(
  { platformUrl, shop }: ChangedPlace,
  path: string,
  body?: unknown,
): Promise<Record<string, unknown>> {
  const authorization = `Bearer ${shop.secretKey}`;
  const response = await fetch(`${platformUrl}${path}`, {
    headers: {
      authorization,
      ...(body === undefined
        ? {}
        : { 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID() }),
    },
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as Record<string, unknown>;
}
