/**
 * RSA2 (SHA256withRSA). A signature must be canonical base64, or several texts would be one
 * signature.
 */
import type { KeyObject } from 'node:crypto';
import { signRsaSha256, verifyRsaSha256 } from '../keys/rsa-sha256.ts';

export async function signRsa2(text: string, privateKey: KeyObject): Promise<string> {
  return signRsaSha256(privateKey, Buffer.from(text, 'utf8'));
}

export async function verifyRsa2(
  text: string | Buffer,
  signature: string,
  publicKey: KeyObject,
): Promise<boolean> {
  const bytes = Buffer.from(signature, 'base64');
  if (bytes.length === 0 || bytes.toString('base64') !== signature) return false;
  const data = typeof text === 'string' ? Buffer.from(text, 'utf8') : text;
  return verifyRsaSha256(publicKey, data, bytes);
}
