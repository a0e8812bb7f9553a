/**
 * Data object lists (DOL): tags and lengths without values, by which a card asks for data. Filling
 * one follows EMV Book 3, 5.4: what the terminal does not know is zeros of the asked length.
 */
import { assert } from '../../kernel/assert.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import { type CodecError, codecError } from '../codec-error.ts';
import { isConstructed, readTag } from './ber-tlv.ts';
import { TAGS } from './tags.ts';

export interface DolEntry {
  readonly tag: string;
  readonly length: number;
}

/** The data of one command: Lc is one byte, and a GPO spends two more on its tag and length. */
const DOL_DATA_BYTES_MAX = 252;

export function readDol(bytes: Buffer): Result<DolEntry[], CodecError> {
  const entries: DolEntry[] = [];
  let at = 0;
  let total = 0;
  while (at < bytes.length) {
    const position = at;
    const tag = readTag(bytes, at, bytes.length);
    if (tag === undefined) {
      const where = { object: 'DOL', position };
      return err(
        codecError('bad_tag', where, `At byte ${position} of the DOL no tag can be read.`),
      );
    }
    at += tag.length / 2;
    const length = bytes[at];
    if (length === undefined || length > 0x7f) {
      const message = `At byte ${position} of the DOL, ${tag} must be followed by a length of 0 to 127.`;
      return err(codecError('bad_length', { object: tag, position }, message));
    }
    at += 1;
    total += length;
    if (total > DOL_DATA_BYTES_MAX) {
      const message = `The DOL asks for more than ${DOL_DATA_BYTES_MAX} bytes.`;
      return err(codecError('too_long', { object: tag, position }, message));
    }
    entries.push({ tag, length });
  }
  return ok(entries);
}

export function writeDol(entries: readonly DolEntry[]): Buffer {
  return Buffer.concat(
    entries.map(({ tag, length }) =>
      Buffer.from(`${tag}${length.toString(16).padStart(2, '0')}`, 'hex'),
    ),
  );
}

/** The data that a DOL asks for, in its order and lengths. */
export function fillDol(entries: readonly DolEntry[], values: ReadonlyMap<string, Buffer>): Buffer {
  return Buffer.concat(
    entries.map(({ tag, length }) => {
      const value = values.get(tag);
      // A template cannot be asked for: its bytes are zeros too.
      if (value === undefined || isConstructed(tag)) return Buffer.alloc(length);
      return fitted(value, length, TAGS[tag]?.format ?? 'b');
    }),
  );
}

function fitted(value: Buffer, length: number, format: 'n' | 'cn' | 'b' | 'ans'): Buffer {
  if (value.length >= length) {
    return format === 'n' ? value.subarray(value.length - length) : value.subarray(0, length);
  }
  const filling = Buffer.alloc(length - value.length, format === 'cn' ? 0xff : 0x00);
  return format === 'n' ? Buffer.concat([filling, value]) : Buffer.concat([value, filling]);
}

/** The card's side: what the terminal sent, by tag. The lengths must be the asked ones exactly. */
export function readDolData(
  entries: readonly DolEntry[],
  data: Buffer,
): ReadonlyMap<string, Buffer> | undefined {
  const wanted = entries.reduce((sum, { length }) => sum + length, 0);
  if (data.length !== wanted) return undefined;
  const values = new Map<string, Buffer>();
  let at = 0;
  for (const { tag, length } of entries) {
    values.set(tag, data.subarray(at, at + length));
    at += length;
  }
  assert(at === data.length, 'a filled DOL is read to its end');
  return values;
}
