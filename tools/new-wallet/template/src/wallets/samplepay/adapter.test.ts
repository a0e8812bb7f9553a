/**
 * The adapter and the city's gateway, over the seams and without a socket: what is sent, what is
 * notified, and what is not trusted. The contract suite checks more; look here first.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeSamplepayAccount } from '../../../sandbox/gateways/samplepay/account.ts';
import { openSamplepayGateway } from '../../../sandbox/gateways/samplepay/gateway.ts';
import type { Gateway } from '../../../sandbox/kit/kit.ts';
import { type OpenedKit, openKit } from '../../../sandbox/kit/open-kit.ts';
import type { AttemptOrder } from '../../core/wallet/order.ts';
import { err, ok } from '../../kernel/result.ts';
import { wallClock } from '../../runtime/clock.ts';
import type { HttpClient, HttpRequest } from '../../runtime/http-client.ts';
import { systemRandom } from '../../runtime/random.ts';
import type { RawRequest, Wallet } from '../wallet.ts';
import { samplepay } from './adapter.ts';

const SHOP = 'http://127.0.0.1:9/notify';
let dir = '';
let opened: OpenedKit;
let gateway: Gateway;
let wallet: Wallet;
let foreign: Wallet;
/** The callbacks that the gateway posted, as they came. */
let received: RawRequest[] = [];

const bytesOf = (body: Buffer | string) => (typeof body === 'string' ? Buffer.from(body) : body);
const rawOf = (request: HttpRequest): RawRequest => {
  const { method, url, headers, body = '' } = request;
  const { pathname } = new URL(url);
  return { method, target: pathname, headers, body: bytesOf(body) };
};

/** The shop that receives the gateway's callbacks: acknowledges each one. */
const shop: HttpClient = {
  send: async (request) => {
    received.push(rawOf(request));
    return ok({ status: 200, headers: {}, body: Buffer.from('success') });
  },
  close: () => undefined,
};

/** The gateway at the other end of the adapter's calls. */
const wire: HttpClient = {
  send: async (request) => {
    const raw = rawOf(request);
    const answer = await gateway.handle({ ...raw, path: raw.target, queryText: '' });
    if ('lost' in answer) return err({ kind: 'timeout', message: 'no answer in time' });
    return ok({ status: answer.status, headers: answer.headers, body: bytesOf(answer.body) });
  },
  close: () => undefined,
};

async function openOne(name: string): Promise<Wallet> {
  const request = { label: name, name, subMerchantNames: ['甲店'] };
  const { credentials } = await makeSamplepayAccount(opened.kit, request);
  const seams = { http: wire, clock: opened.clock, wall: wallClock, random: systemRandom };
  const one = samplepay.open(credentials, seams);
  if (!one.ok) throw new Error(`${one.error.field} ${one.error.message}`);
  return one.value;
}

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'hutong-samplepay-'));
  received = [];
  opened = await openKit({
    ...{ dir, publicUrl: 'http://127.0.0.1:4100', allowLocalCallbacks: true, http: shop },
    log: () => undefined,
  });
  gateway = openSamplepayGateway(opened.kit);
  wallet = await openOne('集市');
  foreign = await openOne('别家');
});

afterEach(async () => {
  await opened.close();
  rmSync(dir, { recursive: true, force: true });
});

function order(product: AttemptOrder['product'] = 'qr'): AttemptOrder {
  const createdAtMs = opened.clock.nowMs();
  const leg = { walletMerchant: '9100000001', amountFen: 12_345n, description: '布鞋一双' };
  return {
    ...{ product, combineOrderNo: null, legs: [{ ...leg, orderNo: 'T0001' }], createdAtMs },
    ...{ expiresAtMs: createdAtMs + 600_000, description: '布鞋一双', payer: {}, payerIp: null },
    ...{ device: 'desktop', returnUrl: null, notifyUrl: SHOP, handOutUrl: SHOP, holdDays: 1 },
  };
}

async function pay(code: string): Promise<void> {
  const scanned = await gateway.scan(code);
  const coupon = { platformFen: 0n, merchantFen: 0n };
  const { ref = '' } = scanned ?? {};
  const paid = await gateway.pay({ ref, payerWallet: samplepay.name, outcome: 'success', coupon });
  expect(paid.status).toBe('paid');
  await opened.callbackQueue.settle();
}

async function paidOrder(asked = order()): Promise<AttemptOrder> {
  const started = await wallet.startAttempt(asked);
  const action = started.outcome === 'pending' ? started.nextAction : null;
  await pay(action?.type === 'qr_code' ? action.code : '');
  return asked;
}

const PAID = { orderNo: 'T0001', status: 'succeeded', amountFen: 12_345n, currency: 'cny' };

test('create and query: pending, then paid with the figures that were asked', async () => {
  const asked = order();
  const started = await wallet.startAttempt(asked);
  expect(started).toMatchObject({ outcome: 'pending', nextAction: { type: 'qr_code' } });
  expect(await wallet.queryAttempt(asked)).toMatchObject({
    outcome: 'answered',
    legs: [{ status: 'pending' }],
  });
  // The very order: one of the next second has another end, and the same number is refused.
  await paidOrder(asked);
  expect(await wallet.queryAttempt(asked)).toMatchObject({
    outcome: 'answered',
    legs: [{ ...PAID, payee: '9100000001', payerAmountFen: 12_345n }],
  });
});

test('notify: verified, read; a flipped byte and another account refuse it', async () => {
  await paidOrder();
  const [callback] = received;
  if (callback === undefined) throw new Error('no callback came');
  expect(await wallet.parseNotification(callback)).toMatchObject({
    ok: true,
    value: { type: 'attempt', orderNo: 'T0001', legs: [PAID] },
  });
  const amountAt = callback.body.indexOf('12345');
  const flipped = Buffer.from(callback.body);
  flipped[amountAt] = (flipped[amountAt] ?? 0) ^ 1;
  const refused = await wallet.parseNotification({ ...callback, body: flipped });
  expect(refused).toMatchObject({ ok: false, error: { code: 'bad_signature' } });
  const notOurs = await foreign.parseNotification(callback);
  expect(notOurs).toMatchObject({ ok: false, error: { code: 'not_ours' } });
});

test('an unknown order is not found; an answer that is not genuine says nothing', async () => {
  expect(await wallet.queryAttempt(order())).toMatchObject({
    outcome: 'answered',
    legs: [{ status: 'not_found' }],
  });
  const asked = await paidOrder();
  for (const fault of ['signtest', 'answer_lost', 'server_error', 'html_502'] as const) {
    const where = { wallet: null, orderNo: null, merchant: null, operation: 'query' } as const;
    opened.faults.arm({ fault, times: 1, ...where });
    expect(await wallet.queryAttempt(asked), fault).toMatchObject({ outcome: 'unknown' });
  }
});

test('refund: processing, then settled by time and notified', async () => {
  const asked = await paidOrder();
  const [leg] = asked.legs;
  if (leg === undefined) throw new Error('an order has a leg');
  const { createdAtMs, product } = asked;
  const refund = {
    ...{ refundNo: 'R0001', amountFen: 4_000n, reason: '不合脚', notifyUrl: SHOP, createdAtMs },
    leg: { ...leg, walletTransactionId: null, product, createdAtMs },
  };
  expect(await wallet.refund(refund)).toMatchObject({ status: 'processing', amountFen: 4_000n });
  opened.clock.moveTo(opened.clock.nowMs() + 5_000);
  await gateway.runDue(opened.clock.nowMs());
  await opened.callbackQueue.settle();
  expect(await wallet.queryRefund(refund)).toMatchObject({ status: 'succeeded' });
  const callback = received.at(-1);
  if (callback === undefined) throw new Error('no callback came');
  expect(await wallet.parseNotification(callback)).toMatchObject({
    ok: true,
    value: { type: 'refund', refundNo: 'R0001', report: { status: 'succeeded' } },
  });
  const more = await wallet.refund({ ...refund, refundNo: 'R0002', amountFen: 12_345n });
  expect(more.status).toBe('failed');
});

test('a close never gives money back; a payment code is reversed', async () => {
  expect((await wallet.closeAttempt(await paidOrder())).outcome).toBe('paid');
  const [leg] = order().legs;
  if (leg === undefined || gateway.showCode === undefined) throw new Error('no leg, or no code');
  const legs = [{ ...leg, orderNo: 'T0002' }];
  const charge = { ...order('bar'), legs, payer: { authCode: gateway.showCode() } };
  expect((await wallet.startAttempt(charge)).outcome).toBe('succeeded');
  expect(await wallet.closeAttempt(charge)).toMatchObject({
    outcome: 'reversed',
    legs: [{ orderNo: 'T0002', status: 'closed', isReversed: true, amountFen: 12_345n }],
  });
});
