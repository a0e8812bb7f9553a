/**
 * The text that ACP 5.1.0 signs: fields sorted by name, `name=value` joined by `&`, raw. It never
 * url-encodes and never decodes; the bytes are those of the message's own charset.
 *
 * A sender trims values and drops blank fields before it signs, so what is signed is what is sent.
 * A receiver changes nothing: every received field but `signature` is included as received.
 */
import iconv from 'iconv-lite';

export type Fields = ReadonlyMap<string, string>;

const ENCODINGS = ['UTF-8', 'GBK'] as const;
export type Encoding = (typeof ENCODINGS)[number];

/** The charset that a message's own `encoding` names, in any case; undefined = not one of ACP's. */
export function encodingOf(name: string): Encoding | undefined {
  const upper = name.toUpperCase();
  if (upper === 'UTF-8' || upper === 'UTF8') return 'UTF-8';
  return upper === 'GBK' || upper === 'GB18030' ? 'GBK' : undefined;
}

export function bytesOf(text: string, encoding: Encoding): Buffer {
  return encoding === 'UTF-8' ? Buffer.from(text, 'utf8') : iconv.encode(text, 'gbk');
}

const STRICT = {
  'UTF-8': new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }),
  GBK: new TextDecoder('gb18030', { fatal: true, ignoreBOM: true }),
} as const;

/** undefined = these bytes are not valid text in that charset. */
export function textOf(bytes: Buffer, encoding: Encoding): string | undefined {
  try {
    return STRICT[encoding].decode(bytes);
  } catch {
    return undefined;
  }
}

/** As the reference SDK trims: everything up to U+0020, and nothing beyond. */
function trim(value: string): string {
  let start = 0;
  let end = value.length;
  while (start < end && value.charCodeAt(start) <= 0x20) start += 1;
  while (end > start && value.charCodeAt(end - 1) <= 0x20) end -= 1;
  return value.slice(start, end);
}

/** The fields to sign and send: values trimmed, blank fields left out. */
export function filledFields(fields: Iterable<readonly [string, string]>): Map<string, string> {
  const filled = new Map<string, string>();
  for (const [name, value] of fields) {
    const trimmed = trim(value);
    if (trimmed !== '') filled.set(name, trimmed);
  }
  return filled;
}

/** Code-unit order: upper case before lower case, whatever the machine's locale. */
function byName(a: readonly [string, string], b: readonly [string, string]): number {
  if (a[0] === b[0]) return 0;
  return a[0] < b[0] ? -1 : 1;
}

export function signText(fields: Fields): string {
  const pairs: string[] = [];
  for (const [name, value] of [...fields].sort(byName)) {
    if (name !== 'signature') pairs.push(`${name}=${value}`);
  }
  return pairs.join('&');
}
