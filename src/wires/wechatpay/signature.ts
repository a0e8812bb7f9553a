/**
 * RSASSA-PKCS1-v1_5 with SHA-256. Signing runs on libuv's thread pool, so that it never blocks a
 * busy platform's event loop; verifying costs a thirtieth of that, less than the round trip to the
 * pool. Key objects are made once by their owners. A signature must be canonical base64: Node
 * decodes leniently, and with two texts for one signature a changed header would still verify.
 */
import { type KeyObject, sign, verify } from 'node:crypto';

export function signSha256(key: KeyObject, message: Uint8Array): Promise<string> {
  return new Promise((resolve, reject) => {
    sign('sha256', message, key, (error, signature) => {
      if (error === null) resolve(signature.toString('base64'));
      else reject(error);
    });
  });
}

/** False for anything that is not a signature of `message` by `key`; it never throws. */
export async function verifySha256(
  key: KeyObject,
  message: Uint8Array,
  signatureText: string,
): Promise<boolean> {
  const signature = canonicalBase64(signatureText);
  if (signature === undefined) return false;
  try {
    return verify('sha256', message, key, signature);
  } catch {
    return false;
  }
}

/** The bytes, if `text` is their one standard base64 spelling. */
export function canonicalBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.length > 0 && bytes.toString('base64') === text ? bytes : undefined;
}
