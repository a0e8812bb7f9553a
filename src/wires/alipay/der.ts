/**
 * The little of DER that certificate serial numbers need: node:crypto shows neither the signature
 * algorithm's OID nor issuer values without escapes. Reads only; malformed bytes give undefined.
 */
export interface DerElement {
  readonly tag: number;
  readonly content: Buffer;
  /** Offset of the byte after this element, in the buffer that it was read from. */
  readonly end: number;
}

export function readDer(bytes: Buffer, offset = 0): DerElement | undefined {
  const tag = bytes[offset];
  const first = bytes[offset + 1];
  if (tag === undefined || first === undefined) return undefined;
  let length = first;
  let start = offset + 2;
  if (first >= 0x80) {
    const count = first & 0x7f;
    if (count === 0 || count > 4 || start + count > bytes.length) return undefined;
    length = bytes.readUIntBE(start, count);
    start += count;
  }
  if (start + length > bytes.length) return undefined;
  return { tag, content: bytes.subarray(start, start + length), end: start + length };
}

/** The elements inside a SEQUENCE or SET, in order. */
export function readDerChildren(content: Buffer): DerElement[] | undefined {
  const children: DerElement[] = [];
  let offset = 0;
  while (offset < content.length) {
    const child = readDer(content, offset);
    if (child === undefined) return undefined;
    children.push(child);
    offset = child.end;
  }
  return children;
}

/** `2a 86 48 86 f7 0d 01 01 0b` -> `1.2.840.113549.1.1.11`. */
export function formatOid(content: Buffer): string {
  const numbers: bigint[] = [];
  let value = 0n;
  for (const byte of content) {
    value = (value << 7n) | BigInt(byte & 0x7f);
    if (byte < 0x80) {
      numbers.push(value);
      value = 0n;
    }
  }
  const [head = 0n, ...rest] = numbers;
  const root = head < 80n ? head / 40n : 2n;
  return [root, head - root * 40n, ...rest].join('.');
}

/** Text of the string types that names use; BMPString is UTF-16. */
export function readDerText(element: DerElement): string {
  if (element.tag !== 0x1e) return element.content.toString('utf8');
  return Buffer.from(element.content).swap16().toString('utf16le');
}
