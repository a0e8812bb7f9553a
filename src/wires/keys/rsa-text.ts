/**
 * RSA keys in every form that wallets' consoles and key tools hand out: PEM or the bare base64 of
 * PKCS#8, PKCS#1 or SPKI, broken into lines or not. Keys are read once into key objects; their text
 * is never kept and never stands in an error. How many bits are enough is the wallet's to say.
 */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { canonicalBase64 } from './canonical-base64.ts';

export function readRsaPrivateKey(text: string, modulusBitsMin: number): KeyObject | undefined {
  const key = derOf(text);
  if (key === undefined) return undefined;
  return firstRsaKey(modulusBitsMin, [
    () => createPrivateKey({ key, format: 'der', type: 'pkcs8' }),
    () => createPrivateKey({ key, format: 'der', type: 'pkcs1' }),
  ]);
}

export function readRsaPublicKey(text: string, modulusBitsMin: number): KeyObject | undefined {
  // A private key would be accepted by createPublicKey; here it is a mix-up that must be told.
  if (text.includes('PRIVATE KEY')) return undefined;
  const key = derOf(text);
  if (key === undefined) return undefined;
  return firstRsaKey(modulusBitsMin, [
    () => createPublicKey({ key, format: 'der', type: 'spki' }),
    () => createPublicKey({ key, format: 'der', type: 'pkcs1' }),
  ]);
}

function derOf(text: string): Buffer | undefined {
  return canonicalBase64(text.replace(/-----(BEGIN|END) [A-Z ]+-----/g, ''));
}

function firstRsaKey(
  modulusBitsMin: number,
  readers: readonly (() => KeyObject)[],
): KeyObject | undefined {
  for (const read of readers) {
    try {
      const key = read();
      const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
      if (key.asymmetricKeyType === 'rsa' && bits >= modulusBitsMin) return key;
    } catch {
      // The next form may fit; a key that fits none is the caller's coded error.
    }
  }
  return undefined;
}
