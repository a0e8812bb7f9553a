/**
 * Keys as JD's merchant platform hands them out: RSA as PEM or bare base64 (PKCS#8, PKCS#1, SPKI),
 * 1024 bits or more, and a 24-byte 3DES key in base64. Read once into key objects; their text is
 * never kept and never stands in an error.
 */
import { createPrivateKey, createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';
import { canonicalBase64 } from './signature.ts';
import { DES_KEY_BYTES } from './triple-des.ts';

/** JD's own demo keys have 1024 bits. */
const MODULUS_BITS_MIN = 1_024;

function derOf(text: string): Buffer | undefined {
  return canonicalBase64(text.replace(/-----(BEGIN|END) [A-Z ]+-----/g, ''));
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

export function readDesKey(text: string): KeyObject | undefined {
  const bytes = canonicalBase64(text);
  return bytes?.length === DES_KEY_BYTES ? createSecretKey(bytes) : undefined;
}
