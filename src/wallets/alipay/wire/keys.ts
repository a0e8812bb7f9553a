/**
 * RSA keys in every form that Alipay's key tool hands out: PEM in PKCS#1 or PKCS#8, or the bare
 * base64 of either, broken into lines or not. Keys are read once into key objects; their text is
 * never kept and never stands in an error.
 */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';

const MODULUS_BITS_MIN = 2048;

function derOf(text: string): Buffer | undefined {
  const body = text.replace(/-----(BEGIN|END) [A-Z ]+-----/g, '').replace(/\s+/g, '');
  if (body === '' || !/^[A-Za-z0-9+/]+={0,2}$/.test(body)) return undefined;
  return Buffer.from(body, 'base64');
}

function firstRsaKey(readers: readonly (() => KeyObject)[]): KeyObject | undefined {
  for (const read of readers) {
    try {
      const key = read();
      const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
      if (key.asymmetricKeyType === 'rsa' && bits >= MODULUS_BITS_MIN) return key;
    } catch {
      // The next form may fit; a key that fits none is the caller's coded error.
    }
  }
  return undefined;
}

export function readPrivateKey(text: string): KeyObject | undefined {
  const key = derOf(text);
  if (key === undefined) return undefined;
  return firstRsaKey([
    () => createPrivateKey({ key, format: 'der', type: 'pkcs8' }),
    () => createPrivateKey({ key, format: 'der', type: 'pkcs1' }),
  ]);
}

export function readPublicKey(text: string): KeyObject | undefined {
  // A private key would be accepted by createPublicKey; here it is a mix-up that must be told.
  if (text.includes('PRIVATE KEY')) return undefined;
  const key = derOf(text);
  if (key === undefined) return undefined;
  return firstRsaKey([
    () => createPublicKey({ key, format: 'der', type: 'spki' }),
    () => createPublicKey({ key, format: 'der', type: 'pkcs1' }),
  ]);
}
