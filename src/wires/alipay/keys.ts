/**
 * RSA keys in the forms that Alipay's key tool hands out, 2048 bits or more, as RSA2 asks for. Read
 * once into key objects; their text is never kept and never stands in an error.
 */
import type { KeyObject } from 'node:crypto';
import { readRsaPrivateKey, readRsaPublicKey } from '../keys/rsa-text.ts';

const MODULUS_BITS_MIN = 2_048;

export function readPrivateKey(text: string): KeyObject | undefined {
  return readRsaPrivateKey(text, MODULUS_BITS_MIN);
}

export function readPublicKey(text: string): KeyObject | undefined {
  return readRsaPublicKey(text, MODULUS_BITS_MIN);
}
