/**
 * The adapter at its boundary: what it sends for an order, what it makes of foreign bytes that are
 * validly signed, and which credentials it refuses. The wallet's side is a key pair and the HTTP
 * seam; whether the wire is WeChat Pay's is judged by SDKs in test/conformance.
 */
import { createHash, createPublicKey, createSecretKey, generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AttemptOrder } from '../../core/wallet/order.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import type { HttpFailure, HttpRequest, HttpResponse } from '../../runtime/http-client.ts';
import { systemRandom } from '../../runtime/random.ts';
import { parseAuthorization } from '../../wires/wechatpay/authorization.ts';
import { requestMessage } from '../../wires/wechatpay/canonical.ts';
import type { WechatpayCredentials } from '../../wires/wechatpay/credentials.ts';
import { parseRecord } from '../../wires/wechatpay/json.ts';
import { signMessage } from '../../wires/wechatpay/message.ts';
import { sealResource } from '../../wires/wechatpay/resource.ts';
import { verifySha256 } from '../../wires/wechatpay/signature.ts';
import type { Wallet, WalletSeams } from '../wallet.ts';
import { wechatpay } from './adapter.ts';
import { plainText } from './request.ts';

function pemPair(modulusLength: number): { privateKey: string; publicKey: string } {
  return generateKeyPairSync('rsa', {
    modulusLength,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
}
const merchant = pemPair(2048);
const platform = generateKeyPairSync('rsa', { modulusLength: 2048 });
const NOW_MS = Date.UTC(2026, 10, 22, 8, 0, 0);
const SERIAL = 'PUB_KEY_ID_0114232134912410000000000000';

const credentials: WechatpayCredentials = {
  mchid: '1900000109',
  appid: 'wx2421b1c4370ec43b',
  appSecret: '0123456789abcdef0123456789abcdef',
  serialNo: '5157F09EFDC096DE15EBE81A47057A7232F1B8E1',
  privateKey: merchant.privateKey,
  apiV3Key: 'k'.repeat(32),
  keyMode: 'public_key',
  publicKeyId: SERIAL,
  publicKey: platform.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  endpoints: {
    api: 'https://api.example',
    authorize: 'https://open.example/connect/oauth2/authorize',
    oauth: 'https://oauth.example/sns/oauth2/access_token',
  },
};

async function signed(body: Buffer): Promise<Record<string, string>> {
  const stamp = { timestamp: String(NOW_MS / 1000), nonce: 'NONCE' };
  const headers = await signMessage(
    { serial: SERIAL, privateKey: platform.privateKey },
    stamp,
    body,
  );
  return Object.fromEntries(
    Object.entries(headers).map(([name, text]) => [name.toLowerCase(), text]),
  );
}

type Answer = Result<HttpResponse, HttpFailure>;

function open(answer: (request: HttpRequest) => Promise<Answer> | Answer): {
  wallet: Wallet;
  sent: HttpRequest[];
  wait: (ms: number) => void;
} {
  const sent: HttpRequest[] = [];
  let passedMs = 0;
  const clock = { nowMs: () => NOW_MS + passedMs };
  const seams: WalletSeams = {
    http: {
      send: async (request) => {
        sent.push(request);
        return answer(request);
      },
      close: () => undefined,
    },
    clock,
    wall: clock,
    random: systemRandom,
  };
  const opened = wechatpay.open(credentials, seams);
  if (!opened.ok) throw new Error(opened.error.field);
  const wait = (ms: number): void => {
    passedMs += ms;
  };
  return { wallet: opened.value, sent, wait };
}

const answering =
  (value: unknown, status = 200) =>
  async (): Promise<Answer> => {
    const body = Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
    return ok({ status, headers: await signed(body), body });
  };

const order: AttemptOrder = {
  product: 'native',
  combineOrderNo: null,
  legs: [
    { orderNo: 'PL0001', walletMerchant: '1600000001', amountFen: 1234n, description: '披肩🎁' },
  ],
  createdAtMs: NOW_MS,
  expiresAtMs: NOW_MS + 900_000,
  description: '订单',
  payer: {},
  payerIp: '203.0.113.9',
  device: 'desktop',
  returnUrl: null,
  notifyUrl: 'https://hutong.example/notify/wechatpay/x/payment',
  handOutUrl: 'https://pay.hutong.example/pay/go/x',
  holdDays: 30,
};
const [leg] = order.legs;
const combined: AttemptOrder = {
  ...order,
  combineOrderNo: 'PA0001',
  legs: [
    ...order.legs,
    { ...leg!, orderNo: 'PL0002', walletMerchant: '1600000002', amountFen: 1n },
  ],
};

const paidBody = {
  sp_appid: credentials.appid,
  sp_mchid: credentials.mchid,
  sub_mchid: '1600000001',
  out_trade_no: 'PL0001',
  trade_state: 'SUCCESS',
  transaction_id: '4200000985202103031441826014',
  success_time: '2026-11-22T16:00:00+08:00',
  bank_type: 'CMC_DEBIT',
  amount: { total: 1234, payer_total: 1200, currency: 'CNY' },
  promotion_detail: [
    { type: 'NOCASH', amount: 30 },
    { type: 'CASH', amount: 4 },
  ],
  a_field_of_tomorrow: { x: [1] },
};

describe('what is sent', () => {
  test('a partner order, signed over the very bytes, with Wechatpay-Serial', async () => {
    const { wallet, sent } = open(answering({ code_url: 'weixin://wxpay/bizpayurl?pr=a' }));
    expect(await wallet.startAttempt(order)).toEqual({
      outcome: 'pending',
      nextAction: { type: 'qr_code', code: 'weixin://wxpay/bizpayurl?pr=a' },
    });
    const request = sent[0]!;
    expect(request.url).toBe('https://api.example/v3/pay/partner/transactions/native');
    expect(parseRecord(String(request.body))).toEqual({
      sp_appid: credentials.appid,
      sp_mchid: credentials.mchid,
      sub_mchid: '1600000001',
      description: '披肩',
      out_trade_no: 'PL0001',
      time_expire: '2026-11-22T16:15:00+08:00',
      notify_url: order.notifyUrl,
      amount: { total: 1234, currency: 'CNY' },
      settle_info: { profit_sharing: true },
      scene_info: { payer_client_ip: '203.0.113.9' },
    });
    expect(request.headers['wechatpay-serial']).toBe(SERIAL);
    const parsed = parseAuthorization(request.headers.authorization);
    if (typeof parsed === 'string') throw new Error(parsed);
    const message = requestMessage({
      method: 'POST',
      target: '/v3/pay/partner/transactions/native',
      timestamp: parsed.timestamp,
      nonce: parsed.nonce,
      body: Buffer.from(String(request.body)),
    });
    const key = createPublicKey(merchant.publicKey);
    expect(await verifySha256(key, message, parsed.signature)).toBe(true);
  });

  test('a combined order names each merchant; its close names the same set', async () => {
    const { wallet, sent } = open(answering({}));
    expect((await wallet.startAttempt(combined)).outcome).toBe('unknown');
    await wallet.closeAttempt(combined);
    const [start, close] = sent.map((request) => parseRecord(String(request.body)));
    expect(start).toMatchObject({
      combine_mchid: credentials.mchid,
      combine_out_trade_no: 'PA0001',
      sub_orders: [
        { sub_mchid: '1600000001', out_trade_no: 'PL0001', amount: { total_amount: 1234 } },
        { sub_mchid: '1600000002', out_trade_no: 'PL0002', amount: { total_amount: 1 } },
      ],
    });
    expect(close).toEqual({
      combine_appid: credentials.appid,
      sub_orders: combined.legs.map(({ orderNo, walletMerchant }) => ({
        mchid: credentials.mchid,
        out_trade_no: orderNo,
        sub_mchid: walletMerchant,
      })),
    });
    expect(sent[1]?.url).toBe(
      'https://api.example/v3/combine-transactions/out-trade-no/PA0001/close',
    );
  });

  test('property: descriptions are accepted text of at most 127 characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        const plain = plainText(text, 'PL0001', 127);
        expect(plain.length).toBeGreaterThan(0);
        expect(plain.length).toBeLessThanOrEqual(127);
        expect(plainText(plain, 'PL0001', 127)).toBe(plain);
      }),
    );
  });
});

describe('what is believed', () => {
  test('a paid order with its own figures', async () => {
    const { wallet } = open(answering(paidBody));
    expect(await wallet.queryAttempt(order)).toEqual({
      outcome: 'answered',
      legs: [
        {
          orderNo: 'PL0001',
          status: 'succeeded',
          walletTransactionId: '4200000985202103031441826014',
          amountFen: 1234n,
          currency: 'cny',
          payee: '1600000001',
          payerAmountFen: 1200n,
          receiptAmountFen: 1204n,
          paidAtMs: NOW_MS,
          payerWalletReported: null,
        },
      ],
    });
  });

  test.each([
    ['another order', { ...paidBody, out_trade_no: 'PL0009' }],
    ['another sp_mchid', { ...paidBody, sp_mchid: '1900000000' }],
    ['another sp_appid', { ...paidBody, sp_appid: 'wx0000000000000000' }],
    ['an array', [paidBody]],
    ['a combine', { combine_out_trade_no: 'PL0001', combine_mchid: credentials.mchid }],
  ])('an answer about %s says nothing', async (_what, body) => {
    const { wallet } = open(answering(body));
    expect((await wallet.queryAttempt(order)).outcome).toBe('unknown');
  });

  test('a combined answer that lacks a line leaves that line unknown', async () => {
    const sub = { mchid: credentials.mchid, sub_mchid: '1600000001', trade_state: 'NOTPAY' };
    const { wallet } = open(
      answering({
        combine_appid: credentials.appid,
        combine_mchid: credentials.mchid,
        combine_out_trade_no: 'PA0001',
        sub_orders: [{ ...sub, out_trade_no: 'PL0001' }],
      }),
    );
    const outcome = await wallet.queryAttempt(combined);
    expect(outcome.outcome === 'answered' && outcome.legs.map((each) => each.status)).toEqual([
      'pending',
      'unknown',
    ]);
  });

  test('202 on close, silence, HTML and an unsigned 2xx are unknown everywhere', async () => {
    const html: Answer = ok({ status: 502, headers: {}, body: Buffer.from('<html>') });
    const unsigned: Answer = ok({ status: 200, headers: {}, body: Buffer.from('{}') });
    const silent: Answer = err({ kind: 'timeout', message: 'no answer' });
    const empty404: Answer = ok({ status: 404, headers: {}, body: Buffer.alloc(0) });
    const refund = {
      ...{ refundNo: 'RE1', amountFen: 1n, reason: 'x', notifyUrl: 'https://a.example/n' },
      createdAtMs: 0,
      leg: { ...leg!, walletTransactionId: null, product: 'native' as const, createdAtMs: 0 },
    };
    for (const answer of [html, unsigned, silent, empty404]) {
      const { wallet } = open(() => answer);
      expect((await wallet.startAttempt(order)).outcome).toBe('unknown');
      expect((await wallet.queryAttempt(order)).outcome).toBe('unknown');
      expect((await wallet.closeAttempt(order)).outcome).toBe('unknown');
      expect((await wallet.refund(refund)).status).toBe('unknown');
      expect((await wallet.queryRefund(refund)).status).toBe('unknown');
    }
    expect((await open(answering({}, 202)).wallet.closeAttempt(order)).outcome).toBe('unknown');
  });

  test('property: signed answers of any JSON never throw and never invent a success', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), fc.anything(), async (value, change) => {
        const mixed = {
          ...paidBody,
          trade_state: 'NOTPAY',
          amount: value,
          promotion_detail: change,
        };
        for (const body of [JSON.stringify(value), JSON.stringify(safe(mixed))]) {
          const outcome = await open(answering(body)).wallet.queryAttempt(order);
          const legs = outcome.outcome === 'answered' ? outcome.legs : [];
          expect(legs.some((each) => each.status === 'succeeded')).toBe(false);
        }
      }),
      { numRuns: 60 },
    );
  });
});

function safe(value: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(value, (_key, item) => (typeof item === 'bigint' ? 1 : item)));
  } catch {
    return {};
  }
}

describe('callbacks', () => {
  const apiV3Key = createSecretKey(Buffer.from(credentials.apiV3Key));
  const callback = async (plaintext: string, originalType: string, eventType: string) => {
    const sealed = sealResource(apiV3Key, {
      plaintext,
      nonce: 'Kj7QIyUiYx1q',
      associatedData: originalType,
    });
    const resource = { original_type: originalType, ...sealed };
    const body = Buffer.from(JSON.stringify({ id: 'n-1', event_type: eventType, resource }));
    return { method: 'POST', target: '/', headers: await signed(body), body };
  };
  const { wallet } = open(() => err({ kind: 'not_sent', message: 'offline' }));
  const parse = async (plaintext: unknown, type: string, event: string) =>
    wallet.parseNotification(await callback(JSON.stringify(plaintext), type, event));

  test('a payment, a refund, and what we do not act on', async () => {
    expect(await parse(paidBody, 'transaction', 'TRANSACTION.SUCCESS')).toMatchObject({
      ok: true,
      value: { type: 'attempt', notificationId: 'n-1', orderNo: 'PL0001' },
    });
    const refund = {
      ...{ sp_mchid: credentials.mchid, sub_mchid: '1600000001', out_trade_no: 'PL0001' },
      ...{ out_refund_no: 'RE1', refund_id: '50', refund_status: 'ABNORMAL' },
      amount: { refund: 7, total: 1234 },
    };
    expect(await parse(refund, 'refund', 'REFUND.ABNORMAL')).toMatchObject({
      ok: true,
      value: {
        ...{ type: 'refund', refundNo: 'RE1' },
        report: { status: 'abnormal', amountFen: 7n, settledAtMs: null },
      },
    });
    // The samples disagree on profit sharing's event type: original_type decides.
    expect(await parse(paidBody, 'profitsharing', 'TRANSACTION.SUCCESS')).toMatchObject({
      ok: true,
      value: { type: 'ignored' },
    });
  });

  test('another account’s is not ours', async () => {
    const other = { ...paidBody, sp_mchid: '1900000000' };
    expect(await parse(other, 'transaction', 'TRANSACTION.SUCCESS')).toMatchObject({
      ok: false,
      error: { code: 'not_ours' },
    });
  });

  test('a v2 XML callback and a resource under another key are malformed', async () => {
    const xml = Buffer.from('<xml><return_code>SUCCESS</return_code></xml>');
    const parsed = await wallet.parseNotification({
      ...{ method: 'POST', target: '/', body: xml },
      headers: await signed(xml),
    });
    expect(parsed).toMatchObject({ ok: false, error: { code: 'malformed' } });
    const bare = { method: 'POST', target: '/', body: xml, headers: {} };
    expect(await wallet.parseNotification(bare)).toMatchObject({
      ok: false,
      error: { code: 'bad_signature' },
    });
  });

  test('property: validly signed callbacks of any content never throw', async () => {
    const types = fc.constantFrom('transaction', 'refund', 'x', '');
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), types, fc.string(), async (value, type, event) => {
        const parsed = await parse(value, type, event);
        expect(parsed.ok && parsed.value.type === 'attempt').toBe(false);
      }),
      { numRuns: 100 },
    );
  });

  const invented = (index: number) =>
    createHash('sha1').update(String(index)).digest('hex').toUpperCase();

  test('S19: WeChat Pay: invented serials cause no download where the resource does not open', async () => {
    const stage = open(() => err({ kind: 'not_sent', message: 'offline' }));
    const message = await callback('{}', 'transaction', 'TRANSACTION.SUCCESS');
    const foreign = sealResource(createSecretKey(Buffer.from('x'.repeat(32))), {
      plaintext: '{}',
      nonce: 'abcdefghijkl',
      associatedData: 'transaction',
    });
    const body = Buffer.from(
      JSON.stringify({ id: '1', event_type: 'TRANSACTION.SUCCESS', resource: foreign }),
    );
    for (let index = 0; index < 200; index += 1) {
      const headers = { ...message.headers, 'wechatpay-serial': invented(index) };
      const parsed = await stage.wallet.parseNotification({ ...message, headers, body });
      expect(parsed).toMatchObject({ ok: false, error: { code: 'malformed' } });
    }
    const headers = { ...message.headers, 'wechatpay-serial': 'PUB_KEY_ID_011400000000000000' };
    const parsed = await stage.wallet.parseNotification({ ...message, headers });
    expect(parsed).toMatchObject({ ok: false, error: { code: 'unknown_key' } });
    expect(stage.sent.length).toBe(0);
  });

  test('S19: WeChat Pay: where it opens, five downloads at once, then one each twelve seconds', async () => {
    const stage = open(() => err({ kind: 'not_sent', message: 'offline' }));
    const message = await callback('{}', 'transaction', 'TRANSACTION.SUCCESS');
    const send = async (count: number) => {
      for (let index = 0; index < count; index += 1) {
        const headers = { ...message.headers, 'wechatpay-serial': invented(index) };
        const parsed = await stage.wallet.parseNotification({ ...message, headers });
        expect(parsed).toMatchObject({ ok: false, error: { code: 'unknown_key' } });
      }
      return stage.sent.length;
    };
    expect(await send(20)).toBe(5);
    stage.wait(11_999);
    expect(await send(20)).toBe(5);
    stage.wait(1);
    expect(await send(20)).toBe(6);
  });
});

describe('credentials', () => {
  const seams: WalletSeams = {
    http: { send: async () => err({ kind: 'not_sent', message: '' }), close: () => undefined },
    clock: { nowMs: () => NOW_MS },
    wall: { nowMs: () => NOW_MS },
    random: systemRandom,
  };
  const { publicKey: _key, publicKeyId: _id, ...without } = credentials;
  const weak = pemPair(1024);

  test.each([
    ['mchid', { ...credentials, mchid: 'abc' }],
    ['apiV3Key', { ...credentials, apiV3Key: 'short' }],
    ['serialNo', { ...credentials, serialNo: 'not hex' }],
    ['privateKey', { ...credentials, privateKey: `-----BEGIN PRIVATE KEY-----${'x'.repeat(64)}` }],
    ['privateKey', { ...credentials, privateKey: weak.privateKey }],
    ['publicKey', { ...credentials, publicKey: 'x'.repeat(80) }],
    ['publicKey', without],
    ['publicKeyId', { ...without, publicKeyId: SERIAL, keyMode: 'platform_certificate' }],
    ['platformCertificates.0', { ...credentials, platformCertificates: ['x'.repeat(80)] }],
    ['endpoints.api', { ...credentials, endpoints: { ...credentials.endpoints, api: 'ftp://x' } }],
    ['endpoint', { ...credentials, endpoint: 1 }],
    ['', null],
    ['', 'text'],
  ])('%s is named', (field, given) => {
    const opened = wechatpay.open(given, seams);
    expect(opened.ok ? 'accepted' : opened.error.field).toBe(field);
    if (!opened.ok) expect(opened.error.message).not.toContain(credentials.apiV3Key);
  });

  test('certificate mode needs none at the start: the first answer’s serial is downloaded', () => {
    expect(wechatpay.open({ ...without, keyMode: 'platform_certificate' }, seams).ok).toBe(true);
  });
});
