/** Writes the four commands of a contactless payment, and parses the card's file locator. */

import { err, ok, type Result } from '../../src/kernel/result.ts';
import { type CodecError, codecError } from '../../src/wires/codec-error.ts';
import { writeCommand } from '../../src/wires/nfc/apdu.ts';
import { writeTlv } from '../../src/wires/nfc/ber-tlv.ts';

/** The directory of contactless applications (PPSE). */
export const PPSE = Buffer.from('2PAY.SYS.DDF01', 'latin1');

export const INSTRUCTION = Object.freeze({ select: 0xa4, gpo: 0xa8, readRecord: 0xb2 });

export function selectCommand(name: Buffer): Buffer {
  return writeCommand({ cla: 0x00, ins: INSTRUCTION.select, p1: 0x04, p2: 0, data: name, le: 0 });
}

/** GET PROCESSING OPTIONS with the filled PDOL. */
export function gpoCommand(pdolData: Buffer): Buffer {
  const data = writeTlv('83', pdolData);
  return writeCommand({ cla: 0x80, ins: INSTRUCTION.gpo, p1: 0, p2: 0, data, le: 0 });
}

export function readRecordCommand(record: RecordReference): Buffer {
  const p2 = (record.sfi << 3) | 0x04;
  const data = Buffer.alloc(0);
  return writeCommand({ cla: 0, ins: INSTRUCTION.readRecord, p1: record.record, p2, data, le: 0 });
}

export interface RecordReference {
  readonly sfi: number;
  readonly record: number;
}

const RECORDS_MAX = 64;

/** Application file locator (94): four bytes a file, `SFI<<3 first last signed`. */
export function readAfl(bytes: Buffer): Result<RecordReference[], CodecError> {
  if (bytes.length % 4 !== 0) {
    return fail('bad_length', 0, 'is made of groups of four bytes');
  }
  const records: RecordReference[] = [];
  for (let at = 0; at < bytes.length; at += 4) {
    const [file = 0, first = 0, last = 0, signed = 0] = bytes.subarray(at, at + 4);
    const sfi = file >> 3;
    const isSound =
      (file & 0x07) === 0 &&
      sfi >= 1 &&
      sfi <= 30 &&
      first >= 1 &&
      first <= last &&
      signed <= last - first + 1;
    if (!isSound) return fail('bad_value', at, 'names a file or records that cannot be');
    for (let record = first; record <= last; record += 1) records.push({ sfi, record });
    if (records.length > RECORDS_MAX) {
      return fail('too_long', at, `names more than ${RECORDS_MAX} records`);
    }
  }
  return ok(records);
}

function fail(
  code: CodecError['code'],
  position: number,
  what: string,
): { readonly ok: false; readonly error: CodecError } {
  const message = `The file locator (94) ${what}. Tap again, or use another card.`;
  return err(codecError(code, { object: '94', position }, message));
}
