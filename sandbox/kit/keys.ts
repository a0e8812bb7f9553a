/** Key objects by their text, each parsed once; they are released with their city. */
import {
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  type KeyObject,
  X509Certificate,
} from 'node:crypto';
import type { CityKit } from './kit.ts';

interface KeyObjects {
  readonly privateKey: (pem: string) => KeyObject;
  readonly publicKey: (pem: string) => KeyObject;
  /** The key that a certificate was issued for. */
  readonly certified: (certificatePem: string) => KeyObject;
  readonly secret: (text: string, encoding?: BufferEncoding) => KeyObject;
}

const kept = new WeakMap<CityKit, KeyObjects>();

export function keysOf(kit: CityKit): KeyObjects {
  const keys = kept.get(kit) ?? openKeys();
  kept.set(kit, keys);
  return keys;
}

function openKeys(): KeyObjects {
  const objects = new Map<string, KeyObject>();
  const once = (kind: string, text: string, read: () => KeyObject): KeyObject => {
    const name = `${kind} ${text}`;
    const key = objects.get(name) ?? read();
    objects.set(name, key);
    return key;
  };
  return {
    privateKey: (pem) => once('private', pem, () => createPrivateKey(pem)),
    publicKey: (pem) => once('public', pem, () => createPublicKey(pem)),
    certified: (pem) => once('certified', pem, () => new X509Certificate(pem).publicKey),
    secret: (text, encoding = 'utf8') =>
      once(encoding, text, () => createSecretKey(Buffer.from(text, encoding))),
  };
}
