/**
 * CRC-16/CCITT-FALSE, which ends every EMVCo merchant code: polynomial 1021, initial FFFF, nothing
 * reflected, no final XOR. It detects read errors, not forgery: it is no signature.
 */
export function crc16(bytes: Uint8Array): number {
  let crc = 0xffff;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) {
      crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021;
    }
    crc &= 0xffff;
  }
  return crc;
}

/** Four upper-case hex digits over the UTF-8 bytes of `text`. */
export function crc16Text(text: string): string {
  return crc16(Buffer.from(text, 'utf8')).toString(16).toUpperCase().padStart(4, '0');
}
