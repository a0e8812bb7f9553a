/** The wire against published vectors (fixtures/NOTICE.md) and properties over foreign bytes. */
import { generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { notifySignText, requestSignText } from './canonical.ts';
import { certificateSn, distrust, readCertificates, rootCertificateSn } from './certificates.ts';
import { readTopLevel } from './json-text.ts';
import { readPrivateKey, readPublicKey } from './keys.ts';
import { readV2Answer, writeAnswerObject, writeV2Answer } from './message.ts';
import { decodeComponent, encodeParameters, parseParameters, parseRequest } from './parameters.ts';
import { signRsa2, verifyRsa2 } from './signature.ts';
import { formatTime, formatTimeMs, parseTime } from './time.ts';
import { readV3Authorization, v3AuthText, v3RequestText, writeV3Authorization } from './v3.ts';

const fixture = (name: string) =>
  readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8');
const live = JSON.parse(fixture('live-messages.json'));
const key = (text: string): KeyObject => readPublicKey(text)!;

describe('certificate serial numbers, against Alipay’s own certificates', () => {
  const [app] = readCertificates(fixture('appCertPublicKey_2021001161683774.crt'))!;
  const [alipay] = readCertificates(fixture('alipayCertPublicKey_RSA2.crt'))!;
  const roots = readCertificates(fixture('alipayRootCert.crt'))!;

  test('app_cert_sn, alipay_cert_sn, alipay_root_cert_sn', () => {
    expect(certificateSn(app!)).toBe('866efef280dec9137a87d047ac446315');
    expect(certificateSn(alipay!)).toBe('7513daaaa48aa3ba2e4018d84402479c');
    // Four certificates: SM2 and ECDSA are skipped.
    expect(roots).toHaveLength(4);
    expect(rootCertificateSn(roots)).toBe(
      '687b59193f3f462dd5336e5abf83c5d8_02941eef3187dddf3d3b83462e1dfcf6',
    );
  });

  test('a certificate without its chain, of another name or out of time is not trusted', () => {
    const nowMs = Date.UTC(2021, 0, 1);
    const subjects = [alipay!.subject];
    const asked = { chain: [alipay!], roots, subjects, nowMs };
    // The fixture has no intermediate: it hangs below nothing that is pinned.
    expect(distrust(asked)).toBe('chain');
    expect(distrust({ ...asked, chain: [app!] })).toBe('subject');
    expect(distrust({ ...asked, nowMs: Date.UTC(2030, 0, 1) })).toBe('validity');
    expect(distrust({ ...asked, chain: [] })).toBe('chain');
    const root = roots[1]!;
    const itself = { chain: [root], roots, subjects: [root.subject] };
    expect(distrust({ ...itself, nowMs: Date.UTC(2021, 0, 1) })).toBeUndefined();
  });

  test('texts that hold no certificate', () => {
    expect(readCertificates('')).toBeUndefined();
    const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----';
    expect(readCertificates(broken)).toBeUndefined();
    expect(app).toBeInstanceOf(X509Certificate);
  });
});

describe('messages that Alipay signed', () => {
  test('an answer: the raw object verifies, and no other text of it', async () => {
    const { method, text, alipayPublicKey } = live.answer;
    const answer = readV2Answer(text, method)!;
    expect(await verifyRsa2(answer.signedText, answer.sign!, key(alipayPublicKey))).toBe(true);
    const blank = text.replace('"msg":"Success"', '"msg": "Success"');
    const changed = readV2Answer(blank, method)!;
    expect(await verifyRsa2(changed.signedText, changed.sign!, key(alipayPublicKey))).toBe(false);
  });

  test('a notification, over the wire form', async () => {
    const { fields, alipayPublicKey } = live.notify;
    const parsed = parseParameters(encodeParameters(Object.entries(fields)));
    const parameters = parsed.ok ? parsed.value : new Map<string, string>();
    const text = notifySignText(parameters);
    expect(await verifyRsa2(text, fields.sign, key(alipayPublicKey))).toBe(true);
    const other = notifySignText(new Map([...parameters, ['total_amount', '0.11']]));
    expect(await verifyRsa2(other, fields.sign, key(alipayPublicKey))).toBe(false);
  });
});

describe('sign texts', () => {
  test('a request keeps sign_type and drops sign and empty values', () => {
    const parameters = new Map([
      ['version', '1.0'],
      ['sign', 'x'],
      ['app_id', '2014072300007148'],
      ['biz_content', '{"out_trade_no":"a1"}'],
      ['charset', 'utf-8'],
      ['notify_url', ''],
      ['sign_type', 'RSA2'],
      ['timestamp', '2026-11-22 13:49:09'],
      ['method', 'alipay.trade.query'],
    ]);
    expect(requestSignText(parameters)).toBe(
      'app_id=2014072300007148&biz_content={"out_trade_no":"a1"}&charset=utf-8&method=alipay.trade.query&sign_type=RSA2&timestamp=2026-11-22 13:49:09&version=1.0',
    );
    expect(notifySignText(parameters)).toContain('&notify_url=&');
    expect(notifySignText(parameters)).not.toContain('sign_type');
  });
});

describe('parameters', () => {
  test('any text survives the wire, decoded once', () => {
    const text = fc.string({ unit: 'binary' }).filter((value) => !/\p{Cs}/u.test(value));
    fc.assert(
      fc.property(fc.dictionary(text, text), (fields) => {
        const parsed = parseParameters(encodeParameters(Object.entries(fields)));
        const named = Object.entries(fields);
        expect(parsed.ok && [...parsed.value]).toEqual(named);
      }),
    );
  });
  test('arbitrary bytes are read or refused, never guessed', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const parsed = parseParameters(Buffer.from(bytes).toString('latin1'));
        expect(typeof parsed.ok).toBe('boolean');
      }),
    );
  });
  test('F2: once in the query and once in the body with the same value is one parameter', () => {
    const twice = parseRequest('charset=utf-8&a=1', 'a=1&charset=utf-8&b=2');
    const once = new Map(Object.entries({ charset: 'utf-8', a: '1', b: '2' }));
    expect(twice).toEqual({ ok: true, value: once });
    for (const [query, body] of [
      ['a=1', 'a=2'],
      ['a=1', 'a='],
      ['a=1', 'a=1&a=1'],
      ['a=1&a=1', ''],
      ['a=%31', 'a=1&a=2'],
    ] as const) {
      const error = { kind: 'duplicate', name: 'a' };
      expect(parseRequest(query, body)).toMatchObject({ ok: false, error });
    }
    // Compared as they are signed: decoded.
    expect(parseRequest('a=%31', 'a=1')).toEqual({ ok: true, value: new Map([['a', '1']]) });
    // A notification has a body only, and nothing in it stands twice.
    expect(parseParameters('charset=utf-8&charset=utf-8').ok).toBe(false);
  });
  test('doubles, bad percent signs and bad UTF-8', () => {
    expect(parseParameters('a=1&a=1')).toMatchObject({
      ok: false,
      error: { kind: 'duplicate' },
    });
    for (const text of ['%', '%4', '%zz', '%ff', '%c0%80', '%ed%a0%80']) {
      expect(decodeComponent(text)).toBeUndefined();
    }
    expect(decodeComponent('a+b%2Bc%E4%B8%AD')).toBe('a b+c中');
    // A byte order mark is a character like any other: dropping it would change what was signed.
    expect(decodeComponent('%EF%BB%BFa')).toBe('\ufeffa');
  });
});

describe('answers', () => {
  test('strings that look like structure do not move the cut', () => {
    const object =
      '{"code":"10000","msg":"\\"sign\\":\\"x\\"} ,{","sub":{"a":["}"]},"u":"\\u4e2d\\/"}';
    const text = `{ "alipay_trade_query_response" : ${object} , "alipay_cert_sn":"c","sign" : "s"}`;
    expect(readV2Answer(text, 'alipay.trade.query')).toMatchObject({
      ...{ signedText: object, sign: 's', certSn: 'c', isErrorResponse: false },
    });
  });
  test('two objects, a key twice, or none are no answer', () => {
    const own = '"alipay_trade_query_response":{}';
    for (const text of [
      `{${own},${own}}`,
      `{${own},"error_response":{}}`,
      '{"sign":"x"}',
      '[]',
      '<html>',
      '{"alipay_trade_query_response":"text"}',
    ]) {
      expect(readV2Answer(text, 'alipay.trade.query')).toBeUndefined();
    }
  });
  test('what is written is cut out again, whatever it holds', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const objectText = writeAnswerObject(value as Record<string, unknown>);
        const body = writeV2Answer({ key: 'a_b_response', objectText, certSn: 'c', sign: 's' });
        expect(readV2Answer(body, 'a.b')?.signedText).toBe(objectText);
        expect(objectText.replaceAll('\\/', '')).not.toContain('/');
      }),
    );
  });
  test('the walk agrees with the parser on any object', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.nat(3), (value, indent) => {
        const members = readTopLevel(JSON.stringify(value, null, indent));
        const parsed = [...(members ?? [])].map(([name, raw]) => [name, JSON.parse(raw)]);
        const plain = JSON.parse(JSON.stringify(value));
        expect(parsed).toEqual(Object.entries(plain));
      }),
    );
  });
});

describe('keys', () => {
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
  test('every form of one key is that key', async () => {
    for (const type of ['pkcs1', 'pkcs8'] as const) {
      const pem = pair.privateKey.export({ type, format: 'pem' }).toString();
      const bare = pem.replace(/-----.*-----|\n/g, '');
      for (const text of [pem, bare, `${bare.slice(0, 99)}\r\n ${bare.slice(99)}\n`]) {
        const read = readPrivateKey(text);
        expect(read?.equals(pair.privateKey)).toBe(true);
      }
    }
    const spki = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const pkcs1 = pair.publicKey.export({ type: 'pkcs1', format: 'pem' }).toString();
    for (const text of [spki, pkcs1, spki.replace(/-----.*-----|\n/g, '')]) {
      expect(readPublicKey(text)?.equals(pair.publicKey)).toBe(true);
    }
    const sign = await signRsa2('文', pair.privateKey);
    expect(await verifyRsa2('文', sign, pair.publicKey)).toBe(true);
    expect(await verifyRsa2('文', `${sign.slice(0, -2)}\n==`, pair.publicKey)).toBe(false);
  });
  test('short keys, other keys and mixed-up keys are refused', () => {
    const short = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const pem = (one: KeyObject) => one.export({ type: 'pkcs8', format: 'pem' }).toString();
    expect(readPrivateKey(pem(short.privateKey))).toBeUndefined();
    expect(readPrivateKey(pem(ec.privateKey))).toBeUndefined();
    expect(readPublicKey(pem(pair.privateKey))).toBeUndefined();
    expect(readPrivateKey('')).toBeUndefined();
    expect(readPublicKey('not a key')).toBeUndefined();
  });
});

describe('v3 authorization', () => {
  test('is read as it was written; sign is cut at its first mark', () => {
    const authText = v3AuthText([
      ['app_id', '2014072300007148'],
      ['nonce', '7e02'],
      ['timestamp', '1795355349567'],
    ]);
    const header = writeV3Authorization(authText, 'ab=,sign=c==');
    expect(readV3Authorization(header)).toMatchObject({ authText, sign: 'ab=,sign=c==' });
    expect(
      v3RequestText({
        ...{ authText, method: 'POST', target: '/v3/alipay/trade/query', appAuthToken: null },
        body: '{"out_trade_no":"a1"}',
      }),
    ).toBe(`${authText}\nPOST\n/v3/alipay/trade/query\n{"out_trade_no":"a1"}\n`);
  });
  test('other schemes, fields twice and no sign are refused', () => {
    for (const header of [
      '',
      'Basic x',
      'ALIPAY-SHA256withRSA a=1',
      'ALIPAY-SHA256withRSA a=1,a=2,sign=x',
    ]) {
      expect(readV3Authorization(header)).toBeUndefined();
    }
  });
});

describe('Beijing time', () => {
  test('round trip and the forms that Alipay uses', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_000_000_000 }), (seconds) => {
        expect(parseTime(formatTime(seconds * 1000))).toBe(seconds * 1000);
      }),
    );
    const paidAtMs = Date.UTC(2019, 7, 15, 7, 56, 24);
    expect(parseTime('2019-08-15 15:56:24')).toBe(paidAtMs);
    expect(parseTime('2019-08-15 15:56')).toBe(paidAtMs - 24_000);
    expect(formatTimeMs(paidAtMs + 7)).toBe('2019-08-15 15:56:24.007');
    expect(parseTime(formatTimeMs(paidAtMs + 7))).toBe(paidAtMs + 7);
    for (const text of ['', '2019-02-30 10:00:00', '2019-08-15 24:00:00', '2019-08-15T15:56:24Z']) {
      expect(parseTime(text)).toBeUndefined();
    }
  });
});
