/**
 * What the sandbox's JD Pay must say to a client that is not ours: every message is made and judged
 * by the second verifier, over real HTTP, and signatures and envelopes by the openssl command too.
 */
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { freshNo } from '../../helpers/gateway-city.ts';
import {
  encrypt,
  envelope,
  type Fields,
  form,
  formText,
  type KeyMaterial,
  opensslDecrypt,
  opensslRecover,
  type Reply,
  reply,
  request,
  returned,
  sha256Hex,
  sign,
  valueIn,
} from '../second-verifier-jdpay.ts';
import { call, exchange, type JdCity, pay, post } from './city.ts';

export interface Row {
  readonly case: string;
  readonly client: string;
  readonly ok: boolean;
  readonly detail: string;
}

type Case = readonly [name: string, client: string, run: (city: JdCity) => Promise<string>];

const SECOND = 'second verifier';
const OPENSSL = 'openssl';

export async function runCases(city: JdCity, report: (row: Row) => void): Promise<void> {
  for (const [name, client, run] of CASES) {
    try {
      report({ case: name, client, ok: true, detail: await run(city) });
    } catch (error) {
      const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
      report({ case: name, client, ok: false, detail });
    } finally {
      city.opened.faults.clear();
      await city.settle();
      city.callbacks.length = 0;
    }
  }
}

function order(city: JdCity, more: Fields = {}): Fields & { tradeNum: string } {
  return {
    tradeNum: freshNo(),
    tradeName: '青瓷 & <盖碗> "一对"',
    tradeTime: '20260131120000',
    amount: '8888',
    currency: 'CNY',
    orderType: '0',
    notifyUrl: city.notifyUrl,
    userId: 'u1',
    ...more,
  };
}

async function created(city: JdCity, more: Fields = {}): Promise<{ fields: Fields; code: string }> {
  const fields = order(city, more);
  const answer = await call(city, 'uniorder', fields);
  assert.equal(answer.code, '000000', answer.desc);
  return { fields, code: valueIn(answer.inner ?? '', 'qrCode') ?? '' };
}

async function paid(city: JdCity, more: Fields = {}): Promise<Fields> {
  const { fields, code } = await created(city, more);
  assert.equal(await pay(city, code), 'paid');
  return fields;
}

const statusOf = async (city: JdCity, tradeNum = ''): Promise<string> => {
  const answer = await call(city, 'query', { tradeNum, tradeType: '0' });
  return answer.inner === null ? answer.code : (valueIn(answer.inner, 'status') ?? '');
};

const refundOf = (city: JdCity, oTradeNum = '', amount = '100', more: Fields = {}): Fields => {
  const { notifyUrl } = city;
  return { tradeNum: freshNo('R'), oTradeNum, amount, currency: 'CNY', notifyUrl, ...more };
};

async function refunded(city: JdCity, fields: Fields): Promise<string> {
  const answer = await call(city, 'refund', fields);
  return answer.inner === null ? answer.code : (valueIn(answer.inner, 'status') ?? '');
}

const showCode = (city: JdCity): string => city.gateway.showCode?.() ?? '';

function chargeOf(city: JdCity, token: string, more: Fields = {}): Promise<Reply> {
  const fields = { tradeNum: freshNo(), tradeName: 'x', amount: '1', device: 'c1', token };
  return call(city, 'fkmPay', { ...fields, ...more });
}

export const CASES: readonly Case[] = [
  [
    'uniorder: signed answer, a code of 14 characters, paid, status 2',
    SECOND,
    async (city) => {
      const { fields, code } = await created(city);
      assert.match(code, /^https:\/\/h5pay\.jd\.com\/code\?c=[0-9a-z]{14}$/);
      assert.equal(await statusOf(city, fields.tradeNum), '0');
      assert.equal(await pay(city, code), 'paid');
      assert.equal(await statusOf(city, fields.tradeNum), '2');
      return code;
    },
  ],
  [
    'the answer, read by pkeyutl -verifyrecover and enc -des-ede3 -nopad',
    OPENSSL,
    async (city) => {
      const answer = await post(city, '/service/uniorder', request(city.account.sdk, order(city)));
      const hex = Buffer.from(valueIn(answer.body, 'encrypt') ?? '', 'base64').toString('latin1');
      const inner = opensslDecrypt(hex, city.account.sdk.des_key);
      const signature = valueIn(inner, 'sign') ?? '';
      const text = inner.replace(`<sign>${signature}</sign>`, '');
      assert.equal(opensslRecover(signature, city.account.sdk.jd_public_key), sha256Hex(text));
      assert.ok(text.startsWith('<?xml version="1.0" encoding="UTF-8"?><jdpay>'));
      assert.ok(!/[\r\n\t]/.test(inner));
      return 'hash and text agree';
    },
  ],
  [
    'the same number again is the same order; other content is refused',
    SECOND,
    async (city) => {
      const { fields, code } = await created(city);
      const again = await call(city, 'uniorder', { ...fields, tradeTime: '20260131120001' });
      assert.equal(valueIn(again.inner ?? '', 'qrCode'), code);
      assert.equal((await call(city, 'uniorder', { ...fields, amount: '8889' })).code, 'SBX2002');
      return code;
    },
  ],
  [
    'either form of the declaration, and line breaks that were not signed',
    SECOND,
    async (city) => {
      const { merchant, des_key, private_key } = city.account.sdk;
      for (const change of [
        (text: string) => text.replace('"?>', '" ?>'),
        (text: string) => text.replaceAll('><', '>\n\t<'),
        (text: string) => text,
      ]) {
        const fields = order(city);
        const inside = Object.entries({ version: 'V2.0', merchant, ...fields, tradeName: 'x' })
          .map(([name, value]) => `<${name}>${value}</${name}>`)
          .join('');
        const text = `<?xml version="1.0" encoding="UTF-8"?><jdpay>${inside}</jdpay>`;
        const signature = sign(text, private_key).replace(/(.{76})/g, '$1\n');
        const signed = text.replace('</jdpay>', `<sign>${signature}</sign></jdpay>`);
        const sent = await post(
          city,
          '/service/uniorder',
          envelope(merchant, change(signed), des_key),
        );
        assert.equal(reply(city.account.sdk, sent.body).code, '000000');
      }
      return '3 forms';
    },
  ],
  [
    'every character of a signed request changed: none passes',
    SECOND,
    async (city) => {
      const { merchant, des_key, private_key } = city.account.sdk;
      const text = `<jdpay><version>V2.0</version><merchant>${merchant}</merchant><tradeNum>${freshNo()}</tradeNum><tradeType>0</tradeType></jdpay>`;
      const signed = text.replace('</jdpay>', `<sign>${sign(text, private_key)}</sign></jdpay>`);
      const codes = new Set<string>();
      for (let index = 0; index < signed.length; index += 1) {
        const other = signed[index] === 'A' ? 'B' : 'A';
        const changed = signed.slice(0, index) + other + signed.slice(index + 1);
        const sent = await post(city, '/service/query', envelope(merchant, changed, des_key));
        codes.add(valueIn(sent.body, 'code') ?? '');
      }
      assert.deepEqual([...codes], ['SBX0003']);
      return `${signed.length} changes refused`;
    },
  ],
  [
    'SHA256withRSA is refused, and the explanation says why',
    'node:crypto',
    async (city) => {
      const { merchant, des_key, private_key } = city.account.sdk;
      const text = `<jdpay><version>V2.0</version><merchant>${merchant}</merchant></jdpay>`;
      const wrong = crypto.sign('sha256', Buffer.from(text), private_key).toString('base64');
      const signed = text.replace('</jdpay>', `<sign>${wrong}</sign></jdpay>`);
      const sent = await post(city, '/service/query', envelope(merchant, signed, des_key));
      assert.equal(valueIn(sent.body, 'code'), 'SBX0003');
      const [explained] = city.opened.explanations.recent();
      assert.equal(explained?.expected, text);
      assert.match(explained?.hint ?? '', /SHA256withRSA/);
      return explained?.hint ?? '';
    },
  ],
  [
    'a declaration that was not signed is named, both texts shown',
    SECOND,
    async (city) => {
      const { merchant, des_key, private_key } = city.account.sdk;
      const body = `<jdpay><version>V2.0</version><merchant>${merchant}</merchant></jdpay>`;
      const text = `<?xml version="1.0" encoding="UTF-8"?>${body}`;
      const signed = text.replace('</jdpay>', `<sign>${sign(body, private_key)}</sign></jdpay>`);
      await post(city, '/service/query', envelope(merchant, signed, des_key));
      const [explained] = city.opened.explanations.recent();
      assert.deepEqual([explained?.expected, explained?.received], [text, body]);
      assert.match(explained?.hint ?? '', /declaration was left out/);
      return explained?.hint ?? '';
    },
  ],
  [
    'pc: the form is 302 to the cashier, paid there, and posted back with status 0',
    SECOND,
    async (city) => {
      const callbackUrl = 'http://shop.example/back?a=1&b=2';
      const fields = order(city, { callbackUrl, note: '' });
      const posted = form(city.account.sdk, fields);
      const body = new URLSearchParams(posted).toString();
      const type = 'application/x-www-form-urlencoded';
      const sent = await post(city, '/jdpay/saveOrder', body, type);
      assert.equal(sent.status, 302);
      const location = sent.headers.location ?? '';
      assert.match(location, /^\/jdpay\/payCashier\?tradeNum=.*&orderId=\d{22}&key=[0-9a-f]{32}$/);
      const open = await exchange(`${city.url}${location}`, { method: 'GET' });
      assert.match(open.body, /¥88\.88/);
      assert.ok(open.body.includes('&lt;b&gt;credentials&amp;店&lt;/b&gt;'));
      assert.equal(await pay(city, `${city.url}${location}`), 'paid');
      const back = await exchange(`${city.url}${location}`, { method: 'GET' });
      assert.ok(back.body.includes(`action="${callbackUrl.replace('&', '&amp;')}"`));
      const inputs = [...back.body.matchAll(/name="(\w+)" value="([^"]*)"/g)];
      const notified = returned(
        city.account.sdk,
        Object.fromEntries(inputs.map(([, k, v]) => [k, v])),
      );
      assert.equal(notified.status, '0');
      assert.equal(notified.tradeNum, fields.tradeNum);
      assert.equal('merchant' in notified || 'version' in notified || 'note' in notified, false);
      // 0 is the return's success and a payment's "created": only the query knows.
      assert.equal(await statusOf(city, fields.tradeNum), '2');
      return formText(notified);
    },
  ],
  [
    'a form with one value changed is an error page, explained',
    SECOND,
    async (city) => {
      const posted = form(city.account.sdk, order(city, { callbackUrl: 'http://shop.example/' }));
      const changed = { ...posted, amount: encrypt('1', city.account.sdk.des_key) };
      const type = 'application/x-www-form-urlencoded';
      const sent = await post(
        city,
        '/jdpay/saveOrder',
        new URLSearchParams(changed).toString(),
        type,
      );
      assert.match(sent.body, /SBX0003/);
      const unsorted = Object.entries(order(city, { callbackUrl: 'http://shop.example/' }));
      const plain = Object.fromEntries([
        ['version', 'V2.0'],
        ['merchant', city.account.sdk.merchant],
        ...unsorted,
      ]);
      const text = Object.entries(plain)
        .map(([name, value]) => `${name}=${value}`)
        .join('&');
      const again = {
        ...form(city.account.sdk, Object.fromEntries(unsorted)),
        sign: sign(text, city.account.sdk.private_key),
      };
      await post(city, '/jdpay/saveOrder', new URLSearchParams(again).toString(), type);
      const [explained] = city.opened.explanations.recent();
      assert.match(explained?.hint ?? '', /not sorted/);
      return explained?.hint ?? '';
    },
  ],
  [
    'notification: verified, tradeType 0, status 2, repeated until `success`',
    SECOND,
    async (city) => {
      city.acknowledgement = { status: 200, body: 'ok' };
      const fields = await paid(city);
      await city.settle();
      city.acknowledgement = { status: 200, body: 'success' };
      await city.advance(119_000);
      assert.equal(city.callbacks.length, 1);
      await city.advance(1_000);
      await city.advance(3_600_000);
      assert.equal(city.callbacks.length, 2);
      const texts = city.callbacks.map(
        ({ body }) => reply(city.account.sdk, body.toString()).inner ?? '',
      );
      assert.equal(new Set(texts).size, 1);
      const notified = ['tradeNum', 'tradeType', 'amount', 'currency', 'status'].map((name) =>
        valueIn(texts[0] ?? '', name),
      );
      assert.deepEqual(notified, [fields.tradeNum, '0', '8888', 'CNY', '2']);
      return 'at once and after two minutes';
    },
  ],
  [
    'refunds in two parts, never more; refund status 1 is success; notified with tradeType 2',
    SECOND,
    async (city) => {
      const { tradeNum } = await paid(city);
      const first = refundOf(city, tradeNum, '3000');
      assert.equal(await refunded(city, first), '0');
      assert.equal(await refunded(city, first), '0');
      assert.equal(await refunded(city, { ...first, amount: '3001' }), 'SBX2002');
      assert.equal(await refunded(city, refundOf(city, tradeNum, '5889')), 'SBX3001');
      assert.equal(await refunded(city, refundOf(city, tradeNum, '5888')), '0');
      city.callbacks.length = 0;
      await city.advance(3_000);
      assert.equal(await refunded(city, first), '1');
      const list = await call(city, 'queryRefund', { tradeType: '1', oTradeNum: tradeNum ?? '' });
      assert.equal(list.inner?.match(/<refund>/g)?.length, 2);
      const notified = city.callbacks.map(
        ({ body }) => reply(city.account.sdk, body.toString()).inner ?? '',
      );
      assert.equal(notified.length, 2);
      for (const inner of notified) {
        assert.equal(valueIn(inner, 'oTradeNum'), tradeNum);
        assert.deepEqual([valueIn(inner, 'tradeType'), valueIn(inner, 'status')], ['2', '1']);
      }
      // The purchase's own status is another set of numbers: 2 is its success.
      assert.equal(await statusOf(city, tradeNum), '2');
      return `${notified.length} refunds notified`;
    },
  ],
  [
    'F6: /service/query with tradeType 1 returns the refund that tradeNum names',
    SECOND,
    async (city) => {
      const { tradeNum } = await paid(city);
      const refund = refundOf(city, tradeNum, '3000');
      assert.equal(await refunded(city, refund), '0');
      const ask = (more: Fields) =>
        call(city, 'query', { tradeNum: refund.tradeNum ?? '', tradeType: '1', ...more });
      const answer = await ask({ oTradeNum: tradeNum ?? '' });
      assert.equal(answer.code, '000000', answer.desc);
      const inner = answer.inner ?? '';
      const names = ['tradeNum', 'tradeType', 'oTradeNum', 'amount', 'status'];
      const said = names.map((name) => valueIn(inner, name));
      assert.deepEqual(said, [refund.tradeNum, '1', tradeNum, '3000', '0']);
      await city.advance(3_000);
      assert.equal(valueIn((await ask({})).inner ?? '', 'status'), '1');
      assert.equal((await ask({ oTradeNum: refund.tradeNum ?? '' })).code, 'SBX2001');
      // A purchase is no refund, and a refund no purchase.
      assert.equal((await ask({ tradeNum: tradeNum ?? '' })).code, 'SBX2001');
      assert.equal((await ask({ tradeType: '0' })).code, 'SBX2001');
      return `refund ${refund.tradeNum}`;
    },
  ],
  [
    'revoke: unpaid closes, paid is refunded in full, repeated it is the same',
    SECOND,
    async (city) => {
      const open = await created(city);
      const number = open.fields.tradeNum ?? '';
      const revoke = { tradeNum: freshNo('V'), oTradeNum: number, amount: '8888' };
      assert.equal((await call(city, 'revoke', { ...revoke, amount: '1' })).code, 'SBX1001');
      for (let time = 0; time < 2; time += 1) {
        const answer = await call(city, 'revoke', revoke);
        assert.equal(valueIn(answer.inner ?? '', 'status'), '1');
      }
      assert.equal(await statusOf(city, number), '4');
      assert.equal(await pay(city, open.code), 'closed');
      const { tradeNum = '' } = await paid(city);
      await call(city, 'revoke', { tradeNum: freshNo('V'), oTradeNum: tradeNum, amount: '8888' });
      const row = city.gateway.orders().find(({ orderNo }) => orderNo === tradeNum);
      assert.deepEqual([row?.state, row?.refundedFen], ['refunded', 8_888n]);
      assert.equal(await refunded(city, refundOf(city, tradeNum)), 'SBX3002');
      return 'status 4, and 8888 refunded';
    },
  ],
  [
    'payment code: single use, a minute, confirmed on the phone, declined',
    SECOND,
    async (city) => {
      const charge = (token: string, more: Fields = {}) => chargeOf(city, token, more);
      const show = () => showCode(city);
      const token = show();
      assert.match(token, /^18\d{16}$/);
      assert.equal(valueIn((await charge(token)).inner ?? '', 'status'), '2');
      assert.equal((await charge(token)).code, 'SBX2005');
      const refund = refundOf(city, (await paid(city)).tradeNum);
      assert.equal(await refunded(city, refund), '0');
      const kept = show();
      assert.equal((await charge(kept, { tradeNum: refund.tradeNum ?? '' })).code, 'SBX2002');
      assert.equal(valueIn((await charge(kept)).inner ?? '', 'status'), '2', 'was not burnt');
      assert.equal((await charge('180000000000000000')).code, 'SBX2005');
      const old = show();
      await city.advance(60_000);
      assert.equal((await charge(old)).code, 'SBX2005');
      assert.equal((await charge(show(), { device: '' })).code, 'SBX1001');
      for (const [outcome, status] of [
        ['success', '2'],
        ['cancel', '3'],
      ] as const) {
        const waiting = show();
        const tradeNum = freshNo();
        city.arm('userpaying', { orderNo: tradeNum });
        assert.equal(valueIn((await charge(waiting, { tradeNum })).inner ?? '', 'status'), '1');
        assert.equal(valueIn((await charge(waiting, { tradeNum })).inner ?? '', 'status'), '1');
        await pay(city, waiting, { outcome });
        assert.equal(await statusOf(city, tradeNum), status);
      }
      return token;
    },
  ],
  [
    'two merchant numbers, each for its own business',
    SECOND,
    async (city) => {
      const { payment_code, ...online } = city.account.shop.sdkCredentials;
      const token = showCode(city);
      const bar = { tradeNum: freshNo(), tradeName: 'x', amount: '1', device: 'c1', token };
      assert.equal((await call(city, 'fkmPay', bar, online)).code, 'SBX0005');
      assert.equal((await call(city, 'uniorder', order(city), payment_code)).code, 'SBX0005');
      assert.equal((await call(city, 'fkmPay', bar, payment_code)).code, '000000');
      const ask = { tradeNum: bar.tradeNum, tradeType: '0' };
      assert.equal((await call(city, 'query', ask, online)).code, 'SBX2001');
      return `${online.merchant} and ${payment_code.merchant}`;
    },
  ],
  ['refusals carry a code and no signature', SECOND, refusals],
  [
    'orders, keys, refunds and payment codes are there after a restart',
    SECOND,
    async (city) => {
      const { fields, code } = await created(city);
      const { tradeNum } = await paid(city);
      const refund = refundOf(city, tradeNum);
      await refunded(city, refund);
      const [used, shown] = [showCode(city), showCode(city)];
      assert.equal((await chargeOf(city, used)).code, '000000');
      const same = await city.restart();
      try {
        assert.equal(await statusOf(same, fields.tradeNum), '0');
        assert.equal(await pay(same, code), 'paid');
        assert.equal((await chargeOf(same, used)).code, 'SBX2005');
        assert.equal((await chargeOf(same, shown)).code, '000000');
        await same.advance(3_000);
        assert.equal(await refunded(same, { ...refund, notifyUrl: same.notifyUrl }), '1');
      } finally {
        await same.close();
      }
      return 'same keys, same orders';
    },
  ],
];

async function refusals(city: JdCity): Promise<string> {
  const { sdk } = city.account;
  const { merchant } = sdk;
  const codeOf = async (path: string, body: string) => {
    const sent = await post(city, path, body);
    assert.equal(sent.status, 200);
    assert.equal(sent.body.includes('<encrypt>'), false);
    return valueIn(sent.body, 'code');
  };
  const ask = { tradeNum: freshNo(), tradeType: '0' };
  const stranger: KeyMaterial = { ...sdk, merchant: '99999999' };
  const otherKey = crypto.randomBytes(24).toString('base64');
  const table: [string, string, string][] = [
    ['SBX0001', '/service/query', '{"not":"xml"}'],
    ['SBX0001', '/service/query', request(sdk, ask).replaceAll('V2.0', 'V3.0')],
    ['SBX0001', '/service/query', '<!DOCTYPE x><jdpay></jdpay>'],
    ['SBX0002', '/service/query', request(stranger, ask)],
    [
      'SBX0003',
      '/service/query',
      envelope(merchant, '<jdpay><version>V2.0</version></jdpay>', sdk.des_key),
    ],
    ['SBX0004', '/service/query', request({ ...sdk, des_key: otherKey }, ask)],
    ['SBX0006', '/service/getUserRelation', request(sdk, ask)],
    ['SBX1001', '/service/query', request(sdk, { tradeNum: ask.tradeNum })],
    ['SBX1001', '/service/uniorder', request(sdk, order(city, { amount: '1.00' }))],
    ['SBX1001', '/service/uniorder', request(sdk, order(city, { currency: 'USD' }))],
    ['SBX2001', '/service/query', request(sdk, ask)],
  ];
  for (const [code, path, body] of table) assert.equal(await codeOf(path, body), code);
  const get = await exchange(`${city.url}/service/query`, { method: 'GET' });
  assert.equal(get.status, 405);
  return `${table.length} refusals`;
}
