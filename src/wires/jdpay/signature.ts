/**
 * JD's signature: the 64 lower-case hex characters of SHA-256 are themselves encrypted with the RSA
 * private key under PKCS#1 v1.5 type-1 padding. There is no DigestInfo, so this is not
 * SHA256withRSA; and the signed hash can be recovered, so that a refusal can say what differs.
 */
import { constants, createHash, type KeyObject, privateEncrypt, publicDecrypt } from 'node:crypto';
import { canonicalBase64 } from '../keys/canonical-base64.ts';

const padding = constants.RSA_PKCS1_PADDING;

export function hashText(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

export function signText(key: KeyObject, text: string): string {
  return privateEncrypt({ key, padding }, Buffer.from(hashText(text), 'latin1')).toString('base64');
}

/** The bytes that the key's holder encrypted; undefined if the key does not open the sign. */
export function recoverSigned(key: KeyObject, sign: string): Buffer | undefined {
  const bytes = canonicalBase64(sign);
  if (bytes === undefined) return undefined;
  try {
    return publicDecrypt({ key, padding }, bytes);
  } catch {
    return undefined;
  }
}

/** The hash that was signed: 64 lower-case hex characters and nothing else. */
export function recoverHash(key: KeyObject, sign: string): string | undefined {
  const text = recoverSigned(key, sign)?.toString('latin1') ?? '';
  return /^[0-9a-f]{64}$/.test(text) ? text : undefined;
}
