/**
 * APDUs (ISO 7816-4), short form: the exchange between a terminal and a card. Extended lengths are
 * refused: contactless EMV has none.
 */
import { assert } from '../../kernel/assert.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import { type CodecError, codecError } from '../codec-error.ts';

export interface CommandApdu {
  readonly cla: number;
  readonly ins: number;
  readonly p1: number;
  readonly p2: number;
  readonly data: Buffer;
  /** Expected length of the answer, 0 = up to 256; null = none expected. */
  readonly le: number | null;
}

export interface ResponseApdu {
  readonly data: Buffer;
  /** Status word, `0x9000`. */
  readonly sw: number;
}

const HEADER_BYTES = 4;
const RESPONSE_DATA_BYTES_MAX = 256;

export function readCommand(bytes: Buffer): Result<CommandApdu, CodecError> {
  if (bytes.length < HEADER_BYTES) {
    return fail('truncated', 'header', 0, 'a command has at least CLA INS P1 P2');
  }
  const [cla = 0, ins = 0, p1 = 0, p2 = 0, lc = 0] = bytes;
  const header = { cla, ins, p1, p2 };
  if (bytes.length === HEADER_BYTES) return ok({ ...header, data: Buffer.alloc(0), le: null });
  if (bytes.length === HEADER_BYTES + 1) return ok({ ...header, data: Buffer.alloc(0), le: lc });
  if (lc === 0)
    return fail('unsupported', 'Lc', HEADER_BYTES, 'extended lengths are not used here');
  const end = HEADER_BYTES + 1 + lc;
  if (bytes.length < end || bytes.length > end + 1) {
    const what = `Lc is ${lc}, but ${bytes.length - HEADER_BYTES - 1} bytes follow`;
    return fail('bad_length', 'Lc', HEADER_BYTES, what);
  }
  return ok({ ...header, data: bytes.subarray(HEADER_BYTES + 1, end), le: bytes[end] ?? null });
}

export function writeCommand(command: CommandApdu): Buffer {
  const { cla, ins, p1, p2, data, le } = command;
  assert(data.length <= 255, 'a short command carries at most 255 bytes');
  return Buffer.concat([
    Buffer.from([cla, ins, p1, p2]),
    data.length === 0 ? data : Buffer.concat([Buffer.from([data.length]), data]),
    le === null ? Buffer.alloc(0) : Buffer.from([le]),
  ]);
}

export function readResponse(bytes: Buffer): Result<ResponseApdu, CodecError> {
  if (bytes.length < 2) return fail('truncated', 'SW', 0, 'an answer ends with two status bytes');
  if (bytes.length > RESPONSE_DATA_BYTES_MAX + 2) {
    return fail('too_long', 'data', RESPONSE_DATA_BYTES_MAX, 'an answer has at most 256 bytes');
  }
  const data = bytes.subarray(0, -2);
  return ok({ data, sw: bytes.readUInt16BE(data.length) });
}

export function writeResponse(response: ResponseApdu): Buffer {
  const { data, sw } = response;
  assert(data.length <= RESPONSE_DATA_BYTES_MAX, 'a short answer carries at most 256 bytes');
  return Buffer.concat([data, Buffer.from([sw >> 8, sw & 0xff])]);
}

function fail(
  code: CodecError['code'],
  object: string,
  position: number,
  what: string,
): { readonly ok: false; readonly error: CodecError } {
  return err(codecError(code, { object, position }, `APDU ${object}: ${what}. Tap again.`));
}

/** The status words of a tap. */
export const STATUS = Object.freeze({
  ok: 0x9000,
  wrongLength: 0x6700,
  /** Above the limit and the buyer has not unlocked the phone: see the phone, then tap again. */
  seePhone: 0x6986,
  /** Wrong order, or this interface cannot pay: use another one. */
  conditions: 0x6985,
  notFound: 0x6a82,
  recordNotFound: 0x6a83,
  wrongParameters: 0x6a86,
  unknownInstruction: 0x6d00,
  unknownClass: 0x6e00,
});
