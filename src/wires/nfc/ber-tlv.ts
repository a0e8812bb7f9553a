/**
 * BER-TLV as EMV uses it (EMV Book 3, annex B): tags of one to three bytes, lengths short, 81 and
 * 82, definite only. Reading is bounded in bytes, objects and depth, and answers with a CodecError
 * for anything else. It never interprets a value.
 */

import { err, ok, type Result } from '../../kernel/result.ts';
import { type CodecError, codecError } from '../codec-error.ts';

const TLV_BYTES_MAX = 4096;
const TLV_DEPTH_MAX = 6;
const TLV_OBJECTS_MAX = 512;
const TAG_BYTES_MAX = 3;

export interface Tlv {
  /** Upper-case hex, `9F26`. */
  readonly tag: string;
  readonly value: Buffer;
  /** null = primitive, or a template that the reader was told to leave alone. */
  readonly children: readonly Tlv[] | null;
  /** Of its tag's first byte, from the start of what was read. */
  readonly position: number;
}

export interface TlvReading {
  /** Constructed tags whose content is not BER-TLV for the reader: left as bytes. */
  readonly opaqueTags?: ReadonlySet<string>;
  /** EMV records may hold 00 and FF bytes between objects; nothing else may. */
  readonly allowsPadding?: boolean;
}

interface Cursor {
  readonly bytes: Buffer;
  readonly reading: TlvReading;
  objectCount: number;
}

interface Span {
  readonly from: number;
  readonly to: number;
  /** Path of the enclosing templates, with its slash. */
  readonly path: string;
  readonly depth: number;
}

export function readTlv(bytes: Buffer, reading: TlvReading = {}): Result<Tlv[], CodecError> {
  if (bytes.length > TLV_BYTES_MAX) {
    return err(
      codecError(
        'too_long',
        { object: 'payload', position: TLV_BYTES_MAX },
        `BER-TLV data has at most ${TLV_BYTES_MAX} bytes here, not ${bytes.length}.`,
      ),
    );
  }
  const cursor = { bytes, reading, objectCount: 0 };
  return readObjects(cursor, { from: 0, to: bytes.length, path: '', depth: 0 });
}

function readObjects(cursor: Cursor, span: Span): Result<Tlv[], CodecError> {
  const objects: Tlv[] = [];
  let at = span.from;
  while (at < span.to) {
    const byte = cursor.bytes[at];
    if (cursor.reading.allowsPadding === true && (byte === 0x00 || byte === 0xff)) {
      at += 1;
      continue;
    }
    const object = readObject(cursor, { ...span, from: at });
    if (!object.ok) return object;
    objects.push(object.value.tlv);
    at = object.value.end;
  }
  return ok(objects);
}

function readObject(cursor: Cursor, span: Span): Result<{ tlv: Tlv; end: number }, CodecError> {
  cursor.objectCount += 1;
  if (cursor.objectCount > TLV_OBJECTS_MAX) {
    return fail('too_long', span, 'object', `there are more than ${TLV_OBJECTS_MAX} objects`);
  }
  const tag = readTag(cursor.bytes, span.from, span.to);
  if (tag === undefined) {
    return fail('bad_tag', span, 'tag', 'the tag does not end, is zero or is over three bytes');
  }
  const length = readLength(cursor.bytes, span.from + tag.length / 2, span.to);
  if (length === undefined) {
    return fail('bad_length', span, tag, 'the length is missing, indefinite or over two bytes');
  }
  const end = length.end + length.value;
  if (end > span.to) {
    const left = span.to - length.end;
    return fail('truncated', span, tag, `its length is ${length.value}, but ${left} bytes follow`);
  }
  const value = cursor.bytes.subarray(length.end, end);
  const isTemplate = isConstructed(tag) && cursor.reading.opaqueTags?.has(tag) !== true;
  if (!isTemplate) {
    return ok({ tlv: { tag, value, children: null, position: span.from }, end });
  }
  if (span.depth >= TLV_DEPTH_MAX) {
    return fail('too_deep', span, tag, `templates nest at most ${TLV_DEPTH_MAX} deep`);
  }
  const inner = {
    from: length.end,
    to: end,
    path: `${span.path}${tag}/`,
    depth: span.depth + 1,
  };
  const children = readObjects(cursor, inner);
  if (!children.ok) return children;
  return ok({ tlv: { tag, value, children: children.value, position: span.from }, end });
}

function fail(
  code: CodecError['code'],
  span: Span,
  object: string,
  what: string,
): { readonly ok: false; readonly error: CodecError } {
  const at = { object: `${span.path}${object}`, position: span.from };
  return err(
    codecError(code, at, `At byte ${span.from}, ${at.object}: ${what}. Read the card again.`),
  );
}

/** The tag at `at` in upper-case hex; undefined when none ends before `to`. */
export function readTag(bytes: Buffer, at: number, to: number): string | undefined {
  const first = bytes[at];
  if (first === undefined || at >= to || first === 0) return undefined;
  let length = 1;
  if ((first & 0x1f) === 0x1f) {
    for (;;) {
      const next = bytes[at + length];
      if (next === undefined || at + length >= to || length >= TAG_BYTES_MAX) return undefined;
      length += 1;
      if ((next & 0x80) === 0) break;
    }
  }
  return bytes.toString('hex', at, at + length).toUpperCase();
}

function readLength(
  bytes: Buffer,
  at: number,
  to: number,
): { readonly value: number; readonly end: number } | undefined {
  const first = bytes[at];
  if (first === undefined || at >= to) return undefined;
  if (first < 0x80) return { value: first, end: at + 1 };
  const count = first & 0x7f;
  if (count < 1 || count > 2 || at + 1 + count > to) return undefined;
  return { value: bytes.readUIntBE(at + 1, count), end: at + 1 + count };
}

/** Bit 6 of a tag's first byte: its value is made of objects. */
export function isConstructed(tag: string): boolean {
  return (Number.parseInt(tag.slice(0, 2), 16) & 0x20) !== 0;
}

/** One object; `value` may itself be joined objects. */
export function writeTlv(tag: string, value: Buffer): Buffer {
  return Buffer.concat([Buffer.from(tag, 'hex'), lengthBytes(value.length), value]);
}

function lengthBytes(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  if (length <= 0xff) return Buffer.from([0x81, length]);
  return Buffer.from([0x82, length >> 8, length & 0xff]);
}

/** The first object with this tag, depth first. */
export function findTlv(objects: readonly Tlv[], tag: string): Tlv | undefined {
  for (const object of objects) {
    if (object.tag === tag) return object;
    const inner = object.children === null ? undefined : findTlv(object.children, tag);
    if (inner !== undefined) return inner;
  }
  return undefined;
}

/** The first tag that stands twice on this level: EMV forbids it inside one template. */
export function duplicateOf(objects: readonly Tlv[]): Tlv | undefined {
  const seen = new Set<string>();
  return objects.find(({ tag }) => seen.size === seen.add(tag).size);
}
