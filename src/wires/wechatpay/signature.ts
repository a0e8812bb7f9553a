/**
 * RSASSA-PKCS1-v1_5 with SHA-256. A signature must be canonical base64: Node decodes leniently, and
 * with two texts for one signature a changed header would still verify.
 */
import type { KeyObject } from 'node:crypto';
import { signRsaSha256, verifyRsaSha256 } from '../keys/rsa-sha256.ts';

export async function signSha256(key: KeyObject, message: Uint8Array): Promise<string> {
  return signRsaSha256(key, message);
}

/** False for anything that is not a signature of `message` by `key`; it never throws. */
export async function verifySha256(
  key: KeyObject,
  message: Uint8Array,
  signatureText: string,
): Promise<boolean> {
  const signature = canonicalBase64(signatureText);
  return signature !== undefined && verifyRsaSha256(key, message, signature);
}

/** The bytes, if `text` is their one standard base64 spelling. */
export function canonicalBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.length > 0 && bytes.toString('base64') === text ? bytes : undefined;
}
