/**
 * RSA keys in the formats of Alipay's key tool, 2048 bits or more, as RSA2 requires. Parsed once
 * into key objects; their text is never kept and never part of an error.
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
