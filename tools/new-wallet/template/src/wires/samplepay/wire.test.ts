/**
 * The wire against a signature that the openssl command made, and against what is not genuine. An
 * example that the wallet published takes the vector's place: two ends of ours prove little.
 */
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { signedBytes, whatOfCall } from './canonical.ts';
import { HEADERS, openMessage, readFields, signedHeaders, writeFields } from './message.ts';
import { verifyBytes } from './signature.ts';
import { fenOfText } from './trade.ts';

/** `openssl dgst -sha256 -sign key.pem` over the text below. */
const VECTOR = {
  publicKey:
    'MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAoKEOGy10GcnNVfb8d1Xpbp/yTH37ALOCm/5n6blI' +
    'JGUCWpbHUtqET0UJvQGLPUIN9TWOmMzjBeQMF9NtPk0texPw2pAFo7NAVOLyatRbcI93zI5K5uhCZDykempE' +
    'Mdo9hvFJ19lPNh3ZsEdDL/e2OASNnQSoA+RcvE6ptYbM7WbkZqZWa35hKQZWGwhYmGDm2Osq16P2Lk36ks+J' +
    'kqirS45Y3ReOoFJW9NE+1WbufZZxKFnJpLu/R6vixiC/K9yntBsxVNp5aXyL+zJ0AXsRzGEzlTV/3IQtLDLj' +
    'Z4nNsxEUicG2VjSA1eYU8qN1hQgShWCQZU3+TY436wtpt0DMLwIDAQAB',
  text: 'POST /v1/orders/query\n1780000000\n0123456789abcdef\n{"order_no":"T1"}\n',
  signature:
    'X9ElGQcn9CF1h30JXkAXOWd6qVcF8rcd2mD2QKaxJrkO1CK9vp101F4PHy8u34Oo5VvkWIpoNEVcS5c5rWmY' +
    'X1JlWmJZLt224cgDPriogSRqDM6QvXoeFwJILOv0MplzkTKutbLyUlrcXQ5qIKyWPQvpfrdtCC2peaQJtjQJ' +
    'czwvQGwEeC+PtNxAEWpcDGP9besevw7YILZjlLUGcvbpUUuEf3afJS8U0GL39KwXJrmxM5nQGTF/+enppkhS' +
    '3xsWuVr/X4vt1UgE7W5aPxpB+QFnr+wwD7nX9kX8qw2Wqrrq/+UzkfvCupC0eLWM4DGjs+bSnUYYeGktPeHQ' +
    'FyvGHw==',
};

test('the vector: the text is built as the document says, and its signature verifies', () => {
  const bytes = signedBytes({
    what: whatOfCall('/v1/orders/query'),
    timestamp: '1780000000',
    nonce: '0123456789abcdef',
    body: Buffer.from('{"order_no":"T1"}'),
  });
  expect(bytes.toString()).toBe(VECTOR.text);
  const der = Buffer.from(VECTOR.publicKey, 'base64');
  const key = createPublicKey({ key: der, format: 'der', type: 'spki' });
  expect(verifyBytes(key, bytes, VECTOR.signature)).toBe(true);
  expect(verifyBytes(key, bytes.subarray(1), VECTOR.signature)).toBe(false);
  expect(verifyBytes(key, bytes, VECTOR.signature.replace(/=+$/, ''))).toBe(false);
});

const NOW_MS = 1_780_000_000_000;
const pair = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const body = writeFields({ order_no: 'T1', amount: '12345' });
const signed = signedHeaders(pair.privateKey, {
  ...{ what: 'answer', merchant: '9000000001', body, nowMs: NOW_MS, nonce: 'aaaaaaaaaaaaaaaa' },
});
const opened = (more: Partial<Parameters<typeof openMessage>[1]> = {}) =>
  openMessage(pair.publicKey, { what: 'answer', headers: signed, body, nowMs: NOW_MS, ...more });

test('a message is what was signed, at its time, as what it is, and nothing else', () => {
  expect(opened()).toEqual({ ok: true, value: { order_no: 'T1', amount: '12345' } });
  expect(opened({ what: 'notification' })).toEqual({ ok: false, error: 'bad_signature' });
  expect(opened({ nowMs: NOW_MS + 301_000 })).toEqual({ ok: false, error: 'stale' });
  expect(opened({ nowMs: NOW_MS - 301_000 })).toEqual({ ok: false, error: 'stale' });
  expect(opened({ headers: {} })).toEqual({ ok: false, error: 'unsigned' });
  const later = { ...signed, [HEADERS.timestamp]: '1780000001' };
  expect(opened({ headers: later })).toEqual({ ok: false, error: 'bad_signature' });
});

test('a body with one byte changed never verifies', () => {
  const place = fc.nat({ max: body.length - 1 });
  fc.assert(
    fc.property(place, fc.integer({ min: 1, max: 255 }), (at, mask) => {
      const changed = Buffer.from(body);
      changed[at] = (changed[at] ?? 0) ^ mask;
      expect(opened({ body: changed })).toEqual({ ok: false, error: 'bad_signature' });
    }),
    { numRuns: 300 },
  );
});

test('fields are a flat object of texts', () => {
  for (const text of ['', 'null', '[]', '"a"', '{"a":1}', '{"a":{}}', '{"a":null}', '{"a":"b"'])
    expect(readFields(Buffer.from(text)), text).toBeUndefined();
  expect(readFields(Buffer.from('{"a":"b"}'))).toEqual({ a: 'b' });
});

test('amounts are whole fen, and no other text is one', () => {
  expect(fenOfText('12345')).toBe(12_345n);
  for (const text of [undefined, '', '-1', '1.00', '1e3', ' 1', '12345678901234'])
    expect(fenOfText(text), String(text)).toBeUndefined();
});
