/** The wire's bytes: published worked examples, the real reply of vectors.json, properties. */
import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sharedVectors } from '../../../test/helpers/vectors.ts';
import { compactTime, parseCompactTime } from '../beijing-time.ts';
import { filledFields, signText, textOf } from './canonical.ts';
import { certIdOf, checkSigner, isUnionpaySubject, readCertificate } from './certificates.ts';
import { digestHex, keyedDigestHex } from './digest.ts';
import { encodeForm, parseForm } from './form.ts';
import { parseReply, writeReply } from './message.ts';
import { signFields, verifyFields } from './signature.ts';
import { isSm2PrivateKey, isSm2PublicKey, sm2PublicKeyHex } from './sm2.ts';
import { readSplit, writeSplit } from './split.ts';
import { clearingDay } from './time.ts';

const EXAMPLE: [string, string][] = [
  ['version', '5.1.0'],
  ['encoding', 'UTF-8'],
  ['signMethod', '01'],
  ['txnType', '01'],
  ['txnSubType', '07'],
  ['bizType', '000000'],
  ['accessType', '0'],
  ['channelType', '08'],
  ['merId', '777290058110048'],
  ['orderId', '20240601120000001'],
  ['txnTime', '20240601120000'],
  ['txnAmt', '1000'],
  ['currencyCode', '156'],
  ['backUrl', 'https://shop.example/notify?a=1&b=2'],
  ['reqReserved', ''],
  ['orderDesc', ' 中文 test '],
];
const SECURE_KEY = '979da4cfccbae7923641daa5dd7047c2';
const example = (signMethod: string, certId: string | null) => {
  const fields = filledFields(EXAMPLE);
  fields.set('signMethod', signMethod);
  if (certId !== null) fields.set('certId', certId);
  return signText(fields);
};

describe('the worked example', () => {
  test('01: sorted, raw, trimmed, without blanks; the hex that RSA signs', () => {
    const text = example('01', '69903319369');
    expect(text).toBe(
      'accessType=0&backUrl=https://shop.example/notify?a=1&b=2&bizType=000000&certId=69903319369&channelType=08&currencyCode=156&encoding=UTF-8&merId=777290058110048&orderDesc=中文 test&orderId=20240601120000001&signMethod=01&txnAmt=1000&txnSubType=07&txnTime=20240601120000&txnType=01&version=5.1.0',
    );
    expect(digestHex('01', text, 'UTF-8')).toBe(
      'e43f8cd724aabd39577ed55807fbaf3295166daa765b2988934876c4bf21f281',
    );
  });
  test('11 and 12: keyed by the hash of the key', () => {
    expect(digestHex('11', SECURE_KEY, 'UTF-8')).toBe(
      'afa1a4b0938deda2e1ec5fe76246aa0856a4164e2873fb250241ef5d290583c1',
    );
    expect(keyedDigestHex('11', example('11', null), SECURE_KEY, 'UTF-8')).toBe(
      'd2c1214d65faa0d0b1c4bfc20ab6e6581cffe601b548ca844a2566e24df69302',
    );
    expect(keyedDigestHex('12', example('12', null), SECURE_KEY, 'UTF-8')).toBe(
      'b384155b0c9f0e34b6a90ef53a9d07ecf9b080525abec0c287a5862bf2ac5849',
    );
  });
  test('21: the hex that SM2 signs', () => {
    expect(digestHex('21', example('21', '69903319369'), 'UTF-8')).toBe(
      '33fbc50609e8b14c045c1c50474da6df90b883e749aa3173a4557219712f2282',
    );
  });
  test('certId: 0x1046900149 is 69903319369, and 160 bits survive', () => {
    expect(BigInt('0x1046900149').toString()).toBe('69903319369');
    const serialNumber = 'F'.repeat(40);
    expect(certIdOf({ serialNumber } as never)).toBe((2n ** 160n - 1n).toString());
  });
  test('accSplitData', () => {
    const parts = [{ merId: '777290058110048', amountFen: 100n }];
    const text =
      'eyJhY2NTcGxpdFR5cGUiOiIxIiwiYWNjU3BsaXRNY2h0cyI6W3siYWNjU3BsaXRNZXJJZCI6Ijc3NzI5MDA1ODExMDA0OCIsImFjY1NwbGl0QW10IjoiMTAwIn1dfQ==';
    expect(writeSplit(parts)).toBe(text);
    expect(readSplit(text)).toEqual(parts);
  });
});

interface RealReply {
  readonly raw_response_body: string;
  readonly sha256hex_of_sorted_string: string;
}
const real = sharedVectors<RealReply>('unionpay_acp')?.[0];

async function verifiesWithOwnCertificate(body: string): Promise<boolean> {
  const parsed = parseReply(body);
  if (!parsed.ok) return false;
  const leaf = readCertificate(parsed.value.get('signPubKeyCert') ?? '');
  if (leaf === undefined) return false;
  return verifyFields({ method: '01', publicKey: leaf.publicKey }, parsed.value, 'UTF-8');
}

describe.skipIf(real === undefined)('the real reply of vectors.json', () => {
  const body = real?.raw_response_body ?? '';
  test('verifies with its own certificate', async () => {
    const parsed = parseReply(body);
    if (!parsed.ok) throw new Error(parsed.error.kind);
    expect(digestHex('01', signText(parsed.value), 'UTF-8')).toBe(real?.sha256hex_of_sorted_string);
    expect(await verifiesWithOwnCertificate(body)).toBe(true);
    expect(await verifiesWithOwnCertificate(`{${body}}`)).toBe(true);
  });
  test('with LF for CRLF it fails', async () => {
    expect(await verifiesWithOwnCertificate(body.replaceAll('\r\n', '\n'))).toBe(false);
  });
  test('with any one byte changed it fails', async () => {
    const bytes = Buffer.from(body);
    // Every byte of the fields, and every seventh of the certificate and the signature.
    const end = bytes.indexOf('signPubKeyCert');
    for (let at = 0; at < bytes.length; at += at < end ? 1 : 7) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      const text = textOf(changed, 'UTF-8');
      expect(text !== undefined && (await verifiesWithOwnCertificate(text)), `byte ${at}`).toBe(
        false,
      );
    }
  });
  test('its certificate is UnionPay’s by name, expired since, and of no chain that we pinned', () => {
    const parsed = parseReply(body);
    if (!parsed.ok) throw new Error(parsed.error.kind);
    const leaf = readCertificate(parsed.value.get('signPubKeyCert') ?? '');
    if (leaf === undefined) throw new Error('no certificate');
    expect(isUnionpaySubject(leaf, false)).toBe(true);
    const anchors = { root: leaf, middle: leaf, acceptsTestSigner: true };
    expect(checkSigner(leaf, anchors, Date.now())).toBe('chain');
  });
});

describe('replies', () => {
  test('nested values keep their ampersands; a bracket inside a value is text', () => {
    const text = 'a=1&customerInfo={x=1&y={z=[2&3]}}&list=[a&b]&respMsg=成功[0000000]&s=ab+/=&e=';
    const parsed = parseReply(text);
    expect(parsed.ok && [...parsed.value]).toEqual([
      ['a', '1'],
      ['customerInfo', '{x=1&y={z=[2&3]}}'],
      ['list', '[a&b]'],
      ['respMsg', '成功[0000000]'],
      ['s', 'ab+/='],
      ['e', ''],
    ]);
  });
  for (const [text, kind] of [
    ['', 'not_pairs'],
    ['<html>', 'not_pairs'],
    ['a=1&&b=2', 'not_pairs'],
    ['=1', 'not_pairs'],
    ['a&b=1', 'not_pairs'],
    ['a=1&a=2', 'duplicate'],
    ['a={1&b=2', 'unbalanced'],
    [`a=${'['.repeat(40)}`, 'unbalanced'],
  ] as const) {
    test(`${text.slice(0, 12)} is ${kind}`, () => {
      const parsed = parseReply(text);
      expect(parsed.ok ? 'ok' : parsed.error.kind).toBe(kind);
    });
  }
  test('what is written is read back', () => {
    const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9]{0,12}$/);
    const plain = fc.string({ unit: 'binary' }).filter((v) => !/[&]/.test(v) && !/^[{[]/.test(v));
    const pairs = fc.uniqueArray(fc.tuple(name, plain), { minLength: 1, selector: ([n]) => n });
    fc.assert(
      fc.property(pairs, (fields) => {
        const parsed = parseReply(writeReply(fields));
        expect(parsed.ok && [...parsed.value]).toEqual(fields);
      }),
    );
  });
  test('no text makes it throw or stall', () => {
    const foreign = fc.string({ unit: fc.constantFrom(...'ab=&{}[]+%\r\n中'), maxLength: 400 });
    fc.assert(
      fc.property(foreign, (text) => void parseReply(text)),
      { numRuns: 2_000 },
    );
  });
});

describe('canonical text', () => {
  const value = fc.string({ unit: 'binary', maxLength: 24 });
  const name = fc.stringMatching(/^[A-Za-z]{1,10}$/);
  const fields = fc.uniqueArray(fc.tuple(name, value), { selector: ([n]) => n });
  test('does not depend on the order given, never holds a blank, never encodes', () => {
    fc.assert(
      fc.property(fields, (pairs) => {
        const filled = filledFields(pairs);
        const text = signText(filled);
        expect(signText(new Map([...filled].reverse()))).toBe(text);
        for (const [key, kept] of filled) {
          expect(kept).not.toBe('');
          if (key !== 'signature') expect(text).toContain(`${key}=${kept}`);
        }
        expect(filledFields(filled)).toEqual(filled);
      }),
    );
  });
  test('upper case sorts before lower case, whatever the locale', () => {
    expect(
      signText(
        new Map([
          ['b', '1'],
          ['B', '2'],
          ['a', '3'],
        ]),
      ),
    ).toBe('B=2&a=3&b=1');
  });
});

describe('forms', () => {
  const pairs = fc.uniqueArray(
    fc.tuple(fc.stringMatching(/^[A-Za-z]{1,8}$/), fc.string({ unit: 'binary', maxLength: 30 })),
    { selector: ([n]) => n, minLength: 1 },
  );
  test('UTF-8 round trip, plus and blank and CRLF included', () => {
    fc.assert(
      fc.property(pairs, (given) => {
        const fields = given.filter(
          ([n, v]) => n !== 'encoding' && Buffer.from(v).toString() === v,
        );
        const parsed = parseForm(encodeForm(fields, 'UTF-8'));
        expect(parsed.ok && [...parsed.value.fields]).toEqual(fields);
      }),
    );
  });
  test('GBK by its own encoding field', () => {
    const body = encodeForm(
      [
        ['encoding', 'GBK'],
        ['orderDesc', '互通 + 测试'],
      ],
      'GBK',
    );
    expect(body).toContain('orderDesc=%BB%A5%CD%A8%20%2B%20');
    const parsed = parseForm(body);
    expect(parsed.ok && parsed.value.fields.get('orderDesc')).toBe('互通 + 测试');
  });
  for (const body of ['a=%', 'a=%zz', 'a=%ff', 'a=1&a=2', 'encoding=latin9&a=1']) {
    test(`${body} is refused`, () => expect(parseForm(body).ok).toBe(false));
  }
});

describe('signing', () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const sm2Private = '1'.repeat(64);
  const pairsOf = {
    '01': [
      { method: '01', certId: '7', privateKey },
      { method: '01', publicKey },
    ],
    '11': [
      { method: '11', secureKey: SECURE_KEY },
      { method: '11', secureKey: SECURE_KEY },
    ],
    '12': [
      { method: '12', secureKey: SECURE_KEY },
      { method: '12', secureKey: SECURE_KEY },
    ],
    '21': [
      { method: '21', certId: '7', privateKeyHex: sm2Private },
      { method: '21', certId: '7', publicKeyHex: sm2PublicKeyHex(sm2Private) },
    ],
  } as const;
  for (const [method, [signer, verifier]] of Object.entries(pairsOf)) {
    for (const encoding of ['UTF-8', 'GBK'] as const) {
      test(`${method} in ${encoding}: verifies, and not with a field changed, added or lost`, async () => {
        const signed = await signFields(signer, EXAMPLE, encoding);
        expect(signed.has('certId')).toBe(method === '01' || method === '21');
        expect(await verifyFields(verifier, signed, encoding)).toBe(true);
        const changes: [string, string | null][] = [
          ['txnAmt', '1001'],
          ['extra', '1'],
          ['orderDesc', null],
          ['signMethod', method === '11' ? '12' : '11'],
          ['signature', 'AAAA'],
          ['signature', ''],
        ];
        for (const [name, value] of changes) {
          const changed = new Map(signed);
          if (value === null) changed.delete(name);
          else changed.set(name, value);
          expect(await verifyFields(verifier, changed, encoding), name).toBe(false);
        }
      });
    }
  }
  test('SM2: another user id is another signature; keys are checked', async () => {
    const [signer, verifier] = pairsOf['21'];
    const signed = await signFields(signer, EXAMPLE, 'UTF-8');
    expect(await verifyFields({ ...verifier, certId: '1234567812345678' }, signed, 'UTF-8')).toBe(
      false,
    );
    expect(isSm2PrivateKey('0'.repeat(64))).toBe(false);
    expect(isSm2PrivateKey('f'.repeat(64))).toBe(false);
    expect(isSm2PublicKey(`04${'1'.repeat(128)}`)).toBe(false);
    expect(isSm2PublicKey(sm2PublicKeyHex(sm2Private))).toBe(true);
  });
});

describe('time', () => {
  test('Beijing, and back', () => {
    const unixMs = Date.parse('2026-11-22T16:30:05Z');
    expect(compactTime(unixMs)).toBe('20261123003005');
    expect(parseCompactTime('20261123003005')).toBe(unixMs);
    for (const bad of ['20260230000000', '20261322000000', '2026112300300', '20261123243005']) {
      expect(parseCompactTime(bad)).toBeUndefined();
    }
  });
  test('the clearing day turns at 23:00 Beijing', () => {
    const at = (time: string) => clearingDay(Date.parse(`2026-12-31T${time}+08:00`));
    expect(at('22:59:59')).toBe('20261231');
    expect(at('23:00:00')).toBe('20270101');
  });
});
