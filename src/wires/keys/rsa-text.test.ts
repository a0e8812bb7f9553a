import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalBase64 } from './canonical-base64.ts';
import { readRsaPrivateKey, readRsaPublicKey } from './rsa-text.ts';

const pair = generateKeyPairSync('rsa', { modulusLength: 1_024 });
const bareOf = (pem: string) => pem.replace(/-----.*-----|\n/g, '');

describe('base64', () => {
  test('property: its bytes come back, broken into lines or not', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1 }), (bytes) => {
        const text = Buffer.from(bytes).toString('base64');
        expect(canonicalBase64(text)).toEqual(Buffer.from(bytes));
        expect(canonicalBase64(text.replace(/(.{4})/g, '$1\r\n'))).toEqual(Buffer.from(bytes));
      }),
    );
  });
  test('has one spelling', () => {
    expect(canonicalBase64('YQ==')?.toString()).toBe('a');
    for (const text of ['', 'YQ', 'YQ=', 'YR==', 'YQ==YQ==', 'YQ==.', '-_==', '\u00a0YQ==']) {
      expect(canonicalBase64(text), text).toBeUndefined();
    }
  });
});

describe('RSA keys', () => {
  const spki = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const publicPkcs1 = pair.publicKey.export({ type: 'pkcs1', format: 'pem' }).toString();
  const pkcs8 = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const pkcs1 = pair.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();

  test('every form of one key is that key', () => {
    for (const pem of [pkcs8, pkcs1]) {
      for (const text of [pem, bareOf(pem), pem.replaceAll('\n', '\r\n')]) {
        expect(readRsaPrivateKey(text, 1_024)?.equals(pair.privateKey)).toBe(true);
      }
    }
    for (const pem of [spki, publicPkcs1]) {
      for (const text of [pem, bareOf(pem)]) {
        expect(readRsaPublicKey(text, 1_024)?.equals(pair.publicKey)).toBe(true);
      }
    }
  });

  test('shorter ones than the wallet asks for are refused', () => {
    expect(readRsaPrivateKey(pkcs8, 1_025)).toBeUndefined();
    expect(readRsaPublicKey(spki, 1_025)).toBeUndefined();
  });

  test('mix-ups, other keys and damaged text are refused', () => {
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const ecPrivate = ec.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const ecPublic = ec.publicKey.export({ type: 'spki', format: 'pem' }).toString();
    for (const text of [spki, ecPrivate, '', `${bareOf(pkcs8)}!`, bareOf(pkcs8).slice(0, -3)]) {
      expect(readRsaPrivateKey(text, 1_024)).toBeUndefined();
    }
    for (const text of [pkcs8, pkcs1, ecPublic, 'not a key', bareOf(spki).slice(0, -3)]) {
      expect(readRsaPublicKey(text, 1_024)).toBeUndefined();
    }
  });
});
