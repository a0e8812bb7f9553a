/** The wire against published vectors, openssl, a second reading, and foreign bytes. */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as second from '../../../test/conformance/second-verifier-jdpay.ts';
import { sharedVectors } from '../../../test/helpers/vectors.ts';
import { compactTime, parseCompactTime } from '../beijing-time.ts';
import { formSignText } from './canonical.ts';
import { openForm, parseForm, sealForm } from './form.ts';
import { readDesKey, readPrivateKey, readPublicKey } from './keys.ts';
import {
  decryptInner,
  type MessageKeys,
  openMessage,
  readOuter,
  sealInner,
  signInner,
  writeOuter,
} from './message.ts';
import { hashText, recoverHash, signText } from './signature.ts';
import { fenOfText, PAYMENT_STATUS, REFUND_STATUS, RETURN_SUCCEEDED } from './trade.ts';
import { decryptText, encryptText, PLAIN_BYTES_MAX } from './triple-des.ts';
import { childrenOf, readXml, textOf, writeXml } from './xml.ts';

const vectors = sharedVectors<Record<string, unknown>>('jdpay');
const DEMO_DES_KEY = 'ta4E/aspLA3lgFGKmNDNRYU92RkZ4w2t';
const desKey = readDesKey(DEMO_DES_KEY)!;

function pair(): { privateKey: KeyObject; publicKey: KeyObject } {
  return generateKeyPairSync('rsa', { modulusLength: 1_024 });
}
const merchant = pair();
const keys: MessageKeys = {
  desKey,
  privateKey: merchant.privateKey,
  publicKey: merchant.publicKey,
};
const pemOf = (key: KeyObject) =>
  key.export({ type: key.type === 'public' ? 'spki' : 'pkcs8', format: 'pem' }).toString();

describe.skipIf(vectors === undefined)('vectors', () => {
  const of = (kind: string) => (vectors ?? []).filter((row) => row.kind === kind);
  // Read within a test: the body of a skipped describe runs too, where there are no vectors.
  const publicKeyOfJd = () => createPublicKey(String(of('jd-public-key')[0]?.pem));

  test('3DES of fields', () => {
    const [row] = of('3des-field');
    const key = readDesKey(String(row?.des_key_base64))!;
    const cases = Object.entries(row?.cases as Record<string, string>);
    expect(cases.length).toBe(5);
    for (const [plain, hex] of cases) {
      expect(encryptText(key, plain)).toBe(hex);
      expect(decryptText(key, hex)).toBe(plain);
      expect(second.encrypt(plain, String(row?.des_key_base64))).toBe(hex);
    }
  });

  test('envelopes decrypt and verify; with one byte changed they fail', () => {
    expect(of('xml-envelope').length).toBeGreaterThan(0);
    const publicKey = publicKeyOfJd();
    for (const row of of('xml-envelope')) {
      const encrypt = String(row.encrypt);
      const text = String(row.decrypted);
      expect(decryptInner(desKey, encrypt)).toEqual({ ok: true, value: text });
      const opened = openMessage({ desKey, publicKey }, encrypt);
      expect(opened).toMatchObject({ ok: true, value: { hash: row.sha256hex } });
      expect(recoverHash(publicKey, /<sign>(.*)<\/sign>/.exec(text)?.[1] ?? '')).toBe(
        row.recovered_from_sign,
      );
      for (let index = 0; index < text.length; index += 1) {
        const changed = `${text.slice(0, index)}${text[index] === '1' ? '2' : '1'}${text.slice(index + 1)}`;
        const sealed = sealInner(desKey, changed) ?? '';
        expect([index, openMessage({ desKey, publicKey }, sealed).ok]).toEqual([index, false]);
      }
    }
  });

  test('openssl reads them too', () => {
    const [row] = of('xml-envelope');
    const hex = Buffer.from(String(row?.encrypt), 'base64').toString('latin1');
    expect(second.opensslDecrypt(hex, DEMO_DES_KEY)).toBe(row?.decrypted);
    const sign = /<sign>(.*)<\/sign>/.exec(String(row?.decrypted))?.[1] ?? '';
    expect(second.opensslRecover(sign, pemOf(publicKeyOfJd()))).toBe(row?.sha256hex);
  });
});

test('3DES of fields, as public clients publish it', () => {
  expect(encryptText(desKey, '1')).toBe('e5a6c3761ab9ddaf');
  expect(encryptText(desKey, '测试商品')).toBe('25fc4ff3e72f364fc1d80691e88fd7df');
});

test('the sign text of a form, as public clients publish it', () => {
  const fields = {
    version: 'V2.0',
    merchant: '22294531',
    tradeTime: '20170718101010',
    currency: 'CNY',
    tradeNum: '12345678',
    tradeName: '测试商品',
    amount: '1',
    orderType: '0',
    notifyUrl: 'http://making.dev/notify',
    callbackUrl: 'http://frontend.com/return',
    userId: '0000001',
    note: '',
    sign: 'x',
  };
  expect(hashText(formSignText(fields))).toBe(
    '0a99b27931c9e95aee44f5159c1ec180105cf64c81ff1d15e6f48f2fed34be31',
  );
});

describe('signatures', () => {
  test('hold the 64 characters and no DigestInfo, by openssl and by plain arithmetic', () => {
    const sign = signText(merchant.privateKey, '测试');
    const pem = pemOf(merchant.publicKey);
    expect(second.opensslRecover(sign, pem)).toBe(hashText('测试'));
    expect(second.recover(sign, pem)).toBe(hashText('测试'));
    expect(recoverHash(merchant.publicKey, second.sign('测试', pemOf(merchant.privateKey)))).toBe(
      hashText('测试'),
    );
  });

  test('are base64, in lines or not, and nothing else', () => {
    const sign = signText(merchant.privateKey, 'x');
    const lines = sign.replace(/(.{76})/g, '$1\r\n');
    expect(recoverHash(merchant.publicKey, lines)).toBe(hashText('x'));
    for (const bad of ['', 'x', `${sign}=`, `${sign.slice(0, -4)}!!!!`, sign.slice(4)]) {
      expect(recoverHash(merchant.publicKey, bad)).toBeUndefined();
    }
    expect(recoverHash(pair().publicKey, sign)).toBeUndefined();
  });
});

describe('messages', () => {
  const fields = [
    ['version', 'V2.0'],
    ['merchant', '22294531'],
    ['note', 'a & b <c> "d"'],
    ['empty', ''],
    [
      'payList',
      [
        ['pay', [['payType', '0']]],
        ['pay', [['payType', '3']]],
      ],
    ],
  ] as const;

  test('come back as they were written', () => {
    const opened = openMessage(keys, sealInner(desKey, signInner(keys, fields)) ?? '');
    if (!opened.ok) throw new Error(opened.error);
    const read = opened.value.fields;
    expect(textOf(read, 'note')).toBe('a & b <c> "d"');
    expect(textOf(read, 'empty')).toBeUndefined();
    const [list] = childrenOf(read, 'payList');
    expect(childrenOf(list, 'pay').map((pay) => textOf(pay, 'payType'))).toEqual(['0', '3']);
  });

  test('are one line', () => {
    const inner = signInner(keys, [['note', 'two\r\nlines\tand \u0007more']]);
    expect(inner).toContain('<note>two lines and more</note>');
    expect(inner).not.toMatch(/[\r\n\t]/);
    expect(inner.indexOf('<sign>')).toBeGreaterThan(inner.indexOf('</note>'));
  });

  test('verify in either form of the declaration, with or without line breaks', () => {
    const signed = signInner(keys, fields);
    const sign = /<sign>.*<\/sign>/.exec(signed)?.[0] ?? '';
    const forms = [
      signed,
      signed.replace('"?>', '" ?>'),
      signed.replace('?><', '?>\n<'),
      signed.replaceAll('><', '>\r\n\t<'),
    ];
    for (const form of forms) {
      expect(form).toContain(sign.slice(0, 20));
      expect(openMessage(keys, sealInner(desKey, form) ?? '').ok).toBe(true);
    }
    const other = signed.replace('encoding="UTF-8"', 'encoding="GBK"');
    expect(openMessage(keys, sealInner(desKey, other) ?? '').ok).toBe(false);
  });

  test.each([
    ['no sign', (text: string) => text.replace(/<sign>.*<\/sign>/, ''), 'unsigned'],
    ['two signs', (text: string) => text.replace(/(<sign>.*<\/sign>)/, '$1$1'), 'unsigned'],
    ['a changed value', (text: string) => text.replace('22294531', '22294532'), 'bad_signature'],
    ['a blank more', (text: string) => text.replace('</jdpay>', ' </jdpay>'), 'bad_signature'],
    ['another sign', (text: string) => text.replace(/<sign>./, '<sign>/'), 'bad_signature'],
  ])('are refused with %s', (_name, change, flaw) => {
    const sealed = sealInner(desKey, change(signInner(keys, fields))) ?? '';
    expect(openMessage(keys, sealed)).toEqual({ ok: false, error: flaw });
  });

  test('are refused where they are signed but no message', () => {
    const sealed = (text: string) => {
      const signed = text.replace(
        '</jdpay>',
        `<sign>${signText(keys.privateKey, text)}</sign></jdpay>`,
      );
      return openMessage(keys, sealInner(desKey, signed) ?? '');
    };
    expect(sealed('<jdpay><version>V2.0</version></jdpay>').ok).toBe(true);
    for (const text of [
      '<jdpay><version>V1.0</version></jdpay>',
      '<jdpay><version>V2.0</version><version>V2.0</version></jdpay>',
      '<!DOCTYPE jdpay><jdpay><version>V2.0</version></jdpay>',
      '<jdpay><version>V2.0</version><a></jdpay>',
      '<other><jdpay><version>V2.0</version></jdpay></other>',
    ]) {
      expect(sealed(text)).toEqual({ ok: false, error: 'not_xml' });
    }
  });

  test('are no longer than clients take', () => {
    const text = signInner(keys, [['note', 'x'.repeat(PLAIN_BYTES_MAX)]]);
    expect(sealInner(desKey, text)).toBeUndefined();
    const longest = encryptText(desKey, 'x'.repeat(PLAIN_BYTES_MAX)) ?? '';
    expect(decryptText(desKey, longest)?.length).toBe(PLAIN_BYTES_MAX);
    expect(decryptText(desKey, `${longest}${'0'.repeat(16)}`)).toBeUndefined();
  });

  test('are opened by the second reading, and the other way round', () => {
    const foreign = {
      merchant: '22294531',
      private_key: pemOf(merchant.privateKey),
      jd_public_key: pemOf(merchant.publicKey),
      des_key: DEMO_DES_KEY,
    };
    const result = { code: '000000', desc: '成功' };
    const encrypt = sealInner(desKey, signInner(keys, fields)) ?? '';
    const ours = writeOuter({ merchant: foreign.merchant, result, encrypt });
    expect(second.valueIn(second.reply(foreign, ours).inner ?? '', 'note')).toBe('a & b <c> "d"');
    const theirs = readOuter(Buffer.from(second.request(foreign, { note: '一 & 二' })));
    const opened = openMessage(keys, theirs?.encrypt ?? '');
    expect(opened.ok && textOf(opened.value.fields, 'note')).toBe('一 & 二');
  });
});

describe('XML', () => {
  test.each([
    '',
    'x',
    '<a>',
    '<a></b>',
    '<a></a><b></b>',
    '<a><!-- c --></a>',
    '<a><![CDATA[x]]></a>',
    '<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>',
    '<a><?php ?></a>',
    `${'<a>'.repeat(40)}${'</a>'.repeat(40)}`,
  ])('refuses %s', (text) => {
    expect(readXml(text)).toBeUndefined();
  });

  test('knows its own entities and no others', () => {
    const read = readXml('<a><b>&lt;&amp;lt;&#20013;&#x4e2d;&nope;&#0;</b></a>');
    expect(textOf(read, 'b')).toBe('<&lt;中中&nope;&#0;');
  });

  test('returns no value of a repeated element', () => {
    expect(textOf(readXml('<a><b>1</b><b>2</b></a>'), 'b')).toBeUndefined();
    expect(textOf(readXml('<a><__proto__>1</__proto__></a>'), 'b')).toBeUndefined();
  });

  test('writes what it reads', () => {
    const value = fc.string({ unit: 'grapheme', maxLength: 40 });
    fc.assert(
      fc.property(value, (text) => {
        const read = textOf(readXml(writeXml('a', [['b', text]])), 'b') ?? '';
        // biome-ignore-start lint/suspicious/noControlCharactersInRegex: what one line leaves out
        const line = text
          .replace(/[\r\n\t]+/g, ' ')
          .replace(/[\u0000-\u001f\u007f\ufffe\uffff]/g, '');
        // biome-ignore-end lint/suspicious/noControlCharactersInRegex: what one line leaves out
        expect(read).toBe(line.trim());
      }),
    );
  });
});

describe('forms', () => {
  const plain = { version: 'V2.0', merchant: '22294531', tradeNum: '1', amount: '100', note: '' };

  test('come back as they were sealed; version, merchant and sign stay plain', () => {
    const sealed = sealForm(keys, plain)!;
    expect(sealed).toMatchObject({ version: 'V2.0', merchant: '22294531' });
    expect(sealed.amount).toBe(encryptText(desKey, '100'));
    expect('note' in sealed).toBe(false);
    const { note: _, ...kept } = plain;
    expect(openForm(keys, sealed)).toEqual({ ok: true, value: { ...kept, sign: sealed.sign } });
    expect(second.recover(sealed.sign ?? '', pemOf(merchant.publicKey))).toBe(
      second.sha256Hex(second.formText(plain)),
    );
  });

  test('are refused with any value changed, added or taken away', () => {
    const sealed = sealForm(keys, plain)!;
    const { amount: _, ...less } = sealed;
    const changes = [
      { ...sealed, amount: encryptText(desKey, '101')! },
      { ...sealed, merchant: '22294532' },
      { ...sealed, note: encryptText(desKey, 'x')! },
      less,
    ];
    for (const changed of changes) {
      expect(openForm(keys, changed)).toEqual({ ok: false, error: { code: 'bad_signature' } });
    }
    const { sign: __, ...unsigned } = sealed;
    expect(openForm(keys, unsigned)).toEqual({ ok: false, error: { code: 'unsigned' } });
    expect(openForm(keys, { ...sealed, amount: '100' })).toEqual({
      ok: false,
      error: { code: 'not_decryptable', field: 'amount' },
    });
  });

  test('refuse a repeated field', () => {
    expect(parseForm(Buffer.from('a=1&b=2&a=1'))).toEqual({
      ok: false,
      error: { code: 'malformed', field: 'a' },
    });
    expect(parseForm(Buffer.from('a=%31&b='))).toEqual({ ok: true, value: { a: '1', b: '' } });
  });
});

describe('small things', () => {
  test('the three sets of status numbers say different things', () => {
    expect(PAYMENT_STATUS.succeeded).toBe('2');
    expect(REFUND_STATUS.succeeded).toBe('1');
    expect(RETURN_SUCCEEDED).toBe('0');
  });

  test('times are Beijing’s', () => {
    expect(compactTime(Date.UTC(2026, 0, 31, 16, 5, 9))).toBe('20260201000509');
    expect(parseCompactTime('20260201000509')).toBe(Date.UTC(2026, 0, 31, 16, 5, 9));
    for (const bad of ['', '20260230000000', '2026020100050', '20260201240000', 'x0260201000509']) {
      expect(parseCompactTime(bad)).toBeUndefined();
    }
  });

  test('amounts are whole fen', () => {
    expect(fenOfText('100')).toBe(100n);
    for (const bad of [undefined, '', '1.00', '-1', '1e3', ' 1', '99999999999999']) {
      expect(fenOfText(bad)).toBeUndefined();
    }
  });

  test('keys are read in every format, and mix-ups are reported', () => {
    const privatePem = pemOf(merchant.privateKey);
    const bare = privatePem.replace(/-----[^-]+-----|\s/g, '');
    const pkcs1 = merchant.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
    for (const text of [privatePem, bare, pkcs1]) {
      expect(readPrivateKey(text)?.equals(createPrivateKey(privatePem))).toBe(true);
    }
    expect(readPublicKey(pemOf(merchant.publicKey))?.equals(merchant.publicKey)).toBe(true);
    expect(readPublicKey(privatePem)).toBeUndefined();
    expect(readPrivateKey('nonsense')).toBeUndefined();
    expect(readDesKey('AAAA')).toBeUndefined();
  });
});
