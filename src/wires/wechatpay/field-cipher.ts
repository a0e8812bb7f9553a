/**
 * Sensitive fields (names, account numbers): RSAES-OAEP with SHA-1 and MGF1-SHA1, base64. In
 * requests they are encrypted with the platform's key, named in `Wechatpay-Serial`; in answers with
 * the merchant certificate's. Plaintexts are never logged.
 */
import { constants, type KeyObject, privateDecrypt, publicEncrypt } from 'node:crypto';
import { canonicalBase64 } from './signature.ts';

const OAEP = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' } as const;
/** 2048-bit modulus less OAEP's 42 bytes. */
const FIELD_BYTES_MAX = 214;

export function encryptField(key: KeyObject, plaintext: string): string | undefined {
  const bytes = Buffer.from(plaintext);
  if (bytes.length > FIELD_BYTES_MAX) return undefined;
  return publicEncrypt({ key, ...OAEP }, bytes).toString('base64');
}

export function decryptField(key: KeyObject, ciphertext: string): string | undefined {
  const bytes = canonicalBase64(ciphertext);
  if (bytes === undefined) return undefined;
  try {
    return privateDecrypt({ key, ...OAEP }, bytes).toString('utf8');
  } catch {
    return undefined;
  }
}
