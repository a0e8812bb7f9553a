/**
 * The adapter before a JD that is played by the second verifier: what an answer means, what is
 * never believed, and that a revoke never takes back what has counted.
 */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import * as second from '../../../test/conformance/second-verifier-jdpay.ts';
import type { AttemptOrder, RefundOrder } from '../../core/wallet/order.ts';
import { ok } from '../../kernel/result.ts';
import type { Product } from '../../kernel/wallet-names.ts';
import type { HttpRequest } from '../../runtime/http-client.ts';
import { systemRandom } from '../../runtime/random.ts';
import { compactTime } from '../../wires/beijing-time.ts';
import type { Wallet } from '../wallet.ts';
import { jdpay } from './adapter.ts';

const pem = (key: import('node:crypto').KeyObject) =>
  key.export({ type: key.type === 'public' ? 'spki' : 'pkcs8', format: 'pem' }).toString();
const pair = () => generateKeyPairSync('rsa', { modulusLength: 1_024 });
const [shop, counter, jdKeys] = [pair(), pair(), pair()];
const numbers = {
  online: { merchant: '110000001', desKey: randomBytes(24).toString('base64') },
  paymentCode: { merchant: '110000002', desKey: randomBytes(24).toString('base64') },
};
const credentials = {
  online: {
    ...numbers.online,
    privateKey: pem(shop.privateKey),
    jdPublicKey: pem(jdKeys.publicKey),
  },
  paymentCode: {
    ...numbers.paymentCode,
    privateKey: pem(counter.privateKey),
    jdPublicKey: pem(jdKeys.publicKey),
    device: 'c1',
  },
  endpoints: { api: 'https://api.example', pc: 'https://pc.example', h5: 'https://h5.example' },
  resultCodes: { orderNotFound: ['NONE'], refused: ['NO'] },
};

/** What JD says next, by service; what it was asked. */
let says: Record<string, string[]>;
let asked: { readonly service: string; readonly inner: string }[];
let wallet: Wallet;
let passedMs = 0;

const NOW_MS = Date.UTC(2026, 0, 31, 4, 0, 0);
const keysOf = (merchant: string) => {
  const isOnline = merchant === numbers.online.merchant;
  return {
    merchant,
    // JD signs its answers.
    private_key: pem(jdKeys.privateKey),
    jd_public_key: pem((isOnline ? shop : counter).publicKey),
    des_key: (isOnline ? numbers.online : numbers.paymentCode).desKey,
  };
};

beforeEach(() => {
  says = {};
  asked = [];
  passedMs = 0;
  const opened = jdpay.open(credentials, {
    http: { send: async (request) => ok(answer(request)), close: () => undefined },
    clock: { nowMs: () => NOW_MS + passedMs },
    wall: { nowMs: () => NOW_MS },
    random: systemRandom,
  });
  if (!opened.ok) throw new Error(opened.error.field);
  wallet = opened.value;
});

function answer({ url, body }: HttpRequest) {
  const service = url.split('/').at(-1) ?? '';
  const text = String(body);
  const keys = keysOf(second.valueIn(text, 'merchant') ?? '');
  asked.push({ service, inner: second.reply(keys, text).inner ?? '' });
  const said = says[service]?.shift() ?? refusal('UNKNOWN');
  return { status: 200, headers: {}, body: Buffer.from(said) };
}

const refusal = (code: string) =>
  `<jdpay><version>V2.0</version><merchant>1</merchant><result><code>${code}</code><desc>x</desc></result></jdpay>`;

/** A signed answer or callback; `inside` is XML as it stands. */
function signed(inside: string, merchant = numbers.online.merchant): string {
  const { private_key, des_key } = keysOf(merchant);
  const head = `<version>V2.0</version><merchant>${merchant}</merchant><result><code>000000</code><desc>成功</desc></result>`;
  const text = `<?xml version="1.0" encoding="UTF-8"?><jdpay>${head}${inside}</jdpay>`;
  const sign = second.sign(text, private_key);
  const inner = text.replace('</jdpay>', `<sign>${sign}</sign></jdpay>`);
  const outer = second.envelope(merchant, inner, des_key);
  return outer.replace(
    '<encrypt>',
    '<result><code>000000</code><desc>成功</desc></result><encrypt>',
  );
}

const NO = 'ORDER0000000000000000000001';
const purchase = (status: string, more = '') =>
  `<tradeNum>${NO}</tradeNum><tradeType>0</tradeType><amount>100</amount><currency>CNY</currency><tradeTime>20260131110000</tradeTime><status>${status}</status>${more}`;
const PAID = `<payList><pay><payType>0</payType><amount>90</amount><currency>CNY</currency><tradeTime>20260131120001</tradeTime><detail><cardHolderName>某某某</cardHolderName><cardNo>6222020000000000018</cardNo></detail></pay><pay><payType>3</payType><amount>10</amount><currency>CNY</currency><tradeTime>20260131120001</tradeTime></pay></payList>`;
const revoked = (status: string) =>
  `<tradeNum>${NO}V</tradeNum><tradeType>1</tradeType><oTradeNum>${NO}</oTradeNum><amount>100</amount><currency>CNY</currency><status>${status}</status>`;

function order(product: Product, more: Partial<AttemptOrder> = {}): AttemptOrder {
  const leg = { orderNo: NO, walletMerchant: 'S1', amountFen: 100n, description: '茶' };
  return {
    ...{ product, combineOrderNo: null, legs: [leg], createdAtMs: NOW_MS },
    ...{
      expiresAtMs: NOW_MS + 600_999,
      description: '茶 & <杯>',
      payer: {},
      payerIp: '203.0.113.9',
    },
    ...{ device: 'desktop', returnUrl: 'https://shop.example/back' },
    ...{
      notifyUrl: 'https://shop.example/notify',
      handOutUrl: 'https://pay.hutong.example/pay/go/x',
      holdDays: 30,
      ...more,
    },
  };
}

const refundOrder = (product: Product = 'qr'): RefundOrder => ({
  ...{ refundNo: 'R1', amountFen: 40n, reason: '不合脚', notifyUrl: 'https://shop.example/r' },
  createdAtMs: NOW_MS,
  leg: {
    ...{ orderNo: NO, walletTransactionId: NO, walletMerchant: 'S1', amountFen: 100n },
    ...{ product, createdAtMs: NOW_MS },
  },
});

const legOf = async (product: Product = 'qr') => {
  const answered = await wallet.queryAttempt(order(product));
  return answered.outcome === 'answered' ? answered.legs[0] : answered;
};

describe('a purchase', () => {
  test.each([
    ['0', 'pending', 'pending'],
    ['1', 'pending', 'pending'],
    ['2', 'succeeded', 'succeeded'],
    ['3', 'unknown', 'failed'],
    ['4', 'closed', 'closed'],
    ['9', 'unknown', 'unknown'],
    ['02', 'unknown', 'unknown'],
  ])('of status %s is %s; charged by a payment code, %s', async (status, online, charged) => {
    says = { query: [signed(purchase(status))] };
    expect(await legOf()).toMatchObject({ status: online });
    says = {
      query: [signed(purchase(status), numbers.paymentCode.merchant)],
      queryRefund: [signed('<refList></refList>', numbers.paymentCode.merchant)],
    };
    expect(await legOf('bar')).toMatchObject({ status: charged });
  });

  test('reports figures and nothing of the buyer', async () => {
    says = { query: [signed(purchase('2', PAID))] };
    const leg = await legOf();
    expect(leg).toEqual({
      ...{ orderNo: NO, status: 'succeeded', walletTransactionId: NO, amountFen: 100n },
      ...{ currency: 'cny', payee: null, payerAmountFen: 90n, receiptAmountFen: null },
      ...{ paidAtMs: Date.UTC(2026, 0, 31, 4, 0, 1), payerWalletReported: 'jdpay' },
    });
  });

  test('in another currency, or of another number, is reported as it is (rule 3)', async () => {
    const foreign = PAID.replace('<currency>CNY', '<currency>USD');
    says = { query: [signed(purchase('2', foreign)), signed(purchase('2').replaceAll(NO, 'X'))] };
    expect(await legOf()).toMatchObject({ currency: 'usd' });
    expect(await legOf()).toMatchObject({ outcome: 'unknown' });
  });

  test('refused is unknown, but for the codes that the configuration names', async () => {
    says = { query: [refusal('SBX2001'), refusal('NONE'), refusal('NO')] };
    expect(await legOf()).toMatchObject({ outcome: 'unknown' });
    expect(await legOf()).toMatchObject({ status: 'not_found' });
    expect(await legOf()).toMatchObject({ outcome: 'unknown' });
  });

  test('is not believed unsigned, badly signed, or with a changed envelope', async () => {
    const good = signed(purchase('2'));
    const unsigned = good.replace(/<encrypt>.*<\/encrypt>/, '');
    const other = good.replace(/<encrypt>./, '<encrypt>B');
    says = { query: [unsigned, other, '<html>502</html>', good] };
    for (let time = 0; time < 3; time += 1) {
      expect(await legOf()).toMatchObject({ outcome: 'unknown' });
    }
    expect(await legOf()).toMatchObject({ status: 'succeeded' });
  });
});

describe('starting', () => {
  test('qr: the code of this order, and of no other', async () => {
    const reply = `<tradeNum>${NO}</tradeNum><amount>100</amount><qrCode>https://h5pay.jd.com/code?c=1</qrCode>`;
    says = {
      uniorder: [signed(reply), signed(reply.replace(NO, 'X')), refusal('NO'), refusal('?')],
    };
    const code = 'https://h5pay.jd.com/code?c=1';
    expect(await wallet.startAttempt(order('qr'))).toEqual({
      outcome: 'pending',
      nextAction: { type: 'qr_code', code },
    });
    const outcomes = [];
    for (let time = 0; time < 3; time += 1) {
      outcomes.push((await wallet.startAttempt(order('qr'))).outcome);
    }
    expect(outcomes).toEqual(['unknown', 'failed', 'unknown']);
    expect(second.valueIn(asked[0]?.inner ?? '', 'tradeName')).toBe('茶 & <杯>');
    expect(second.valueIn(asked[0]?.inner ?? '', 'expireTime')).toBe('600');
    expect(asked[0]?.inner).toBe(asked[1]?.inner);
  });

  test('D1: pc and h5 lead to our own page, and the form is made at the click', async () => {
    for (const product of ['pc', 'h5'] as const) {
      const started = await wallet.startAttempt(order(product));
      const nextAction = { type: 'redirect', url: 'https://pay.hutong.example/pay/go/x' };
      expect(started).toEqual({ outcome: 'pending', nextAction });
    }
    expect(asked).toEqual([]);
    const expireTimeAfter = (ms: number) => {
      passedMs = ms;
      const form = wallet.handOut?.(order('pc'));
      if (form === undefined) return undefined;
      const plain = (name: string) =>
        second.decrypt(form.fields[name] ?? '', numbers.online.desKey);
      // From the click on, whichever of the two JD counts from.
      expect(plain('tradeTime')).toBe(compactTime(NOW_MS + ms));
      return plain('expireTime');
    };
    expect(expireTimeAfter(0)).toBe('600');
    expect(expireTimeAfter(400_000)).toBe('200');
    expect(expireTimeAfter(599_999)).toBe('1');
    expect(expireTimeAfter(600_000)).toBeUndefined();
    expect(expireTimeAfter(86_400_000)).toBeUndefined();
  });

  test('only pc and h5 are handed out', () => {
    for (const product of ['qr', 'bar'] as const) {
      expect(wallet.handOut?.(order(product))).toBeUndefined();
    }
  });

  test('pc and h5: a signed form for their own hosts', () => {
    for (const [product, host] of [
      ['pc', 'pc'],
      ['h5', 'h5'],
    ] as const) {
      const action = wallet.handOut?.(order(product));
      if (action === undefined) throw new Error('a form');
      expect(action.action).toBe(`https://${host}.example/jdpay/saveOrder`);
      const { sign = '', version, merchant, ...sealed } = action.fields;
      const plain = Object.fromEntries(
        Object.entries(sealed).map(([name, hex]) => [
          name,
          second.decrypt(hex, numbers.online.desKey),
        ]),
      );
      expect(plain).toMatchObject({ tradeNum: NO, callbackUrl: 'https://shop.example/back' });
      const text = second.formText({ ...plain, version: version ?? '', merchant: merchant ?? '' });
      expect(second.recover(sign, pem(shop.publicKey))).toBe(second.sha256Hex(text));
    }
  });

  test('bar: paid, waiting, failed, under the number for payment codes', async () => {
    const { merchant } = numbers.paymentCode;
    const charge = order('bar', { payer: { authCode: '181234567890123456' } });
    says = { fkmPay: ['2', '1', '3'].map((status) => signed(purchase(status), merchant)) };
    expect(await wallet.startAttempt(charge)).toMatchObject({
      outcome: 'succeeded',
      legs: [{ orderNo: NO, status: 'succeeded', amountFen: 100n }],
    });
    expect(await wallet.startAttempt(charge)).toEqual({ outcome: 'pending', nextAction: null });
    expect(await wallet.startAttempt(charge)).toMatchObject({ outcome: 'failed' });
    expect(await wallet.startAttempt(charge)).toMatchObject({ outcome: 'unknown' });
    expect(second.valueIn(asked[0]?.inner ?? '', 'device')).toBe('c1');
  });
});

/** The order's own time, and the margin after it (rule 2). */
const OVER_MS = 600_999 + 600_000;

describe('closing', () => {
  const services = () => asked.map(({ service }) => service);

  test('never revokes what is paid, or what JD does not speak of', async () => {
    says = { query: [signed(purchase('2')), refusal('?'), refusal('NONE'), signed(purchase('4'))] };
    const outcomes = [];
    for (let time = 0; time < 4; time += 1) {
      outcomes.push((await wallet.closeAttempt(order('qr'))).outcome);
    }
    expect(outcomes).toEqual(['paid', 'unknown', 'not_found', 'closed']);
    expect(services()).toEqual(['query', 'query', 'query', 'query']);
  });

  test('revokes no order that may still be paid: the payment may have counted by then', async () => {
    for (const product of ['qr', 'pc', 'h5'] as const) {
      says = { query: [signed(purchase('0')), signed(purchase('1'))] };
      expect(await wallet.closeAttempt(order(product))).toEqual({ outcome: 'unsupported' });
      passedMs = 600_999 + 599_000;
      expect(await wallet.closeAttempt(order(product))).toEqual({ outcome: 'unsupported' });
      passedMs = 0;
    }
    expect(new Set(services())).toEqual(new Set(['query']));
  });

  test('an order that is over and failed is no longer tried', async () => {
    passedMs = OVER_MS;
    says = { query: [signed(purchase('3'))] };
    expect(await wallet.closeAttempt(order('qr'))).toEqual({ outcome: 'closed' });
    expect(services()).toEqual(['query']);
  });

  test('revokes what waits when it is over, and asks again; paid in between it is reversed', async () => {
    passedMs = OVER_MS;
    says = {
      query: ['0', '4', '0', '2', '0', '2'].map((status) =>
        signed(purchase(status, status === '2' ? PAID : '')),
      ),
      revoke: [signed(revoked('1')), signed(revoked('1')), signed(revoked('0'))],
    };
    expect(await wallet.closeAttempt(order('qr'))).toEqual({ outcome: 'closed' });
    expect(await wallet.closeAttempt(order('qr'))).toMatchObject({
      outcome: 'reversed',
      legs: [{ status: 'closed', isReversed: true, amountFen: 100n }],
    });
    expect(await wallet.closeAttempt(order('qr'))).toMatchObject({ outcome: 'unknown' });
    const numbersUsed = asked
      .filter(({ service }) => service === 'revoke')
      .map(({ inner }) => second.valueIn(inner, 'tradeNum'));
    expect(new Set(numbersUsed)).toEqual(new Set([`${NO}V`]));
  });

  test('a charged code that JD still calls paid counts only without a revoke of ours', async () => {
    const { merchant } = numbers.paymentCode;
    const list = (status: string) =>
      signed(`<refList><refund>${revoked(status)}</refund></refList>`, merchant);
    says = {
      query: Array.from({ length: 3 }, () => signed(purchase('2', PAID), merchant)),
      queryRefund: [list('1'), list('0'), signed('<refList></refList>', merchant)],
    };
    expect(await legOf('bar')).toMatchObject({ status: 'closed', isReversed: true });
    expect(await legOf('bar')).toMatchObject({ outcome: 'unknown' });
    expect(await legOf('bar')).toMatchObject({ status: 'succeeded' });
    const online = signed(`<refList><refund>${revoked('1')}</refund></refList>`);
    says = { query: [signed(purchase('2', PAID))], queryRefund: [online] };
    passedMs = OVER_MS;
    expect(await legOf('qr')).toMatchObject({ status: 'closed', isReversed: true });
  });
});

describe('refunds', () => {
  const refund = (status: string, amount = '40') =>
    `<tradeNum>R1</tradeNum><oTradeNum>${NO}</oTradeNum><amount>${amount}</amount><currency>CNY</currency><status>${status}</status>`;

  test.each([
    ['0', 'processing'],
    ['1', 'succeeded'],
    ['2', 'failed'],
    ['4', 'unknown'],
  ])('of status %s is %s', async (status, expected) => {
    says = { refund: [signed(refund(status))] };
    expect(await wallet.refund(refundOrder())).toMatchObject({ status: expected, amountFen: 40n });
  });

  test('are found by element names among all of the purchase', async () => {
    const swapped = refund('1').replace(/R1|ORDER\d+/g, (one) => (one === 'R1' ? NO : 'R1'));
    const other = refund('1').replace('R1', 'R2');
    const list = (inside: string) => signed(`<refList>${inside}</refList>`);
    const item = (inside: string) => `<refund>${inside}</refund>`;
    says = {
      queryRefund: [
        list(item(other) + item(refund('1'))),
        list(item(swapped)),
        list(item(refund('1')) + item(refund('2'))),
        refusal('NONE'),
      ],
    };
    const statuses = [];
    for (let time = 0; time < 4; time += 1) {
      statuses.push((await wallet.queryRefund(refundOrder())).status);
    }
    expect(statuses).toEqual(['succeeded', 'not_found', 'unknown', 'unknown']);
  });
});

describe('notifications', () => {
  const parse = (body: string) =>
    wallet.parseNotification({ method: 'POST', target: '/', headers: {}, body: Buffer.from(body) });

  test('a refund is recognized by oTradeNum, whatever tradeType says; a revoke is not one', async () => {
    for (const tradeType of ['0', '1', '2']) {
      const parsed = await parse(
        signed(
          `<tradeNum>R1</tradeNum><tradeType>${tradeType}</tradeType><oTradeNum>${NO}</oTradeNum><amount>40</amount><currency>CNY</currency><note></note><status>1</status>`,
        ),
      );
      expect(parsed).toMatchObject({
        value: { type: 'refund', orderNo: NO, refundNo: 'R1', report: { status: 'succeeded' } },
      });
    }
    expect(await parse(signed(revoked('1')))).toMatchObject({ value: { type: 'ignored' } });
    const lost = signed('<tradeNum>R1</tradeNum><tradeType>1</tradeType><status>1</status>');
    expect(await parse(lost)).toMatchObject({ value: { type: 'ignored' } });
  });

  test('a payment keeps its id over deliveries; another merchant is another payee', async () => {
    const [one, two] = await Promise.all([
      parse(signed(purchase('2'))),
      parse(signed(purchase('2'))),
    ]);
    expect(one).toMatchObject({ value: { type: 'attempt', legs: [{ status: 'succeeded' }] } });
    expect(one).toEqual(two);
    const foreign = signed(purchase('2'));
    expect(await parse(foreign.replace(numbers.online.merchant, '999'))).toMatchObject({
      error: { code: 'not_ours' },
    });
  });

  test('are refused unsigned, changed or foreign', async () => {
    const good = signed(purchase('2'));
    expect(await parse(good.replace(/<encrypt>.*<\/encrypt>/, ''))).toMatchObject({
      error: { code: 'malformed' },
    });
    // The keys of the other number do not open it.
    const other = good.replace(numbers.online.merchant, numbers.paymentCode.merchant);
    expect(await parse(other)).toMatchObject({ error: { code: 'bad_signature' } });
    expect(await parse('nonsense')).toMatchObject({ error: { code: 'malformed' } });
    expect(wallet.acknowledge()).toMatchObject({ status: 200, body: 'success' });
  });
});

describe('credentials', () => {
  const open = (change: object) => {
    const opened = jdpay.open({ ...credentials, ...change }, {} as never);
    return opened.ok ? 'ok' : opened.error.field;
  };

  test('name the field that is wrong', () => {
    const { online, paymentCode } = credentials;
    expect(open({ paymentCode: undefined })).toBe('ok');
    expect(open({ online: { ...online, desKey: 'AAAA' } })).toBe('online.desKey');
    expect(open({ online: { ...online, privateKey: 'x' } })).toBe('online.privateKey');
    const own = pem(shop.publicKey);
    expect(open({ online: { ...online, jdPublicKey: own } })).toBe('online.jdPublicKey');
    const same = { ...paymentCode, merchant: online.merchant };
    expect(open({ paymentCode: same })).toBe('paymentCode.merchant');
    expect(open({ endpoints: { ...credentials.endpoints, api: 'https://x/y' } })).toBe(
      'endpoints.api',
    );
  });
});
