/**
 * RSASSA-PKCS1-v1_5 with SHA-256, both directions on the event loop: a signature costs 0.6 ms, and
 * handing it to libuv's thread pool and back wakes two threads for it, which costs as much again on
 * a process that is not busy. A process uses one processor anyway; more of them are more processes.
 */
import { type KeyObject, sign, verify } from 'node:crypto';

/** The signature in base64. */
export function signRsaSha256(key: KeyObject, message: Uint8Array): string {
  return sign('sha256', message, key).toString('base64');
}

/** False for anything that is not a signature of `message` by `key`; it never throws. */
export function verifyRsaSha256(
  key: KeyObject,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  try {
    return verify('sha256', message, key, signature);
  } catch {
    return false;
  }
}
