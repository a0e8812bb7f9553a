/**
 * Published vectors where there are some; otherwise bytes that an outside SDK makes or reads. The
 * GCM vector is the one of the official Go SDK's own test (Apache-2.0, wechatpay-apiv3).
 */
import { createSecretKey, generateKeyPairSync } from 'node:crypto';
import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatAuthorization, parseAuthorization } from './authorization.ts';
import { invocationMessage, requestMessage, responseMessage } from './canonical.ts';
import { parseErrorBody } from './error-body.ts';
import { decryptField, encryptField } from './field-cipher.ts';
import { readSignatureHeaders, signMessage, verifyMessage } from './message.ts';
import { openResource, sealResource } from './resource.ts';
import { canonicalBase64, signSha256, verifySha256 } from './signature.ts';
import { formatTime, parseTime } from './time.ts';
import { isPlainText } from './trade.ts';

const { Aes, Rsa, Formatter } = createRequire(import.meta.url)('wechatpay-axios-plugin');
const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
const key = createSecretKey(Buffer.from('0123456789abcdef0123456789abcdef'));

describe('canonical strings', () => {
  test('a GET ends in an empty body line', () => {
    const message = requestMessage({
      method: 'GET',
      target: '/v3/certificates',
      timestamp: '1554208460',
      nonce: '593BEC0C930BF1AFEB40B4A08C8FB242',
      body: Buffer.alloc(0),
    });
    expect(message.toString()).toBe(
      'GET\n/v3/certificates\n1554208460\n593BEC0C930BF1AFEB40B4A08C8FB242\n\n',
    );
  });

  test('204 signs an empty body', () => {
    const message = responseMessage({ timestamp: '1', nonce: 'n', body: Buffer.alloc(0) });
    expect(message.toString()).toBe('1\nn\n\n');
  });

  test('the documentation’s invocation sample', () => {
    const message = invocationMessage({
      appid: 'wx2421b1c4370ec43b',
      timestamp: '1554208460',
      nonce: '593BEC0C930BF1AFEB40B4A08C8FB242',
      prepay: 'prepay_id=wx201410272009395522657a690389285100',
    });
    expect(message.toString()).toBe(
      'wx2421b1c4370ec43b\n1554208460\n593BEC0C930BF1AFEB40B4A08C8FB242\n' +
        'prepay_id=wx201410272009395522657a690389285100\n',
    );
  });

  test('property: both strings are the SDK’s for any text', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (target, nonce, text) => {
        const body = Buffer.from(text);
        const sdkBody = body.toString('utf8');
        expect(
          requestMessage({ method: 'POST', target, timestamp: '1', nonce, body }).toString(),
        ).toBe(Buffer.from(Formatter.request('POST', target, '1', nonce, sdkBody)).toString());
        expect(responseMessage({ timestamp: '1', nonce, body }).toString()).toBe(
          Buffer.from(Formatter.response('1', nonce, sdkBody)).toString(),
        );
      }),
    );
  });
});

describe('AEAD_AES_256_GCM', () => {
  test('the Go SDK’s vector', () => {
    const opened = openResource(createSecretKey(Buffer.from('testAPIv3Key0000')), {
      algorithm: 'AEAD_AES_256_GCM',
      nonce: 'wCq51qZv4Yfg',
      associated_data: 'Dl56FrqWQJF1t9LtC3vEUsniZKvbqdR8',
      ciphertext: 'FsdXzxryWfKwvLJKf8LG/ToRPTRh8RN9wROC',
    });
    expect(opened).toBe('Hello World');
  });

  test('property: the SDK opens what we seal and we open what it seals', () => {
    const nonce = 'Kj7QIyUiYx1q';
    const sdkKey = '0123456789abcdef0123456789abcdef';
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (text, aad) => {
        const plaintext = Buffer.from(text).toString();
        const associatedData = Buffer.from(aad).toString();
        const sealed = sealResource(key, { plaintext, nonce, associatedData });
        expect(Aes.AesGcm.decrypt(sealed.ciphertext, sdkKey, nonce, associatedData)).toBe(
          plaintext,
        );
        const ciphertext = Aes.AesGcm.encrypt(plaintext, sdkKey, nonce, associatedData);
        expect(openResource(key, { ...sealed, ciphertext })).toBe(plaintext);
      }),
    );
  });

  test('property: whatever comes, opening never throws', () => {
    fc.assert(
      fc.property(fc.anything(), fc.string(), fc.string(), (thing, nonce, ciphertext) => {
        expect(openResource(key, thing)).toBeUndefined();
        const shaped = { algorithm: 'AEAD_AES_256_GCM', nonce, ciphertext };
        expect(openResource(key, shaped)).toBeUndefined();
      }),
    );
  });

  test('absent associated_data is the empty text', () => {
    const { associated_data: _none, ...sealed } = sealResource(key, {
      plaintext: 'x',
      nonce: 'Kj7QIyUiYx1q',
      associatedData: '',
    });
    expect(openResource(key, sealed)).toBe('x');
  });
});

describe('RSA', () => {
  test('the SDK verifies ours and we verify the SDK’s', async () => {
    const message = '签名\n';
    const ours = await signSha256(pair.privateKey, Buffer.from(message));
    expect(Rsa.verify(message, ours, pair.publicKey)).toBe(true);
    const theirs = Rsa.sign(message, pair.privateKey);
    expect(theirs).toBe(ours);
    expect(await verifySha256(pair.publicKey, Buffer.from(message), theirs)).toBe(true);
  });

  test('another spelling of the same signature bytes is refused', async () => {
    const signature = await signSha256(pair.privateKey, Buffer.from('m'));
    const spare = { A: 'B', Q: 'R', g: 'h', w: 'x' }[signature.charAt(341)] ?? '';
    const respelled = `${signature.slice(0, 341)}${spare}==`;
    expect(Buffer.from(respelled, 'base64')).toEqual(Buffer.from(signature, 'base64'));
    expect(await verifySha256(pair.publicKey, Buffer.from('m'), respelled)).toBe(false);
    for (const text of ['', '%%%', ` ${signature}`, `${signature}\n`, signature.slice(0, -1)]) {
      expect(await verifySha256(pair.publicKey, Buffer.from('m'), text)).toBe(false);
    }
  });

  test('fields: OAEP both ways with the SDK, 214 bytes at most', () => {
    const sealed = encryptField(pair.publicKey, '卡号');
    expect(Rsa.decrypt(sealed, pair.privateKey)).toBe('卡号');
    expect(decryptField(pair.privateKey, Rsa.encrypt('姓名', pair.publicKey))).toBe('姓名');
    expect(encryptField(pair.publicKey, 'x'.repeat(214))).toBeDefined();
    expect(encryptField(pair.publicKey, 'x'.repeat(215))).toBeUndefined();
    expect(decryptField(pair.privateKey, 'YWJj')).toBeUndefined();
  });
});

describe('Authorization', () => {
  const parts = {
    mchid: '1900000109',
    nonce: 'n',
    signature: 'c2ln',
    timestamp: '1554208460',
    serialNo: 'AB',
  };

  test('round trip, and the SDK’s own order of parameters', () => {
    expect(parseAuthorization(formatAuthorization(parts))).toEqual(parts);
    const sdk = Formatter.authorization('1900000109', 'n', 'c2ln', '1554208460', 'AB');
    expect(parseAuthorization(sdk)).toEqual(parts);
  });

  test.each([
    [undefined, 'scheme'],
    ['', 'scheme'],
    ['Bearer x', 'scheme'],
    ['WECHATPAY2-SM2-WITH-SM3 mchid="1"', 'scheme'],
    ['WECHATPAY2-SHA256-RSA2048 ', 'parameters'],
    [`${formatAuthorization(parts)},mchid="2"`, 'parameters'],
    [formatAuthorization(parts).replace('1554208460', '155420846x'), 'parameters'],
    [formatAuthorization(parts).replace(',', ', '), 'parameters'],
  ])('%s', (header, flaw) => {
    expect(parseAuthorization(header)).toBe(flaw);
  });
});

describe('signed messages', () => {
  const nowMs = 1_700_000_000_000;
  const body = Buffer.from('{"a":1}');
  const signed = async () => {
    const signer = { serial: 'AB', privateKey: pair.privateKey };
    const made = await signMessage(signer, { timestamp: '1700000000', nonce: 'n' }, body);
    return Object.fromEntries(
      Object.entries(made).map(([name, text]) => [name.toLowerCase(), text]),
    );
  };

  test('holds; and the window is 300 s both ways', async () => {
    const headers = await signed();
    for (const [seconds, code] of [
      [0, 'ok'],
      [300, 'ok'],
      [-300, 'ok'],
      [301, 'stale'],
      [-301, 'stale'],
    ] as const) {
      const read = readSignatureHeaders(headers, nowMs + seconds * 1000);
      expect(read.ok ? 'ok' : read.error.code).toBe(code);
    }
    const read = readSignatureHeaders(headers, nowMs);
    expect(read.ok && (await verifyMessage(read.value, body, pair.publicKey)).ok).toBe(true);
  });

  test('flaws have names', async () => {
    const headers = await signed();
    const code = (change: Record<string, string>) => {
      const read = readSignatureHeaders({ ...headers, ...change }, nowMs);
      return read.ok ? 'ok' : read.error.code;
    };
    expect(code({ 'wechatpay-nonce': '' })).toBe('incomplete');
    expect(code({ 'wechatpay-timestamp': 'soon' })).toBe('incomplete');
    expect(code({ 'wechatpay-signature': 'WECHATPAY/SIGNTEST/%%%' })).toBe('probe');
    expect(code({ 'wechatpay-signature-type': 'WECHATPAY2-SM2-WITH-SM3' })).toBe('mismatch');
    const read = readSignatureHeaders(headers, nowMs);
    const unknown = read.ok ? await verifyMessage(read.value, body, undefined) : read;
    expect(unknown.ok ? '' : unknown.error.code).toBe('unknown_serial');
  });
});

describe('small things', () => {
  test('both spellings of a code are one', () => {
    const code = (text: string) => parseErrorBody(Buffer.from(text))?.code;
    expect(code('{"code":"ORDERPAID","message":"x"}')).toBe('ORDER_PAID');
    expect(code('{"code":"RATELIMIT_EXCEEDED"}')).toBe('FREQUENCY_LIMITED');
    for (const text of ['', '<html>', 'null', '[]', '{"code":1}', '{"cod']) {
      expect(code(text)).toBeUndefined();
    }
  });

  test('times are Beijing’s', () => {
    expect(formatTime(Date.UTC(2018, 5, 8, 2, 34, 56))).toBe('2018-06-08T10:34:56+08:00');
    expect(parseTime('2018-06-08T10:34:56.120+08:00')).toBe(Date.UTC(2018, 5, 8, 2, 34, 56, 120));
    for (const text of ['', '2018-06-08', '2018-06-08T10:34:56', '2018-13-08T10:34:56Z']) {
      expect(parseTime(text)).toBeUndefined();
    }
  });

  test('base64 has one spelling', () => {
    expect(canonicalBase64('YQ==')?.toString()).toBe('a');
    for (const text of ['YR==', 'YQ', 'YQ=', 'Y Q==', '_-==', '']) {
      expect(canonicalBase64(text)).toBeUndefined();
    }
  });

  test('emoji, surrogates and control characters are not plain text', () => {
    expect(isPlainText('丝绸 silk\n')).toBe(true);
    for (const text of ['🎁', '\u0000', '\ud83c', '\u001b[']) expect(isPlainText(text)).toBe(false);
  });
});
