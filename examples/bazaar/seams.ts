/** The shop's only sources of time and chance. */
import { randomBytes } from 'node:crypto';

export interface Seams {
  readonly nowMs: () => number;
  /** Base32 text of that many characters, unguessable. */
  readonly token: (length: number) => string;
}

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

export const systemSeams: Seams = Object.freeze({
  nowMs: () => Date.now(),
  token: (length: number) =>
    Array.from(randomBytes(length), (byte) => ALPHABET.charAt(byte & 31)).join(''),
});
