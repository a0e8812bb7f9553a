/**
 * NDEF messages: what a phone reads off a tag (碰一下). One record with an address opens the cashier;
 * a second one may name the Android app that should open it. Written for NFC Forum Type 2 tags.
 * A tag is a static code: it names a counter, never an amount.
 */

import { err, ok, type Result } from '../../kernel/result.ts';
import { type CodecError, codecError } from '../codec-error.ts';

export interface NdefRecord {
  /** Type name format: 1 = NFC Forum's own types, 4 = external. */
  readonly format: number;
  readonly type: string;
  readonly payload: Buffer;
}

const NDEF_BYTES_MAX = 8192;
const RECORDS_MAX = 16;
const FLAG = Object.freeze({ begin: 0x80, end: 0x40, chunk: 0x20, short: 0x10, id: 0x08 });
const URI_PREFIXES = ['', 'http://www.', 'https://www.', 'http://', 'https://'] as const;
const ANDROID_APP = 'android.com:pkg';

/** An address as a record of type U, its beginning shortened to one byte. */
export function uriRecord(uri: string): NdefRecord {
  const code = [2, 1, 4, 3].find((one) => uri.startsWith(URI_PREFIXES[one] ?? '')) ?? 0;
  const rest = Buffer.from(uri.slice((URI_PREFIXES[code] ?? '').length), 'utf8');
  return { format: 1, type: 'U', payload: Buffer.concat([Buffer.from([code]), rest]) };
}

/** The Android app that should open the address. */
export function androidAppRecord(packageName: string): NdefRecord {
  return { format: 4, type: ANDROID_APP, payload: Buffer.from(packageName, 'utf8') };
}

/** The address of a U record; undefined for another record or an unknown prefix. */
export function uriOf(record: NdefRecord): string | undefined {
  const [code = -1] = record.payload;
  const prefix = URI_PREFIXES[code];
  if (record.format !== 1 || record.type !== 'U' || prefix === undefined) return undefined;
  return `${prefix}${record.payload.toString('utf8', 1)}`;
}

export function androidAppOf(record: NdefRecord): string | undefined {
  const isApp = record.format === 4 && record.type === ANDROID_APP;
  return isApp ? record.payload.toString('utf8') : undefined;
}

export function writeNdef(records: readonly NdefRecord[]): Buffer {
  const last = records.length - 1;
  return Buffer.concat(
    records.map(({ format, type, payload }, index) => {
      const isShort = payload.length <= 255;
      const flags =
        (index === 0 ? FLAG.begin : 0) |
        (index === last ? FLAG.end : 0) |
        (isShort ? FLAG.short : 0);
      const typeBytes = Buffer.from(type, 'latin1');
      const length = Buffer.alloc(isShort ? 1 : 4);
      length.writeUIntBE(payload.length, 0, length.length);
      return Buffer.concat([
        Buffer.from([flags | format, typeBytes.length]),
        length,
        typeBytes,
        payload,
      ]);
    }),
  );
}

export function readNdef(bytes: Buffer): Result<NdefRecord[], CodecError> {
  if (bytes.length > NDEF_BYTES_MAX) {
    return fail('too_long', NDEF_BYTES_MAX, `a message has at most ${NDEF_BYTES_MAX} bytes here`);
  }
  if (bytes.length === 0) return fail('empty', 0, 'there is no record');
  const records: NdefRecord[] = [];
  let at = 0;
  for (;;) {
    const record = readRecord(bytes, at);
    if (!record.ok) return record;
    const { isFirst, isLast, end, value } = record.value;
    if (isFirst !== (records.length === 0)) {
      return fail('misplaced', at, 'exactly the first record begins the message');
    }
    records.push(value);
    at = end;
    if (isLast) break;
    if (records.length === RECORDS_MAX) return fail('too_long', at, `over ${RECORDS_MAX} records`);
  }
  if (at !== bytes.length) return fail('misplaced', at, 'bytes follow the last record');
  return ok(records);
}

interface ReadRecord {
  readonly value: NdefRecord;
  readonly isFirst: boolean;
  readonly isLast: boolean;
  readonly end: number;
}

function readRecord(bytes: Buffer, at: number): Result<ReadRecord, CodecError> {
  const [flags = 0, typeLength = 0] = bytes.subarray(at, at + 2);
  const hasId = (flags & FLAG.id) !== 0;
  const lengthBytes = (flags & FLAG.short) === 0 ? 4 : 1;
  const headerEnd = at + 2 + lengthBytes + (hasId ? 1 : 0);
  if (headerEnd > bytes.length) return fail('truncated', at, 'a record header is cut short');
  if ((flags & FLAG.chunk) !== 0) return fail('unsupported', at, 'a record comes in chunks');
  const payloadLength = bytes.readUIntBE(at + 2, lengthBytes);
  const idLength = hasId ? (bytes[headerEnd - 1] ?? 0) : 0;
  const payloadAt = headerEnd + typeLength + idLength;
  const end = payloadAt + payloadLength;
  if (end > bytes.length) {
    return fail('truncated', at, `a record of ${end - at} bytes does not fit the message`);
  }
  const value = {
    format: flags & 0x07,
    type: bytes.toString('latin1', headerEnd, headerEnd + typeLength),
    payload: bytes.subarray(payloadAt, end),
  };
  const isFirst = (flags & FLAG.begin) !== 0;
  return ok({ value, isFirst, isLast: (flags & FLAG.end) !== 0, end });
}

function fail(
  code: CodecError['code'],
  position: number,
  what: string,
): { readonly ok: false; readonly error: CodecError } {
  const message = `At byte ${position} of the tag: ${what}. Write the tag again.`;
  return err(codecError(code, { object: 'NDEF', position }, message));
}

/** What stands in a Type 2 tag's memory from page 4: `03 len message FE`. */
export function writeType2Tag(message: Buffer): Buffer {
  const length =
    message.length < 0xff
      ? Buffer.from([message.length])
      : Buffer.from([0xff, message.length >> 8, message.length & 0xff]);
  return Buffer.concat([Buffer.from([0x03]), length, message, Buffer.from([0xfe])]);
}

/** The message of a Type 2 tag: blocks 00 are skipped, other blocks passed over, FE ends. */
export function readType2Tag(memory: Buffer): Result<Buffer, CodecError> {
  if (memory.length > NDEF_BYTES_MAX) return fail('too_long', NDEF_BYTES_MAX, 'the tag is too big');
  let at = 0;
  while (at < memory.length) {
    const kind = memory[at] ?? 0xfe;
    if (kind === 0xfe) break;
    if (kind === 0x00) {
      at += 1;
      continue;
    }
    const isLong = memory[at + 1] === 0xff;
    const valueAt = at + (isLong ? 4 : 2);
    if (valueAt > memory.length) return fail('truncated', at, 'a block has no length');
    const length = isLong ? memory.readUInt16BE(at + 2) : (memory[at + 1] ?? 0);
    const end = valueAt + length;
    if (end > memory.length)
      return fail('truncated', at, `a block of ${length} bytes is cut short`);
    if (kind === 0x03) return ok(memory.subarray(valueAt, end));
    at = end;
  }
  return fail('missing', at, 'there is no NDEF message (block 03)');
}
