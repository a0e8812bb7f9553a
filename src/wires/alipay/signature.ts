/**
 * RSA2 (SHA256withRSA), off the event loop: both directions use the callback form, which runs on
 * the thread pool. A signature must be canonical base64, or several texts would be one signature.
 */
import { type KeyObject, sign, verify } from 'node:crypto';

export function signRsa2(text: string, privateKey: KeyObject): Promise<string> {
  return new Promise((resolve, reject) => {
    sign('RSA-SHA256', Buffer.from(text, 'utf8'), privateKey, (error, signature) => {
      if (error !== null) reject(error);
      else resolve(signature.toString('base64'));
    });
  });
}

export function verifyRsa2(
  text: string | Buffer,
  signature: string,
  publicKey: KeyObject,
): Promise<boolean> {
  const bytes = Buffer.from(signature, 'base64');
  if (bytes.length === 0 || bytes.toString('base64') !== signature) return Promise.resolve(false);
  const data = typeof text === 'string' ? Buffer.from(text, 'utf8') : text;
  return new Promise((resolve) => {
    verify('RSA-SHA256', data, publicKey, bytes, (error, valid) => {
      resolve(error === null && valid);
    });
  });
}
