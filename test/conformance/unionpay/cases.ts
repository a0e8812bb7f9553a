/** The gateway's rules and refusals, as a client meets them: openssl signs and verifies. */
import assert from 'node:assert/strict';
import type { TestCity } from './city.ts';
import {
  type OpenedPfx,
  opensslOpensPfx,
  opensslSigns,
  opensslVerifies,
  type Pairs,
  sha256Hex,
  splitReply,
  toSign,
} from './second-verifier.ts';

export interface Case {
  readonly name: string;
  readonly client: string;
  readonly check: (city: TestCity) => Promise<string>;
}

const BACK = '/gateway/api/backTransReq.do';
const QUERY = '/gateway/api/queryTrans.do';
const FRONT = '/gateway/api/frontTransReq.do';
const DAY_MS = 86_400_000;

/** `yyyyMMddHHmmss` in Beijing, by the platform's own calendar. */
export function beijing(unixMs: number): string {
  const options = { timeZone: 'Asia/Shanghai', hour12: false } as const;
  return new Date(unixMs).toLocaleString('sv-SE', options).replace(/[^0-9]/g, '');
}

let count = 0;
function request(city: TestCity, more: Pairs): Pairs {
  count += 1;
  return {
    version: '5.1.0',
    encoding: 'UTF-8',
    signMethod: '11',
    txnType: '01',
    txnSubType: '07',
    bizType: '000000',
    channelType: '08',
    accessType: '0',
    merId: city.account.sdkCredentials.mer_id,
    orderId: `CF${process.pid}X${String(count).padStart(5, '0')}`,
    txnTime: beijing(city.opened.kit.clock.nowMs()),
    txnAmt: '1000',
    currencyCode: '156',
    backUrl: 'http://www.specialUrl.com',
    ...more,
  };
}

function keyed(city: TestCity, pairs: Pairs): Pairs {
  const key = sha256Hex(city.account.sdkCredentials.secure_key);
  return { ...pairs, signature: sha256Hex(`${toSign(pairs)}&${key}`) };
}

async function send(city: TestCity, path: string, signed: Pairs): Promise<Response> {
  return fetch(`${city.url}${path}`, {
    method: 'POST',
    redirect: 'manual',
    headers: { 'content-type': 'application/x-www-form-urlencoded;charset=UTF-8' },
    body: new URLSearchParams(signed).toString(),
  });
}

/** Signed by key, verified by key. */
async function call(city: TestCity, path: string, pairs: Pairs): Promise<Pairs> {
  const answer = await send(city, path, keyed(city, pairs));
  assert.equal(answer.status, 200);
  const reply = splitReply(await answer.text());
  const { signature, ...rest } = reply;
  assert.equal(keyed(city, rest).signature, signature, 'the reply is signed by the same key');
  assert.ok(!Object.values(reply).includes(''), 'no blank field');
  return reply;
}

async function paid(city: TestCity): Promise<Pairs> {
  const reply = await call(city, BACK, request(city, {}));
  await city.scanAndPay(reply.qrCode ?? '');
  return reply;
}

async function queried(city: TestCity, of: Pairs): Promise<Pairs> {
  const { orderId = '', txnTime = '' } = of;
  const {
    txnAmt: _,
    currencyCode: __,
    backUrl: ___,
    ...asked
  } = request(city, {
    txnType: '00',
    txnSubType: '00',
    ...{ orderId, txnTime },
  });
  return call(city, QUERY, asked);
}

async function expectCode(
  city: TestCity,
  respCode: string,
  pairs: Pairs,
  path = BACK,
): Promise<string> {
  const reply = await call(city, path, pairs);
  assert.equal(reply.respCode, respCode, reply.respMsg);
  return String(reply.respMsg);
}

const KEYED = 'second implementation, 11';
const OPENSSL = 'openssl, 01';

let opened: OpenedPfx | undefined;
function own(city: TestCity): OpenedPfx {
  const { sign_pfx: pfx, sign_pfx_password: password } = city.account.sdkCredentials;
  opened ??= opensslOpensPfx(pfx, password);
  return opened;
}

const refusal = (name: string, respCode: string, more: (city: TestCity) => Pairs): Case => ({
  name: `${name}: ${respCode}`,
  client: KEYED,
  check: (city) => expectCode(city, respCode, request(city, more(city))),
});

const back = (txnType: string, of: Pairs, more: Pairs = {}): Pairs => ({
  txnType,
  txnSubType: '00',
  origQryId: of.queryId ?? '',
  ...more,
});

const REFUSALS: readonly Case[] = [
  refusal('an orderId with a dash', '10', () => ({ orderId: 'ORDER-0001' })),
  refusal('a foreign currency', '10', () => ({ currencyCode: '840' })),
  refusal('nothing to pay', '10', () => ({ txnAmt: '0' })),
  refusal('a txnTime of yesterday', '10', (city) => ({
    txnTime: beijing(city.opened.kit.clock.nowMs() - DAY_MS),
  })),
  refusal('another bizType', '32', () => ({ bizType: '000201' })),
  refusal('pre-authorisation', '32', () => ({ txnType: '02' })),
  refusal('a payment code that nobody showed', '88', () => ({
    txnSubType: '06',
    qrNo: '6200000000000000000',
    termId: '00000001',
  })),
  refusal('a refund of nothing', '35', () => ({
    txnType: '04',
    txnSubType: '00',
    origQryId: '240101000000000000000',
  })),
];

const LIFE: readonly Case[] = [
  {
    name: 'the same key again: 12; the same orderId at another time is another order',
    client: KEYED,
    check: async (city) => {
      const first = request(city, {});
      await expectCode(city, '00', first);
      await expectCode(city, '12', first);
      const later = beijing(city.opened.kit.clock.nowMs() + 1_000);
      return expectCode(city, '00', { ...first, txnTime: later });
    },
  },
  {
    name: 'refunds in parts up to the sum, each a transaction of its own',
    client: KEYED,
    check: async (city) => {
      const order = await queried(city, await paid(city));
      const first = request(city, back('04', order, { txnAmt: '400' }));
      await expectCode(city, '00', first);
      assert.equal((await queried(city, first)).origRespCode, '05');
      await city.advance(10_000);
      const settled = await queried(city, first);
      assert.deepEqual([settled.origRespCode, settled.txnAmt], ['00', '400']);
      await expectCode(city, '36', request(city, back('04', order, { txnAmt: '601' })));
      await expectCode(city, '00', request(city, back('04', order, { txnAmt: '600' })));
      assert.equal((await queried(city, order)).origRespCode, '00');
      return 'the purchase stays paid';
    },
  },
  {
    name: 'undo: the whole amount, within the clearing day that ends at 23:00 Beijing',
    client: KEYED,
    check: async (city) => {
      const order = await queried(city, await paid(city));
      await expectCode(city, '36', request(city, back('31', order, { txnAmt: '999' })));
      await expectCode(city, '00', request(city, back('31', order)));
      await expectCode(city, '35', request(city, back('31', order)));
      const late = await queried(city, await paid(city));
      const nowMs = city.opened.kit.clock.nowMs();
      const hourMs = 3_600_000;
      // To the next 23:00 in Beijing (15:00 UTC) and a minute more.
      const sinceMs = (nowMs - 15 * hourMs) % DAY_MS;
      await city.advance(DAY_MS - sinceMs + 60_000);
      return expectCode(city, '35', request(city, back('31', late)));
    },
  },
  {
    name: 'F4: an undo is accepted first, and its outcome is notified at backUrl, as a refund is',
    client: KEYED,
    check: async (city) => {
      const order = await queried(city, await paid(city));
      const undo = request(city, back('31', order, { backUrl: city.notifyUrl }));
      await expectCode(city, '00', undo);
      assert.equal((await queried(city, undo)).origRespCode, '05', 'accepted, not done');
      city.callbacks.length = 0;
      await city.advance(10_000);
      assert.equal(city.callbacks.length, 1);
      const notified = Object.fromEntries(new URLSearchParams(city.callbacks[0]?.body.toString()));
      const { signature, ...rest } = notified;
      assert.equal(keyed(city, rest).signature, signature);
      const { txnType, orderId, origQryId, txnAmt, respCode } = notified;
      const said = [txnType, orderId, origQryId, txnAmt, respCode];
      assert.deepEqual(said, ['31', undo.orderId, order.queryId, '1000', '00']);
      assert.equal((await queried(city, undo)).origRespCode, '00');
      await city.advance(600_000);
      assert.equal(city.callbacks.length, 1, 'a 200 ends it');
      return `undo ${undo.orderId} notified`;
    },
  },
  {
    name: 'a query of what is not there: 34; too many: 37',
    client: KEYED,
    check: async (city) => {
      const nothing = request(city, {});
      assert.equal((await queried(city, nothing)).respCode, '34');
      const codes = new Set<string>();
      for (let asked = 0; asked < 60; asked += 1) {
        codes.add(String((await queried(city, nothing)).respCode));
      }
      assert.ok(codes.has('37'));
      return [...codes].join(' ');
    },
  },
  {
    name: 'the page: a form becomes 302 to the cashier, and an error page says end_error',
    client: KEYED,
    check: async (city) => {
      const web = { txnSubType: '01', bizType: '000201', channelType: '07' };
      const good = request(city, { ...web, frontUrl: 'https://shop.example/back' });
      const answer = await send(city, FRONT, keyed(city, good));
      assert.equal(answer.status, 302);
      const location = answer.headers.get('location') ?? '';
      assert.match(await (await fetch(location)).text(), /¥10\.00/);
      await city.scanAndPay(location);
      assert.match(await (await fetch(location)).text(), /method="post" action="https:\/\/shop/);
      const forged = { ...keyed(city, good), txnAmt: '1' };
      const refused = await send(city, FRONT, forged);
      assert.match(await refused.text(), /end_error/);
      return location;
    },
  },
];

const OPENSSL_CASES: readonly Case[] = [
  {
    name: 'PFX opened, request signed, reply verified by the openssl command',
    client: OPENSSL,
    check: async (city) => {
      const { certId, privateKeyPem } = own(city);
      const pairs = request(city, { signMethod: '01', certId });
      const signature = opensslSigns(pairs, privateKeyPem);
      const answer = await send(city, BACK, { ...pairs, signature });
      const reply = splitReply(await answer.text());
      assert.equal(reply.respCode, '00');
      assert.ok(opensslVerifies(reply, reply.signPubKeyCert ?? ''));
      return `certId ${certId}`;
    },
  },
  {
    name: 'hashed once only: 11, signed, explained',
    client: OPENSSL,
    check: async (city) => {
      const { certId, privateKeyPem } = own(city);
      const pairs = request(city, { signMethod: '01', certId });
      const { createSign } = await import('node:crypto');
      const signature = createSign('sha256').update(toSign(pairs)).sign(privateKeyPem, 'base64');
      const reply = splitReply(await (await send(city, BACK, { ...pairs, signature })).text());
      assert.equal(reply.respCode, '11');
      assert.ok(opensslVerifies(reply, reply.signPubKeyCert ?? ''));
      assert.match(city.log.at(-1) ?? '', /hashed once/);
      return String(reply.respMsg);
    },
  },
];

export const CASES: readonly Case[] = [...REFUSALS, ...LIFE, ...OPENSSL_CASES];
