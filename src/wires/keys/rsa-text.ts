/**
 * RSA keys in every format of wallets' consoles and key tools: PEM or the bare base64 of PKCS#8,
 * PKCS#1 or SPKI, with or without line breaks. Keys are parsed once into key objects; their text is
 * never kept and never part of an error. Each wallet decides the minimum key size.
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
  // createPublicKey would accept a private key; here that is a mix-up that must be reported.
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
      // The next format may fit; a key that fits none gives the caller's coded error.
    }
  }
  return undefined;
}
