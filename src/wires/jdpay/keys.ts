/**
 * Keys as JD's merchant platform issues them: RSA of 1024 bits or more, and a 3DES key of 24 bytes
 * in base64. Parsed once into key objects; their text is never kept and never part of an error.
 */
import { createSecretKey, type KeyObject } from 'node:crypto';
import { canonicalBase64 } from '../keys/canonical-base64.ts';
import { readRsaPrivateKey, readRsaPublicKey } from '../keys/rsa-text.ts';
import { DES_KEY_BYTES } from './triple-des.ts';

/** JD's own demo keys have 1024 bits. */
const MODULUS_BITS_MIN = 1_024;

export function readPrivateKey(text: string): KeyObject | undefined {
  return readRsaPrivateKey(text, MODULUS_BITS_MIN);
}

export function readPublicKey(text: string): KeyObject | undefined {
  return readRsaPublicKey(text, MODULUS_BITS_MIN);
}

export function readDesKey(text: string): KeyObject | undefined {
  const bytes = canonicalBase64(text);
  return bytes?.length === DES_KEY_BYTES ? createSecretKey(bytes) : undefined;
}
