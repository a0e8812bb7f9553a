/**
 * Alipay's foreign bytes: signed answers, callbacks, v3 calls, parameters, JSON and certificates.
 * Seeds are signed here by node:crypto alone, and two of them by Alipay itself. What must be
 * refused is judged by other readers: URLSearchParams, JSON.parse, and what the signer said.
 */
import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { err, ok } from '../../src/kernel/result.ts';
import { wallClock } from '../../src/runtime/clock.ts';
import { openKeys, type Verdict } from '../../src/wallets/alipay/keys.ts';
import { parseNotification } from '../../src/wallets/alipay/notify.ts';
import { certificateSn, readCertificates } from '../../src/wires/alipay/certificates.ts';
import { readTopLevel } from '../../src/wires/alipay/json-text.ts';
import { readV2Answer } from '../../src/wires/alipay/message.ts';
import { parseParameters } from '../../src/wires/alipay/parameters.ts';
import { verifyRsa2 } from '../../src/wires/alipay/signature.ts';
import { readV3Authorization, v3RequestText } from '../../src/wires/alipay/v3.ts';
import type { FuzzParser, FuzzResult } from './parser.ts';

const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
const signText = (text: string) =>
  sign('RSA-SHA256', Buffer.from(text), pair.privateKey).toString('base64');

const fixture = (name: string) =>
  readFileSync(new URL(`../../src/wires/alipay/fixtures/${name}`, import.meta.url), 'latin1');
const live = JSON.parse(Buffer.from(fixture('live-messages.json'), 'latin1').toString());
const keyOf = (base64: string) =>
  createPublicKey({ key: Buffer.from(base64, 'base64'), format: 'der', type: 'spki' });

const keysOf = (alipayKey: KeyObject) =>
  openKeys({ mode: 'key', alipayKey }, wallClock, {
    download: async () => undefined,
    ask: async () => undefined,
  });
const refusalOf = (verdict: Verdict): FuzzResult => err({ code: verdict });

/** An answer is one object under one signature: any other text of that object is a forgery. */
function answerParser(answer: {
  readonly name: string;
  readonly method: string;
  readonly key: KeyObject;
  readonly seeds: readonly string[];
  readonly said: readonly string[];
}): FuzzParser {
  const keys = keysOf(answer.key);
  return {
    name: answer.name,
    seeds: answer.seeds.map((text) => Buffer.from(text)),
    parse: async (input) => {
      const read = readV2Answer(input.toString('utf8'), answer.method);
      if (read === undefined) return err({ code: 'unreadable' });
      if (read.sign === null) return err({ code: 'unsigned' });
      const { signedText: text, sign: signature, certSn } = read;
      const verdict = await keys.verifyAnswer({ text, sign: signature, certSn });
      return verdict === 'valid' ? ok(read.fields) : refusalOf(verdict);
    },
    isForgery: (_input, accepted) => !answer.said.includes(JSON.stringify(accepted)),
  };
}

const OBJECTS = [
  '{"code":"10000","msg":"Success","out_trade_no":"ORDER00000001","total_amount":"88.88","trade_no":"2024060122001468450512505578","trade_status":"TRADE_SUCCESS"}',
  '{ "code":"10003" , "msg":"order success pay inprocess","note":"\\"sign\\":\\"x\\"} ,{\\u4e2d\\/","list":[{"a":"}"}]}',
  '{"code":"40004","msg":"Business Failed","sub_code":"ACQ.TRADE_NOT_EXIST","sub_msg":"交易不存在"}',
];
const ANSWERS = OBJECTS.map(
  (object) => `{"alipay_trade_pay_response":${object},"sign":"${signText(object)}"}`,
);

/** Parameters as a form, signed as Alipay's callbacks are. */
function callback(fields: Readonly<Record<string, string>>, left: readonly string[]): Buffer {
  const text = Object.entries(fields)
    .filter(([name]) => !left.includes(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
  return Buffer.from(new URLSearchParams({ ...fields, sign: signText(text) }).toString());
}

const ACCOUNT = { appId: '2021001161683774', pid: '2088102175794899' };
const PAID = {
  app_id: ACCOUNT.appId,
  charset: 'utf-8',
  gmt_payment: '2024-06-01 12:00:01',
  notify_id: '2024060100222120001068450512505578',
  notify_type: 'trade_status_sync',
  out_trade_no: 'ORDER00000001',
  seller_id: ACCOUNT.pid,
  sign_type: 'RSA2',
  subject: '披肩 & 丝绸=1 + 50%',
  total_amount: '88.88',
  trade_no: '2024060122001468450512505578',
  trade_status: 'TRADE_SUCCESS',
  version: '1.0',
};
const REFUNDED = {
  ...PAID,
  gmt_refund: '2024-06-02 12:00:01.123',
  out_biz_no: 'REFUND0000001',
  refund_fee: '8.88',
};
const SERVICE = {
  app_id: ACCOUNT.appId,
  biz_content: '{"merchant_name":"x"}',
  charset: 'utf-8',
  msg_method: 'ant.merchant.expand.indirect.zft.passed',
  notify_id: '2024060100222120001068450512505579',
  sign_type: 'RSA2',
};
const TRADE_LEFT = ['sign_type'];

/** The judge's reading of a form. It would take a first `?` away: no form has one. */
const pairsOf = (form: Buffer) => [...new URLSearchParams(`&${form.toString('utf8')}`)];

/** What a callback says; what is empty says nothing. */
function sayingOf(body: Buffer): string {
  const given = pairsOf(body);
  const saying = given.filter(([name, value]) => name !== 'sign' && value !== '');
  return JSON.stringify(saying.sort());
}

function callbackParser(messages: {
  readonly name: string;
  readonly account: typeof ACCOUNT;
  readonly key: KeyObject;
  readonly seeds: readonly Buffer[];
}): FuzzParser {
  const { account, seeds } = messages;
  const keys = keysOf(messages.key);
  const known = new Set(seeds.map(sayingOf));
  return {
    name: messages.name,
    seeds,
    parse: (body) =>
      parseNotification(account, keys, { method: 'POST', target: '/', headers: {}, body }),
    isForgery: (input) => !known.has(sayingOf(input)),
  };
}

/** A v3 call as three lines and a body: authorization, method, target. */
const V3_CALLS = [
  ['POST', '/v3/alipay/trade/query', '{"out_trade_no":"ORDER00000001"}'],
  ['POST', '/v3/alipay/trade/refund?x=%2F', '{"out_trade_no":"丝绸","refund_amount":"1.00"}'],
].map(([method, target, body], index) => {
  const auth = `app_id=${ACCOUNT.appId},timestamp=171721440000${index},nonce=n-${index}`;
  const signature = signText(`${auth}\n${method}\n${target}\n${body}\n`);
  return `ALIPAY-SHA256withRSA ${auth},sign=${signature}\n${method}\n${target}\n${body}`;
});
const V3_SAID = new Set(V3_CALLS.map((call) => call.replace(/,sign=[^\n]*/, '')));

async function parseV3(input: Buffer): Promise<FuzzResult> {
  const [header = '', method = '', target = '', ...rest] = input.toString('utf8').split('\n');
  const authorization = readV3Authorization(header);
  if (authorization === undefined) return err({ code: 'unreadable' });
  const { authText, sign: signature } = authorization;
  const body = rest.join('\n');
  const text = v3RequestText({ authText, method, target, body, appAuthToken: null });
  const isValid = await verifyRsa2(text, signature, pair.publicKey);
  return isValid ? ok({ authText, method, target, body }) : err({ code: 'bad_signature' });
}

/** The walk must see what JSON.parse sees. */
function differsFromJson(input: Buffer, members: ReadonlyMap<string, string>): boolean {
  const parsed = Object.entries(JSON.parse(input.toString('utf8')));
  if (parsed.length !== members.size) return true;
  return parsed.some(([name, value]) => {
    const raw = members.get(name);
    return raw === undefined || JSON.stringify(JSON.parse(raw)) !== JSON.stringify(value);
  });
}

const CERTIFICATES = [
  'appCertPublicKey_2021001161683774.crt',
  'alipayCertPublicKey_RSA2.crt',
  'alipayRootCert.crt',
].map((name) => Buffer.from(fixture(name), 'latin1'));

export const ALIPAY_PARSERS: readonly FuzzParser[] = [
  answerParser({
    name: 'alipay v2 answer',
    method: 'alipay.trade.pay',
    key: pair.publicKey,
    seeds: ANSWERS,
    said: OBJECTS.map((object) => JSON.stringify(JSON.parse(object))),
  }),
  answerParser({
    name: 'alipay v2 answer that Alipay signed',
    method: live.answer.method,
    key: keyOf(live.answer.alipayPublicKey),
    seeds: [live.answer.text],
    said: [JSON.stringify(JSON.parse(live.answer.text).alipay_open_file_upload_response)],
  }),
  callbackParser({
    name: 'alipay callback',
    account: ACCOUNT,
    key: pair.publicKey,
    seeds: [callback(PAID, TRADE_LEFT), callback(REFUNDED, TRADE_LEFT), callback(SERVICE, [])],
  }),
  callbackParser({
    name: 'alipay callback that Alipay signed',
    account: { appId: live.notify.fields.app_id, pid: live.notify.fields.seller_id },
    key: keyOf(live.notify.alipayPublicKey),
    seeds: [Buffer.from(new URLSearchParams(live.notify.fields).toString())],
  }),
  {
    name: 'alipay v3 call',
    seeds: V3_CALLS.map((call) => Buffer.from(call)),
    parse: parseV3,
    isForgery: (input) => !V3_SAID.has(input.toString('utf8').replace(/,sign=[^\n]*/, '')),
  },
  {
    name: 'alipay parameters',
    seeds: [callback(PAID, TRADE_LEFT), Buffer.from('a=+%2B&b&=c&文=%E4%B8%AD&&d=%EF%BB%BFx')],
    parse: (input) => {
      const parsed = parseParameters(input.toString('utf8'));
      return parsed.ok ? parsed : err({ code: parsed.error.kind });
    },
    isForgery: (input, accepted) =>
      JSON.stringify([...(accepted as ReadonlyMap<string, string>)]) !==
      JSON.stringify(pairsOf(input)),
  },
  {
    name: 'alipay JSON text',
    seeds: [...ANSWERS, '{"a":1,"b":[],"c":{},"__proto__":"x","d":-1.5e3,"e":null}'].map((text) =>
      Buffer.from(text),
    ),
    parse: (input) => {
      const members = readTopLevel(input.toString('utf8'));
      return members === undefined ? err({ code: 'unreadable' }) : ok(members);
    },
    isForgery: (input, accepted) => differsFromJson(input, accepted as ReadonlyMap<string, string>),
  },
  {
    name: 'alipay certificate',
    seeds: CERTIFICATES,
    parse: (input) => {
      const certificates = readCertificates(input.toString('latin1'));
      return certificates === undefined
        ? err({ code: 'unreadable' })
        : ok(certificates.map(certificateSn));
    },
  },
];
