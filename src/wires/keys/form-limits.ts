/**
 * Limits on a form callback, checked before it is parsed: genuine ones have less than 8 kB and 60
 * names, and parsing costs grow with the names.
 */
export const FORM_BYTES_MAX = 16_384;
const FORM_NAMES_MAX = 100;

const AMPERSAND = 0x26;

export function isOversizedForm(body: Buffer): boolean {
  return body.length > FORM_BYTES_MAX || hasMore(body, AMPERSAND, FORM_NAMES_MAX - 1);
}

/** Whether a byte occurs more often than that. */
export function hasMore(body: Buffer, byte: number, countMax: number): boolean {
  let count = 0;
  for (let at = body.indexOf(byte); at !== -1; at = body.indexOf(byte, at + 1)) {
    count += 1;
    if (count > countMax) return true;
  }
  return false;
}
