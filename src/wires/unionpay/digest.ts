/**
 * The hex texts that signatures are made of. Methods 01 and 21 sign the 64 ASCII characters of this
 * hex (so the message is hashed twice); methods 11 and 12 are such a hex themselves, keyed.
 */
import { createHash } from 'node:crypto';
import { bytesOf, type Encoding } from './canonical.ts';

const SIGN_METHODS = ['01', '11', '12', '21'] as const;
export type SignMethod = (typeof SIGN_METHODS)[number];
export type KeyedMethod = '11' | '12';

const HASHES = { '01': 'sha256', '11': 'sha256', '12': 'sm3', '21': 'sm3' } as const;

/** 64 lower-case hex digits over the text's bytes. */
export function digestHex(method: SignMethod, text: string, encoding: Encoding): string {
  return createHash(HASHES[method]).update(bytesOf(text, encoding)).digest('hex');
}

/** The signature of methods 11 and 12: hash(text & hash(key)). */
export function keyedDigestHex(
  method: KeyedMethod,
  text: string,
  secureKey: string,
  encoding: Encoding,
): string {
  const keyHex = digestHex(method, secureKey, 'UTF-8');
  return digestHex(method, `${text}&${keyHex}`, encoding);
}
