/**
 * The application cryptogram (ARQC) of PBoC cards, cryptogram version 01 with triple DES: the
 * token's key from the issuer's, the session key from the counter, the MAC over what the terminal
 * and the card said. The session key is PBoC's own; EMV's common one gives a wrong MAC. SM4 and
 * other versions are not here: no vector of them is known, and none is invented.
 */
import { assert } from '../../kernel/assert.ts';
import { encrypt3des, retailMac, xor } from './triple-des.ts';

/** The data of the MAC in its order; CVR follows, out of the issuer application data. */
const CRYPTOGRAM_TAGS = [
  '9F02',
  '9F03',
  '9F1A',
  '95',
  '5F2A',
  '9A',
  '9C',
  '9F37',
  '82',
  '9F36',
] as const;

/** UDK: the token's own key. `panSequence` is two digits. */
export function deriveTokenKey(issuerKey: Buffer, pan: string, panSequence: string): Buffer {
  assert(/^\d{8,19}$/.test(pan) && /^\d{2}$/.test(panSequence), 'a number and its sequence');
  const digits = `${pan}${panSequence}`.slice(-16).padStart(16, '0');
  const left = Buffer.from(digits, 'hex');
  const right = xor(left, Buffer.alloc(8, 0xff));
  return Buffer.concat([encrypt3des(issuerKey, left), encrypt3des(issuerKey, right)]);
}

/** PBoC: the counter and its complement, each behind six zero bytes. */
export function deriveSessionKey(tokenKey: Buffer, atc: Buffer): Buffer {
  assert(atc.length === 2, 'the counter has two bytes');
  const zeros = Buffer.alloc(6);
  const complement = xor(atc, Buffer.from([0xff, 0xff]));
  return Buffer.concat([
    encrypt3des(tokenKey, Buffer.concat([zeros, atc])),
    encrypt3des(tokenKey, Buffer.concat([zeros, complement])),
  ]);
}

/** undefined where a value is missing: the cryptogram cannot be computed. */
export function cryptogramData(
  values: ReadonlyMap<string, Buffer>,
  cardVerificationResults: Buffer,
): Buffer | undefined {
  const parts = CRYPTOGRAM_TAGS.map((tag) => values.get(tag));
  if (parts.some((part) => part === undefined)) return undefined;
  return Buffer.concat([...parts.flatMap((part) => part ?? []), cardVerificationResults]);
}

export function computeArqc(sessionKey: Buffer, data: Buffer): Buffer {
  return retailMac(sessionKey, data);
}

/** The issuer's answer; `responseCode` is two characters, `00` = approved. */
export function computeArpc(sessionKey: Buffer, arqc: Buffer, responseCode: string): Buffer {
  assert(responseCode.length === 2, 'an authorisation response code has two characters');
  const code = Buffer.concat([Buffer.from(responseCode, 'latin1'), Buffer.alloc(6)]);
  return encrypt3des(sessionKey, xor(arqc, code));
}
