/** The adapter against the sandbox over real HTTP: every product, every outcome. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { AttemptOrder } from '../../../src/core/wallet/order.ts';
import type { StartOutcome } from '../../../src/core/wallet/report.ts';
import type { Wallet } from '../../../src/wallets/wallet.ts';
import { signText } from '../../../src/wires/unionpay/canonical.ts';
import { signPubKeyCertText } from '../../../src/wires/unionpay/certificates.ts';
import { readPfx } from '../../../src/wires/unionpay/pfx.ts';
import { signatureOf } from '../../../src/wires/unionpay/signature.ts';
import { openTestCity, openWallet, orderOf, refundOf, type TestCity } from './city.ts';

let city: TestCity;
let wallet: Wallet;

beforeAll(async () => {
  city = await openTestCity();
  wallet = openWallet(city);
});
afterEach(() => city.opened.faults.clear());
afterAll(() => city.close());

function actionOf(outcome: StartOutcome) {
  if (outcome.outcome !== 'pending' || outcome.nextAction === null) {
    throw new Error(JSON.stringify(outcome));
  }
  return outcome.nextAction;
}

async function legOf(order: AttemptOrder) {
  const asked = await wallet.queryAttempt(order);
  if (asked.outcome !== 'answered') throw new Error(JSON.stringify(asked));
  return asked.legs[0]!;
}

async function lastNotification() {
  await city.settle();
  const { body, headers, target } = city.callbacks.at(-1)!;
  const type = String(headers['content-type']);
  return wallet.parseNotification({
    method: 'POST',
    target,
    headers: { 'content-type': type },
    body,
  });
}

async function payBy(product: 'qr' | 'web' | 'app'): Promise<AttemptOrder> {
  const order = orderOf(city, { product });
  const action = actionOf(await wallet.startAttempt(order));
  const code = action.type === 'qr_code' ? action.code : { ...action };
  expect((await city.scanAndPay(code)).status).toBe('paid');
  return order;
}

describe('a life', () => {
  for (const product of ['qr', 'web', 'app'] as const) {
    test(`${product}: start, pay, query, notify, refund in two parts`, async () => {
      const order = await payBy(product);
      const leg = await legOf(order);
      expect(leg).toMatchObject({
        status: 'succeeded',
        amountFen: 8_888n,
        currency: 'cny',
        payee: null,
        payerWalletReported: 'unionpay',
      });
      expect(Math.abs(leg.paidAtMs! - city.opened.kit.clock.nowMs())).toBeLessThan(60_000);
      const reported = await lastNotification();
      expect(reported).toMatchObject({
        ok: true,
        value: { type: 'attempt', orderNo: order.legs[0]!.orderNo, legs: [leg] },
      });
      for (const [amountFen, transactionId] of [
        [3_000n, leg.walletTransactionId],
        [5_888n, null],
      ] as const) {
        const refund = refundOf(city, order, amountFen, transactionId);
        expect((await wallet.refund(refund)).status).toBe('processing');
        expect((await wallet.refund(refund)).status).toBe('submitted');
        expect((await wallet.queryRefund(refund)).status).toBe('processing');
        await city.advance(10_000);
        expect(await wallet.queryRefund(refund)).toMatchObject({ status: 'succeeded', amountFen });
        expect(await lastNotification()).toMatchObject({
          ok: true,
          value: {
            type: 'refund',
            refundNo: refund.refundNo,
            orderNo: order.legs[0]!.orderNo,
            report: { status: 'succeeded', amountFen },
          },
        });
      }
      const more = await wallet.refund(refundOf(city, order, 1n, leg.walletTransactionId));
      expect(more).toMatchObject({ status: 'failed', walletError: { code: '36' } });
      // The refund is a transaction of its own: the purchase stays paid.
      expect((await legOf(order)).status).toBe('succeeded');
    });
  }
});

const signings = (sdk: TestCity['account']['sdkCredentials']) => ({
  '11': { method: '11', secureKey: sdk.secure_key } as const,
  '12': { method: '12', secureKey: sdk.secure_key } as const,
  '21': {
    method: '21',
    privateKey: sdk.sm2.private_key,
    certId: sdk.sm2.cert_id,
    unionpayPublicKey: sdk.sm2.unionpay_public_key,
    unionpayCertId: sdk.sm2.unionpay_cert_id,
    acceptsUnverified: true,
  } as const,
});

describe('every signMethod, both charsets', () => {
  for (const method of ['11', '12', '21'] as const) {
    for (const encoding of ['UTF-8', 'GBK'] as const) {
      test(`${method} ${encoding}: start, query, notification`, async () => {
        const signing = signings(city.account.sdkCredentials)[method];
        const other = openWallet(city, { signing, encoding });
        const order = orderOf(city);
        const action = actionOf(await other.startAttempt(order));
        await city.scanAndPay(action.type === 'qr_code' ? action.code : '');
        expect(await other.queryAttempt(order)).toMatchObject({
          outcome: 'answered',
          legs: [{ status: 'succeeded' }],
        });
        await city.settle();
        const { body, target } = city.callbacks.at(-1)!;
        const request = { method: 'POST', target, headers: {}, body };
        expect(await other.parseNotification(request)).toMatchObject({ ok: true });
        // The account agreed on another method: a message does not choose its own.
        expect(await wallet.parseNotification(request)).toMatchObject({ ok: false });
      });
    }
  }
  test('01 in GBK: the description survives, the reply is GBK', async () => {
    const other = openWallet(city, { encoding: 'GBK' });
    expect((await other.startAttempt(orderOf(city))).outcome).toBe('pending');
  });
});

describe('a refund', () => {
  test('sent again two days later is the same one: its key is its number and its txnTime', async () => {
    const order = await payBy('qr');
    const half = refundOf(city, order, 4_444n);
    city.arm('answer_lost', { operation: 'refund' });
    expect((await wallet.refund(half)).status).toBe('unknown');
    await city.advance(2 * 86_400_000);
    expect((await wallet.refund(half)).status, 'reported as accepted before (12)').toBe(
      'submitted',
    );
    expect(await wallet.queryRefund(half)).toMatchObject({
      status: 'succeeded',
      amountFen: 4_444n,
    });
    const row = () =>
      city.gateway.orders().find(({ orderNo }) => orderNo === order.legs[0]!.orderNo);
    expect(row()?.refundedFen).toBe(4_444n);
    // The danger: the same number with a txnTime of its own is another refund to UnionPay.
    const anew = { ...half, createdAtMs: half.createdAtMs + 1_000 };
    expect((await wallet.refund(anew)).status).toBe('processing');
    expect(row()?.refundedFen).toBe(8_888n);
  });
  test('first sent long after it was made carries the time of its making', async () => {
    const order = await payBy('qr');
    const half = refundOf(city, order, 4_444n);
    await city.advance(3 * 86_400_000);
    expect((await wallet.queryRefund(half)).status).toBe('not_found');
    expect((await wallet.refund(half)).status).toBe('processing');
    await city.advance(10_000);
    expect((await wallet.queryRefund(half)).status).toBe('succeeded');
  });
});

describe('a payment code', () => {
  test('in the EMV form is the same code', async () => {
    const code = city.gateway.showCode!();
    const authCode = city.gateway.showConsumerCode!(code);
    const order = orderOf(city, { product: 'bar', payer: { authCode } });
    expect(await wallet.startAttempt(order)).toEqual({ outcome: 'pending', nextAction: null });
    expect((await legOf(order)).status).toBe('succeeded');
  });
  test('above the no-PIN limit waits for the phone', async () => {
    const authCode = city.gateway.showCode!();
    const base = orderOf(city, { product: 'bar', payer: { authCode } });
    const order = { ...base, legs: [{ ...base.legs[0]!, amountFen: 100_001n }] };
    expect(await wallet.startAttempt(order)).toEqual({ outcome: 'pending', nextAction: null });
    expect((await legOf(order)).status).toBe('pending');
    expect((await city.scanAndPay(authCode)).status).toBe('paid');
    expect((await legOf(order)).status).toBe('succeeded');
  });
  for (const authCode of ['6212345678901234', '1012345678901234567', 'hQVDUFYwMQ==', '']) {
    test(`"${authCode}" never reaches the wallet`, async () => {
      const order = orderOf(city, { product: 'bar', payer: { authCode } });
      expect(await wallet.startAttempt(order)).toMatchObject({
        outcome: 'failed',
        walletError: { code: 'hutong.payment_code_invalid' },
      });
    });
  }
});

describe('a reversal', () => {
  async function waiting(): Promise<AttemptOrder> {
    city.arm('userpaying');
    const authCode = city.gateway.showCode!();
    const order = orderOf(city, { product: 'bar', payer: { authCode } });
    expect((await wallet.startAttempt(order)).outcome).toBe('pending');
    return order;
  }
  test('of a waiting code closes it; again it says the same', async () => {
    const order = await waiting();
    expect(await wallet.closeAttempt(order)).toEqual({ outcome: 'closed' });
    expect(await wallet.closeAttempt(order)).toEqual({ outcome: 'closed' });
  });
  test('of one that is paid at that moment refunds in full, and says what was paid', async () => {
    const order = await waiting();
    // Its answer is lost and the query before it, too: it is unknown when the buyer pays.
    city.arm('answer_lost', { operation: 'query' });
    await city.scanAndPay(order.payer.authCode ?? '');
    expect(await wallet.closeAttempt(order)).toMatchObject({
      outcome: 'reversed',
      legs: [{ status: 'closed', isReversed: true, amountFen: 8_888n, receiptAmountFen: 8_888n }],
    });
    const row = city.gateway.orders().find(({ orderNo }) => orderNo === order.legs[0]!.orderNo);
    expect(row).toMatchObject({ state: 'refunded', refundedFen: 8_888n });
  });
  const rowOf = (order: AttemptOrder) =>
    city.gateway.orders().find(({ orderNo }) => orderNo === order.legs[0]!.orderNo);
  test('whose answer is lost is still reported as reversed, with what had been paid', async () => {
    const order = await waiting();
    city.arm('answer_lost', { operation: 'query' });
    await city.scanAndPay(order.payer.authCode ?? '');
    city.arm('answer_lost', { operation: 'close' });
    expect((await wallet.closeAttempt(order)).outcome).toBe('unknown');
    const reported = { outcome: 'reversed', legs: [{ isReversed: true, amountFen: 8_888n }] };
    expect(await wallet.closeAttempt(order)).toMatchObject(reported);
    expect(await wallet.closeAttempt(order)).toMatchObject(reported);
    expect(rowOf(order)).toMatchObject({ state: 'refunded', refundedFen: 8_888n });
  });
  test('accepted, and not shown yet: never reported as paid, which would be refunded too', async () => {
    const order = await waiting();
    await city.scanAndPay(order.payer.authCode ?? '');
    city.arm('refund_stuck', { operation: 'close' });
    expect((await wallet.closeAttempt(order)).outcome, 'answered 05').toBe('unknown');
    expect((await legOf(order)).status).toBe('succeeded');
    // Asked again it is refused (35), which says nothing of the one that was taken.
    const again = await wallet.closeAttempt(order);
    expect(again).toMatchObject({ outcome: 'unknown', walletError: { code: '35' } });
    await city.advance(15_000);
    expect((await wallet.closeAttempt(order)).outcome).toBe('reversed');
    expect(rowOf(order)).toMatchObject({ state: 'refunded', refundedFen: 8_888n });
  });
  test('refused all day: paid only when the clearing day and what is under way are over', async () => {
    const own = await openTestCity();
    const mine = openWallet(own);
    // Its clearing day ends at 23:00 Beijing: an hour before.
    const nowMs = own.opened.kit.clock.nowMs();
    const intoDayMs = (nowMs + 9 * 3_600_000) % 86_400_000;
    await own.advance(2 * 86_400_000 - intoDayMs - 3_600_000);
    const authCode = own.gateway.showCode!();
    const order = orderOf(own, { product: 'bar', payer: { authCode } });
    expect((await mine.startAttempt(order)).outcome).toBe('pending');
    // A fen of it was refunded at UnionPay's own console: no reversal is accepted any more.
    expect((await mine.refund(refundOf(own, order, 1n))).status).toBe('processing');
    expect((await mine.closeAttempt(order)).outcome, 'refused: 35').toBe('unknown');
    await own.advance(3_600_000 + 60_000);
    expect((await mine.closeAttempt(order)).outcome, 'a minute later').toBe('unknown');
    await own.advance(10 * 60_000);
    expect(await mine.closeAttempt(order)).toEqual({ outcome: 'paid' });
    await own.close();
  });
  test('is not of another clearing day', async () => {
    const order = await waiting();
    const later = { ...order, createdAtMs: order.createdAtMs - 86_400_000 };
    expect(await wallet.closeAttempt(later)).toEqual({ outcome: 'unsupported' });
  });
});

describe('a tap', () => {
  const tapped = async (amountFen: bigint) => (await city.gateway.tap!({ amountFen })).field55;
  const tapOrder = async (amountFen: bigint, field55?: string) => {
    const base = orderOf(city, {
      product: 'nfc',
      payer: { field55: field55 ?? (await tapped(amountFen)) },
    });
    return { ...base, legs: [{ ...base.legs[0]!, amountFen }] };
  };
  test('pays, once: replayed it is declined', async () => {
    const order = await tapOrder(100_000n);
    expect(await wallet.startAttempt(order)).toEqual({ outcome: 'pending', nextAction: null });
    expect((await legOf(order)).status).toBe('succeeded');
    const replay = await tapOrder(100_000n, order.payer.field55);
    expect(await wallet.startAttempt(replay)).toMatchObject({
      outcome: 'failed',
      walletError: { code: '60', message: expect.stringContaining('seen before') },
    });
    expect((await legOf(replay)).status).toBe('failed');
  });
  test('above the no-PIN limit asks for the PIN', async () => {
    const answer = await wallet.startAttempt(await tapOrder(100_001n));
    expect(answer).toMatchObject({ outcome: 'failed', walletError: { code: '65' } });
  });
  test('for another amount is refused here; an altered one by the issuer', async () => {
    const field55 = await tapped(500n);
    expect(await wallet.startAttempt(await tapOrder(501n, field55))).toMatchObject({
      outcome: 'failed',
      walletError: { code: 'hutong.field55_invalid' },
    });
    const altered = field55.replace('9F0206000000000500', '9F0206000000000501');
    expect(altered).not.toBe(field55);
    expect(await wallet.startAttempt(await tapOrder(501n, altered))).toMatchObject({
      outcome: 'failed',
      walletError: { code: '60', message: expect.stringContaining('cryptogram') },
    });
  });
  test('without a configured encryption certificate fetches it by key update (95)', async () => {
    const { encryptCert: _, ...credentials } = city.account.credentials;
    const endpoints = { gateway: city.url };
    const bare = openWallet(city, { ...credentials, encryptCert: undefined as never, endpoints });
    const order = await tapOrder(700n);
    expect(await bare.startAttempt(order)).toEqual({ outcome: 'pending', nextAction: null });
  });
  test('is counted across a restart: an old tap stays spent', async () => {
    const own = await openTestCity();
    const mine = openWallet(own);
    const base = orderOf(own, {
      product: 'nfc',
      payer: { field55: (await own.gateway.tap!({ amountFen: 8_888n })).field55 },
    });
    expect((await mine.startAttempt(base)).outcome).toBe('pending');
    const again = await own.restart();
    const replay = { ...orderOf(again, { product: 'nfc', payer: base.payer }) };
    expect((await openWallet(again).startAttempt(replay)).outcome).toBe('failed');
    // The order itself is remembered too.
    expect(await openWallet(again).queryAttempt(base)).toMatchObject({
      legs: [{ status: 'succeeded' }],
    });
    await again.close();
  });
});

describe('time', () => {
  test('an unpaid code runs out: pending, then closed by 69, never payable', async () => {
    const own = await openTestCity();
    const mine = openWallet(own);
    const order = orderOf(own);
    const action = actionOf(await mine.startAttempt(order));
    expect(await mine.closeAttempt(order)).toEqual({ outcome: 'unsupported' });
    expect(await mine.queryAttempt(order)).toMatchObject({ legs: [{ status: 'pending' }] });
    await own.advance(31 * 60_000);
    expect(await mine.queryAttempt(order)).toMatchObject({ legs: [{ status: 'closed' }] });
    const code = action.type === 'qr_code' ? action.code : '';
    expect(await own.gateway.scan(code)).toMatchObject({ state: 'expired' });
    expect((await own.scanAndPay(code)).status).toBe('closed');
    await own.close();
  });
  test('five sends at most, 1, 2, 4 and 5 minutes apart', async () => {
    const own = await openTestCity();
    own.acknowledgement = { status: 500, body: 'whatever' };
    const order = orderOf(own);
    const action = actionOf(await openWallet(own).startAttempt(order));
    await own.scanAndPay(action.type === 'qr_code' ? action.code : '');
    await own.settle();
    const counts = [own.callbacks.length];
    for (const minutes of [1, 2, 4, 5, 60, 600]) {
      own.opened.clock.moveTo(own.opened.kit.clock.nowMs() + minutes * 60_000);
      await own.opened.callbackQueue.settle();
      counts.push(own.callbacks.length);
    }
    expect(counts).toEqual([1, 2, 3, 4, 5, 5, 5]);
    await own.close();
  });
});

describe('what is not to be believed', () => {
  for (const flaw of ['signtest', 'answer_lost', 'server_error', 'html_502'] as const) {
    test(`${flaw}: unknown`, async () => {
      const order = await payBy('qr');
      city.arm(flaw, { operation: 'query' });
      expect((await wallet.queryAttempt(order)).outcome).toBe('unknown');
    });
  }
  test('a rotated signer is believed by its chain, a merchant’s own certificate is not', async () => {
    const order = await payBy('qr');
    city.arm('key_rotated', { operation: 'query' });
    expect((await legOf(order)).status).toBe('succeeded');
    await city.settle();
    const { body, target } = city.callbacks.at(-1)!;
    const reported = new URLSearchParams(body.toString());
    const { signing } = city.account.credentials;
    if (signing.method !== '01') throw new Error('01');
    const own = readPfx(signing.pfx, signing.pfxPassword);
    if (!own.ok) throw new Error(own.error);
    const { certificate, privateKey } = own.value;
    reported.set('signPubKeyCert', signPubKeyCertText(certificate.toString()));
    const signer = { method: '01', certId: '1', privateKey } as const;
    const fields = new Map([...reported].filter(([name]) => name !== 'signature'));
    reported.set('signature', await signatureOf(signer, signText(fields), 'UTF-8'));
    const forged = Buffer.from(reported.toString());
    const refused = await wallet.parseNotification({
      method: 'POST',
      target,
      headers: {},
      body: forged,
    });
    expect(refused).toMatchObject({ ok: false, error: { code: 'unknown_key' } });
  });
  test.each(['11', '12', '21'] as const)(
    'S13: %s: our own signed request is no callback',
    async (method) => {
      const other = openWallet(city, { signing: signings(city.account.sdkCredentials)[method] });
      const action = actionOf(await other.startAttempt(orderOf(city, { product: 'web' })));
      if (action.type !== 'form') throw new Error(action.type);
      const body = Buffer.from(new URLSearchParams({ ...action.fields }).toString());
      const request = { method: 'POST', target: '/notify', headers: {}, body };
      expect(await other.parseNotification(request)).toMatchObject({
        ok: false,
        error: { code: 'malformed', explain: 'respCode or respMsg is missing' },
      });
    },
  );
  test('any byte of a notification flipped is refused, without a throw', async () => {
    await payBy('qr');
    await city.settle();
    const { body, target } = city.callbacks.at(-1)!;
    for (let at = 0; at < body.length; at += 5) {
      const flipped = Buffer.from(body);
      flipped[at] = (flipped[at] ?? 0) ^ 1;
      const request = { method: 'POST', target, headers: {}, body: flipped };
      expect((await wallet.parseNotification(request)).ok, `byte ${at}`).toBe(false);
    }
  });
  test('another merchant’s message, though signed by UnionPay, is not ours', async () => {
    await payBy('qr');
    await city.settle();
    const { body, target } = city.callbacks.at(-1)!;
    const request = { method: 'POST', target, headers: {}, body };
    const other = openWallet(city, { merId: '777290058110048' });
    expect(await other.parseNotification(request)).toMatchObject({
      ok: false,
      error: { code: 'not_ours' },
    });
  });
});

describe('a cart in one leg', () => {
  test('names its parts; an unknown merchant among them is refused; refunds name theirs', async () => {
    const [first, second] = city.account.subMerchants;
    const base = orderOf(city);
    const parts = [
      { walletMerchant: first!.walletMerchant, amountFen: 5_000n },
      { walletMerchant: second!.walletMerchant, amountFen: 3_888n },
    ];
    const leg = { ...base.legs[0]!, walletMerchant: wallet.ownMerchant ?? '', parts };
    const order = { ...base, legs: [leg] };
    const action = actionOf(await wallet.startAttempt(order));
    const code = action.type === 'qr_code' ? action.code : '';
    expect(await city.gateway.scan(code)).toMatchObject({ payee: '青瓷茶具店等2家商户' });
    await city.scanAndPay(code);
    expect((await legOf(order)).status).toBe('succeeded');
    const refund = { ...refundOf(city, order, 100n), parts: [{ ...parts[1]!, amountFen: 100n }] };
    expect((await wallet.refund(refund)).status).toBe('processing');
    const stranger = { walletMerchant: '777290000000000', amountFen: 8_888n };
    const wrong = orderOf(city);
    const answer = await wallet.startAttempt({
      ...wrong,
      legs: [{ ...wrong.legs[0]!, parts: [stranger] }],
    });
    expect(answer).toMatchObject({ outcome: 'failed', walletError: { code: '32' } });
  });
});
