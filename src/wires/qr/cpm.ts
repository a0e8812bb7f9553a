/**
 * EMVCo consumer-presented codes (CPM): base64 of BER-TLV that a wallet app shows as a QR code.
 * Reading finds the card token (57 or 5A); templates 63 and 64 are the issuer's and pass through as
 * bytes. A code is a one-time bearer secret: nothing of it may be logged.
 */

import { err, ok, type Result } from '../../kernel/result.ts';
import { type CodecError, codecError } from '../codec-error.ts';
import { duplicateOf, readTlv, type Tlv, writeTlv } from '../nfc/ber-tlv.ts';
import {
  readCompressedDigits,
  readTrack2,
  type Track2,
  writeCompressedDigits,
  writeTrack2,
} from '../nfc/track2.ts';

/** The base64 of the first object, `85 05 "CPV01"`: distinguishes such a code from digits. */
const CPM_PREFIX = 'hQVDUFYwMW';
const CPM_BYTES_MAX = 512;
const FORMAT = 'CPV01';
const OPAQUE = new Set(['63', '64']);

export interface CpmApplication {
  /** Application id, upper-case hex: A000000333… is UnionPay's. */
  readonly aid: string;
  /** The token's number, from 57 or else 5A; null where the template has neither. */
  readonly pan: string | null;
  readonly track2: Track2 | null;
  /** Tag 5F34, two digits. */
  readonly panSequence: string | null;
  readonly label: string | null;
  /** Template 63: cryptogram and its data, the issuer's own. */
  readonly issuerData: Buffer | null;
}

export interface CpmCode {
  readonly applications: readonly CpmApplication[];
  /** Template 62, unchanged. */
  readonly commonData: Buffer | null;
}

export function isCpmPayload(text: string): boolean {
  return text.startsWith(CPM_PREFIX);
}

export function decodeCpm(payload: string): Result<CpmCode, CodecError> {
  const bytes = readBase64(payload);
  if (!bytes.ok) return bytes;
  const read = readTlv(bytes.value, { opaqueTags: OPAQUE });
  if (!read.ok) return read;
  const [first, ...rest] = read.value;
  if (first?.tag !== '85' || first.value.toString('latin1') !== FORMAT) {
    const message = 'A consumer code starts with object 85, CPV01; show a new code.';
    return err(codecError('misplaced', { object: '85', position: 0 }, message));
  }
  const templates = rest.filter(({ tag }) => tag === '61');
  const [, , third] = templates;
  if (templates.length === 0 || third !== undefined) {
    const at = { object: '61', position: third?.position ?? 0 };
    return err(codecError('missing', at, 'A consumer code has one or two templates 61.'));
  }
  const twice = duplicateOf(rest.filter(({ tag }) => tag !== '61'));
  if (twice !== undefined) return err(doubled(twice.tag, twice.position));
  const applications: CpmApplication[] = [];
  for (const template of templates) {
    const application = readApplication(template);
    if (!application.ok) return application;
    applications.push(application.value);
  }
  return ok({ applications, commonData: rest.find(({ tag }) => tag === '62')?.value ?? null });
}

function readBase64(payload: string): Result<Buffer, CodecError> {
  const at = { object: 'payload', position: 0 };
  if (payload === '') return err(codecError('empty', at, 'The code is empty; scan it again.'));
  if (payload.length > Math.ceil(CPM_BYTES_MAX / 3) * 4) {
    return err(codecError('too_long', at, `A consumer code has at most ${CPM_BYTES_MAX} bytes.`));
  }
  const bytes = Buffer.from(payload, 'base64');
  // Node reads base64 leniently; what does not round-trip was not standard base64.
  if (bytes.toString('base64') !== payload) {
    const message = 'A consumer code is standard base64 with padding; scan it again.';
    return err(codecError('bad_encoding', at, message));
  }
  if (bytes.length > CPM_BYTES_MAX) {
    return err(codecError('too_long', at, `A consumer code has at most ${CPM_BYTES_MAX} bytes.`));
  }
  return ok(bytes);
}

function doubled(object: string, position: number): CodecError {
  return codecError('duplicate', { object, position }, `${object} stands here a second time.`);
}

function readApplication(template: Tlv): Result<CpmApplication, CodecError> {
  const objects = template.children ?? [];
  const twice = duplicateOf(objects);
  if (twice !== undefined) return err(doubled(`61/${twice.tag}`, twice.position));
  const find = (tag: string) => objects.find((object) => object.tag === tag);
  const aid = find('4F');
  if (aid === undefined || aid.value.length < 5 || aid.value.length > 16) {
    const at = { object: '61/4F', position: aid?.position ?? template.position };
    return err(codecError('missing', at, '61 must have 4F, an application id of 5 to 16 bytes.'));
  }
  const track2Object = find('57');
  const track2 =
    track2Object === undefined
      ? ok(null)
      : readTrack2(track2Object.value, { object: '61/57', position: track2Object.position });
  if (!track2.ok) return track2;
  const panObject = find('5A');
  const panDigits = panObject === undefined ? null : readCompressedDigits(panObject.value);
  if (panDigits === undefined) {
    const at = { object: '61/5A', position: panObject?.position ?? 0 };
    return err(codecError('bad_value', at, '5A must be 8 to 19 digits, padded with F.'));
  }
  const sequence = find('5F34')?.value.toString('hex') ?? null;
  if (sequence !== null && !/^\d\d$/.test(sequence)) {
    const at = { object: '61/5F34', position: find('5F34')?.position ?? 0 };
    return err(codecError('bad_value', at, '5F34 must be one byte of two digits.'));
  }
  return ok({
    aid: aid.value.toString('hex').toUpperCase(),
    pan: track2.value?.pan ?? panDigits,
    track2: track2.value,
    panSequence: sequence,
    label: find('50')?.value.toString('latin1') ?? null,
    issuerData: find('63')?.value ?? null,
  });
}

/** 57 is written where there is a track 2, else 5A; the order is 4F 50 57|5A 5F34 63. */
export function encodeCpm(code: CpmCode): Result<string, CodecError> {
  const bytes = Buffer.concat([
    writeTlv('85', Buffer.from(FORMAT, 'latin1')),
    ...code.applications.map(writeApplication),
    ...optional('62', code.commonData),
  ]);
  const payload = bytes.toString('base64');
  const check = decodeCpm(payload);
  return check.ok ? ok(payload) : check;
}

function writeApplication(application: CpmApplication): Buffer {
  const { aid, label, track2, pan, panSequence, issuerData } = application;
  return writeTlv(
    '61',
    Buffer.concat([
      writeTlv('4F', Buffer.from(aid, 'hex')),
      ...optional('50', label === null ? null : Buffer.from(label, 'latin1')),
      ...optional('57', track2 === null ? null : writeTrack2(track2)),
      ...optional('5A', track2 !== null || pan === null ? null : writeCompressedDigits(pan)),
      ...optional('5F34', panSequence === null ? null : Buffer.from(panSequence, 'hex')),
      ...optional('63', issuerData),
    ]),
  );
}

function optional(tag: string, value: Buffer | null): Buffer[] {
  return value === null ? [] : [writeTlv(tag, value)];
}
