/**
 * Ids are a prefix and the Crockford base32 of 63 bits:
 *
 *   40 bits  milliseconds since 2025-01-01 (wall time)
 *    8 bits  shard, so that any id finds its rows
 *    8 bits  process number, leased in the database
 *    7 bits  sequence inside the millisecond
 *
 * 13 characters, fixed width, sortable. Nothing secret derives from an id.
 */
import { hash } from 'node:crypto';
import { assert } from './assert.ts';
import { ID_KINDS } from './id-prefixes.ts';

export type IdKind = keyof typeof ID_KINDS;
export type Id<K extends IdKind = IdKind> = `${(typeof ID_KINDS)[K]['prefix']}_${string}`;

export const SHARD_COUNT = 256;
export const ID_EPOCH_MS = Date.UTC(2025, 0, 1);

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const BODY_LENGTH = 13;
/** The last 6 digits are the low 30 bits. */
const LOW_LENGTH = 6;
const LOW_BITS = 0x3fffffffn;
/** Two digits at a time. */
const PAIRS = [...ALPHABET].flatMap((first) => [...ALPHABET].map((second) => first + second));
/** The value of a digit by its char code; anything that is no digit is 32. */
const NO_DIGIT = 32;
const DIGITS = new Uint8Array(128).fill(NO_DIGIT);
for (const [value, char] of [...ALPHABET].entries()) DIGITS[char.charCodeAt(0)] = value;

export interface IdParts {
  readonly unixMs: number;
  readonly shard: number;
  readonly process: number;
  readonly sequence: number;
}

/** The time and the rest: 40 and 23 bits. */
function checkedWords(parts: IdParts): { readonly ms: number; readonly rest: number } {
  const ms = parts.unixMs - ID_EPOCH_MS;
  assert(ms >= 0 && ms < 2 ** 40, 'an id time is within 40 bits of 2025');
  assert(parts.shard >= 0 && parts.shard < SHARD_COUNT, 'a shard is 0 to 255');
  assert(parts.process >= 0 && parts.process < 256, 'a process number is 0 to 255');
  assert(parts.sequence >= 0 && parts.sequence < 128, 'a sequence is 0 to 127');
  return { ms, rest: parts.shard * 2 ** 15 + parts.process * 2 ** 7 + parts.sequence };
}

export function packId(parts: IdParts): bigint {
  const { ms, rest } = checkedWords(parts);
  return (BigInt(ms) << 23n) | BigInt(rest);
}

/** The same as `formatId(kind, packId(parts))`, in plain numbers: ids are made by the thousand. */
export function makeId<K extends IdKind>(kind: K, parts: IdParts): Id<K> {
  const { ms, rest } = checkedWords(parts);
  // 63 bits are 33 and 30: the low ones are 7 of the time's and the rest.
  const body = bodyOf(Math.floor(ms / 2 ** 7), (ms % 2 ** 7) * 2 ** 23 + rest);
  return `${ID_KINDS[kind].prefix}_${body}`;
}

/** Below every id of this moment or later, and above those before it; any moment is one. */
export function idFloorOf(unixMs: number): bigint {
  const ms = Math.min(Math.max(unixMs - ID_EPOCH_MS, 0), 2 ** 40 - 1);
  return BigInt(Math.floor(ms)) << 23n;
}

export function unpackId(value: bigint): IdParts {
  const low = Number(value & 0x7fffffn);
  return {
    unixMs: Number(value >> 23n) + ID_EPOCH_MS,
    shard: low >>> 15,
    process: (low >>> 7) & 0xff,
    sequence: low & 0x7f,
  };
}

/** The 13 characters of an id's number: also the body of wallet order numbers, `[0-9A-Z]`. */
export function encodeBody(value: bigint): string {
  return bodyOf(Number(value >> 30n), Number(value & LOW_BITS));
}

function bodyOf(high: number, low: number): string {
  return ALPHABET.charAt(high / 2 ** 30) + sixDigits(high % 2 ** 30) + sixDigits(low);
}

function sixDigits(bits: number): string {
  return `${PAIRS[bits >>> 20]}${PAIRS[(bits >>> 10) & 1023]}${PAIRS[bits & 1023]}`;
}

export function decodeBody(body: string): bigint | undefined {
  if (!readBody(body, 0)) return undefined;
  return (BigInt(read.high) << 30n) | BigInt(read.low);
}

/** What `readBody` read last, 33 and 30 bits: ids are read by the thousand, without garbage. */
const read = { high: 0, low: 0 };

/** Reads the 13 digits of 63 bits from `start` to the end; false where the text has others. */
function readBody(text: string, start: number): boolean {
  const middle = start + BODY_LENGTH - LOW_LENGTH;
  if (text.length !== start + BODY_LENGTH) return false;
  let seen = 0;
  let high = 0;
  for (let index = start; index < middle; index += 1) {
    const digit = digitAt(text, index);
    seen |= digit;
    high = high * 32 + digit;
  }
  let low = 0;
  for (let index = middle; index < text.length; index += 1) {
    const digit = digitAt(text, index);
    seen |= digit;
    low = (low << 5) | digit;
  }
  read.high = high;
  read.low = low;
  // 7 digits have 35 bits, an id uses 33.
  return (seen & NO_DIGIT) === 0 && high < 2 ** 33;
}

function digitAt(text: string, index: number): number {
  return DIGITS[text.charCodeAt(index)] ?? NO_DIGIT;
}

export function formatId<K extends IdKind>(kind: K, value: bigint): Id<K> {
  return `${ID_KINDS[kind].prefix}_${encodeBody(value)}`;
}

/** The id, if `text` is a well-formed id of that kind. */
export function parseId<K extends IdKind>(kind: K, text: string): Id<K> | undefined {
  const prefix = `${ID_KINDS[kind].prefix}_`;
  const isIt = text.startsWith(prefix) && readBody(text, prefix.length);
  return isIt ? (text as Id<K>) : undefined;
}

/** The number inside an id, as the database stores it. */
export function idValue(id: Id): bigint {
  readId(id);
  return (BigInt(read.high) << 30n) | BigInt(read.low);
}

/** The same number as two 32-bit halves, as the wire has it. */
export function idWords(id: Id): { readonly high: number; readonly low: number } {
  readId(id);
  const { high, low } = read;
  return { high: Math.floor(high / 4) | 0, low: ((high % 4) * 2 ** 30 + low) | 0 };
}

export function shardOfId(id: Id): number {
  readId(id);
  return (read.low >>> 15) & 0xff;
}

function readId(id: Id): void {
  const start = id.length - BODY_LENGTH;
  assert(id.charAt(start - 1) === '_' && readBody(id, start), 'an id is well formed');
}

/** The home shard of a natural key: the first byte of SHA-256 over its parts. */
export function shardOf(...parts: readonly string[]): number {
  return hash('sha256', parts.join('\u0000'), 'buffer')[0] ?? 0;
}
