/**
 * Two-key triple DES and the retail MAC (ISO 9797-1, algorithm 3, padding 2), which PBoC cards
 * still compute their cryptograms with. Single DES is triple DES with one key three times, since
 * OpenSSL 3 no longer offers it by itself.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { assert } from '../../kernel/assert.ts';

const BLOCK_BYTES = 8;
const ALGORITHM = 'des-ede3-ecb';

/** ECB without padding under K1 K2 K1. */
export function encrypt3des(key: Buffer, data: Buffer): Buffer {
  assert(key.length === 16, 'a two-key triple DES key has 16 bytes');
  assert(data.length % BLOCK_BYTES === 0, 'ECB data is whole blocks');
  const cipher = createCipheriv(ALGORITHM, threeKeys(key), null).setAutoPadding(false);
  return Buffer.concat([cipher.update(data), cipher.final()]);
}

/** 8 bytes over `data`, padded with 80 and zeros (always at least the 80). */
export function retailMac(key: Buffer, data: Buffer): Buffer {
  assert(key.length === 16, 'a retail MAC key has 16 bytes');
  const left = key.subarray(0, 8);
  const right = key.subarray(8, 16);
  const padded = padded80(data);
  let chain: Buffer = Buffer.alloc(BLOCK_BYTES);
  for (let at = 0; at < padded.length; at += BLOCK_BYTES) {
    chain = des(left, xor(chain, padded.subarray(at, at + BLOCK_BYTES)));
  }
  const decipher = createDecipheriv(ALGORITHM, oneKey(right), null).setAutoPadding(false);
  return des(left, Buffer.concat([decipher.update(chain), decipher.final()]));
}

function des(key: Buffer, block: Buffer): Buffer {
  const cipher = createCipheriv(ALGORITHM, oneKey(key), null).setAutoPadding(false);
  return Buffer.concat([cipher.update(block), cipher.final()]);
}

function oneKey(key: Buffer): Buffer {
  return Buffer.concat([key, key, key]);
}

function threeKeys(key: Buffer): Buffer {
  return Buffer.concat([key, key.subarray(0, 8)]);
}

function padded80(data: Buffer): Buffer {
  const length = (Math.floor(data.length / BLOCK_BYTES) + 1) * BLOCK_BYTES;
  const padded = Buffer.alloc(length);
  data.copy(padded);
  padded[data.length] = 0x80;
  return padded;
}

export function xor(a: Buffer, b: Buffer): Buffer {
  assert(a.length === b.length, 'xor is of equal lengths');
  return Buffer.from(a.map((byte, index) => byte ^ (b[index] ?? 0)));
}
