/**
 * JD's field and body encryption: DES-EDE3-ECB without automatic padding. The plain bytes are a
 * four-byte big-endian length, the UTF-8 text, and zero bytes up to a multiple of eight; the
 * ciphertext is lower-case hex. It encrypts but does not authenticate: only the signature inside
 * does, so its output must not be trusted by itself.
 */
import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto';
import { assert } from '../../kernel/assert.ts';

const ALGORITHM = 'des-ede3';
const BLOCK_BYTES = 8;
const LENGTH_BYTES = 4;
export const DES_KEY_BYTES = 24;

/** The clients' limit on a message; both ends of this wire use it. */
export const PLAIN_BYTES_MAX = 16_384;

/** undefined = too long for a message. */
export function encryptText(key: KeyObject, text: string): string | undefined {
  assert(key.symmetricKeySize === DES_KEY_BYTES, 'a 3DES key has 24 bytes');
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length > PLAIN_BYTES_MAX) return undefined;
  const used = LENGTH_BYTES + bytes.length;
  const plain = Buffer.alloc(Math.ceil(used / BLOCK_BYTES) * BLOCK_BYTES);
  plain.writeUInt32BE(bytes.length, 0);
  bytes.copy(plain, LENGTH_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, null).setAutoPadding(false);
  return Buffer.concat([cipher.update(plain), cipher.final()]).toString('hex');
}

/** The text, or undefined: not hex, not whole blocks, a length that does not fit, not UTF-8. */
export function decryptText(key: KeyObject, hex: string): string | undefined {
  assert(key.symmetricKeySize === DES_KEY_BYTES, 'a 3DES key has 24 bytes');
  const isWhole = hex.length > 0 && hex.length % (2 * BLOCK_BYTES) === 0;
  if (!isWhole || hex.length > 2 * (PLAIN_BYTES_MAX + BLOCK_BYTES)) return undefined;
  if (!/^[0-9a-fA-F]+$/.test(hex)) return undefined;
  const bytes = Buffer.from(hex, 'hex');
  const decipher = createDecipheriv(ALGORITHM, key, null).setAutoPadding(false);
  // Under another key the length in the first block is noise: that ends decryption early.
  const head = decipher.update(bytes.subarray(0, BLOCK_BYTES));
  const length = head.readUInt32BE(0);
  if (length > bytes.length - LENGTH_BYTES) return undefined;
  const tail = decipher.update(bytes.subarray(BLOCK_BYTES));
  const plain = Buffer.concat([head, tail, decipher.final()]);
  try {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    return decoder.decode(plain.subarray(LENGTH_BYTES, LENGTH_BYTES + length));
  } catch {
    return undefined;
  }
}
