/**
 * The adapter against the sandbox over HTTP: every product, every outcome of the port, and what it
 * must never say. The adapter is the platform's own; the wire underneath was judged by the SDK.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { WireRequest } from '../../../sandbox/kit/kit.ts';
import type { AttemptOrder, RefundOrder } from '../../../src/core/wallet/order.ts';
import type { StartOutcome } from '../../../src/core/wallet/report.ts';
import { alipay } from '../../../src/wallets/alipay/adapter.ts';
import type { Notification, Wallet } from '../../../src/wallets/wallet.ts';
import { freshNo } from '../../helpers/gateway-city.ts';
import { openTestCity, type TestCity } from './city.ts';
import { openWallet } from './flip-cases.ts';

let city: TestCity;
let wallet: Wallet;

beforeAll(async () => {
  city = await openTestCity();
  wallet = openWallet(city);
});
afterEach(async () => {
  city.opened.faults.clear();
  await city.settle();
  city.callbacks.length = 0;
});
afterAll(() => city.close());

function order(more: Partial<AttemptOrder> = {}): AttemptOrder {
  const nowMs = city.opened.clock.nowMs();
  return {
    product: 'precreate',
    combineOrderNo: null,
    legs: [
      {
        orderNo: freshNo(),
        walletMerchant: city.account.smids[0] ?? '',
        amountFen: 8_888n,
        description: '青瓷/盖碗 a=b&c',
      },
    ],
    createdAtMs: nowMs,
    expiresAtMs: nowMs + 10 * 60_000,
    description: '青瓷盖碗',
    payer: {},
    payerIp: null,
    device: 'desktop',
    returnUrl: 'http://shop.example/back',
    notifyUrl: city.notifyUrl,
    handOutUrl: 'https://pay.hutong.example/pay/go/x',
    holdDays: 30,
    ...more,
  };
}

function merged(product: AttemptOrder['product']): AttemptOrder {
  const legs = city.account.smids.map((walletMerchant, index) => ({
    orderNo: freshNo(),
    walletMerchant,
    amountFen: BigInt(100 + index),
    description: `第${index}家`,
  }));
  return order({ product, legs, combineOrderNo: freshNo('M') });
}

function refundOf(attempt: AttemptOrder, amountFen: bigint, refundNo = freshNo('R')): RefundOrder {
  const [leg] = attempt.legs;
  return {
    refundNo,
    amountFen,
    reason: '不想要了',
    notifyUrl: city.notifyUrl,
    createdAtMs: attempt.createdAtMs,
    leg: {
      ...leg!,
      walletTransactionId: null,
      product: attempt.product,
      createdAtMs: attempt.createdAtMs,
    },
  };
}

function actionOf(outcome: StartOutcome) {
  if (outcome.outcome !== 'pending' || outcome.nextAction === null)
    throw new Error(JSON.stringify(outcome));
  return outcome.nextAction;
}

async function scanAction(outcome: StartOutcome, how = {}) {
  const action = actionOf(outcome);
  const code =
    action.type === 'qr_code'
      ? action.code
      : action.type === 'redirect'
        ? action.url
        : action.type === 'invoke'
          ? action.params
          : { action: action.action, fields: action.fields };
  return city.scanAndPay(code, how);
}

async function parse(received: WireRequest | undefined, by = wallet) {
  return by.parseNotification({
    method: 'POST',
    target: '/notify/alipay/x/payment',
    headers: { 'content-type': String(received?.headers['content-type']) },
    body: received?.body ?? Buffer.alloc(0),
  });
}

async function lastNotification(by = wallet): Promise<Notification> {
  await city.settle();
  const parsed = await parse(city.callbacks.at(-1), by);
  if (!parsed.ok) throw new Error(`${parsed.error.code} ${parsed.error.explain}`);
  return parsed.value;
}

async function legsOf(attempt: AttemptOrder) {
  const outcome = await wallet.queryAttempt(attempt);
  if (outcome.outcome !== 'answered') throw new Error(JSON.stringify(outcome));
  return outcome.legs;
}

describe('every product, one merchant', () => {
  const cases = [
    ['page', 'form'],
    ['wap', 'redirect'],
    ['app', 'invoke'],
    ['precreate', 'qr_code'],
    ['jsapi', 'invoke'],
  ] as const;
  for (const [product, type] of cases) {
    test(product, async () => {
      const payer = product === 'jsapi' ? { buyerId: city.account.demo.buyer_ids[0]! } : {};
      const attempt = order({ product, payer });
      const started = await wallet.startAttempt(attempt);
      expect(actionOf(started).type).toBe(type);
      const before = (await legsOf(attempt))[0];
      expect(before?.status).toBe(product === 'jsapi' ? 'pending' : 'not_found');
      const coupon = { platformFen: 100n, merchantFen: 50n };
      expect((await scanAction(started, { coupon })).status).toBe('paid');
      const [leg] = await legsOf(attempt);
      expect(leg).toMatchObject({
        orderNo: attempt.legs[0]!.orderNo,
        status: 'succeeded',
        amountFen: 8_888n,
        currency: 'cny',
        payee: attempt.legs[0]!.walletMerchant,
        payerAmountFen: 8_738n,
        receiptAmountFen: 8_838n,
        payerWalletReported: 'alipay',
      });
      expect(leg?.walletTransactionId).toMatch(/^\d{28}$/);
      const notification = await lastNotification();
      expect(notification).toMatchObject({ type: 'attempt', orderNo: attempt.legs[0]!.orderNo });
      expect(notification.type === 'attempt' && notification.legs[0]).toMatchObject({
        status: 'succeeded',
        amountFen: 8_888n,
        receiptAmountFen: 8_838n,
        paidAtMs: leg?.paidAtMs,
      });
      expect(await wallet.closeAttempt(attempt)).toEqual({ outcome: 'paid' });
    });
  }

  test('an order is sent with what protects it', async () => {
    const action = actionOf(await wallet.startAttempt(order({ product: 'page' })));
    if (action.type !== 'form') throw new Error('a form');
    const content = JSON.parse(action.fields.biz_content ?? '');
    expect(content.subject).toBe('青瓷 盖碗 a b c');
    expect(content.time_expire).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
    expect(content.sub_merchant.merchant_id).toBe(city.account.smids[0]);
    expect(content.settle_info.settle_period_time).toBe('30d');
    expect(new URL(action.action).searchParams.get('notify_url')).toBe(city.notifyUrl);
  });
});

describe('merged payment', () => {
  for (const product of ['page', 'wap', 'app'] as const) {
    test(product, async () => {
      const attempt = merged(product);
      const started = await wallet.startAttempt(attempt);
      expect((await legsOf(attempt)).map(({ status }) => status)).toEqual(
        attempt.legs.map(() => 'not_found'),
      );
      expect((await scanAction(started)).status).toBe('paid');
      const legs = await legsOf(attempt);
      expect(legs.map(({ status, amountFen, payee }) => [status, amountFen, payee])).toEqual(
        attempt.legs.map(({ amountFen, walletMerchant }) => [
          'succeeded',
          amountFen,
          walletMerchant,
        ]),
      );
      await city.settle();
      expect(city.callbacks).toHaveLength(attempt.legs.length);
    });
  }

  test('is refused without the contract, by precreate and by jsapi', async () => {
    const bare = { ...city.account.credentials, allOrNothingMerge: false };
    const without = await openWallet(city, bare).startAttempt(merged('wap'));
    expect(without).toMatchObject({
      outcome: 'failed',
      walletError: { code: 'hutong.merge_contract_missing' },
    });
    expect((await wallet.startAttempt(merged('precreate'))).outcome).toBe('failed');
  });

  test('answer_lost: the same order again leads to one payment', async () => {
    const attempt = merged('wap');
    city.arm('answer_lost');
    expect((await wallet.startAttempt(attempt)).outcome).toBe('unknown');
    const first = await wallet.startAttempt(attempt);
    await scanAction(first);
    await scanAction(await wallet.startAttempt(attempt)).catch(() => undefined);
    const rows = city.gateway
      .orders()
      .filter((row) => row.combineOrderNo === attempt.combineOrderNo);
    expect(rows.map(({ state }) => state)).toEqual(['paid', 'paid', 'paid']);
  });
});

describe('unknown is never failed', () => {
  for (const fault of [
    'answer_lost',
    'server_error',
    'html_502',
    'rate_limited',
    'signtest',
    'key_rotated',
  ] as const) {
    test(`precreate under ${fault}`, async () => {
      const attempt = order();
      city.arm(fault);
      expect((await wallet.startAttempt(attempt)).outcome).toBe('unknown');
      expect((await wallet.startAttempt(attempt)).outcome).toBe('pending');
    });
    test(`query and refund under ${fault}`, async () => {
      const attempt = order();
      await scanAction(await wallet.startAttempt(attempt));
      city.arm(fault);
      expect((await wallet.queryAttempt(attempt)).outcome).toBe('unknown');
      const refund = refundOf(attempt, 100n);
      city.arm(fault);
      expect((await wallet.refund(refund)).status).toBe('unknown');
      const asked = await wallet.queryRefund(refund);
      const happened = !['html_502', 'rate_limited'].includes(fault);
      expect(asked.status).toBe(happened ? 'succeeded' : 'not_found');
      expect((await wallet.refund(refund)).status).toBe(happened ? 'submitted' : 'succeeded');
    });
  }

  test('a refused order is failed, with the wallet’s message', async () => {
    const nowMs = city.opened.clock.nowMs();
    const refused = await wallet.startAttempt(order({ expiresAtMs: nowMs - 60_000 }));
    expect(refused).toMatchObject({
      outcome: 'failed',
      walletError: { wallet: 'alipay', code: 'ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR' },
    });
  });

  test('a wrong private key is refused by the wallet, and what was signed is not repeated', async () => {
    const { demo, credentials } = city.account;
    const other = openWallet(city, { ...credentials, privateKey: demo.cert_mode.app_private_key });
    const attempt = order({ product: 'jsapi', payer: { buyerId: demo.buyer_ids[0]! } });
    const started = await other.startAttempt(attempt);
    expect(started).toMatchObject({
      outcome: 'failed',
      walletError: { code: 'isv.invalid-signature' },
    });
    expect(JSON.stringify(started)).not.toContain(demo.buyer_ids[0]);
  });
});

describe('close', () => {
  test('before the scan nothing is there; the code then still pays', async () => {
    const attempt = order();
    const started = await wallet.startAttempt(attempt);
    expect(await wallet.closeAttempt(attempt)).toEqual({ outcome: 'not_found' });
    expect((await scanAction(started)).status).toBe('paid');
  });
  test('after the scan it closes; close_lost closes nothing', async () => {
    const attempt = order();
    const started = await wallet.startAttempt(attempt);
    await scanAction(started, { outcome: 'insufficient_funds' });
    expect((await legsOf(attempt))[0]?.status).toBe('pending');
    city.arm('close_lost');
    expect((await wallet.closeAttempt(attempt)).outcome).toBe('unknown');
    expect((await legsOf(attempt))[0]?.status).toBe('pending');
    expect(await wallet.closeAttempt(attempt)).toEqual({ outcome: 'closed' });
    expect((await legsOf(attempt))[0]).toMatchObject({ status: 'closed', paidAtMs: null });
    expect((await scanAction(started)).status).toBe('closed');
  });
  test('a race of closes and payments has one winner', async () => {
    for (let round = 0; round < 20; round += 1) {
      const attempt = order();
      const started = await wallet.startAttempt(attempt);
      const action = actionOf(started);
      if (action.type !== 'qr_code') throw new Error('a code');
      await city.gateway.scan(action.code);
      const [closed, paid] = await Promise.all([
        wallet.closeAttempt(attempt),
        city.scanAndPay(action.code),
      ]);
      const [leg] = await legsOf(attempt);
      expect(leg?.status).toBe(closed.outcome === 'closed' ? 'closed' : 'succeeded');
      expect(paid.status === 'paid').toBe(leg?.status === 'succeeded');
    }
  });
});

describe('refunds', () => {
  test('partial, repeated, full: notified as refunds, and the trade stays paid', async () => {
    const attempt = order();
    await scanAction(await wallet.startAttempt(attempt));
    const first = refundOf(attempt, 3_000n);
    expect((await wallet.refund(first)).status).toBe('succeeded');
    expect(await lastNotification()).toMatchObject({
      type: 'refund',
      refundNo: first.refundNo,
      report: { status: 'succeeded', amountFen: null },
    });
    expect(await wallet.queryAttempt(attempt)).toMatchObject({
      legs: [{ status: 'succeeded', amountFen: 8_888n }],
    });
    expect((await wallet.refund(first)).status).toBe('submitted');
    expect(await wallet.queryRefund(first)).toMatchObject({
      status: 'succeeded',
      amountFen: 3_000n,
    });
    const tooMuch = await wallet.refund(refundOf(attempt, 5_889n));
    expect(tooMuch).toMatchObject({
      status: 'failed',
      walletError: { code: 'ACQ.REASON_TRADE_REFUND_FEE_ERR' },
    });
    const rest = refundOf(attempt, 5_888n);
    expect((await wallet.refund(rest)).status).toBe('succeeded');
    expect(await lastNotification()).toMatchObject({ type: 'refund', refundNo: rest.refundNo });
    // TRADE_CLOSED by a full refund: it was paid, and stays paid.
    expect((await legsOf(attempt))[0]).toMatchObject({ status: 'succeeded', amountFen: 8_888n });
    const changed = { ...first, amountFen: 1n };
    expect((await wallet.refund(changed)).status).toBe('unknown');
    expect((await wallet.queryRefund(refundOf(attempt, 1n))).status).toBe('not_found');
  });

  test('a stuck refund is submitted, then unknown, then done', async () => {
    const attempt = order();
    await scanAction(await wallet.startAttempt(attempt));
    city.arm('refund_stuck');
    const refund = refundOf(attempt, 100n);
    expect((await wallet.refund(refund)).status).toBe('submitted');
    expect((await wallet.queryRefund(refund)).status).toBe('unknown');
    await city.advance(600_001);
    expect((await wallet.queryRefund(refund)).status).toBe('succeeded');
    expect(await lastNotification()).toMatchObject({ type: 'refund', refundNo: refund.refundNo });
  });
});

describe('callbacks', () => {
  async function payAndNotify(fault?: Parameters<TestCity['arm']>[0]) {
    const attempt = order();
    const started = await wallet.startAttempt(attempt);
    if (fault !== undefined) city.arm(fault);
    await scanAction(started);
    await city.settle();
    return attempt;
  }

  test('wrong figures are reported unchanged, for core to compare with the order', async () => {
    await payAndNotify('wrong_amount');
    expect(await lastNotification()).toMatchObject({
      legs: [{ status: 'succeeded', amountFen: 8_889n }],
    });
    await payAndNotify('wrong_currency');
    expect(await lastNotification()).toMatchObject({ legs: [{ currency: 'usd' }] });
    await payAndNotify('wrong_payee');
    const notification = await lastNotification();
    const payee = notification.type === 'attempt' ? notification.legs[0]?.payee : '';
    expect(payee).toMatch(/^2088\d{12}$/);
    expect(city.account.smids).not.toContain(payee);
  });

  for (const fault of ['callback_bad_signature', 'signtest', 'key_rotated'] as const) {
    test(`${fault} is refused, and does not end in an exception`, async () => {
      city.acknowledgement = { status: 400, body: 'fail' };
      const attempt = order();
      const started = await wallet.startAttempt(attempt);
      city.opened.faults.arm({
        ...{ fault, wallet: 'alipay', orderNo: null, merchant: null },
        ...{ operation: 'callback', times: 1 },
      });
      await scanAction(started);
      await city.settle();
      const refused = await parse(city.callbacks.at(-1));
      expect(refused).toMatchObject({ ok: false, error: { code: 'bad_signature' } });
      city.acknowledgement = { status: 200, body: 'success' };
      await city.advance(240_001);
      expect(await lastNotification()).toMatchObject({ type: 'attempt' });
    });
  }

  test('another application’s message is not ours', async () => {
    await payAndNotify();
    const foreign = openWallet(city, { ...city.account.credentials, appId: '2021999999999999' });
    expect(await parse(city.callbacks.at(-1), foreign)).toMatchObject({
      ok: false,
      error: { code: 'not_ours' },
    });
  });

  test('a signed message split differently, one parameter hidden in another, is not trusted', async () => {
    await payAndNotify();
    const received = city.callbacks.at(-1)!;
    const isSigned = ([name]: string[]) => name !== 'sign' && name !== 'sign_type';
    const pairs = [...new URLSearchParams(received.body.toString('utf8'))];
    const signed = pairs.filter(isSigned).sort(([a], [b]) => (a < b ? -1 : 1));
    for (const [index, [name, value]] of signed.slice(1).entries()) {
      const holder = signed[index]!;
      const kept = pairs
        .filter(([other]) => other !== name)
        .map(([other, text]): [string, string] =>
          other === holder[0] ? [other, `${text}&${name}=${value}`] : [other, text],
        );
      const body = Buffer.from(new URLSearchParams(kept).toString());
      expect(await parse({ ...received, body }), name).toMatchObject({ ok: false });
    }
  });

  test('foreign bytes are malformed, never an exception', async () => {
    const bodies = ['', '%', 'a=%ff', 'a=1&a=2', 'sign=x', '\u0000', 'sign_type=RSA2&sign=%2B'];
    for (const text of bodies) {
      const body = Buffer.from(text, 'latin1');
      const parsed = await wallet.parseNotification({
        method: 'POST',
        target: '/',
        headers: {},
        body,
      });
      expect(parsed.ok).toBe(false);
    }
  });

  test('what the wallet is answered', () => {
    expect(wallet.acknowledge()).toMatchObject({ status: 200, body: 'success' });
    expect(wallet.refuse({ code: 'try_again' })).toMatchObject({ status: 503, body: 'fail' });
  });
});

describe('certificate mode', () => {
  function certCredentials() {
    const { credentials, demo } = city.account;
    const { cert_mode: cert } = demo;
    return {
      ...credentials,
      appId: cert.app_id,
      privateKey: cert.app_private_key,
      keys: {
        mode: 'certificate',
        appCert: cert.app_cert,
        alipayCerts: [cert.alipay_cert],
        alipayRootCert: cert.alipay_root_cert,
      },
    };
  }

  test('a rotated certificate is fetched, checked against the root, and believed', async () => {
    const certified = openWallet(city, certCredentials());
    const attempt = order();
    city.arm('key_rotated');
    const started = await certified.startAttempt(attempt);
    expect(started.outcome).toBe('pending');
    await scanAction(started);
    expect(await lastNotification(certified)).toMatchObject({ type: 'attempt' });
  });

  test('callbacks under a new certificate verify; a certificate of a merchant does not', async () => {
    const certified = openWallet(city, certCredentials());
    const attempt = order();
    const started = await certified.startAttempt(attempt);
    // From now on: the callback, and the answers that name the certificate it does not.
    city.opened.faults.arm({
      ...{ fault: 'key_rotated', wallet: 'alipay', orderNo: null, merchant: null },
      ...{ operation: null, times: 10 },
    });
    await scanAction(started);
    expect(await lastNotification(certified)).toMatchObject({ type: 'attempt' });
    const { cert_mode: cert } = city.account.demo;
    const pinned = openWallet(city, {
      ...certCredentials(),
      // Only subjects of the pinned Alipay certificates count: here one of another name.
      keys: {
        mode: 'certificate',
        appCert: cert.app_cert,
        alipayCerts: [cert.app_cert],
        alipayRootCert: cert.alipay_root_cert,
      },
    });
    expect(await parse(city.callbacks.at(-1), pinned)).toMatchObject({
      ok: false,
      error: { code: 'bad_signature' },
    });
  });
});

describe('who pays', () => {
  test('authorize URL, code, identity', async () => {
    const url = wallet.payerAuthorization!.authorizeUrl({
      redirectUri: 'http://shop.example/cb?x=1',
      state: 's&t',
    });
    const page = await fetch(url, { redirect: 'manual' });
    const back = new URL(page.headers.get('location') ?? '');
    expect(back.searchParams.get('state')).toBe('s&t');
    const code = back.searchParams.get('auth_code') ?? '';
    const identity = await wallet.payerAuthorization!.exchangeCode(code);
    expect(identity).toMatchObject({
      ok: true,
      value: { buyerId: city.account.demo.buyer_ids[0] },
    });
    const again = await wallet.payerAuthorization!.exchangeCode(code);
    expect(again).toMatchObject({ ok: false, error: { code: 'isv.code-invalid' } });
  });
  test('an interconnected payer shows in the answer', async () => {
    const attempt = order();
    await scanAction(await wallet.startAttempt(attempt), { payerWallet: 'unionpay' });
    expect((await legsOf(attempt))[0]?.payerWalletReported).toBe('unionpay');
    expect(await lastNotification()).toMatchObject({ legs: [{ payerWalletReported: 'unionpay' }] });
  });
});

test('TRADE_FINISHED, a year later, is still a payment', async () => {
  const attempt = order();
  await scanAction(await wallet.startAttempt(attempt));
  await city.settle();
  await city.advance(366 * 86_400_000);
  expect((await legsOf(attempt))[0]?.status).toBe('succeeded');
  const mine = city.callbacks.filter(({ body }) =>
    body.toString().includes(`out_trade_no=${attempt.legs[0]!.orderNo}&`),
  );
  expect(mine).toHaveLength(2);
  expect(mine[1]?.body.toString()).toContain('trade_status=TRADE_FINISHED');
  expect(await parse(mine[1])).toMatchObject({
    ok: true,
    value: { type: 'attempt', legs: [{ status: 'succeeded' }] },
  });
  expect(await wallet.refund(refundOf(attempt, 1n))).toMatchObject({
    status: 'failed',
    walletError: { code: 'ACQ.TRADE_HAS_FINISHED' },
  });
});

test('everything survives a restart of the city', async () => {
  const mine = await openTestCity();
  const by = openWallet(mine);
  const attempt = order({
    legs: [{ ...order().legs[0]!, walletMerchant: mine.account.smids[0]! }],
  });
  const started = await by.startAttempt(attempt);
  const again = await mine.restart();
  expect(again.account).toMatchObject({ demo: mine.account.demo });
  const other = openWallet(again);
  const action = actionOf(started);
  if (action.type !== 'qr_code') throw new Error('a code');
  expect((await again.scanAndPay(action.code)).status).toBe('paid');
  expect(await other.queryAttempt(attempt)).toMatchObject({ legs: [{ status: 'succeeded' }] });
  await again.close();
});

test('the module names itself', () => {
  expect(alipay.name).toBe('alipay');
  expect(alipay.capabilities.cart).toMatchObject({ kind: 'merge', atomic: false });
});
