/**
 * Track 2 equivalent data (tag 57): card number, `D`, expiry, service code, discretionary data, one
 * `F` where the count of digits is odd. The number of a phone is a device token, never the card's.
 */

import { err, ok, type Result } from '../../kernel/result.ts';
import { type CodecError, codecError } from '../codec-error.ts';

export interface Track2 {
  readonly pan: string;
  readonly expiryYymm: string;
  readonly serviceCode: string;
  readonly discretionary: string;
}

const TRACK2 = /^(\d{8,19})D(\d{2}(?:0[1-9]|1[0-2]))(\d{3})(\d{0,13})F?$/;
const TRACK2_BYTES_MAX = 19;

export function readTrack2(
  bytes: Buffer,
  at: { readonly object: string; readonly position: number },
): Result<Track2, CodecError> {
  const match =
    bytes.length <= TRACK2_BYTES_MAX ? TRACK2.exec(bytes.toString('hex').toUpperCase()) : null;
  if (match === null) {
    const message =
      'Track 2 is 8 to 19 digits, D, YYMM, a service code of 3 digits and digits, within 19 bytes.';
    return err(codecError('bad_value', at, message));
  }
  const [, pan = '', expiryYymm = '', serviceCode = '', discretionary = ''] = match;
  return ok({ pan, expiryYymm, serviceCode, discretionary });
}

export function writeTrack2(track2: Track2): Buffer {
  const { pan, expiryYymm, serviceCode, discretionary } = track2;
  const digits = `${pan}D${expiryYymm}${serviceCode}${discretionary}`;
  return Buffer.from(digits.length % 2 === 0 ? digits : `${digits}F`, 'hex');
}

/** `1234 5678 9012 3` in compressed numeric: padded with F on the right (tag 5A). */
export function readCompressedDigits(bytes: Buffer): string | undefined {
  return /^(\d{8,19})F{0,11}$/.exec(bytes.toString('hex').toUpperCase())?.[1];
}

export function writeCompressedDigits(digits: string): Buffer {
  return Buffer.from(digits.length % 2 === 0 ? digits : `${digits}F`, 'hex');
}
