/**
 * Field 55 of a card payment: the joined objects that a terminal sends to the network, here as
 * `payer.field55` in hex. Reading checks required objects, lengths and digits; verify-cryptogram.ts
 * checks the cryptogram.
 *
 * A bank's message carries track 2 and the sequence number in fields of their own. Our API has only
 * field 55, so it holds 57, 5F34 and 9F6C after the usual objects.
 */

import type { Fen } from '../../kernel/money.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import { type CodecError, codecError } from '../codec-error.ts';
import { duplicateOf, readTlv, type Tlv, writeTlv } from './ber-tlv.ts';
import { type IssuerData, readIssuerData } from './issuer-data.ts';
import { TAGS } from './tags.ts';
import { readTrack2, type Track2 } from './track2.ts';

const FIELD55_BYTES_MAX = 255;

const REQUIRED = [
  ...(['9F26', '9F27', '9F10', '9F37', '9F36', '95', '9A'] as const),
  ...(['9C', '9F02', '5F2A', '82', '9F1A', '9F03'] as const),
] as const;
/** The order that terminals usually write. */
const ORDER = [
  ...REQUIRED,
  ...(['9F33', '9F34', '9F35', '9F1E', '84', '9F09', '9F41', '9F63'] as const),
  ...(['57', '5F34', '9F6C'] as const),
] as const;
export type Field55Tag = (typeof ORDER)[number];

export type CryptogramKind = 'arqc' | 'tc' | 'aac';

export interface Field55 {
  readonly values: ReadonlyMap<string, Buffer>;
  readonly cryptogram: Buffer;
  readonly cryptogramKind: CryptogramKind;
  readonly issuerData: IssuerData;
  readonly unpredictableNumber: string;
  readonly atc: number;
  /** Terminal's local date. */
  readonly dateYymmdd: string;
  /** `00` purchase, `20` refund. */
  readonly transactionType: string;
  readonly amountFen: Fen;
  readonly otherAmountFen: Fen;
  /** ISO 4217, four digits: `0156`. */
  readonly currency: string;
  readonly country: string;
  readonly track2: Track2 | null;
  /** Two digits. */
  readonly panSequence: string | null;
  readonly cardQualifiers: Buffer | null;
}

export function readField55Hex(hex: string): Result<Field55, CodecError> {
  const at = { object: 'field55', position: 0 };
  if (hex === '') return err(codecError('empty', at, 'field55 is empty; send the hex of the tap.'));
  if (hex.length > FIELD55_BYTES_MAX * 2) return err(tooLong());
  if (hex.length % 2 !== 0 || !/^[0-9A-Fa-f]+$/.test(hex)) {
    const message = 'field55 must be hex, two digits a byte, without spaces.';
    return err(codecError('bad_encoding', at, message));
  }
  return readField55(Buffer.from(hex, 'hex'));
}

export function readField55(bytes: Buffer): Result<Field55, CodecError> {
  if (bytes.length > FIELD55_BYTES_MAX) return err(tooLong());
  const read = readTlv(bytes);
  if (!read.ok) return read;
  const problem = structureProblem(read.value);
  if (problem !== undefined) return err(problem);
  return readValues(read.value);
}

function tooLong(): CodecError {
  const at = { object: 'field55', position: FIELD55_BYTES_MAX };
  return codecError('too_long', at, `field55 has at most ${FIELD55_BYTES_MAX} bytes.`);
}

function structureProblem(objects: readonly Tlv[]): CodecError | undefined {
  const twice = duplicateOf(objects);
  if (twice !== undefined) {
    const at = { object: twice.tag, position: twice.position };
    return codecError('duplicate', at, `field55 has ${twice.tag} twice; send each object once.`);
  }
  const missing = REQUIRED.find((tag) => !objects.some((object) => object.tag === tag));
  if (missing !== undefined) {
    const message = `field55 lacks ${missing} (${TAGS[missing]?.name}); send the whole field 55.`;
    return codecError('missing', { object: missing, position: 0 }, message);
  }
  return objects.map(valueProblem).find((problem) => problem !== undefined);
}

function valueProblem({ tag, value, position }: Tlv): CodecError | undefined {
  const known = TAGS[tag];
  if (known === undefined) return undefined;
  const at = { object: tag, position };
  if (value.length < known.bytesMin || value.length > known.bytesMax) {
    const wanted =
      known.bytesMin === known.bytesMax
        ? `${known.bytesMin}`
        : `${known.bytesMin} to ${known.bytesMax}`;
    const message = `${tag} (${known.name}) has ${value.length} bytes; it must have ${wanted}.`;
    return codecError('bad_length', at, message);
  }
  if (known.format === 'n' && !/^\d*$/.test(value.toString('hex'))) {
    return codecError('bad_value', at, `${tag} (${known.name}) must be digits (BCD).`);
  }
  if (tag === '9A' && !isDate(value.toString('hex'))) {
    return codecError('bad_value', at, '9A must be a date, YYMMDD.');
  }
  if (tag === '9F27' && kindOf(value) === undefined) {
    return codecError('bad_value', at, '9F27 must say AAC (00), TC (40) or ARQC (80).');
  }
  return undefined;
}

function isDate(yymmdd: string): boolean {
  const text = `20${yymmdd.slice(0, 2)}-${yymmdd.slice(2, 4)}-${yymmdd.slice(4, 6)}`;
  const unixMs = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(unixMs) && new Date(unixMs).toISOString().startsWith(text);
}

function kindOf(cryptogramInformation: Buffer): CryptogramKind | undefined {
  const kinds: readonly (CryptogramKind | undefined)[] = ['aac', 'tc', 'arqc', undefined];
  return kinds[(cryptogramInformation[0] ?? 0xff) >> 6];
}

/** Lengths and digits have been checked. */
function readValues(objects: readonly Tlv[]): Result<Field55, CodecError> {
  const values = new Map(objects.map(({ tag, value }) => [tag, value]));
  const hex = (tag: Field55Tag) => values.get(tag)?.toString('hex').toUpperCase() ?? '';
  const positionOf = (tag: Field55Tag) => objects.find((one) => one.tag === tag)?.position ?? 0;
  const bytes = (tag: Field55Tag) => values.get(tag) ?? Buffer.alloc(0);
  const issuerData = readIssuerData(bytes('9F10'), positionOf('9F10'));
  if (!issuerData.ok) return issuerData;
  const track2 = values.has('57')
    ? readTrack2(bytes('57'), { object: '57', position: positionOf('57') })
    : ok(null);
  if (!track2.ok) return track2;
  return ok({
    values,
    cryptogram: bytes('9F26'),
    cryptogramKind: kindOf(bytes('9F27')) ?? 'aac',
    issuerData: issuerData.value,
    unpredictableNumber: hex('9F37'),
    atc: Number.parseInt(hex('9F36'), 16),
    dateYymmdd: hex('9A'),
    transactionType: hex('9C'),
    amountFen: BigInt(hex('9F02')),
    otherAmountFen: BigInt(hex('9F03')),
    currency: hex('5F2A'),
    country: hex('9F1A'),
    track2: track2.value,
    panSequence: values.has('5F34') ? hex('5F34') : null,
    cardQualifiers: values.get('9F6C') ?? null,
  });
}

/** In the usual order; other objects are left out. Parsed back before it is returned. */
export function writeField55(values: ReadonlyMap<string, Buffer>): Result<Buffer, CodecError> {
  const bytes = Buffer.concat(
    ORDER.flatMap((tag) => {
      const value = values.get(tag);
      return value === undefined ? [] : [writeTlv(tag, value)];
    }),
  );
  const check = readField55(bytes);
  return check.ok ? ok(bytes) : check;
}
