/**
 * Issuer application data (9F10): which key and which way of computing the cryptogram, and what the
 * card checked (CVR). `07 DKI CVN 03 CVR ALG`, then a part of the issuer's own.
 */

import { err, ok, type Result } from '../../kernel/result.ts';
import { type CodecError, codecError } from '../codec-error.ts';

export interface IssuerData {
  readonly keyIndex: number;
  readonly cryptogramVersion: number;
  /** With its length byte: `03 A0 00 00`. It is part of the MAC, so nobody can change it. */
  readonly cardVerificationResults: Buffer;
  /** 01 triple DES, 04 SM4 (unverified), 00 seen. */
  readonly algorithm: number;
  readonly discretionary: Buffer;
}

/** CVR byte 2: bits 6-5 say which cryptogram was made. */
export const CVR_ARQC = 0xa0;
export const CVR_AAC = 0x80;
/**
 * CVR byte 2, bit 3: contact cards say with it that they checked the PIN themselves. Our phone sets
 * it when the buyer was verified on the device; which bit real phones set is unverified.
 */
export const CVR_VERIFIED_BY_CARD = 0x04;

const MANDATORY_BYTES = 8;

export function readIssuerData(bytes: Buffer, position: number): Result<IssuerData, CodecError> {
  const at = { object: '9F10', position };
  const [length = 0, keyIndex = 0, cryptogramVersion = 0, cvrLength] = bytes;
  if (bytes.length < MANDATORY_BYTES || length !== 7 || cvrLength !== 3) {
    const message = 'Issuer data (9F10) is 07, key, version, 03, three bytes, algorithm, and more.';
    return err(codecError('bad_value', at, message));
  }
  return ok({
    keyIndex,
    cryptogramVersion,
    cardVerificationResults: bytes.subarray(3, 7),
    algorithm: bytes[7] ?? 0,
    discretionary: bytes.subarray(MANDATORY_BYTES),
  });
}

export function writeIssuerData(data: IssuerData): Buffer {
  return Buffer.concat([
    Buffer.from([7, data.keyIndex, data.cryptogramVersion]),
    data.cardVerificationResults,
    Buffer.from([data.algorithm]),
    data.discretionary,
  ]);
}
