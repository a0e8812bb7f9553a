/** RSA with SHA-256 under PKCS#1 v1.5, in base64 of one spelling. */
import { type KeyObject, sign, verify } from 'node:crypto';
import { canonicalBase64 } from '../keys/canonical-base64.ts';

export function signBytes(key: KeyObject, bytes: Buffer): string {
  return sign('sha256', bytes, key).toString('base64');
}

export function verifyBytes(key: KeyObject, bytes: Buffer, signature: string): boolean {
  const raw = canonicalBase64(signature);
  return raw !== undefined && verify('sha256', bytes, key, raw);
}
